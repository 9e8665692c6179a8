//! How well can classes be read off a network's features, before and after: on photos that it was not trained on?

use handful_image::{Pixels, Preprocessing};
use handful_stats::{Folds, Interval, McNemar, Seed, argmax, mcnemar};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::features::{Taps, pooled};
use crate::head::{FeatureSet, Head, Knn, Ridge, TrainingFold};
use crate::{Backbone, LearnError};

const N_FOLDS: usize = 5;
/// Two-sided 95 % of a normal distribution.
const DEVIATIONS: f64 = 1.959_963_984_540_054;

/// What a network can still tell apart on probe photos that it was not trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// By the head [`Ridge`]: what a straight cut through the features tells.
    pub ridge: SkillChange,
    /// By the head [`Knn`]: what their nearest neighbours tell.
    pub knn: SkillChange,
    /// Photos that were judged; one that is alone in its class is not.
    pub n: usize,
    /// Classes of those photos.
    pub n_classes: usize,
}

/// Out-of-fold accuracy of one head on the features of two networks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SkillChange {
    /// Accuracy on the features of the start, 0..=1.
    pub before: f64,
    /// Accuracy on the features of now, 0..=1.
    pub after: f64,
    /// After − before on the same photos and folds, −1..=1, with its 95 % interval: a loss is below 0. It holds 0 also where
    /// no photo changed sides, because others might have.
    pub difference: Interval,
}

/// Fits ridge and kNN on the pooled features of the last stage, before and after, in the same five folds, and compares what
/// they get right. λ, the number of neighbours and temperatures are chosen inside each training fold, as everywhere.
///
/// `probe` are prepared images of one size, each independent of the others: copies and bursts should be left out before,
/// because they cross folds here. `labels` has a class below `n_classes` for each.
///
/// # Errors
/// [`LearnError::Probe`] when there are fewer than two classes or none has two photos; [`LearnError::Shape`] when there is not
/// one label a photo; [`LearnError::NonFinite`] when a network no longer gives numbers; [`LearnError::Algebra`].
///
/// # Panics
/// When the images differ in size.
///
/// # Source
/// Recipe A13.
pub fn skill(
    before: &Backbone,
    after: &Backbone,
    probe: &[Pixels],
    labels: &[usize],
    n_classes: usize,
    preprocessing: &Preprocessing,
    seed: Seed,
) -> Result<Skill, LearnError> {
    if labels.len() != probe.len() {
        return Err(LearnError::Shape {
            what: "labels of probe photos".into(),
            expected: format!("{}, one a photo", probe.len()),
            found: labels.len().to_string(),
        });
    }
    let units: Vec<usize> = (0..probe.len()).collect();
    let folds = Folds::assign(
        labels,
        &units,
        n_classes,
        N_FOLDS,
        1,
        seed.derive("skill", 0),
    )
    .map_err(|source| LearnError::Probe { source })?;
    let task = Task {
        labels,
        units,
        n_classes,
        folds,
        seed,
    };
    let features = |backbone| last_stage(backbone, probe, preprocessing);
    let (before, after) = (features(before)?, features(after)?);
    let change = |head: &dyn Head| {
        Ok(paired(
            &task.hits(head, &before)?,
            &task.hits(head, &after)?,
        ))
    };
    let scored = task.folds.scored_rows(0);
    let mut classes: Vec<usize> = scored.iter().map(|&row| labels[row]).collect();
    classes.sort_unstable();
    classes.dedup();
    Ok(Skill {
        ridge: change(&Ridge)?,
        knn: change(&Knn)?,
        n: scored.len(),
        n_classes: classes.len(),
    })
}

/// The spatial means of the last stage.
fn last_stage(
    backbone: &Backbone,
    probe: &[Pixels],
    preprocessing: &Preprocessing,
) -> Result<FeatureSet, LearnError> {
    let last = backbone.stages.last().expect("a network has stages");
    let taps = Taps::new(backbone, std::slice::from_ref(&last.name))?;
    let features = pooled(backbone, probe, preprocessing, &taps);
    FeatureSet::new(probe.len(), vec![(taps.len(), features)])
}

