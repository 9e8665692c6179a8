//! How good is it beside simpler ways? The accuracy and its controls on one scale.

use maud::{Markup, html};

use super::Section;
use super::interval_bar::{Mark, bar, scale, tick};
use crate::{Interval, LookAlikes, ReportModel, text, words};

pub(super) const SECTION: Section = Section {
    id: "accuracy",
    title: "How good is it?",
    link: "Accuracy",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let verdict = &model.verdict;
    let level = words::percent(verdict.level);
    let reference = Some(verdict.majority_accuracy);
    let plain = match &verdict.look_alikes {
        None => row(
            "This model",
            "all photos, out of fold",
            &verdict.accuracy,
            Mark::Model,
            reference,
        ),
        Some(found) => both(found, reference),
    };
    let balanced = html! {
        (row("This model, average class", "balanced accuracy, out of fold", &verdict.balanced_accuracy, Mark::Model, reference))
    };
    Some(html! {
        table.bars {
            caption.hidden { "Share of photos that are predicted right" }
            colgroup { col.what; col; col.right; }
            thead.hidden { tr { th scope="col" { "What" } th scope="col" { "Picture" } th scope="col" { "Right" } } }
            tbody {
                @if words::balanced_leads(verdict) { (balanced) (plain) }
                @else if words::balanced_beside(verdict) { (plain) (balanced) }
                @else { (plain) }
                @if let Some(test) = &verdict.test {
                    @let photos = format!("{}, set aside", words::counted(test.n_images, "photo"));
                    (row("This model, test photos", &photos, &test.accuracy, Mark::Model, reference))
                }
                @if let Some(hog) = &model.hog_accuracy {
                    (row("Colours and outlines only", "control without a network (HOG)", hog, Mark::Control, reference))
                }
                tr {
                    th scope="row" { "Always " q { (text::name(&words::shortened(&verdict.majority_class, 40))) } small { "the largest class" } }
                    td.picture { (tick(verdict.majority_accuracy, reference)) }
                    td.number { b { (text::glued(&words::percent(verdict.majority_accuracy))) } }
                }
                tr.axis { th {} td.picture { (scale()) } td {} }
            }
        }
        p.note {
            "The tick is the estimate, the bar its " (text::glued(&level)) " interval; the dotted line is what always guessing the "
            "largest class gives. Out of fold: each photo was predicted by a model that had "
            @match &verdict.look_alikes {
                Some(found) if found.agree => "seen neither it nor any photo that was kept together with it.",
                Some(_) => "not seen it; in the second row, nor any photo that looks like it.",
                None if verdict.n_groups.is_some() => "seen neither it nor any photo of its group.",
                None => "not seen it.",
            }
        }
    })
}

/// The accuracy with look-alikes kept together and without: the one that leads is the first.
fn both(found: &LookAlikes, reference: Option<f64>) -> Markup {
    let n_photos = words::counted(found.n_photos, "photo");
    let together = format!("{n_photos} that look alike kept together");
    let mark = match found.agree {
        true => Mark::Control,
        false => Mark::Model,
    };
    let apart = row(
        "This model",
        &together,
        &found.apart,
        Mark::Model,
        reference,
    );
    let random = row(
        "This model",
        "every photo by itself",
        &found.random,
        mark,
        reference,
    );
    match found.agree {
        true => html! { (apart) (random) },
        false => html! { (random) (apart) },
    }
}

fn row(
    what: &str,
    remark: &str,
    accuracy: &Interval,
    mark: Mark,
    reference: Option<f64>,
) -> Markup {
    html! {
        tr {
            th scope="row" { (what) small { (remark) } }
            td.picture { (bar(accuracy, mark, reference)) }
            td.number { b { (text::glued(&words::percent_at(accuracy))) } " " span.range { (words::range(accuracy)) } }
        }
    }
}
