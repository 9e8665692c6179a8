//! Which files gave no photo, and what can be done?

use maud::{Markup, html};

use super::Section;
use crate::{ReportModel, text, words};

/// Rows of the table; the whole list is `issues.csv`.
pub const UNREAD_SHOWN: usize = 100;

pub(super) const SECTION: Section = Section {
    id: "unread",
    title: "Files that were skipped or read with a note",
    link: "Files",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let shown = &model.unread.files[..model.unread.files.len().min(UNREAD_SHOWN)];
    let n_hidden = model.unread.n_files.max(model.unread.files.len()) - shown.len();
    (!shown.is_empty() || n_hidden > 0).then(|| {
        html! {
            @if !shown.is_empty() {
                div.wide {
                    table.files {
                        thead {
                            tr {
                                th scope="col" { "File" }
                                th scope="col" { "Kind" }
                                th scope="col" { "Found" }
                                th scope="col" { "What to do" }
                            }
                        }
                        tbody {
                            @for file in shown {
                                tr {
                                    th.path scope="row" { (text::path(&file.path)) }
                                    td { code { (text::name(&file.kind)) } }
                                    td { (text::prose(&file.detail)) }
                                    td { (text::prose(&file.advice)) }
                                }
                            }
                        }
                    }
                }
            }
            @if n_hidden > 0 {
                p.note { "And " (words::counted(n_hidden, "more file")) ": all are in " code { "issues.csv" } "." }
            }
        }
    })
}