/// What the features of both networks are asked.
struct Task<'a> {
    labels: &'a [usize],
    units: Vec<usize>,
    n_classes: usize,
    folds: Folds,
    seed: Seed,
}

impl Task<'_> {
    /// Whether each photo that is judged is told right by the model that has not seen it, in the order of the rows.
    fn hits(&self, head: &dyn Head, features: &FeatureSet) -> Result<Vec<bool>, LearnError> {
        let splits: Vec<(usize, usize)> = self.folds.splits().collect();
        let of_fold = |&(repeat, fold): &(usize, usize)| {
            let rows = self.folds.train_rows(repeat, fold);
            let seed = self.seed.derive("skill fold", fold as u64);
            let (labels, units) = (self.labels, &self.units);
            let fold_of = TrainingFold::new(features, &rows, labels, units, self.n_classes, seed);
            let fitted = head.fit(&fold_of)?;
            let judged = self.folds.test_rows(repeat, fold);
            let probabilities = fitted.probabilities(&features.rows(&judged));
            let rows = probabilities.chunks_exact(self.n_classes).zip(judged);
            let hits = rows.map(|(p, row)| (row, argmax(p) == labels[row]));
            Ok(hits.collect())
        };
        let by_fold: Vec<Vec<(usize, bool)>> =
            splits.par_iter().map(of_fold).collect::<Result<_, _>>()?;
        let mut all = by_fold.concat();
        all.sort_unstable();
        Ok(all.into_iter().map(|(_, is_hit)| is_hit).collect())
    }
}

/// Two accuracies on the same photos, and the interval of their difference.
///
/// With a photo more on each side that changed to it, as Wald's interval: (g − l)/n' ± z·√((g + l − (g − l)²/n')/n'²) for
/// g = gained + 1, l = lost + 1, n' = n + 2. Without them it has no width where no photo changed sides; its coverage at few
/// photos is in the test.
///
/// # Source
/// D. Bonett, R. Price, Journal of Educational and Behavioral Statistics 37 (2012), 479–488.
fn paired(before: &[bool], after: &[bool]) -> SkillChange {
    let n = before.len() as f64;
    let accuracy = |hits: &[bool]| hits.iter().filter(|h| **h).count() as f64 / n;
    let McNemar { only_a, only_b, .. } = mcnemar(before, after);
    let value = (only_b as f64 - only_a as f64) / n;
    let (lost, gained, more) = (only_a as f64 + 1.0, only_b as f64 + 1.0, n + 2.0);
    let middle = (gained - lost) / more;
    let half = DEVIATIONS * ((gained + lost) / more - middle.powi(2)).sqrt() / more.sqrt();
    SkillChange {
        before: accuracy(before),
        after: accuracy(after),
        difference: Interval {
            value,
            low: (middle - half).clamp(-1.0, value),
            high: (middle + half).clamp(value, 1.0),
        },
    }
}

#[cfg(test)]
mod tests {
    use handful_image::Geometry;
    use rand::RngExt;

    use super::*;
    use crate::weights::Stored;

    const SIZE_PX: usize = 16;
    const N_CLASSES: usize = 3;

    /// Noise around a colour a class.
    fn photos(n: usize) -> (Vec<Pixels>, Vec<usize>) {
        let labels: Vec<usize> = (0..n).map(|i| i % N_CLASSES).collect();
        let photo = |(i, label): (usize, &usize)| {
            let mut colour = [80; 3];
            colour[*label] = 150;
            let mut photo = Pixels::filled(SIZE_PX, SIZE_PX, colour);
            for (at, byte) in photo.data.iter_mut().enumerate() {
                *byte += Seed(i as u64).key(at as u64) as u8 % 100;
            }
            photo
        };
        (labels.iter().enumerate().map(photo).collect(), labels)
    }

    fn skill_of(before: &Backbone, after: &Backbone, n: usize) -> Skill {
        let (probe, labels) = photos(n);
        let preprocessing = before.preprocessing(Geometry::Squash, SIZE_PX);
        skill(
            before,
            after,
            &probe,
            &labels,
            N_CLASSES,
            &preprocessing,
            Seed(3),
        )
        .unwrap()
    }

