//! What do changed photos look like, and which changes do the photos bear?

use serde::{Deserialize, Serialize};

/// What photos said of changes of themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Augmentation {
    /// How it was judged, in sentences: by how many photos, whether they have an up, whether a change of labels would have been noticed.
    pub judged: Vec<String>,
    /// What was said of each operation.
    pub rows: Vec<AugmentationRow>,
    /// Photos with views of each.
    pub sheet: Vec<SheetRow>,
    /// What makes these views: its name.
    pub policy: String,
    /// Whether the model learned from such views.
    pub is_used: bool,
    /// Its text, ready to be saved.
    pub policy_text: String,
    /// Operations that act although the photos don't bear them, because the person said so.
    pub overruled: Vec<String>,
}

/// One operation, or one direction of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AugmentationRow {
    /// Its name.
    pub operation: String,
    /// How far it may go: "-20 to 20 degrees", "off".
    pub allowed: String,
    /// The verdict on the weakest strength that is refused, or on the strongest where all is safe: "safe", "harmful", "unreal", "unknown".
    pub verdict: String,
    /// Why, as a clause.
    pub why: String,
    /// A photo as it is, as far as it may be changed, and changed as it is refused; JPEG or PNG.
    pub pictures: Vec<Captioned>,
}

/// A picture and what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Captioned {
    /// JPEG or PNG.
    pub picture: Vec<u8>,
    /// What it is.
    pub caption: String,
}

/// A photo and some views of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SheetRow {
    /// Its class.
    pub label: String,
    /// The photo as it is, then its views.
    pub pictures: Vec<Captioned>,
}

/// The page of `handful augment`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AugmentationModel {
    /// Name of the folder, as the person knows it.
    pub name: String,
    /// Photos to learn from.
    pub n_images: usize,
    /// Their classes.
    pub n_classes: usize,
    /// What was found.
    pub found: Augmentation,
    /// The command that trains with this policy, ready to paste.
    pub train_command: String,
    /// Version of the program.
    pub version: String,
}
