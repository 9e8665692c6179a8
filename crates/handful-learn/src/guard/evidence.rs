//! What was measured of one change of all photos: each photo beside its changed self, groups together.

use std::collections::BTreeMap;

use handful_stats::{Folds, fit_temperature, mcnemar};
use serde::{Deserialize, Serialize};

use super::fit::{Regression, Sums, of_true, read};
use super::space::{Points, Space};
use crate::LearnError;
use crate::algebra::Matrix;

/// z of a 95 % interval.
const Z95: f64 = 1.959_963_984_540_054;
/// Of distances to the nearest other photo: further than so many of them is outside.
const OUTER: f64 = 0.95;

/// A mean with its 95 % interval over groups.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The mean.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

impl Estimate {
    /// Of a value a photo; photos of a group are not independent.
    pub(super) fn of(values: &[f64], groups: &[usize]) -> Estimate {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
        for (value, group) in values.iter().zip(groups) {
            *sums.entry(*group).or_default() += value - mean;
        }
        let g = sums.len() as f64;
        let squares: f64 = sums.values().map(|s| s * s).sum();
        let se = match sums.len() {
            0 | 1 => f64::INFINITY,
            _ => (squares * g / (g - 1.0)).sqrt() / n,
        };
        Estimate {
            value: mean,
            low: mean - Z95 * se,
            high: mean + Z95 * se,
        }
    }
}

/// Photos of a class that are read as one other class once they are changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collision {
    /// What they show.
    pub class: usize,
    /// What they are read as.
    pub read_as: usize,
    /// Their share of the class, beyond what a change does that is as large and keeps every label.
    pub share: f64,
    /// Chance of so many, corrected for the pairs of classes.
    pub p: f64,
}

/// All that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// How much probability clean photos lose (below 0) when a head learns changed photos under the same labels, too. Recipe 1.4 takes the
    /// accuracy; the probability of the true class says the same with a third of its noise.
    pub mix: Estimate,
    /// How many more changed photos than clean ones a head reads rightly that learnt clean ones.
    pub affinity: Estimate,
    /// The pair of classes that is confused most.
    pub collision: Option<Collision>,
    /// How often the changed one of a pair is recognised, 0.5 is chance; for changes between poses alone.
    pub tell: Option<Estimate>,
    /// Share of changed photos that lie further from all photos than 95 % of them do from each other.
    pub outside: f64,
    /// How far photos move, in mean distances between two photos.
    pub displacement: f64,
}

/// What a change that keeps every label does to the reading of photos, by how far it moves them.
#[derive(Clone, Debug)]
pub(super) struct Placebo {
    pub displacement: f64,
    /// What each photo is read as, by a head on all photos and by those on each resample.
    pub read: Vec<Vec<usize>>,
}

/// Photos, clean, with heads that learnt them: what all changes are compared with.
pub(super) struct Clean<'a> {
    pub space: &'a Space,
    pub labels: &'a [usize],
    pub groups: &'a [usize],
    pub n_classes: usize,
    folds: &'a Folds,
    temperature: f64,
    /// Distance of each photo to the nearest of another group, and the middle one to those of other groups in its class.
    nearest: Vec<f64>,
    among_class: Vec<f64>,
    mean_distance: f64,
    /// First all photos, then each resample.
    samples: Vec<Sample>,
}

/// A part of the photos, and the heads that learnt it without each fold.
struct Sample {
    is_in: Vec<bool>,
    /// Photos that judge and those that are learnt from, by fold.
    parts: Vec<(Vec<usize>, Vec<usize>)>,
    sums: Vec<Sums>,
    heads: Vec<Regression>,
    /// Of clean photos: the probability of the true class, what is read.
    of_true: Vec<f64>,
    read: Vec<usize>,
}

fn unsolvable() -> LearnError {
    LearnError::Algebra {
        what: "a head of the guard",
    }
}

