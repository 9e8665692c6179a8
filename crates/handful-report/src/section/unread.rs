//! Which files gave no photo, and what can be done?

use maud::{Markup, html};

use super::Section;
use crate::{DiagnosisModel, Unread, text, words};

/// Rows of the table; the whole list of a run is `issues.csv`.
pub const UNREAD_SHOWN: usize = 100;

pub(super) const OF_RUN: Section = Section {
    id: "unread",
    title: TITLE,
    link: "Files",
    draw: |model| {
        draw(
            &model.unread,
            html! { ": all are in " code { "issues.csv" } },
        )
    },
};

pub(super) const OF_DIAGNOSIS: Section<DiagnosisModel> = Section {
    id: "unread",
    title: TITLE,
    link: "Files",
    draw: |model| draw(&model.unread, html! {}),
};

const TITLE: &str = "Files that were skipped or read with a note";

/// `elsewhere` ends the sentence about files that are not in the table.
fn draw(unread: &Unread, elsewhere: Markup) -> Option<Markup> {
    let shown = &unread.files[..unread.files.len().min(UNREAD_SHOWN)];
    let n_hidden = unread.n_files.max(unread.files.len()) - shown.len();
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
                p.note { "And " (words::counted(n_hidden, "more file")) (elsewhere) "." }
            }
        }
    })
}
