//! Which classes go well, and which need more photos?

use maud::{Markup, html};

use super::interval_bar::{Mark, bar, scale};
use super::{Section, folded};
use crate::{ClassResult, ReportModel, text, words};

/// Rows that are always open, the weakest classes first.
const OPEN_ROWS: usize = 20;

pub(super) const SECTION: Section = Section {
    id: "classes",
    title: "How each class goes",
    link: "Classes",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let mut sorted: Vec<&ClassResult> = model.classes.iter().collect();
    let recall = |class: &ClassResult| class.recall.map_or(f64::INFINITY, |recall| recall.value);
    // Stable: ties keep the order of the classes. Without a scored photo, a class comes last.
    sorted.sort_by(|a, b| recall(a).total_cmp(&recall(b)));
    let (open, closed) = sorted.split_at(sorted.len().min(OPEN_ROWS));
    let rest = (!closed.is_empty()).then(|| table(closed));
    let summary = format!("{} more classes", words::count(closed.len()));
    (!sorted.is_empty()).then(|| {
        html! {
            (table(open))
            (folded(rest, &summary))
            p.note {
                "Of the photos of each class, the share that is predicted right (recall, out of fold) with its "
                (text::glued(&words::percent(model.verdict.level))) " interval; the weakest class first. A long bar asks for more photos."
            }
        }
    })
}

fn table(classes: &[&ClassResult]) -> Markup {
    html! {
        table.bars.classes {
            colgroup { col.what; col; col.right; }
            thead.hidden { tr { th scope="col" { "Class" } th scope="col" { "Picture" } th scope="col" { "Recall" } } }
            tbody {
                @for class in classes {
                    tr {
                        th scope="row" { (text::name(&class.name)) small { (words::counted(class.n_images, "photo")) } }
                        @match &class.recall {
                            Some(recall) => {
                                td.picture { (bar(recall, Mark::Model, None)) }
                                td.number {
                                    b { (text::glued(&words::percent_at(recall))) } " "
                                    span.range { (words::range(recall)) }
                                }
                            }
                            None => { td.picture {} td.number { "not scored" } }
                        }
                    }
                }
                tr.axis { th {} td.picture { (scale()) } td {} }
            }
        }
    }
}
