//! Which geometry, which sizes, which stages? Measured on a few hundred of the photos at hand, before all of them are
//! looked at; what can't win is dropped by paired evidence.

use handful_image::Geometry;
use handful_learn::head::{HEADS, Head};
use handful_stats::{Column, Folds, Seed, paired_difference, stratified_subset};

use super::candidates::Task;
use super::looks::{Look, Looks};
use super::plan::{CandidatePlan, features_name};
use crate::events::{Event, Events};
use crate::exit::Failure;

/// Photos on which geometries are compared.
const GEOMETRY_PHOTOS: usize = 400;
/// Photos on which sizes and stages are compared before the larger sizes are computed for all.
pub const SCREEN_PHOTOS: usize = 800;
/// A larger size is computed for all photos when it gets so much more of them right: one point.
const WORTH_IT: f64 = 0.01;
/// Features are dropped when their log-loss is more than so many standard errors above the best.
const CANNOT_WIN_SE: f64 = 2.0;
/// Sets of features that go on to the whole comparison.
const MOST_FEATURE_SETS: usize = 3;
/// Above this many photos only the best set of features is tried with every head, the others with ridge alone.
const ALL_HEADS_PHOTOS: usize = 1_000;
/// Folds of these small comparisons.
const SCREEN_FOLDS: usize = 5;

/// Something that was decided by measurement.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Decision {
    /// What about.
    pub topic: String,
    /// What was chosen.
    pub choice: String,
    /// The numbers behind it.
    pub why: String,
}

/// Decides, and remembers what was decided and why.
pub struct Screen<'a, 'b> {
    /// The photos.
    pub looks: &'b mut Looks<'a>,
    /// Positions of the photos to learn from.
    pub rows: &'b [usize],
    /// Class of each of `rows`.
    pub labels: &'b [usize],
    /// What each of `rows` must stay together with.
    pub units: &'b [usize],
    /// Number of classes.
    pub n_classes: usize,
    /// The seed of the run.
    pub seed: Seed,
    /// Where to tell it.
    pub events: &'b Events,
    /// What was decided so far.
    pub decisions: Vec<Decision>,
}

/// A part of the photos, with its own folds.
struct Part {
    positions: Vec<usize>,
    labels: Vec<usize>,
    units: Vec<usize>,
}

/// One set of features in a comparison.
struct Measured {
    size_px: usize,
    stages: Vec<String>,
    column: Column,
}

impl Screen<'_, '_> {
    /// How photos become squares: the middle square, unless another geometry is better by more than one standard
    /// error of the paired difference in log-loss.
    ///
    /// # Errors
    /// When interrupted.
    pub fn geometry(&mut self, size_px: usize, stages: &[String]) -> Result<Geometry, Failure> {
        let all = [Geometry::CenterCrop, Geometry::Squash, Geometry::Pad];
        let drawn = self.part("geometry", GEOMETRY_PHOTOS).positions;
        let wants: Vec<(Look, &[usize])> = all
            .iter()
            .map(|g| (Look::Backbone(*g, size_px), drawn.as_slice()))
            .collect();
        self.looks.ensure("comparing geometries", &wants)?;
        let part = self.part("geometry", GEOMETRY_PHOTOS);
        let columns = all
            .iter()
            .map(|g| self.column(Look::Backbone(*g, size_px), stages, &part))
            .collect::<Result<Vec<_>, _>>()?;
        let (crop, others) = columns.split_first().expect("there are three geometries");
        if others.iter().all(|c| c.losses == crop.losses) {
            return Ok(Geometry::CenterCrop);
        }
        let mut chosen = 0;
        for (idx, column) in columns.iter().enumerate().skip(1) {
            let difference = paired_difference(column, crop, &part.units)?;
            let beats_chosen = mean(&column.losses) < mean(&columns[chosen].losses);
            if difference.mean < -difference.se && beats_chosen {
                chosen = idx;
            }
        }
        let told: Vec<String> = all
            .iter()
            .zip(&columns)
            .map(|(g, c)| format!("{} {} %", geometry_name(*g), percent(mean(&c.hits))))
            .collect();
        self.decide(
            "geometry",
            geometry_name(all[chosen]),
            format!(
                "ridge on {} photos at {size_px} px, out of fold: {}",
                part.positions.len(),
                told.join(", ")
            ),
        );
        Ok(all[chosen])
    }

