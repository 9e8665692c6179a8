//! Which photos of a class are so alike that they may show one scene: one board of a shop, one person, one object?
//!
//! Random folds then ask about scenes that the training has seen, and their accuracy is too good. Recipe A15, measured
//! on development sets: on photos of grocery shops random folds say 89 %, photos of new scenes give 57 %, folds by these
//! scenes say 59 %; on sets without scenes the two agree within 2 points, but on line drawings, where letters of one
//! kind are alike without being one drawing, folds by scenes are 15 points too low. So this is one signal, not a proof.

use handful_stats::average_linkage;

use crate::head::FeatureSet;

/// Mean cosine of the photos of one scene. Recipe A15: at 0.7 grocery keeps 20 points of the error, at 0.5 sets without
/// scenes lose up to 6 points.
pub const SAME_SCENE: f64 = 0.6;

/// The scene of each photo, named by its first photo: clusters by average linkage inside each class, on the cosine of
/// features minus their mean over all photos, cut at [`SAME_SCENE`].
///
/// `labels` `[n]`, below `n_classes`. A photo like no other of its class is a scene of its own.
pub fn scenes(features: &FeatureSet, labels: &[usize], n_classes: usize) -> Vec<usize> {
    let n = labels.len();
    let d: usize = features.widths().iter().sum();
    let unit = centred_units(&features.all_rows(), n, d);
    let mut scene: Vec<usize> = (0..n).collect();
    for class in 0..n_classes {
        let members: Vec<usize> = (0..n).filter(|&i| labels[i] == class).collect();
        let row = |place: usize| &unit[members[place] * d..][..d];
        let size = members.len();
        let mut similarity = vec![1.0; size * size];
        for a in 0..size {
            for b in 0..a {
                let cosine = dot(row(a), row(b));
                similarity[a * size + b] = cosine;
                similarity[b * size + a] = cosine;
            }
        }
        let clusters = average_linkage(size, similarity, SAME_SCENE);
        for (place, cluster) in clusters.into_iter().enumerate() {
            scene[members[place]] = members[cluster];
        }
    }
    scene
}

/// Rows minus their mean, each of length 1 (or 0), `[n, d]`.
fn centred_units(rows: &[f64], n: usize, d: usize) -> Vec<f32> {
    let mut mean = vec![0.0; d];
    for row in rows.chunks_exact(d.max(1)) {
        mean.iter_mut().zip(row).for_each(|(m, v)| *m += v);
    }
    mean.iter_mut().for_each(|m| *m /= n.max(1) as f64);
    let mut unit = Vec::with_capacity(rows.len());
    for row in rows.chunks_exact(d.max(1)) {
        let centred = || row.iter().zip(&mean).map(|(v, m)| v - m);
        let length = centred().map(|v| v * v).sum::<f64>().sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        unit.extend(centred().map(|v| (v * scale) as f32));
    }
    unit
}

/// Sums in eight lanes of a fixed order: the same bits on any number of threads.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a8.zip(b8) {
        for lane in 0..8 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    lanes.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two photos of one scene point the same way; 0.6 lies far from all similarities here.
    #[test]
    fn alike_photos_of_a_class_are_one_scene_and_those_of_another_class_never() {
        let rows: Vec<Vec<f32>> = vec![
            vec![1.0, 0.0, 0.0, 0.0],
            vec![0.98, 0.02, 0.0, 0.0],
            vec![0.0, 1.0, 0.0, 0.0],
            vec![0.0, 0.0, 1.0, 0.0],
            vec![0.99, 0.01, 0.0, 0.0],
            vec![0.0, 0.0, 0.0, 1.0],
        ];
        let features = FeatureSet::new(6, vec![(4, rows.concat())]).unwrap();
        let found = scenes(&features, &[0, 0, 0, 0, 1, 1], 2);
        assert_eq!(found, [0, 0, 2, 3, 4, 5]);
    }

    #[test]
    fn one_photo_and_none_are_no_trouble() {
        let one = FeatureSet::new(1, vec![(2, vec![1.0, 2.0])]).unwrap();
        assert_eq!(scenes(&one, &[0], 1), [0]);
    }
}
