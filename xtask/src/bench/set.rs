//! Which sets are there, and what does each need to be trained on honestly?

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Something to train on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Its name in the table and in paths.
    pub name: String,
    /// What `handful train` is given.
    pub path: PathBuf,
    /// Arguments that belong to the set, such as its groups.
    pub arguments: &'static [&'static str],
}

/// `(name, path below the data's folder, arguments)`. Groups are whatever keeps photos that are not independent
/// together: a signer, a drawer, a patient, the sender of the photos.
const SETS: &[(&str, &str, &[&str])] = &[
    ("clothing", "clothing", &[]),
    (
        "clothing-by-sender",
        "clothing",
        &["--group-by", "groups.csv:sender"],
    ),
    ("waste", "waste", &[]),
    ("grocery", "grocery/list.csv", &[]),
    ("hands", "hands", &["--group-by", "groups.csv:signer_guess"]),
    ("cifar10", "cifar10", &[]),
    ("omniglot", "omniglot", &["--group-by", "groups.csv:drawer"]),
    ("flowers", "flowers", &[]),
    ("insects", "insects", &[]),
    ("xray", "xray", &["--group-by", "metadata.csv:patient"]),
];

/// What `scenes` stands for: development sets that come without groups, and one with its true groups.
const SCENES: &[&str] = &[
    "clothing",
    "clothing-by-sender",
    "waste",
    "grocery",
    "cifar10",
];

/// And those that have groups, as a person has them who does not know. Scenes are looked for where no groups are given;
/// `independent` in the table is the accuracy with random folds.
const WITHOUT_GROUPS: &[(&str, &str, &[&str])] = &[
    ("hands-without-groups", "hands", &[]),
    ("omniglot-without-groups", "omniglot", &[]),
];

/// The sets of these names, in the order of the table for `all`; anything else must be a folder or a file.
pub fn chosen(data: &Path, names: &[String]) -> Result<Vec<Set>, Failure> {
    let row = |&(name, path, arguments): &(&str, &str, &'static [&'static str])| Set {
        name: name.to_owned(),
        path: data.join(path),
        arguments,
    };
    let mut sets = Vec::new();
    for name in names {
        match name.as_str() {
            "all" => sets.extend(SETS.iter().map(row)),
            "scenes" => {
                let is_meant = |set: &&(&str, _, _)| SCENES.contains(&set.0);
                sets.extend(SETS.iter().filter(is_meant).chain(WITHOUT_GROUPS).map(row));
            }
            "speed" => sets.push(row(&SETS[0])),
            _ => match SETS.iter().find(|(of_table, ..)| of_table == name) {
                Some(found) => sets.push(row(found)),
                None => sets.push(of_path(name)?),
            },
        }
    }
    match sets.iter().find(|set| !set.path.exists()) {
        None => Ok(sets),
        Some(set) => Err(Failure::new(
            format!("the set `{}` is not there", set.name),
            format!("no `{}`", set.path.display()),
            "name the folder of the sets with `--data`",
        )),
    }
}

fn of_path(name: &str) -> Result<Set, Failure> {
    let path = Path::new(name);
    let Some(last) = path.file_name().filter(|_| path.exists()) else {
        let names: Vec<_> = SETS.iter().map(|(name, ..)| *name).collect();
        return Err(Failure::new(
            format!("`{name}` is neither a set nor a folder"),
            format!("sets: {}", names.join(", ")),
            "name one of them, `all`, `scenes`, `speed`, or a folder of class folders",
        ));
    };
    Ok(Set {
        name: last.to_string_lossy().into_owned(),
        path: path.to_owned(),
        arguments: &[],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_sets_are_unique_because_they_are_folders_of_runs() {
        let all = || SETS.iter().chain(WITHOUT_GROUPS);
        let names: std::collections::BTreeSet<_> = all().map(|(name, ..)| name).collect();
        assert_eq!(names.len(), all().count());
    }

    #[test]
    fn an_unknown_set_lists_the_known_ones() {
        let failure =
            chosen(Path::new("nowhere"), &["cats".to_owned()]).expect_err("there are no cats");
        assert!(failure.found.contains("omniglot"), "{failure}");
    }

    #[test]
    fn a_set_that_is_missing_on_disk_is_named_before_anything_runs() {
        let failure = chosen(Path::new("nowhere"), &["hands".to_owned()])
            .expect_err("the folder does not exist");
        assert!(failure.found.contains("nowhere"), "{failure}");
    }
}
