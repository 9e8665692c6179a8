//! Which geometry, which sizes, which stages? Measured on a few hundred of the photos at hand, before all of them are
//! looked at; what can't win is dropped by paired evidence.

use std::collections::BTreeSet;

use handful_image::Geometry;
use handful_learn::head::{self, HEADS, Head};
use handful_stats::{Column, Seed, paired_difference, stratified_subset};

use super::labelled::Labelled;
use super::looks::{Look, Looks};
use super::plan::{CandidatePlan, Plan, features_name};
use super::task::Task;
use super::watch::Watch;
use crate::events::{Event, Events};
use crate::exit::Failure;

/// Photos on which geometries are compared.
const GEOMETRY_PHOTOS: usize = 400;
/// Photos on which sizes and stages are compared before the larger sizes are computed for all.
const SCREEN_PHOTOS: usize = 800;
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

impl Decision {
    /// Lets it pass as an event.
    pub fn tell(&self, events: &Events) {
        events.emit(&Event::Decision {
            about: self.topic.clone(),
            choice: self.choice.clone(),
            why: self.why.clone(),
        });
    }
}

/// What is compared on all photos, and why just this.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// How photos become squares.
    pub geometry: Geometry,
    /// The candidates with frozen features, in the order in which they are judged.
    pub candidates: Vec<CandidatePlan>,
    /// What was decided by measurement.
    pub decisions: Vec<Decision>,
}

impl Comparison {
    /// What an earlier run compared; looks at all photos for it.
    ///
    /// # Errors
    /// When interrupted.
    pub fn repeated(
        plan: &Plan,
        looks: &mut Looks,
        photos: &Labelled,
    ) -> Result<Comparison, Failure> {
        let as_is = plan
            .candidates
            .iter()
            .map(|c| Look::Backbone(plan.geometry, c.size_px));
        let others = plan.frozen().map(|c| c.look(plan.geometry));
        let all: BTreeSet<Look> = as_is.chain(others).collect();
        let wants: Vec<(Look, &[usize])> = (all.into_iter())
            .map(|look| (look, photos.rows.as_slice()))
            .collect();
        looks.ensure("looking closer at all photos", &wants)?;
        Ok(Comparison {
            geometry: plan.geometry,
            candidates: plan.frozen().cloned().collect(),
            decisions: Vec::new(),
        })
    }

    /// The sides at which all photos have been looked at, largest first; at `smallest` they always are.
    pub fn sizes(&self, smallest: usize) -> Vec<usize> {
        let of_candidates = self.candidates.iter().map(|c| c.size_px);
        let all: BTreeSet<usize> = of_candidates.chain([smallest]).collect();
        all.into_iter().rev().collect()
    }
}

/// What all measurements on parts of the photos share.
pub struct Screen<'a> {
    /// The photos, with what is known to belong together.
    pub photos: &'a Labelled,
    /// Seed of all draws.
    pub seed: Seed,
    /// Where progress goes.
    pub events: &'a Events,
}

/// What has been looked at before candidates are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Image sides, in pixels, ascending; the first one of all photos, the others of a part.
    pub sizes: Vec<usize>,
    /// Positions of the photos of that part.
    drawn: BTreeSet<usize>,
}

/// One set of features in a comparison.
struct Measured {
    size_px: usize,
    stages: Vec<String>,
    column: Column,
}

