//! Which photos of a class are nearer than strangers come?

use handful_stats::{average_linkage, connected};
use rayon::prelude::*;

/// Classes are searched in parts of so many photos, for the memory of a similarity for each pair (64 MB). Photos of one
/// scene lie side by side in a listing.
const PART: usize = 4_000;

/// Photos that are joined by a chain of pairs above `cut`, inside each class: the row of the first photo of each chain.
pub(super) fn linked(
    labels: &[usize],
    n_classes: usize,
    cut: f32,
    similarity: &(dyn Fn(usize, usize) -> f32 + Sync),
) -> Vec<usize> {
    let links: Vec<(usize, usize)> = parts(labels, n_classes)
        .par_iter()
        .flat_map_iter(|part| {
            part.iter().enumerate().flat_map(move |(place, &b)| {
                part[..place]
                    .iter()
                    .filter(move |&&a| similarity(a, b) > cut)
                    .map(move |&a| (a, b))
            })
        })
        .collect();
    connected(labels.len(), &links)
}

/// Clusters by average linkage inside each class, while the mean similarity is at least `cut`.
pub(super) fn clustered(
    labels: &[usize],
    n_classes: usize,
    cut: f32,
    similarity: &(dyn Fn(usize, usize) -> f32 + Sync),
) -> Vec<usize> {
    let mut scene: Vec<usize> = (0..labels.len()).collect();
    for part in parts(labels, n_classes) {
        let size = part.len();
        let rows: Vec<f32> = (0..size)
            .into_par_iter()
            .flat_map_iter(|a| {
                let part = &part;
                (0..size).map(move |b| similarity(part[a], part[b]))
            })
            .collect();
        for (place, cluster) in average_linkage(size, rows, f64::from(cut))
            .into_iter()
            .enumerate()
        {
            scene[part[place]] = part[cluster];
        }
    }
    scene
}

/// The photos of each class, ascending, in parts of at most [`PART`].
fn parts(labels: &[usize], n_classes: usize) -> Vec<Vec<usize>> {
    let mut classes = vec![Vec::new(); n_classes];
    labels
        .iter()
        .enumerate()
        .for_each(|(photo, &class)| classes[class].push(photo));
    classes
        .iter()
        .flat_map(|class| class.chunks(PART))
        .map(<[usize]>::to_vec)
        .collect()
}
