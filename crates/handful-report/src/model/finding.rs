//! What was found in the photos, with the photos themselves?

use serde::{Deserialize, Serialize};

/// How much something matters; the first is what matters most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Numbers or a model made from these photos would mislead.
    Error,
    /// The numbers may mislead, or photos are missing.
    Warning,
    /// Good to know.
    Remark,
}

/// One finding: what was seen, what to do, and the photos to look at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingCard {
    /// A stable snake_case name, as in `findings.json`: `label_conflict`.
    pub kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen, with n and unit, as the terminal says it: one sentence, without capital and full stop.
    pub text: String,
    /// What to do about it, said like `text`; empty where nothing is to be done.
    pub advice: String,
    /// The numbers behind it, already in words: what, and how much with its unit.
    pub numbers: Vec<(String, String)>,
    /// The photos it is about, those that belong together in one set: both of a pair of copies, or a photo by itself.
    /// At most [`PHOTOS_SHOWN`](crate::PHOTOS_SHOWN) photos are drawn.
    pub sets: Vec<Vec<Photo>>,
    /// Sets beyond those in `sets`.
    pub n_more_sets: usize,
}

/// One photo of a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Photo {
    /// Path relative to the folder of photos.
    pub path: String,
    /// Its label, where it has one.
    pub label: Option<String>,
    /// What is special about this one: "looks like skirt, 93 %".
    pub note: Option<String>,
    /// A small JPEG or PNG of the photo, at most about 200 px wide; `None` shows a grey field.
    #[serde(with = "crate::picture::as_base64")]
    pub thumbnail: Option<Vec<u8>>,
}
