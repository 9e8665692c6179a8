//! Which lists and files of boxes in a folder are used, and why are the others not? None is passed over in silence.

use std::path::{Path, PathBuf};

use super::{Given, coco, folders};
use crate::listing::{ending, inner};
use crate::{DataError, GroupBy, Remark, ScanOptions, shown};

/// Lists that are read to find the one to use; nobody has more of them beside the photos.
const MOST_LISTS: usize = 16;
/// Endings of lists that only an office program reads.
pub(crate) const SPREADSHEETS: &[&str] = &["xlsx", "xls", "ods"];
pub(crate) const SAVE_AS_CSV: &str = "save it as CSV in UTF-8, with the columns image and label";

/// A file that could tell labels.
struct Candidate {
    path: PathBuf,
    /// Why it can't be used, and what to do; `None` for one that can.
    fault: Option<(String, String)>,
}

/// The list of images in a folder that gives the labels: the only one that can be used, where no folders name classes.
///
/// Whoever names the column of labels means a list, whatever the folders are. The list that is to group the photos gives
/// the labels only if no other does.
pub(super) fn list_to_use(given: &Given, options: &ScanOptions) -> Option<PathBuf> {
    if options.label_column.is_none() && folders::name_classes(&given.listing.images) {
        return None;
    }
    let mut usable = lists(given, options);
    usable.retain(|list| list.fault.is_none());
    if usable.len() > 1 {
        usable.retain(|list| !is_for_groups(&list.path, options));
    }
    match &usable[..] {
        [only] => Some(only.path.clone()),
        _ => None,
    }
}

/// A remark for each list and file of boxes that is there; for layouts that use none of them.
pub(super) fn remarks(given: &Given, options: &ScanOptions) -> Vec<Remark> {
    let by_folders = folders::name_classes(&given.listing.images);
    let mut all = lists(given, options);
    all.retain(|list| !is_for_groups(&list.path, options));
    all.extend(files_of_boxes(given));
    let usable: Vec<String> = all
        .iter()
        .filter(|c| c.fault.is_none())
        .map(|c| called(&c.path))
        .collect();
    let remark = |Candidate { path, fault }: Candidate| {
        let name = called(&path);
        let (reason, advice) = match fault {
            // A list beside class folders may well be about something else, such as groups.
            Some((reason, advice)) if by_folders => {
                (reason, format!("if it is to give the labels, {advice}"))
            }
            Some(fault) => fault,
            None => why_not_used(&name, &usable, by_folders),
        };
        Remark::ListUnused {
            name,
            reason,
            advice,
        }
    };
    all.into_iter().map(remark).collect()
}

/// Why a list that can be used is not.
fn why_not_used(name: &str, usable: &[String], by_folders: bool) -> (String, String) {
    let others: Vec<String> = usable
        .iter()
        .filter(|other| *other != name)
        .map(|other| format!("`{other}`"))
        .collect();
    if by_folders || others.is_empty() {
        let grouping = match ending(Path::new(name)).as_str() {
            "json" => String::new(),
            _ => format!("; to keep photos together by a column of it, `--group-by {name}:COLUMN`"),
        };
        return (
            "the folders name the classes".into(),
            format!("give the file itself if its labels are meant{grouping}"),
        );
    }
    (
        format!("{} could give the labels, too", others.join(", ")),
        "give the one itself that is meant, or take the others out of the folder".into(),
    )
}

fn called(path: &Path) -> String {
    let name = path.file_name().map_or(path, Path::new);
    shown(if path.is_absolute() {
        name
    } else {
        inner(path)
    })
}

/// Whether `--group-by` names a list.
fn is_for_groups(list: &Path, options: &ScanOptions) -> bool {
    let named = match &options.group_by {
        Some(GroupBy::Table { file, .. }) => file.file_name(),
        _ => None,
    };
    named.is_some() && named == list.file_name()
}

/// The lists of a folder, each with the reason why it can't be used.
fn lists(given: &Given, options: &ScanOptions) -> Vec<Candidate> {
    let tables = given.listing.tables().into_iter();
    let tables = tables.chain(&given.lists_beside);
    let mut all: Vec<Candidate> = tables
        .take(MOST_LISTS)
        .map(|path| Candidate {
            path: path.clone(),
            fault: fault_of(given, path, options),
        })
        .collect();
    all.extend(spreadsheets(given));
    all
}

fn fault_of(given: &Given, path: &Path, options: &ScanOptions) -> Option<(String, String)> {
    let columns = given.table(path).and_then(|table| {
        table.columns(
            options.image_column.as_deref(),
            options.label_column.as_deref(),
        )
    });
    match columns {
        Ok(_) => None,
        Err(DataError::List { reason, advice, .. }) => Some((reason, advice)),
        Err(other) => Some((other.found(), other.advice())),
    }
}

fn spreadsheets(given: &Given) -> impl Iterator<Item = Candidate> {
    let is_sheet = |p: &&PathBuf| {
        inner(p).components().count() == 1 && SPREADSHEETS.contains(&ending(p).as_str())
    };
    let sheets = given.listing.others.iter().filter(is_sheet);
    sheets.map(|path| Candidate {
        path: path.clone(),
        fault: Some(("it is a spreadsheet".into(), SAVE_AS_CSV.into())),
    })
}

fn files_of_boxes(given: &Given) -> Vec<Candidate> {
    let candidate = |(path, fault): (PathBuf, Option<String>)| Candidate {
        path,
        fault: fault.map(|reason| {
            let advice = "export the boxes again as COCO object detection";
            (reason, advice.into())
        }),
    };
    coco::could_be_boxes(given)
        .into_iter()
        .map(candidate)
        .collect()
}
