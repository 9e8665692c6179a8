//! Would more photos help? The accuracy by the number of photos that were learnt from.

use maud::{Markup, html};

use super::Section;
use super::interval_bar::{Mark, bar, scale};
use crate::{Interval, ReportModel, text, words};

pub(super) const SECTION: Section = Section {
    id: "curve",
    title: "Would more photos help?",
    link: "More photos",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let curve = model.curve.as_ref()?;
    Some(html! {
        p { b { (text::prose(&words::more_photos(curve))) } }
        table.bars {
            caption.hidden { "Share of photos that are predicted right, by the number of photos that were learnt from" }
            colgroup { col.what; col; col.right; }
            thead.hidden { tr { th scope="col" { "Learnt from" } th scope="col" { "Picture" } th scope="col" { "Right" } } }
            tbody {
                @for point in &curve.points {
                    @let right = Interval {
                        value: 1.0 - point.error.value,
                        low: 1.0 - point.error.high,
                        high: 1.0 - point.error.low,
                    };
                    tr {
                        th scope="row" { (words::counted(point.size.round() as usize, "photo")) }
                        td.picture { (bar(&right, Mark::Model, None)) }
                        td.number { b { (text::glued(&words::percent_at(&right))) } " " span.range { (words::range(&right)) } }
                    }
                }
                tr.axis { th {} td.picture { (scale()) } td {} }
            }
        }
        p.note {
            (text::name(&curve.candidate)) " on parts of each training fold, in whole groups, judged on the same photos as the model; 90 % intervals, without the "
            "luck of which photos were taken, and not corrected for the choice among candidates. "
            @if let Some(hindcast) = &curve.hindcast { (words::was_it_right(hindcast)) }
        }
    })
}
