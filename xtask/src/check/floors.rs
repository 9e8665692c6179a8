//! Does every arrow between crates point down, and does Burn stay in handful-learn?
//!
//! The table is the design's: a crate imports only what stands on floors below its own. A new arrow is a change of the
//! design, made here and in ARCHITECTURE.md together.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::MetadataCommand;

use super::{Complaint, Repository, Verdict};

/// Which of our crates a crate may import. Nobody may import `handful` or `xtask`.
const FLOORS: &[(&str, &[&str])] = &[
    ("handful-stats", &[]),
    ("handful-image", &[]),
    ("handful-kernel", &[]),
    ("handful-data", &["handful-image", "handful-stats"]),
    ("handful-expand", &["handful-image", "handful-stats"]),
    (
        "handful-learn",
        &[
            "handful-data",
            "handful-expand",
            "handful-image",
            "handful-kernel",
            "handful-stats",
        ],
    ),
    ("handful-report", &["handful-image", "handful-stats"]),
    (
        "handful",
        &[
            "handful-data",
            "handful-expand",
            "handful-image",
            "handful-kernel",
            "handful-learn",
            "handful-report",
            "handful-stats",
        ],
    ),
    // Checks must compile in a minute on a fresh machine, so the tools stay on the lowest floor.
    ("xtask", &["handful-image", "handful-stats"]),
];

/// The only crate whose manifest may name Burn.
const LEARNS: &str = "handful-learn";
/// Crates that may reach Burn, by themselves or through others.
const MAY_REACH_BURN: &[&str] = &[LEARNS, "handful"];

/// Who imports whom, by package name: all kinds of dependencies of our crates, and what those bring along.
#[derive(Debug, Default)]
struct Imports {
    /// Our crates: the members of the workspace.
    ours: BTreeSet<String>,
    /// Direct imports of a package, ours and others'.
    of: BTreeMap<String, BTreeSet<String>>,
}

/// Reads `cargo metadata` and holds it against the table.
pub fn check(repository: &Repository) -> Verdict {
    let imports = read(repository)?;
    let broken = broken_rules(&imports);
    if broken.is_empty() {
        return Ok(format!(
            "{} crates import only what stands below them",
            imports.ours.len()
        ));
    }
    Err(Complaint::new(
        broken.join("; "),
        "move the code down a floor or pass an array or a closure; a new arrow is a change of design (table in `xtask`)",
    ))
}

/// Every rule that the imports break, one sentence each, sorted by crate.
fn broken_rules(imports: &Imports) -> Vec<String> {
    let mut broken = Vec::new();
    for name in &imports.ours {
        let direct = imports.of.get(name).cloned().unwrap_or_default();
        match FLOORS.iter().find(|(of_table, _)| of_table == name) {
            None => broken.push(format!("`{name}` is not in the table of floors")),
            Some((_, allowed)) => {
                for import in direct
                    .iter()
                    .filter(|import| imports.ours.contains(*import))
                {
                    if !allowed.contains(&import.as_str()) {
                        broken.push(format!("`{name}` imports `{import}`"));
                    }
                }
            }
        }
        if name != LEARNS {
            broken.extend(
                direct
                    .iter()
                    .filter(|import| is_burn(import))
                    .map(|import| {
                        format!(
                            "`{name}` names `{import}` in its manifest, which only `{LEARNS}` may"
                        )
                    }),
            );
        }
        if !MAY_REACH_BURN.contains(&name.as_str())
            && let Some(path) = path_to_burn(imports, name)
        {
            broken.push(format!("Burn comes into `{name}` through {path}"));
        }
    }
    broken
}

/// Burn's own packages, and CubeCL's, which exist for it.
fn is_burn(package: &str) -> bool {
    package == "burn"
        || package.starts_with("burn-")
        || package == "cubecl"
        || package.starts_with("cubecl-")
}

/// The shortest way from a crate to Burn that has at least one package between them, as `a > b > burn`.
///
/// Direct imports have a rule of their own.
fn path_to_burn(imports: &Imports, from: &str) -> Option<String> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([from]);
    while let Some(package) = queue.pop_front() {
        for import in imports.of.get(package).into_iter().flatten() {
            if is_burn(import) {
                if package == from {
                    continue;
                }
                let mut path = vec![import.as_str(), package];
                let mut at = package;
                while let Some(&before) = came_from.get(at).filter(|before| **before != from) {
                    path.push(before);
                    at = before;
                }
                path.reverse();
                return Some(
                    path.iter()
                        .map(|name| format!("`{name}`"))
                        .collect::<Vec<_>>()
                        .join(" > "),
                );
            }
            if import != from && !came_from.contains_key(import.as_str()) {
                came_from.insert(import, package);
                queue.push_back(import);
            }
        }
    }
    None
}

