//! How near do strangers come? For each photo the most similar among as many photos of other classes as it has fellows.

use handful_stats::Seed;
use rayon::prelude::*;

/// Classes with fewer photos tell nothing about the nearest of them.
pub(super) const LEAST_PHOTOS: usize = 4;
/// Strangers that a photo is compared with at most; quantiles of the nearest hardly move beyond.
const MOST_STRANGERS: usize = 2_000;

/// Similarities of nearest strangers, ascending.
#[derive(Debug)]
pub(super) struct Chance(Vec<f32>);

impl Chance {
    /// The similarity that this share of nearest strangers stays below.
    pub fn quantile(&self, share: f64) -> f32 {
        let last = self.0.len() - 1;
        self.0[(share * last as f64).round() as usize]
    }
}

/// Compares every photo of a class of [`LEAST_PHOTOS`] or more with random photos of other classes: as many as it has
/// fellows in its class, so that the nearest of either had the same chance. Where a class is larger than all others
/// together it is compared with all of them. `None` where there are no such two classes.
pub(super) fn nearest_strangers(
    labels: &[usize],
    n_classes: usize,
    seed: Seed,
    similarity: &(dyn Fn(usize, usize) -> f32 + Sync),
) -> Option<Chance> {
    let n = labels.len();
    let mut counts = vec![0usize; n_classes];
    labels.iter().for_each(|&class| counts[class] += 1);
    if counts.iter().filter(|&&c| c >= LEAST_PHOTOS).count() < 2 {
        return None;
    }
    // One shuffled ring; each photo meets the strangers that follow a place of its own.
    let draw = seed.derive("strangers", 0);
    let mut ring: Vec<usize> = (0..n).collect();
    ring.sort_by_key(|&photo| draw.key(photo as u64));
    let nearest = |photo: usize| {
        let class = labels[photo];
        let wanted = (counts[class] - 1).min(MOST_STRANGERS);
        let start = (draw.key((n + photo) as u64) % n as u64) as usize;
        (0..n)
            .map(|step| ring[(start + step) % n])
            .filter(|&other| labels[other] != class)
            .take(wanted)
            .map(|other| similarity(photo, other))
            .fold(f32::NEG_INFINITY, f32::max)
    };
    let mut all: Vec<f32> = (0..n)
        .into_par_iter()
        .filter(|&photo| counts[labels[photo]] >= LEAST_PHOTOS)
        .map(nearest)
        .collect();
    all.sort_by(f32::total_cmp);
    Some(Chance(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_photos_of_other_classes_are_strangers() {
        let labels = [0, 0, 0, 0, 1, 1, 1, 1];
        // Inside a class all are alike; between classes the similarity is the product of places.
        let similarity = |a: usize, b: usize| {
            if labels[a] == labels[b] {
                1.0
            } else {
                0.01 * (a * b) as f32
            }
        };
        let chance = nearest_strangers(&labels, 2, Seed(3), &similarity).unwrap();
        assert_eq!(chance.0.len(), 8);
        assert!(
            chance.quantile(1.0) <= 0.21,
            "3 and 7 are the nearest strangers there can be"
        );
        assert!(chance.quantile(0.0) <= chance.quantile(1.0));
    }

    #[test]
    fn one_class_has_no_strangers() {
        assert!(nearest_strangers(&[0, 0, 0, 0, 0, 1], 2, Seed(0), &|_, _| 0.0).is_none());
    }
}
