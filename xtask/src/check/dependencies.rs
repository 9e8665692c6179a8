//! Does ARCHITECTURE.md give the reason for every dependency?

use std::fs;

use crate::failure::Failure;

use super::{Complaint, Repository, Verdict};

/// Where the reasons stand.
const PAGE: &str = "ARCHITECTURE.md";

/// Every third-party name of `[workspace.dependencies]` stands in ARCHITECTURE.md, in backticks.
pub fn check(repository: &Repository) -> Verdict {
    let manifest = repository.root.join("Cargo.toml");
    let manifest = fs::read_to_string(&manifest).map_err(Failure::reading(&manifest))?;
    let page = repository.root.join(PAGE);
    let page = fs::read_to_string(&page).map_err(Failure::reading(&page))?;
    let names = third_party(&manifest);
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !page.contains(&format!("`{name}`")))
        .collect();
    if missing.is_empty() {
        return Ok(format!("{PAGE} names all {} dependencies", names.len()));
    }
    let missing: Vec<_> = missing
        .into_iter()
        .map(|name| format!("`{name}`"))
        .collect();
    Err(Complaint::new(
        format!("{PAGE} does not name {}", missing.join(", ")),
        "add a line with the reason for each, or remove it from `Cargo.toml`",
    ))
}

/// The keys of `[workspace.dependencies]` that have no `path`, in the manifest's order.
///
/// Reads the two ways in which we write one: `name = …` in the table, and `[workspace.dependencies.name]`.
fn third_party(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut in_table = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            in_table = header == "workspace.dependencies";
            names.extend(header.strip_prefix("workspace.dependencies."));
        } else if in_table && let Some((key, value)) = line.split_once('=') {
            let key = key.trim().trim_end_matches(".version");
            let is_name = !key.is_empty()
                && key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            if is_name && !value.contains("path =") {
                names.push(key);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_crates_remarks_and_other_tables_are_not_dependencies() {
        let manifest = r#"
[workspace.package]
edition = "2024"
[workspace.dependencies]
handful-image = { path = "crates/handful-image" }
# burnt = "1.0"
blake3 = "1.8.7"
burn = { version = "=0.22.1", features = ["std"] }
[workspace.dependencies.kamadak-exif]
version = "0.6.2"
[profile.dev]
opt-level = 2
"#;
        assert_eq!(third_party(manifest), ["blake3", "burn", "kamadak-exif"]);
    }
}