    #[test]
    fn a_network_has_the_skill_of_itself() {
        let backbone = Backbone::untrained("resnet14", 1).unwrap();
        let found = skill_of(&backbone, &backbone.clone(), 60);
        assert_eq!((found.n, found.n_classes), (60, N_CLASSES));
        for change in [found.ridge, found.knn] {
            let Interval { value, low, high } = change.difference;
            assert_eq!(value, 0.0);
            assert!(-0.05 < low && low < 0.0 && 0.0 < high && high < 0.05);
            assert!(
                change.before == change.after && change.before > 0.9,
                "{change:?}"
            );
        }
    }

    #[test]
    fn a_network_that_says_the_same_of_everything_has_lost_its_skill() {
        let before = Backbone::untrained("resnet14", 1).unwrap();
        let mut weights = before.weights.clone();
        for norm in ["layer4.0.bn2", "layer4.0.downsample.1"] {
            let zeros = Stored::from_f32(vec![128], &[0.0; 128]);
            weights.tensors.insert(format!("{norm}.weight"), zeros);
        }
        let after = Backbone::load(&weights, before.card.clone()).unwrap();
        let found = skill_of(&before, &after, 60);
        for change in [found.ridge, found.knn] {
            assert!(
                change.after < 0.5 && change.difference.high < -0.3,
                "{change:?}"
            );
        }
        // The other way round it is as much of a gain.
        let back = skill_of(&after, &before, 60).ridge;
        assert_eq!(back.difference.low, -found.ridge.difference.high);
    }

    #[test]
    fn the_interval_is_the_one_by_hand() {
        // 21 pairs: one right both times, one lost, seven gained, twelve wrong both times.
        let of = |counts: [(usize, bool); 4]| -> Vec<bool> {
            (counts
                .iter()
                .flat_map(|&(n, hit)| std::iter::repeat_n(hit, n)))
            .collect()
        };
        let before = of([(1, true), (1, true), (7, false), (12, false)]);
        let after = of([(1, true), (1, false), (7, true), (12, false)]);
        let SkillChange { difference, .. } = paired(&before, &after);
        assert!((difference.value - 6.0 / 21.0).abs() < 1e-12);
        // 6/23 ± 1.96·√((10/23 − (6/23)²)/23)
        assert!((difference.low - 0.0134).abs() < 1e-4, "{difference:?}");
        assert!((difference.high - 0.5084).abs() < 1e-4, "{difference:?}");
        assert_eq!(paired(&[true; 2], &[false; 2]).difference.low, -1.0);
    }

    #[test]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        // At 2,000 sets a coverage of 0.95 scatters by 0.005; three of them.
        const LEAST: f64 = 0.935;
        for (n, lost, gained) in [
            (30, 0.02, 0.02),
            (30, 0.2, 0.1),
            (100, 0.01, 0.0),
            (500, 0.1, 0.05),
        ] {
            let held = (0..2_000).filter(|&set| {
                let mut random = Seed(set).stream("pairs", 0);
                let pair = |_| {
                    let draw: f64 = random.random();
                    match draw {
                        _ if draw < lost => (true, false),
                        _ if draw < lost + gained => (false, true),
                        _ => (true, true),
                    }
                };
                let (before, after): (Vec<bool>, Vec<bool>) = (0..n).map(pair).unzip();
                let Interval { low, high, .. } = paired(&before, &after).difference;
                (low..=high).contains(&(gained - lost))
            });
            let share = held.count() as f64 / 2_000.0;
            assert!(share > LEAST, "{n} photos, {lost} and {gained}: {share}");
        }
    }

    #[test]
    fn what_can_not_be_judged_is_refused_with_the_reason() {
        let backbone = Backbone::untrained("resnet14", 1).unwrap();
        let preprocessing = backbone.preprocessing(Geometry::Squash, SIZE_PX);
        let (probe, _) = photos(4);
        let refusal = |labels: &[usize]| {
            let found = skill(
                &backbone,
                &backbone,
                &probe,
                labels,
                2,
                &preprocessing,
                Seed(3),
            );
            found.unwrap_err().to_string()
        };
        assert!(refusal(&[1, 1, 1, 1]).contains("only one class"));
        assert!(refusal(&[0, 1, 2, 0]).contains("label 2"));
        assert!(refusal(&[0, 1]).contains("expected 4"));
    }
}
