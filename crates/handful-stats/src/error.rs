//! What can go wrong, each with what it is about.

/// Errors of this crate.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StatsError {
    /// Nothing can be told apart.
    #[error("there is only one class")]
    OneClass,
    /// In every class all images belong together, so none can be judged by a model that has not seen its group.
    #[error("every class has all its images in one group, so no image can be held out")]
    NothingToHoldOut,
    /// Arrays that belong together differ in length.
    #[error("{what} has {found} entries instead of {expected}")]
    Length {
        /// Which array.
        what: &'static str,
        /// The length that was needed.
        expected: usize,
        /// The length that came.
        found: usize,
    },
    /// A label is not the index of a class.
    #[error("label {label} is not below the number of classes, {n_classes}")]
    Label {
        /// The label.
        label: usize,
        /// Number of classes.
        n_classes: usize,
    },
    /// An interval over nothing.
    #[error("there is no group to judge by")]
    NoGroups,
    /// A list of candidates that is empty.
    #[error("there is no candidate to choose from")]
    NoCandidates,
    /// Two candidates were scored on different images.
    #[error("the candidates were scored on different images")]
    DifferentRows,
    /// A number is outside its range.
    #[error("{what} is {value}, allowed is {range}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What would be right.
        range: &'static str,
    },
}
