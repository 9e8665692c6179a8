//! How do near images vote? What a model keeps of them, and how their votes become logits.

/// The images that vote, instead of weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbours {
    /// How many of them vote.
    pub k: usize,
    /// z of each, of length 1, `[n, d]`.
    pub rows: Vec<f32>,
    /// Class of each.
    pub classes: Vec<usize>,
}

/// How fast votes grow with similarity; see [`super::Knn`].
const VOTE_TEMPERATURE: f64 = 0.07;

impl Neighbours {
    /// Similarity and class of the `most` nearest of `found` (similarity, image), nearest first; of equals the earlier ones.
    pub(super) fn nearest(
        found: impl Iterator<Item = (f64, usize)>,
        most: usize,
        class: impl Fn(usize) -> usize,
    ) -> Vec<(f64, usize)> {
        let mut nearest: Vec<(f64, usize)> = Vec::with_capacity(most + 1);
        for (similarity, image) in found {
            if nearest.len() == most && similarity <= nearest[most - 1].0 {
                continue;
            }
            let place = nearest.partition_point(|(other, _)| *other >= similarity);
            nearest.insert(place, (similarity, class(image)));
            nearest.truncate(most);
        }
        nearest
    }

    /// Logits `[n_classes]` by votes of `nearest` (similarity, class), of which `k` were asked for.
    pub(super) fn votes(nearest: &[(f64, usize)], k: usize, n_classes: usize) -> Vec<f64> {
        let loudest = nearest.first().map_or(0.0, |(similarity, _)| *similarity);
        let mut votes = vec![0.0; n_classes];
        for (similarity, class) in nearest {
            votes[*class] += ((similarity - loudest) / VOTE_TEMPERATURE).exp();
        }
        let all: f64 = votes.iter().sum();
        let share = |vote: &f64| if all > 0.0 { vote / all } else { 0.0 };
        let (k, n) = (k as f64, n_classes as f64);
        votes
            .iter()
            .map(|vote| ((k * share(vote) + 0.5) / (k + 0.5 * n)).ln())
            .collect()
    }

    /// What votes say of z, `[classes]`.
    pub(super) fn logits(&self, z: &[f64], n_classes: usize) -> Vec<f64> {
        let rows = self.rows.chunks_exact(z.len()).enumerate();
        let similarity = |(image, row): (usize, &[f32])| (dot(row, z), image);
        let nearest =
            Neighbours::nearest(rows.map(similarity), self.k, |image| self.classes[image]);
        Neighbours::votes(&nearest, self.k, n_classes)
    }
}

/// Sums in eight lanes of a fixed order, which vector registers hold.
fn dot(a: &[f32], b: &[f64]) -> f64 {
    let mut lanes = [0.0f64; 8];
    let (a8, b8) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (x, y) in a8.0.iter().zip(b8.0) {
        for lane in 0..8 {
            lanes[lane] += f64::from(x[lane]) * y[lane];
        }
    }
    let rest = a8.1.iter().zip(b8.1);
    lanes.iter().sum::<f64>() + rest.map(|(x, y)| f64::from(*x) * y).sum::<f64>()
}
