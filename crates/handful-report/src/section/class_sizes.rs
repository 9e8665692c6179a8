//! How much is there to learn from, class by class?

use maud::{Markup, html};

use super::interval_bar::position;
use super::{Section, folded};
use crate::{ClassSize, DiagnosisModel, text, words};

/// Rows that are always open, the smallest classes first.
const OPEN_ROWS: usize = 20;

pub(super) const SECTION: Section<DiagnosisModel> = Section {
    id: "classes",
    title: "How much there is of each class",
    link: "Classes",
    draw,
};

fn draw(model: &DiagnosisModel) -> Option<Markup> {
    let mut sorted: Vec<&ClassSize> = model.classes.iter().collect();
    // Stable: ties keep the order of the classes.
    sorted.sort_by_key(|class| (class.n_groups, class.n_images));
    let largest = sorted.iter().map(|class| class.n_images).max()?;
    let grouped = sorted.iter().any(|class| class.n_groups != class.n_images);
    let (open, closed) = sorted.split_at(sorted.len().min(OPEN_ROWS));
    let rest = (!closed.is_empty()).then(|| table(closed, largest, grouped));
    let summary = match closed.len() {
        1 => "1 larger class".to_owned(),
        n => format!("{} larger classes", words::count(n)),
    };
    Some(html! {
        (table(open, largest, grouped))
        (folded(rest, &summary))
        p.note {
            @if grouped {
                "The light bar is photos, the dark one the groups that they are in: photos of one group count once when the "
                "model is judged. "
            }
            "The smallest class comes first: more photos of it tell most."
        }
    })
}

fn table(classes: &[&ClassSize], largest: usize, grouped: bool) -> Markup {
    html! {
        table.bars.classes.sizes {
            colgroup { col.what; col; col.right; }
            thead.hidden { tr { th scope="col" { "Class" } th scope="col" { "Picture" } th scope="col" { "Photos" } } }
            tbody {
                @for class in classes {
                    tr {
                        th scope="row" { (text::name(&class.name)) }
                        td.picture { (bar(class, largest)) }
                        td.number {
                            b { (words::count(class.n_images)) } " "
                            @if grouped { span.range { "in " (words::counted(class.n_groups, "group")) } }
                        }
                    }
                }
            }
        }
    }
}

/// Photos from the left, as a share of the largest class, and over them the groups that they are in.
fn bar(class: &ClassSize, largest: usize) -> Markup {
    let width = |n: usize| position(n as f64 / largest.max(1) as f64);
    html! {
        svg.bar.model width="100%" aria-hidden="true" {
            svg y="50%" overflow="visible" {
                rect.reach x="0" width=(width(class.n_images)) y="-5" height="10" rx="1.5" {}
                rect.groups x="0" width=(width(class.n_groups.min(class.n_images))) y="-5" height="10" rx="1.5" {}
            }
        }
    }
}