    /// Which sizes and stages go on, as candidates in the order in which they are to be judged.
    ///
    /// The smallest size has been computed for all photos before; the larger ones are looked at on
    /// [`SCREEN_PHOTOS`] and computed for all only if they are worth a point.
    ///
    /// # Errors
    /// When interrupted.
    pub fn candidates(
        &mut self,
        geometry: Geometry,
        sizes: &[usize],
        stage_sets: &[Vec<String>],
        backbone: &str,
    ) -> Result<Vec<CandidatePlan>, Failure> {
        let part = self.part("sizes", SCREEN_PHOTOS);
        let mut measured = Vec::new();
        for &size_px in sizes {
            for stages in stage_sets {
                let column = self.column(Look::Backbone(geometry, size_px), stages, &part)?;
                measured.push(Measured {
                    size_px,
                    stages: stages.clone(),
                    column,
                });
            }
        }
        let accepted = self.worthwhile_sizes(sizes, &measured, part.positions.len());
        measured.retain(|m| accepted.contains(&m.size_px));

        let best = (0..measured.len())
            .min_by(|&a, &b| {
                mean(&measured[a].column.losses).total_cmp(&mean(&measured[b].column.losses))
            })
            .expect("the smallest size is always accepted");
        let best_column = measured[best].column.clone();
        let mut kept: Vec<&Measured> = Vec::new();
        for m in &measured {
            let d = paired_difference(&m.column, &best_column, &part.units)?;
            if d.mean <= CANNOT_WIN_SE * d.se {
                kept.push(m);
            }
        }
        kept.sort_by(|a, b| mean(&a.column.losses).total_cmp(&mean(&b.column.losses)));
        kept.truncate(MOST_FEATURE_SETS);
        let told: Vec<String> = measured
            .iter()
            .map(|m| {
                let name = features_name(backbone, m.size_px, &m.stages);
                format!(
                    "{name} {:.3} ({} %)",
                    mean(&m.column.losses),
                    percent(mean(&m.column.hits))
                )
            })
            .collect();
        let names: Vec<String> = kept
            .iter()
            .map(|m| features_name(backbone, m.size_px, &m.stages))
            .collect();
        self.decide(
            "features",
            &names.join(", "),
            format!(
                "log-loss of ridge on {} photos, out of fold: {}",
                part.positions.len(),
                told.join(", ")
            ),
        );
        let every_head_everywhere = self.rows.len() <= ALL_HEADS_PHOTOS;
        let plans = kept.iter().enumerate().flat_map(|(place, m)| {
            let with = move |head: &&&dyn Head| {
                place == 0 || every_head_everywhere || head.name() == RIDGE
            };
            let plan = |head: &&dyn Head| CandidatePlan {
                size_px: m.size_px,
                stages: m.stages.clone(),
                head: head.name().to_owned(),
            };
            HEADS.iter().filter(with).map(plan)
        });
        Ok(plans.collect())
    }

    fn worthwhile_sizes(
        &mut self,
        sizes: &[usize],
        measured: &[Measured],
        n_screened: usize,
    ) -> Vec<usize> {
        let best_at = |size: usize| {
            measured
                .iter()
                .filter(|m| m.size_px == size)
                .map(|m| mean(&m.column.hits))
                .fold(f64::NEG_INFINITY, f64::max)
        };
        // When every photo has been looked at, nothing is saved by leaving a size out.
        let computed_for_all = n_screened == self.rows.len();
        let mut accepted = vec![sizes[0]];
        for &size in &sizes[1..] {
            let mark = accepted
                .iter()
                .map(|&s| best_at(s))
                .fold(f64::NEG_INFINITY, f64::max);
            if computed_for_all || best_at(size) >= mark + WORTH_IT {
                accepted.push(size);
            }
        }
        if !computed_for_all && sizes.len() > 1 {
            let told: Vec<String> = sizes
                .iter()
                .map(|&s| format!("{s} px {} %", percent(best_at(s))))
                .collect();
            let names: Vec<String> = accepted.iter().map(|s| format!("{s} px")).collect();
            self.decide(
                "resolution",
                &names.join(", "),
                format!(
                    "ridge on {n_screened} of {} photos, out of fold: {}",
                    self.rows.len(),
                    told.join(", ")
                ),
            );
        }
        accepted
    }

    /// At most `n_max` photos in whole units, without those that could not be read.
    fn part(&self, purpose: &str, n_max: usize) -> Part {
        let drawn = if self.rows.len() <= n_max {
            (0..self.rows.len()).collect()
        } else {
            stratified_subset(
                self.labels,
                self.units,
                self.n_classes,
                n_max,
                self.seed.derive(purpose, 0),
            )
        };
        let readable: Vec<usize> = drawn
            .into_iter()
            .filter(|&i| !self.looks.unreadable.contains(&self.rows[i]))
            .collect();
        Part {
            positions: readable.iter().map(|&i| self.rows[i]).collect(),
            labels: readable.iter().map(|&i| self.labels[i]).collect(),
            units: readable.iter().map(|&i| self.units[i]).collect(),
        }
    }

    /// Positions of the photos on which sizes and stages are compared.
    pub fn screened(&self) -> Vec<usize> {
        self.part("sizes", SCREEN_PHOTOS).positions
    }

    /// Out-of-fold losses and hits of ridge on one look.
    fn column(&self, look: Look, stages: &[String], part: &Part) -> Result<Column, Failure> {
        let features = self.looks.features(look, &part.positions, stages)?;
        let seed = self.seed.derive("screen", 0);
        let folds = Folds::assign(
            &part.labels,
            &part.units,
            self.n_classes,
            SCREEN_FOLDS,
            1,
            seed,
        )?;
        let task = Task {
            labels: &part.labels,
            units: &part.units,
            n_classes: self.n_classes,
            folds: &folds,
            seed,
        };
        let ridge = *HEADS
            .iter()
            .find(|h| h.name() == RIDGE)
            .expect("ridge is registered");
        let progress = self.events.progress("comparing features", folds.k as u64);
        let out = task.judge(&features, &[ridge], &progress, self.events)?;
        Ok(Column::of_repeats(
            &out[0].repeats,
            &part.labels,
            self.n_classes,
            &folds,
        ))
    }

    fn decide(&mut self, topic: &str, choice: &str, why: String) {
        let decision = Decision {
            topic: topic.into(),
            choice: choice.into(),
            why,
        };
        self.events.emit(&Event::Decision {
            about: decision.topic.clone(),
            choice: decision.choice.clone(),
            why: decision.why.clone(),
        });
        self.decisions.push(decision);
    }
}

/// The head that screens: the safe default at every size, and the cheapest that is good.
const RIDGE: &str = "ridge";

/// As the plan spells it.
pub fn geometry_name(geometry: Geometry) -> &'static str {
    match geometry {
        Geometry::CenterCrop => "center-crop",
        Geometry::Squash => "squash",
        Geometry::Pad => "pad",
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}
