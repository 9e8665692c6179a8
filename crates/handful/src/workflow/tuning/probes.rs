//! How far does each stage of the network get by itself, before any training? Where that stops rising, what comes behind it serves
//! what the network was pretrained for and not these photos, and is what there is to learn anew.
//!
//! Source: G. Alain, Y. Bengio, "Understanding intermediate layers using linear classifier probes" (2016).

use handful_learn::features::{Taps, pooled};
use handful_learn::head::{self, FeatureSet};
use handful_report::StageProbe;
use handful_stats::accuracy_interval;

use super::workbench::Workbench;
use crate::exit::Failure;
use crate::workflow::judge::LEVEL;

/// A ridge on the spatial means of each stage of the network that the trainings start from, on the folds of all candidates.
/// `cut` is the first stage that was trained.
///
/// # Errors
/// When interrupted, or when the statistics can't be computed.
pub fn probes(bench: &Workbench, cut: usize) -> Result<Vec<StageProbe>, Failure> {
    let Workbench {
        task,
        network,
        squares,
        events,
        ..
    } = bench;
    let names: Vec<String> = network.stages.iter().map(|s| s.name.clone()).collect();
    let taps = Taps::new(network, &names)?;
    let vectors = pooled(network, squares.all_plain(), &squares.preprocessing, &taps); // [n, taps.len()]
    let ridge = head::named("ridge").expect("ridge is registered");
    let n_splits = task.folds.splits().count() as u64;
    let progress = events.progress("probing stages", n_splits * names.len() as u64);
    let probe = |(idx, stage): (usize, String)| {
        let span = taps.span(idx).expect("all stages are tapped");
        let rows = vectors.chunks_exact(taps.len());
        let values: Vec<f32> = rows.flat_map(|row| row[span.clone()].to_vec()).collect();
        let features = FeatureSet::new(squares.len(), vec![(span.len(), values)])?;
        let out = task.out_of_fold(&features, &[ridge], &progress, events)?;
        let column = task.column(&out[0]);
        Ok(StageProbe {
            stage,
            trained: idx >= cut,
            accuracy: accuracy_interval(&column, &task.photos.groups, LEVEL)?,
            log_loss: column.mean_loss(),
        })
    };
    names.into_iter().enumerate().map(probe).collect()
}
