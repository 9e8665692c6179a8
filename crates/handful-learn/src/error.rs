//! What can go wrong while learning, each with what it is about and what to do.

use handful_stats::StatsError;

/// Errors of this crate. Libraries above add the path that the bytes came from.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The bytes are not a safetensors file, or a cut one.
    #[error("not a whole safetensors file: {detail}")]
    NotSafetensors {
        /// What the reader stumbled over.
        detail: String,
    },
    /// A tensor has a number type that is not read here.
    #[error("tensor `{tensor}` holds {found}; only F16, F32 and F64 are read")]
    NumberType {
        /// Name of the tensor.
        tensor: String,
        /// The number type found.
        found: String,
    },
    /// The tensors belong to no known architecture.
    #[error("no known backbone has these tensors ({found})")]
    UnknownArchitecture {
        /// A few of the names found, or the first difference to the nearest architecture.
        found: String,
    },
    /// A value is not a number or infinite.
    #[error("{what} holds a value that is not a finite number")]
    NonFinite {
        /// Which array, and where in it if known.
        what: String,
    },
    /// Arrays that belong together differ in size.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// Which arrays.
        what: String,
        /// The size that was needed.
        expected: String,
        /// The size that came.
        found: String,
    },
    /// The file is a safetensors file but not a bundle that this version reads.
    #[error("not a model of handful: {detail}")]
    NotABundle {
        /// What is missing or newer.
        detail: String,
    },
    /// A stage was asked for that the backbone does not have.
    #[error("the backbone has no stage `{asked}`; it has {known}")]
    UnknownStage {
        /// The name asked for.
        asked: String,
        /// All names, joined by commas.
        known: String,
    },
    /// Photos that say nothing about what a network can tell apart.
    #[error(
        "probe photos can't tell what a network has forgotten: {source}; give two classes at least, with two photos each"
    )]
    Probe {
        /// Why they can't be put into folds.
        source: StatsError,
    },
    /// A decomposition did not come to an end.
    #[error("the decomposition of {what} failed; this is a defect of handful or of its algebra")]
    Algebra {
        /// Of what.
        what: &'static str,
    },
    /// A number of a recipe can't be used.
    #[error("`{name}` is {found}; it can be {range}")]
    Recipe {
        /// Its name.
        name: &'static str,
        /// What was given.
        found: String,
        /// What it can be.
        range: String,
    },
    /// The file in which outputs of a frozen prefix are kept does not take them, or does not give them back.
    #[error("{doing} what a frozen prefix computed failed: {source}")]
    Disk {
        /// `writing` or `reading`.
        doing: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// A training left the numbers that can be written.
    #[error("the gradients of step {step} are no finite numbers: the learning rate is too high")]
    Diverged {
        /// Steps that were made before.
        step: usize,
    },
}
