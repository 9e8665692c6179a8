//! What do changed photos look like, and which changes do the photos bear?

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{Section, folded};
use crate::model::{Augmentation, AugmentationModel, AugmentationRow, Captioned, SheetRow};
use crate::picture::{self, Budget};
use crate::{ReportModel, text, words};

pub(super) const OF_RUN: Section = Section {
    id: "views",
    title: "Which changes the photos bear",
    link: "Views",
    draw: of_run,
};

pub(super) const SHEET: Section<AugmentationModel> = Section {
    id: "sheet",
    title: "What it does to the photos",
    link: "Photos",
    draw: sheet_of,
};

pub(super) const TABLE: Section<AugmentationModel> = Section {
    id: "operations",
    title: "Which changes these photos bear",
    link: "Operations",
    draw: table_of,
};

pub(super) const POLICY: Section<AugmentationModel> = Section {
    id: "policy",
    title: "The policy",
    link: "Policy",
    draw: policy_of,
};

/// Bytes of pictures in one section.
const BUDGET_BYTES: usize = 8 << 20;
/// Rows of the sheet that are open.
const OPEN_ROWS: usize = 4;

/// The answer of the page.
pub(crate) fn augmentation_answer(model: &AugmentationModel) -> Markup {
    let there = words::looked_at(model.n_images, model.n_classes, 0);
    html! {
        p.eyebrow { "Handful augmentation " span.dot { "·" } " " (text::name(&model.name)) }
        h1 { (augmentation_sentence(model)) }
        p.rest { (words::sentence(&there)) }
        @for sentence in &model.found.judged { p.rest { (text::prose(sentence)) } }
    }
}

/// The answer as a sentence.
pub(crate) fn augmentation_sentence(model: &AugmentationModel) -> String {
    let rows = &model.found.rows;
    let all: BTreeSet<&str> = rows.iter().map(|row| row.operation.as_str()).collect();
    let borne = rows.iter().filter(|row| row.allowed != "off");
    let borne: BTreeSet<&str> = borne.map(|row| row.operation.as_str()).collect();
    format!(
        "These photos bear {} of {}, some of them in part.",
        borne.len(),
        words::counted(all.len(), "change")
    )
}

fn of_run(model: &ReportModel) -> Option<Markup> {
    let found = model.augmentation.as_ref()?;
    let mut budget = Budget::of(BUDGET_BYTES);
    Some(html! {
        p {
            @if found.is_used { "The network learned from views as the policy " } @else { "The model learned from no such views. They are what the policy " }
            (text::name(&found.policy))
            @if found.is_used { " makes them." } @else { " makes of the photos, the mildest that they bear." }
        }
        @for sentence in &found.judged { p { (text::prose(sentence)) } }
        (overruled(found))
        (sheet(&found.sheet, &mut budget))
        (table(&found.rows, &mut budget))
    })
}

fn sheet_of(model: &AugmentationModel) -> Option<Markup> {
    let mut budget = Budget::of(BUDGET_BYTES);
    Some(html! {
        p { "Each line is a photo as it is, and views of it as training sees them." }
        (sheet(&model.found.sheet, &mut budget))
    })
}

fn table_of(model: &AugmentationModel) -> Option<Markup> {
    let mut budget = Budget::of(BUDGET_BYTES);
    Some(html! {
        (overruled(&model.found))
        (table(&model.found.rows, &mut budget))
    })
}

fn policy_of(model: &AugmentationModel) -> Option<Markup> {
    Some(html! {
        p { "Train with it:" }
        pre { code { (words::visible(&model.train_command)) } }
        pre { code { @for line in model.found.policy_text.lines() { (words::visible(line)) "\n" } } }
        dl.facts { dt { "Version" } dd { "handful " (model.version) } }
    })
}

fn overruled(found: &Augmentation) -> Markup {
    html! {
        @if !found.overruled.is_empty() {
            p { "Overruled by " code { "--allow" } ", whatever the table says: " (text::prose(&found.overruled.join(", "))) "." }
        }
    }
}

fn sheet(rows: &[SheetRow], budget: &mut Budget) -> Markup {
    let (open, closed) = rows.split_at(rows.len().min(OPEN_ROWS));
    let mut lines = |rows: &[SheetRow]| {
        html! {
            @for row in rows {
                div.views { @for picture in &row.pictures { (figure(picture, &row.label, budget)) } }
            }
        }
    };
    let opened = lines(open);
    let rest = (!closed.is_empty()).then(|| lines(closed));
    html! {
        (opened)
        (folded(rest, &words::counted(closed.len(), "more photo")))
    }
}

fn figure(captioned: &Captioned, about: &str, budget: &mut Budget) -> Markup {
    let bytes = budget.spend(Some(&captioned.picture));
    html! {
        figure {
            (picture::field(bytes, &words::visible(&format!("{about}, {}", captioned.caption))))
            figcaption { span.remark { (text::prose(&spoken(&captioned.caption))) } }
        }
    }
}

/// Names of operations as words.
fn spoken(text: &str) -> String {
    text.replace('_', " ")
}

fn table(rows: &[AugmentationRow], budget: &mut Budget) -> Markup {
    html! {
        div.wide {
            table.files.changes {
                thead { tr { th { "Change" } th { "Allowed" } th { "Beyond that" } th { "Why" } } }
                tbody {
                    @for row in rows {
                        tr {
                            th scope="row" { (text::name(&spoken(&row.operation))) }
                            td { (row.allowed) }
                            td { (row.verdict) }
                            td { (text::prose(&row.why)) }
                        }
                    }
                }
            }
        }
        @let shown: Vec<&AugmentationRow> = rows.iter().filter(|row| !row.pictures.is_empty()).collect();
        (folded((!shown.is_empty()).then(|| html! {
            @for row in shown {
                h3 { (text::name(&spoken(&row.operation))) }
                div.views { @for picture in &row.pictures { (figure(picture, &row.operation, budget)) } }
            }
        }), "What each change looks like"))
    }
}
