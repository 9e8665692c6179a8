//! Are the embedded weights files the ones that LICENSE-WEIGHTS speaks of?

use std::fs;

use crate::failure::Failure;
use crate::weights;

use super::{Complaint, Repository, Verdict};

/// Each file's BLAKE3 stands in LICENSE-WEIGHTS beside it.
pub fn check(repository: &Repository) -> Verdict {
    for target in [weights::TARGET, weights::NATURAL_TARGET] {
        let file = repository.root.join(target);
        let bytes = fs::read(&file).map_err(Failure::reading(&file))?;
        let licence = file.with_file_name("LICENSE-WEIGHTS");
        let text = fs::read_to_string(&licence).map_err(Failure::reading(&licence))?;
        let hash = blake3::hash(&bytes).to_hex();
        if !text.contains(hash.as_str()) {
            return Err(Complaint::new(
                format!("`{target}` has BLAKE3 {hash}, which LICENSE-WEIGHTS does not give"),
                "make the file again with `cargo xtask weights`, or bring LICENSE-WEIGHTS up to date with where it comes \
                 from",
            ));
        }
    }
    Ok("LICENSE-WEIGHTS speaks of the embedded files".to_owned())
}