fn read(repository: &Repository) -> Result<Imports, Complaint> {
    let mut command = MetadataCommand::new();
    command.manifest_path(repository.root.join("Cargo.toml"));
    // Without a platform, cargo would download packages that only other systems need.
    if let Some(host) = host() {
        command.other_options(vec!["--filter-platform".to_owned(), host]);
    }
    let metadata = command.exec().map_err(|error| {
        Complaint::new(
            error.to_string(),
            "make `cargo metadata` run, then check again",
        )
    })?;
    let mut imports = Imports::default();
    let names: BTreeMap<_, _> = metadata
        .packages
        .iter()
        .map(|package| (&package.id, package.name.to_string()))
        .collect();
    for package in metadata.workspace_packages() {
        imports.ours.insert(package.name.to_string());
        // From the manifest, so that optional and platform-bound imports count as well.
        let of = imports.of.entry(package.name.to_string()).or_default();
        of.extend(
            package
                .dependencies
                .iter()
                .map(|dependency| dependency.name.clone()),
        );
    }
    for node in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        if imports.ours.contains(&names[&node.id]) {
            continue;
        }
        let of = imports.of.entry(names[&node.id].clone()).or_default();
        of.extend(
            node.deps
                .iter()
                .map(|dependency| names[&dependency.pkg].clone()),
        );
    }
    Ok(imports)
}

/// The machine's target triple, as rustc says it.
fn host() -> Option<String> {
    let output = Command::new("rustc").arg("-vV").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(ours: &[(&str, &[&str])], others: &[(&str, &[&str])]) -> Imports {
        let of = ours
            .iter()
            .chain(others)
            .map(|(name, imports)| {
                (
                    (*name).to_owned(),
                    imports.iter().map(|import| (*import).to_owned()).collect(),
                )
            })
            .collect();
        Imports {
            ours: ours.iter().map(|(name, _)| (*name).to_owned()).collect(),
            of,
        }
    }

    #[test]
    fn the_designed_arrows_are_allowed() {
        let imports = imports(
            &[
                ("handful-stats", &["serde"]),
                ("handful-image", &["image"]),
                ("handful-data", &["handful-image", "handful-stats"]),
                ("handful-learn", &["handful-image", "handful-stats", "burn"]),
                ("handful-report", &["handful-image", "handful-stats"]),
                (
                    "handful",
                    &["handful-data", "handful-learn", "handful-report"],
                ),
                ("xtask", &["handful-image"]),
            ],
            &[("burn", &["burn-flex"])],
        );
        assert_eq!(broken_rules(&imports), Vec::<String>::new());
    }

    #[test]
    fn an_arrow_that_points_up_or_sideways_is_named() {
        let imports = imports(
            &[
                ("handful-image", &["handful-stats"]),
                ("handful-stats", &["handful-data"]),
                ("handful-data", &[]),
                ("handful-report", &["handful-learn"]),
                ("handful-learn", &[]),
            ],
            &[],
        );
        assert_eq!(
            broken_rules(&imports),
            [
                "`handful-image` imports `handful-stats`",
                "`handful-report` imports `handful-learn`",
                "`handful-stats` imports `handful-data`",
            ]
        );
    }

    #[test]
    fn nobody_imports_the_tools_or_the_program() {
        let imports = imports(&[("handful", &["xtask"]), ("xtask", &["handful"])], &[]);
        assert_eq!(
            broken_rules(&imports),
            ["`handful` imports `xtask`", "`xtask` imports `handful`"]
        );
    }

    #[test]
    fn burn_is_named_by_one_manifest_only() {
        let imports = imports(
            &[
                ("handful", &["burn"]),
                ("handful-learn", &["burn", "burn-store"]),
            ],
            &[],
        );
        let broken = broken_rules(&imports);
        assert_eq!(
            broken,
            ["`handful` names `burn` in its manifest, which only `handful-learn` may"]
        );
    }

    #[test]
    fn burn_brought_along_by_others_is_found_with_its_way() {
        let imports = imports(
            &[("handful-data", &["serde", "convenient"]), ("serde", &[])],
            &[
                ("convenient", &["deep"]),
                ("deep", &["burn-tensor", "convenient"]),
            ],
        );
        let broken = broken_rules(&imports);
        assert!(
            broken.contains(
                &"Burn comes into `handful-data` through `convenient` > `deep` > `burn-tensor`"
                    .to_owned()
            ),
            "{broken:?}"
        );
    }

    #[test]
    fn a_crate_without_a_floor_is_refused() {
        let imports = imports(&[("handful-utils", &[])], &[]);
        assert_eq!(
            broken_rules(&imports),
            ["`handful-utils` is not in the table of floors"]
        );
    }
}
