//! A training that was interrupted, as bytes: its parameters, what the optimiser remembers, and the step. Batches and windows are
//! drawn by the number of the step, so that nothing else is needed to go on to the same result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::weights::Stored;
use crate::{LearnError, Weights};

const METADATA_KEY: &str = "checkpoint";

/// Where a training is.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Steps that have been made.
    pub step: usize,
    /// What the training is: another one can't go on from here.
    pub of: String,
    tensors: BTreeMap<String, Stored>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    step: usize,
    of: String,
}

impl Checkpoint {
    pub(super) fn new(of: &str, step: usize, tensors: BTreeMap<String, Stored>) -> Checkpoint {
        Checkpoint {
            step,
            of: of.to_owned(),
            tensors,
        }
    }

    /// As the bytes of a safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let record = Record {
            step: self.step,
            of: self.of.clone(),
        };
        let record = serde_json::to_string(&record).expect("plain data");
        let file = Weights {
            tensors: self.tensors.clone(),
            metadata: BTreeMap::from([(METADATA_KEY.to_owned(), record)]),
        };
        file.to_safetensors()
    }

    /// Reads what [`Checkpoint::to_bytes`] wrote; none for anything else: a training that can't go on begins again.
    pub fn from_bytes(bytes: &[u8]) -> Option<Checkpoint> {
        let file = Weights::from_safetensors(bytes).ok()?;
        let record: Record = serde_json::from_str(file.metadata.get(METADATA_KEY)?).ok()?;
        Some(Checkpoint {
            step: record.step,
            of: record.of,
            tensors: file.tensors,
        })
    }

    /// Writes the tensor `name` over `into`.
    pub(super) fn read(&self, name: &str, into: &mut Vec<f32>) -> Result<(), LearnError> {
        let found = self.tensors.get(name).map(Stored::to_f32);
        match found {
            Some(values) if values.len() == into.len() => {
                *into = values;
                Ok(())
            }
            other => Err(LearnError::Shape {
                what: format!("`{name}` of a checkpoint"),
                expected: format!("{} values", into.len()),
                found: other.map_or("none".into(), |v| v.len().to_string()),
            }),
        }
    }
}
