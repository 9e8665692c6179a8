//! Which numbers a network computes with, frozen or learning. A model keeps to the one that its features were made with: it is part of
//! the bundle, of every recipe and of every cache key, and no machine chooses.

use serde::{Deserialize, Serialize};

/// Numbers of maps and weights; sums are float32 in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 24 bits of precision.
    #[default]
    Float32,
    /// 8 bits of precision: half the memory, and twice as many products where the processor has them. The same bits everywhere.
    Bfloat16,
}

impl Precision {
    /// As it is written in files.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Float32 => "float32",
            Precision::Bfloat16 => "bfloat16",
        }
    }
}
