//! Which network sees the photos: the embedded one, or the one in a file that a person gives.

use std::path::Path;

use handful_learn::backbone::Card;
use handful_learn::{Backbone, Weights};

use crate::exit::Failure;

/// The backbone in `file`, or the embedded one.
///
/// # Errors
/// When the file can't be read or holds no known backbone, or when this build embeds none.
pub fn load_backbone(file: Option<&Path>) -> Result<Backbone, Failure> {
    let Some(path) = file else {
        return embedded_backbone();
    };
    let bytes = std::fs::read(path).map_err(|e| Failure::io("reading", path, &e))?;
    let weights = Weights::from_safetensors(&bytes).map_err(|e| Failure::model(path, &e))?;
    let name = path
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let card = Card {
        name: String::new(),
        provenance: format!("the file `{name}` (BLAKE3 {})", &weights.digest()[..16]),
        licence: "not known to handful: see where the file came from".into(),
    };
    Backbone::load(&weights, card).map_err(|e| Failure::model(path, &e))
}

#[cfg(feature = "embedded-backbone")]
fn embedded_backbone() -> Result<Backbone, Failure> {
    Ok(handful_learn::backbone::EMBEDDED.load())
}

#[cfg(not(feature = "embedded-backbone"))]
fn embedded_backbone() -> Result<Backbone, Failure> {
    Err(
        Failure::new(crate::exit::USAGE, "this build has no embedded backbone")
            .advice("give one with `--model FILE`, or build with the feature `embedded-backbone`"),
    )
}
