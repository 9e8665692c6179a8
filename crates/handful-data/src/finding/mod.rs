//! What is wrong or remarkable in the data, before anything is learnt from it: evidence and advice.
//!
//! A finder takes plain arrays, one entry an image, so that this crate stays free of decoding and of the learning
//! engine. One file a finder, one line in [`FINDERS`].

mod blurred;
mod dark;
mod exact_duplicate;
pub mod far_domain;
mod grey_mixed;
mod imbalance;
pub mod inseparable_classes;
mod label_conflict;
pub mod label_doubt;
mod leak;
mod near_duplicate;
pub mod no_signal;
mod numbered;
mod odd_aspect;
mod over_exposed;
pub mod pauses;
mod pictures;
mod same;
pub mod session;
pub mod shortcut;
mod stretched_range;
mod tiny;
mod too_small;
mod upscaled;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Split;

pub use far_domain::far_domain;
pub use inseparable_classes::inseparable_classes;
pub use label_doubt::label_doubt;
pub use no_signal::no_signal;
pub use numbered::numbered_bursts;
pub use pauses::pauses;
pub use pictures::{PICTURE_FINDERS, PictureFinder, Pictures, find_in_pictures};
pub use same::{join, same_bytes};
pub use session::session;
pub use shortcut::shortcut;
pub use stretched_range::stretched_range;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Numbers or a model made from this data would mislead.
    Error,
    /// It costs accuracy or certainty.
    Warning,
    /// Good to know.
    Remark,
}

/// Something seen in the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable snake_case name.
    pub kind: String,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen, in one sentence.
    pub text: String,
    /// The images it is about, those that belong together side by side.
    pub files: Vec<Vec<String>>,
    /// The numbers behind it.
    pub numbers: BTreeMap<String, f64>,
    /// What to do.
    pub advice: String,
}

/// The images as the finders see them; all lists have the same length.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// How each image is called in outputs.
    pub paths: &'a [String],
    /// Class of each image; indexes into `classes`.
    pub labels: &'a [usize],
    /// What each image belongs to; images with the same number are not independent of each other.
    pub groups: &'a [usize],
    /// The split that the person gave.
    pub splits: &'a [Split],
    /// A hash of each file's bytes.
    pub bytes: &'a [[u8; 32]],
    /// Sets of different files that show the same pixels.
    pub same_pixels: &'a [Vec<usize>],
    /// Sets of images that are nearly the same, copies among them.
    pub alike: &'a [Vec<usize>],
    /// Class names.
    pub classes: &'a [String],
}

/// Looks for one kind of finding.
pub type Finder = fn(&Seen) -> Vec<Finding>;

/// All finders; order here is the order in reports within a severity.
pub static FINDERS: &[Finder] = &[
    leak::find,
    label_conflict::find,
    exact_duplicate::find,
    near_duplicate::find,
    too_small::find,
    imbalance::find,
];

/// Everything that is found, what matters most first.
pub fn find(seen: &Seen) -> Vec<Finding> {
    let mut all: Vec<Finding> = FINDERS.iter().flat_map(|finder| finder(seen)).collect();
    // Stable: within a severity the order of the registry stays.
    all.sort_by_key(|finding| finding.severity);
    all
}

impl Seen<'_> {
    /// Images that are learnt from, not held back.
    fn is_learnt(&self, image: usize) -> bool {
        self.splits[image] != Split::Test
    }

    /// Paths of sets of images.
    fn named(&self, sets: &[Vec<usize>]) -> Vec<Vec<String>> {
        let name = |&image: &usize| self.paths[image].clone();
        sets.iter()
            .map(|set| set.iter().map(name).collect())
            .collect()
    }

    /// Independent groups to learn from, by class.
    fn groups_of_classes(&self) -> Vec<usize> {
        let mut groups = vec![std::collections::BTreeSet::new(); self.classes.len()];
        for image in (0..self.paths.len()).filter(|&i| self.is_learnt(i)) {
            groups[self.labels[image]].insert(self.groups[image]);
        }
        groups.iter().map(|g| g.len()).collect()
    }
}

/// `1 set of files`, `2 sets of files`.
fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