impl<'a> Clean<'a> {
    /// `resamples`: which photos are in each.
    pub fn new(
        space: &'a Space,
        labels: &'a [usize],
        groups: &'a [usize],
        n_classes: usize,
        folds: &'a Folds,
        resamples: Vec<Vec<bool>>,
    ) -> Result<Clean<'a>, LearnError> {
        let m = labels.len();
        let distances = space.clean_distances();
        let pairs = (m * m.saturating_sub(1)).max(1) as f64;
        let mut clean = Clean {
            space,
            labels,
            groups,
            n_classes,
            folds,
            temperature: 1.0,
            nearest: Vec::new(),
            among_class: Vec::new(),
            mean_distance: distances.values.iter().map(|s| s.sqrt()).sum::<f64>() / pairs,
            samples: Vec::new(),
        };
        clean.nearest = (0..m).map(|i| clean.nearest_to(i, &distances)).collect();
        clean.among_class = (0..m)
            .map(|i| clean.middle_of_class(i, &distances))
            .collect();
        let mut all = clean.sample(vec![true; m])?;
        // One temperature for all heads: they differ in what they learnt, not in how sure they are.
        let mut scores = vec![0.0; m * n_classes];
        for ((test, _), head) in all.parts.iter().zip(&all.heads) {
            let of_test = head.scores(&space.projected, test);
            for (i, &row) in test.iter().enumerate() {
                scores[row * n_classes..][..n_classes].copy_from_slice(of_test.row(i));
            }
        }
        clean.temperature = fit_temperature(&scores, labels, n_classes);
        (all.of_true, all.read) = clean.judged(&all, &all.heads, &space.projected);
        clean.samples.push(all);
        for is_in in resamples {
            let sample = clean.sample(is_in)?;
            clean.samples.push(sample);
        }
        Ok(clean)
    }

    fn sample(&self, is_in: Vec<bool>) -> Result<Sample, LearnError> {
        let points = &self.space.projected;
        let only = |rows: Vec<usize>| rows.into_iter().filter(|&r| is_in[r]).collect::<Vec<_>>();
        let parts: Vec<(Vec<usize>, Vec<usize>)> = (self.folds.splits())
            .map(|(repeat, fold)| {
                (
                    only(self.folds.test_rows(repeat, fold)),
                    only(self.folds.train_rows(repeat, fold)),
                )
            })
            .collect();
        let sums: Vec<Sums> = parts
            .iter()
            .map(|(_, train)| Sums::of(points, train, self.labels, self.n_classes))
            .collect();
        let heads = sums
            .iter()
            .map(|sums| sums.regression().ok_or_else(unsolvable))
            .collect::<Result<Vec<_>, _>>()?;
        let mut sample = Sample {
            is_in,
            parts,
            sums,
            heads,
            of_true: Vec::new(),
            read: Vec::new(),
        };
        (sample.of_true, sample.read) = self.judged(&sample, &sample.heads, points);
        Ok(sample)
    }

    /// Probability of the true class and what is read, of all photos of a sample; 0 for others.
    fn judged(
        &self,
        sample: &Sample,
        heads: &[Regression],
        points: &Matrix,
    ) -> (Vec<f64>, Vec<usize>) {
        let m = self.labels.len();
        let (mut probabilities, mut what) = (vec![0.0; m], vec![0; m]);
        for ((test, _), head) in sample.parts.iter().zip(heads) {
            let scores = head.scores(points, test);
            let labels: Vec<usize> = test.iter().map(|&r| self.labels[r]).collect();
            let of_true = of_true(&scores, &labels, self.temperature);
            for ((&row, p), read) in test.iter().zip(of_true).zip(read(&scores)) {
                (probabilities[row], what[row]) = (p, read);
            }
        }
        (probabilities, what)
    }

    /// How far changed photos are moved.
    fn displacement(&self, points: &Points) -> f64 {
        let m = self.labels.len();
        let moved = (0..m).map(|i| points.squared.row(i)[i].sqrt());
        moved.sum::<f64>() / m as f64 / self.mean_distance
    }

    /// What a change does that keeps every label.
    pub fn placebo(&self, points: &Points) -> Placebo {
        let read = |sample: &Sample| self.judged(sample, &sample.heads, &points.projected).1;
        Placebo {
            displacement: self.displacement(points),
            read: self.samples.iter().map(read).collect(),
        }
    }

    /// What is measured of a change, on all photos and then on each resample. `is_pose`: it goes from one pose to another, so that it
    /// can be asked whether the pose is told from the photos' own.
    pub fn evidence(
        &self,
        points: &Points,
        is_pose: bool,
        placebos: &[Placebo],
    ) -> Result<Vec<Evidence>, LearnError> {
        let displacement = self.displacement(points);
        let placebo = placebo_for(placebos, displacement);
        let strangers = self.strangers(points);
        let outer = quantile(&self.nearest, OUTER);
        let m = self.labels.len();
        let is_outside: Vec<bool> = (0..m)
            .map(|i| self.nearest_to(i, &points.squared) > outer)
            .collect();
        let of_sample = |(idx, sample): (usize, &Sample)| {
            let rows: Vec<usize> = (0..m).filter(|&i| sample.is_in[i]).collect();
            let groups: Vec<usize> = rows.iter().map(|&i| self.groups[i]).collect();
            let mixed = self.mixed(sample, points)?;
            let read = self.judged(sample, &sample.heads, &points.projected).1;
            let estimate = |value: &dyn Fn(usize) -> f64| {
                let values: Vec<f64> = rows.iter().map(|&i| value(i)).collect();
                Estimate::of(&values, &groups)
            };
            let hit = |read: &[usize], i: usize| f64::from(read[i] == self.labels[i]);
            let tell = match is_pose {
                false => None,
                true => {
                    let by_look = self.told(sample, points)?;
                    let by_class = estimate(&|i| strangers[i]);
                    let by_look = estimate(&|i| by_look[i]);
                    Some(match by_look.low > by_class.low {
                        true => by_look,
                        false => by_class,
                    })
                }
            };
            Ok(Evidence {
                mix: estimate(&|i| mixed[i] - sample.of_true[i]),
                affinity: estimate(&|i| hit(&read, i) - hit(&sample.read, i)),
                collision: placebo
                    .and_then(|p| self.collision(&rows, &sample.read, &read, &p.read[idx])),
                tell,
                outside: rows.iter().filter(|&&i| is_outside[i]).count() as f64
                    / rows.len().max(1) as f64,
                displacement,
            })
        };
        self.samples.iter().enumerate().map(of_sample).collect()
    }

    /// Probability of the true class of clean photos, by heads that learnt changed ones, too.
    fn mixed(&self, sample: &Sample, points: &Points) -> Result<Vec<f64>, LearnError> {
        let parts = sample.parts.iter().zip(&sample.sums);
        let heads = parts.map(|((_, train), clean)| {
            let changed = Sums::of(&points.projected, train, self.labels, self.n_classes);
            let both = clean.half_and_half(&changed);
            both.regression().ok_or_else(unsolvable)
        });
        let heads = heads.collect::<Result<Vec<_>, _>>()?;
        Ok(self.judged(sample, &heads, &self.space.projected).0)
    }

    /// Whether the changed one of each pair is recognised as such by what all photos have in common: 1, 0, or ½ where both look alike.
    fn told(&self, sample: &Sample, points: &Points) -> Result<Vec<f64>, LearnError> {
        let m = self.labels.len();
        let mut told = vec![0.5; m];
        let (clean, changed) = (vec![0usize; m], vec![1usize; m]);
        for (test, train) in &sample.parts {
            let sums = Sums::of(&self.space.projected, train, &clean, 2);
            let both = sums.half_and_half(&Sums::of(&points.projected, train, &changed, 2));
            let head = both.regression().ok_or_else(unsolvable)?;
            let of_clean = head.scores(&self.space.projected, test);
            let of_changed = head.scores(&points.projected, test);
            for (i, &row) in test.iter().enumerate() {
                told[row] = larger(of_changed.row(i)[1], of_clean.row(i)[1]);
            }
        }
        Ok(told)
    }

    /// Whether each changed photo is further from the photos of its class than it was itself: 1, 0, or ½.
    fn strangers(&self, points: &Points) -> Vec<f64> {
        let of = |i: usize| match self.middle_of_class(i, &points.squared) {
            changed if changed.is_finite() => larger(changed, self.among_class[i]),
            _ => 0.5,
        };
        (0..self.labels.len()).map(of).collect()
    }

    /// Distance of point `i` to the nearest photo of another group; `squared` are those to all photos.
    fn nearest_to(&self, i: usize, squared: &Matrix) -> f64 {
        let others = (0..self.labels.len()).filter(|&j| self.groups[j] != self.groups[i]);
        let squared = others.map(|j| squared.row(i)[j]);
        squared.fold(f64::INFINITY, f64::min).sqrt()
    }

    /// The middle one of the distances of point `i` to photos of its class in other groups. Not the nearest: where some show one scene, a
    /// photo is near to them because they are the same thing, and no changed one is.
    fn middle_of_class(&self, i: usize, squared: &Matrix) -> f64 {
        let is_kin =
            |&j: &usize| self.groups[j] != self.groups[i] && self.labels[j] == self.labels[i];
        let kin = (0..self.labels.len()).filter(is_kin);
        let distances: Vec<f64> = kin.map(|j| squared.row(i)[j].sqrt()).collect();
        quantile(&distances, 0.5)
    }

    /// The pair of classes of which more is confused than by a change that keeps every label.
    fn collision(
        &self,
        rows: &[usize],
        clean: &[usize],
        changed: &[usize],
        placebo: &[usize],
    ) -> Option<Collision> {
        let c = self.n_classes;
        let mut counts = vec![0.0f64; c * c];
        let mut of_class = vec![0.0f64; c];
        for &i in rows {
            let class = self.labels[i];
            of_class[class] += 1.0;
            // What was read rightly, and is now read as another class.
            if clean[i] == class {
                counts[class * c + changed[i]] += 1.0;
                counts[class * c + placebo[i]] -= 1.0;
            }
        }
        let pairs = (0..c * c).filter(|pair| pair / c != pair % c);
        let share = |pair: usize| counts[pair] / of_class[pair / c].max(1.0);
        let most = pairs.max_by(|&a, &b| share(a).total_cmp(&share(b)))?;
        let (class, read_as) = (most / c, most % c);
        // A group counts once: it is moved when most of it is.
        let mut of_group: BTreeMap<usize, [i64; 2]> = BTreeMap::new();
        for &i in rows.iter().filter(|&&i| self.labels[i] == class) {
            let moves = of_group.entry(self.groups[i]).or_default();
            let was_right = clean[i] == class;
            moves[0] += i64::from(was_right && changed[i] == read_as);
            moves[1] += i64::from(was_right && placebo[i] == read_as);
        }
        let more: Vec<bool> = of_group.values().map(|m| m[0] > m[1]).collect();
        let fewer: Vec<bool> = of_group.values().map(|m| m[1] > m[0]).collect();
        let p = mcnemar(&more, &fewer).p;
        let n_pairs = (c * (c - 1)).max(1) as f64;
        Some(Collision {
            class,
            read_as,
            share: share(most),
            p: (p * n_pairs).min(1.0),
        })
    }
}

/// The placebo that moves photos at least as far, or the furthest there is.
fn placebo_for(placebos: &[Placebo], displacement: f64) -> Option<&Placebo> {
    let by_distance = |a: &&Placebo, b: &&Placebo| a.displacement.total_cmp(&b.displacement);
    let further = placebos.iter().filter(|p| p.displacement >= displacement);
    further
        .min_by(by_distance)
        .or_else(|| placebos.iter().max_by(by_distance))
}

fn larger(a: f64, b: f64) -> f64 {
    match a.total_cmp(&b) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Equal => 0.5,
        std::cmp::Ordering::Less => 0.0,
    }
}

/// The value below which this share of finite values lies.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let at = (share * sorted.len() as f64) as usize;
    sorted
        .get(at.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::INFINITY)
}