impl Screen<'_> {
    /// Looks at all photos: at the smallest size through the backbone and without it, at the larger sizes on a part, and
    /// whatever else is wanted; decodes each photo once for all of it. `sizes` are in pixels, ascending.
    ///
    /// # Errors
    /// When interrupted.
    pub fn look_at_all(
        &self,
        looks: &mut Looks,
        geometry: Geometry,
        sizes: &[usize],
        also: &[(Look, &[usize])],
        watch: &Watch,
    ) -> Result<Tried, Failure> {
        let (&smallest, larger) = sizes.split_first().expect("there is at least one size");
        let drawn = self.part("sizes", SCREEN_PHOTOS).rows;
        let mut wants: Vec<(Look, &[usize])> = vec![
            (Look::Backbone(geometry, smallest), &self.photos.rows),
            (Look::Control, &self.photos.rows),
        ];
        wants.extend(also);
        let mut tried = vec![smallest];
        let mut seconds = looks.seconds(smallest, self.photos.len());
        for &size_px in larger {
            seconds += looks.seconds(size_px, drawn.len());
            if watch.has_time_for(seconds) {
                wants.push((Look::Backbone(geometry, size_px), &drawn));
                tried.push(size_px);
            }
        }
        looks.ensure("looking at all photos", &wants)?;
        Ok(Tried {
            sizes: tried,
            drawn: drawn.into_iter().collect(),
        })
    }

    /// Sizes and stages by measurement, as far as the time limit allows; looks at all photos at those that are worth it.
    ///
    /// # Errors
    /// When interrupted, or when a part can't be divided into folds.
    pub fn compare(
        &self,
        looks: &mut Looks,
        geometry: Geometry,
        tried: &Tried,
        watch: &Watch,
    ) -> Result<Comparison, Failure> {
        let (mut candidates, decisions) = self.candidates(looks, geometry, tried)?;
        let mut wants: Vec<(Look, &[usize])> = Vec::new();
        let mut seconds = 0.0;
        for &size_px in &tried.sizes[1..] {
            if !candidates.iter().any(|c| c.size_px == size_px) {
                continue;
            }
            seconds += looks.seconds(
                size_px,
                self.photos.len() - tried.drawn.len().min(self.photos.len()),
            );
            if watch.has_time_for(seconds) {
                wants.push((Look::Backbone(geometry, size_px), &self.photos.rows));
            } else {
                self.events
                    .remark(format!("the time limit leaves out {size_px} px"));
                candidates.retain(|c| c.size_px != size_px);
            }
        }
        looks.ensure("looking closer at all photos", &wants)?;
        if candidates.is_empty() {
            let last_stage = looks.backbone.stage_sets().swap_remove(0);
            let plan = |head: &&dyn Head| CandidatePlan::frozen(tried.sizes[0], &last_stage, *head);
            candidates = HEADS.iter().map(plan).collect();
        }
        Ok(Comparison {
            geometry,
            candidates,
            decisions,
        })
    }

    /// How photos become squares: the middle square, unless another geometry is better by more than one standard
    /// error of the paired difference in log-loss. No decision where all photos are square anyway.
    ///
    /// # Errors
    /// When interrupted, or when a part can't be divided into folds.
    pub fn geometry(
        &self,
        looks: &mut Looks,
        size_px: usize,
    ) -> Result<(Geometry, Option<Decision>), Failure> {
        let stages = looks.backbone.stage_sets().swap_remove(0);
        let all = [Geometry::CenterCrop, Geometry::Squash, Geometry::Pad];
        let drawn = self.part("geometry", GEOMETRY_PHOTOS);
        let mut wants: Vec<(Look, &[usize])> = all
            .iter()
            .map(|g| (Look::Backbone(*g, size_px), drawn.rows.as_slice()))
            .collect();
        wants.push((Look::Control, &drawn.rows));
        looks.ensure("comparing geometries", &wants)?;
        let part = looks.readable(&drawn);
        let columns = all
            .iter()
            .map(|g| self.column(looks, Look::Backbone(*g, size_px), &stages, &part))
            .collect::<Result<Vec<_>, _>>()?;
        let (crop, others) = columns.split_first().expect("there are three geometries");
        if others.iter().all(|c| c.losses == crop.losses) {
            return Ok((Geometry::CenterCrop, None));
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
        let decision = self.decided(
            "geometry",
            geometry_name(all[chosen]),
            format!(
                "ridge on {} photos at {size_px} px, out of fold: {}",
                part.len(),
                told.join(", ")
            ),
        );
        Ok((all[chosen], Some(decision)))
    }

    /// Which sizes and stages go on, as candidates in the order in which they are to be judged.
    ///
    /// The smallest size has been computed for all photos before; the larger ones are looked at on
    /// [`SCREEN_PHOTOS`] and computed for all only if they are worth a point.
    ///
    /// # Errors
    /// When interrupted.
    fn candidates(
        &self,
        looks: &Looks,
        geometry: Geometry,
        tried: &Tried,
    ) -> Result<(Vec<CandidatePlan>, Vec<Decision>), Failure> {
        let backbone = &looks.backbone.card.name;
        let sizes = tried.sizes.as_slice();
        let part = looks.readable(&self.photos.only(|position| tried.drawn.contains(&position)));
        let mut measured = Vec::new();
        for &size_px in sizes {
            for stages in looks.backbone.stage_sets() {
                let look = Look::Backbone(geometry, size_px);
                let column = self.column(looks, look, &stages, &part)?;
                measured.push(Measured {
                    size_px,
                    stages,
                    column,
                });
            }
        }
        // When every photo has been looked at, nothing is saved by leaving a size out.
        let computed_for_all = part.len() == looks.readable(self.photos).len();
        let (accepted, mut decisions) = if computed_for_all {
            (sizes.to_vec(), Vec::new())
        } else {
            self.worthwhile_sizes(sizes, &measured, part.len())
        };
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
        decisions.push(self.decided(
            "features",
            &names.join(", "),
            format!(
                "log-loss of ridge on {} photos, out of fold: {}",
                part.len(),
                told.join(", ")
            ),
        ));
        let every_head_everywhere = self.photos.len() <= ALL_HEADS_PHOTOS;
        let plans = kept.iter().enumerate().flat_map(|(place, m)| {
            let with = move |head: &&&dyn Head| {
                place == 0 || every_head_everywhere || head.name() == RIDGE
            };
            let plan = |head: &&dyn Head| CandidatePlan::frozen(m.size_px, &m.stages, *head);
            HEADS.iter().filter(with).map(plan)
        });
        Ok((plans.collect(), decisions))
    }

    /// The smallest size, and those that get so many more photos right that they are computed for all.
    fn worthwhile_sizes(
        &self,
        sizes: &[usize],
        measured: &[Measured],
        n_screened: usize,
    ) -> (Vec<usize>, Vec<Decision>) {
        let best_at = |size: usize| {
            measured
                .iter()
                .filter(|m| m.size_px == size)
                .map(|m| mean(&m.column.hits))
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let mut accepted = vec![sizes[0]];
        for &size in &sizes[1..] {
            let mark = accepted
                .iter()
                .map(|&s| best_at(s))
                .fold(f64::NEG_INFINITY, f64::max);
            if best_at(size) >= mark + WORTH_IT {
                accepted.push(size);
            }
        }
        if sizes.len() == 1 {
            return (accepted, Vec::new());
        }
        let told: Vec<String> = sizes
            .iter()
            .map(|&s| format!("{s} px {} %", percent(best_at(s))))
            .collect();
        let names: Vec<String> = accepted.iter().map(|s| format!("{s} px")).collect();
        let decision = self.decided(
            "resolution",
            &names.join(", "),
            format!(
                "ridge on {n_screened} of {} photos, out of fold: {}",
                self.photos.len(),
                told.join(", ")
            ),
        );
        (accepted, vec![decision])
    }

    /// At most `n_max` photos in whole units.
    fn part(&self, purpose: &str, n_max: usize) -> Labelled {
        if self.photos.len() <= n_max {
            return self.photos.clone();
        }
        self.photos.subset(&stratified_subset(
            &self.photos.labels,
            &self.photos.units,
            self.photos.n_classes,
            n_max,
            self.seed.derive(purpose, 0),
        ))
    }

    /// Out-of-fold losses and hits of ridge on one look.
    fn column(
        &self,
        looks: &Looks,
        look: Look,
        stages: &[String],
        part: &Labelled,
    ) -> Result<Column, Failure> {
        let features = looks.features(look, &part.rows, stages)?;
        let seed = self.seed.derive("screen", 0);
        let task = Task::new(part.clone(), SCREEN_FOLDS, 1, seed, seed)?;
        let ridge = head::named(RIDGE).expect("ridge is registered");
        let progress = self
            .events
            .progress("comparing features", task.folds.k as u64);
        let out = task.out_of_fold(&features, &[ridge], &progress, self.events)?;
        Ok(task.column(&out[0]))
    }

    /// Tells a decision, and returns it.
    fn decided(&self, topic: &str, choice: &str, why: String) -> Decision {
        let decision = Decision {
            topic: topic.into(),
            choice: choice.into(),
            why,
        };
        decision.tell(self.events);
        decision
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
