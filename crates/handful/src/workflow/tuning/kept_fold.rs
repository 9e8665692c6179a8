//! The training of a fold as a table of the unfinished run: an interrupted run goes on from it.

use std::collections::BTreeMap;

use handful_learn::Weights;
use handful_learn::weights::Stored;
use serde::{Deserialize, Serialize};

use super::blend::HeldOut;
use super::one_fold::{FoldLook, FoldResult};
use crate::workflow::task::Task;

/// What a kept fold holds beside its numbers.
#[derive(Serialize, Deserialize)]
struct KeptFold {
    /// Where it is finished.
    finished: Option<KeptEnd>,
    /// Step, epoch, loss and accuracy of the photos that were learned from, of every look.
    looks: Vec<(usize, f64, (f64, f64))>,
}

/// What came of a training that is finished.
#[derive(Serialize, Deserialize)]
pub struct KeptEnd {
    stopped_at: usize,
    seconds: f64,
}

const RECORD: &str = "fold";

/// Looks at the training of a fold, and what came of it where it is finished.
pub fn table(looks: &BTreeMap<usize, FoldLook>, result: Option<&FoldResult>) -> Weights {
    let mut tensors = BTreeMap::new();
    let mut keep = |name: String, values: &[f64]| {
        tensors.insert(name, Stored::from_f64(vec![values.len()], values));
    };
    for (step, look) in looks {
        keep(format!("losses.{step}"), &look.losses);
        keep(format!("hits.{step}"), &look.hits);
    }
    let logits = result.map_or(&[][..], |result| &result.held.logits);
    for (idx, logits) in logits.iter().enumerate() {
        // The format of the file knows no infinity.
        let finite: Vec<f64> = logits.iter().map(|z| z.max(f64::MIN)).collect();
        keep(format!("logits.{idx}"), &finite);
    }
    let look = |(step, look): (&usize, &FoldLook)| (*step, look.epoch, look.learned);
    let record = KeptFold {
        finished: result.map(|result| KeptEnd {
            stopped_at: result.stopped_at,
            seconds: result.seconds,
        }),
        looks: looks.iter().map(look).collect(),
    };
    let record = serde_json::to_string(&record).expect("plain data");
    Weights {
        tensors,
        metadata: BTreeMap::from([(RECORD.to_owned(), record)]),
    }
}

/// The numbers of this name, if there are so many.
fn values(table: &Weights, name: &str, n: usize) -> Option<Vec<f64>> {
    let values = table.tensors.get(name)?.to_f64();
    (values.len() == n).then_some(values)
}

/// The looks of a table at `n` held-out photos, and what came of the training.
pub fn looks_of(table: &Weights, n: usize) -> Option<(BTreeMap<usize, FoldLook>, Option<KeptEnd>)> {
    let record: KeptFold = serde_json::from_str(table.metadata.get(RECORD)?).ok()?;
    let look = |(step, epoch, learned)| {
        let look = FoldLook {
            epoch,
            learned,
            losses: values(table, &format!("losses.{step}"), n)?,
            hits: values(table, &format!("hits.{step}"), n)?,
        };
        Some((step, look))
    };
    let looks = record.looks.into_iter().map(look).collect::<Option<_>>()?;
    Some((looks, record.finished))
}

impl FoldResult {
    /// What a table says of a finished training; none where it is not finished, or of other photos.
    pub fn read(
        table: &Weights,
        task: &Task,
        (repeat, fold): (usize, usize),
        shares: &'static [f64],
    ) -> Option<FoldResult> {
        let rows = task.folds.test_rows(repeat, fold);
        let n = rows.len();
        let (looks, finished) = looks_of(table, n)?;
        let KeptEnd {
            stopped_at,
            seconds,
        } = finished?;
        let logits = |idx: usize| {
            let finite = values(table, &format!("logits.{idx}"), n * task.photos.n_classes)?;
            let back = |z: f64| if z == f64::MIN { f64::NEG_INFINITY } else { z };
            Some(finite.into_iter().map(back).collect())
        };
        Some(FoldResult {
            held: HeldOut {
                repeat,
                fold,
                shares,
                logits: (0..shares.len()).map(logits).collect::<Option<_>>()?,
                rows,
            },
            looks,
            stopped_at,
            seconds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::labelled::Labelled;
    use crate::workflow::tuning::blend::ALL_THE_WAY;
    use handful_stats::Seed;

    #[test]
    fn a_fold_survives_its_table() {
        let look = |epoch: f64| FoldLook {
            epoch,
            learned: (0.5 * epoch, 0.75),
            losses: vec![0.1, epoch, 3.0],
            hits: vec![1.0, 0.0, 1.0],
        };
        let looks = BTreeMap::from([(0, look(0.0)), (18, look(2.25))]);
        let there_and_back = |table: Weights| {
            let bytes = table.to_safetensors();
            Weights::from_safetensors(&bytes).unwrap()
        };
        let unfinished = there_and_back(table(&looks, None));
        let (found, finished) = looks_of(&unfinished, 3).unwrap();
        assert_eq!(found, looks);
        assert!(finished.is_none());
        assert!(looks_of(&unfinished, 4).is_none(), "of other photos");

        let task = Task::new(Labelled::of_two_classes(6), 2, 1, Seed(0), Seed(0)).unwrap();
        let result = FoldResult {
            held: HeldOut {
                repeat: 0,
                fold: 1,
                rows: task.folds.test_rows(0, 1),
                shares: &ALL_THE_WAY,
                // A class that its fold did not see.
                logits: vec![vec![0.5, f64::NEG_INFINITY, -1.0, 2.0, 0.25, 0.0]],
            },
            looks,
            stopped_at: 18,
            seconds: 1.5,
        };
        let kept = there_and_back(table(&result.looks, Some(&result)));
        let read = |table: &Weights| FoldResult::read(table, &task, (0, 1), &ALL_THE_WAY);
        assert_eq!(read(&kept), Some(result));
        assert_eq!(read(&unfinished), None, "it is not finished");
    }
}
