//! Which class is taken for which?
//!
//! Up to [`NUMBERED_CLASSES`] classes it is a table with numbers. Beyond that numbers would be too small to read: it is a
//! picture of shares, and the pairs that are confused most stand beside it as a list.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::Section;
use crate::{ReportModel, text, words};

/// Most classes that get numbers in their cells: 20 columns of 36 px fit a page beside the names.
const NUMBERED_CLASSES: usize = 20;
/// Most classes whose names stand level above their columns.
const LEVEL_CLASSES: usize = 5;
/// Pairs in the list beside a picture without numbers.
const PAIRS_SHOWN: usize = 20;
/// Longest name at a row or column, in columns of text.
const NAME_COLUMNS: usize = 18;
/// Strongest tints of a cell on the diagonal and beside it: with more, the number in it is hard to read in one of the themes.
const STRONGEST_RIGHT: f64 = 0.45;
const STRONGEST_WRONG: f64 = 0.55;
/// Steps of grey in the picture: cells of one step share a path, which keeps the page small.
const SHADES: usize = 10;

pub(super) const SECTION: Section = Section {
    id: "confusion",
    title: "What it confuses",
    link: "Confusions",
    draw,
};

/// Photos that were predicted wrong.
pub(super) fn n_mistakes(model: &ReportModel) -> usize {
    let k = model.classes.len();
    (0..k)
        .map(|row| row_total(model, row) - at(model, row, row))
        .sum()
}

fn draw(model: &ReportModel) -> Option<Markup> {
    let k = model.classes.len();
    let pairs = most_confused(model);
    let repeats = model.confusion.n_repeats;
    (k > 0).then(|| {
        html! {
            @if k <= NUMBERED_CLASSES { (table(model)) } @else { (picture(model)) }
            p.note {
                "A row is the label, a column what the model said; the diagonal is right"
                @if k <= NUMBERED_CLASSES { ", in photos out of fold" } @else { ", darker is a larger share of the row" }
                @if repeats > 1 { " (the first of " (repeats) " repeats of the folds)" }
                "."
                @if k <= NUMBERED_CLASSES && let Some(pair) = pairs.first() {
                    " Most often, " q { (class_name(model, pair.row)) } " is taken for " q { (class_name(model, pair.column)) }
                    ": " (words::count(pair.n)) " of " (words::counted(pair.of, "photo")) "."
                }
            }
            @if k > NUMBERED_CLASSES && !pairs.is_empty() { (list(model, &pairs)) }
        }
    })
}

struct Pair {
    row: usize,
    column: usize,
    n: usize,
    of: usize,
}

fn most_confused(model: &ReportModel) -> Vec<Pair> {
    let k = model.classes.len();
    let mut pairs: Vec<Pair> = (0..k)
        .flat_map(|row| {
            let of = row_total(model, row);
            (0..k).map(move |column| (row, column, of))
        })
        .map(|(row, column, of)| Pair {
            row,
            column,
            n: at(model, row, column),
            of,
        })
        .filter(|pair| pair.row != pair.column && pair.n > 0)
        .collect();
    // Stable, so ties keep the order of the classes.
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.n));
    pairs.truncate(PAIRS_SHOWN);
    pairs
}

fn table(model: &ReportModel) -> Markup {
    let k = model.classes.len();
    html! {
        div.wide {
            table.confusion.level[k <= LEVEL_CLASSES] {
                thead {
                    tr {
                        th.corner scope="col" { "label " span aria-hidden="true" { "↓" } " model " span aria-hidden="true" { "→" } }
                        @for class in &model.classes {
                            th scope="col" title=(words::visible(&class.name)) { span { (text::name(&short(&class.name))) } }
                        }
                        th.total scope="col" { span { "photos" } }
                    }
                }
                tbody {
                    @for row in 0..k {
                        @let total = row_total(model, row);
                        tr {
                            th scope="row" title=(words::visible(&model.classes[row].name)) { (text::name(&short(&model.classes[row].name))) }
                            @for column in 0..k { (cell(at(model, row, column), total, row == column)) }
                            td.total { (words::count(total)) }
                        }
                    }
                }
            }
        }
    }
}

fn cell(n: usize, total: usize, right: bool) -> Markup {
    let share = share(n, total);
    // A root lifts the rare mistakes, which are most of them, out of the paper.
    let tint = if right {
        STRONGEST_RIGHT * share
    } else {
        STRONGEST_WRONG * share.sqrt()
    };
    html! {
        @if n == 0 {
            td.right[right] { @if right { "0" } @else { span.none { "·" } } }
        } @else {
            td.right[right] style={ "--tint:" (format!("{:.0}%", 100.0 * tint)) } { (words::count(n)) }
        }
    }
}

/// A picture of the row shares. One unit is one px at full width.
fn picture(model: &ReportModel) -> Markup {
    let k = model.classes.len();
    let (left, top) = (124.0, 112.0);
    let side = (820.0 / k as f64).clamp(8.0, 26.0);
    let letters = (side * 0.92).min(12.0);
    let (width, height) = (left + side * k as f64 + 2.0, top + side * k as f64 + 2.0);
    let middle = |idx: usize| (idx as f64 + 0.5) * side;
    // [right or wrong][step of shade]
    let mut paths = vec![vec![String::new(); SHADES]; 2];
    for row in 0..k {
        let total = row_total(model, row);
        for column in 0..k {
            let n = at(model, row, column);
            if n == 0 {
                continue;
            }
            let strength = share(n, total).sqrt();
            let shade = ((strength * SHADES as f64).ceil() as usize).clamp(1, SHADES) - 1;
            let path = &mut paths[usize::from(row == column)][shade];
            // Writing to a String can't fail.
            let _ = write!(path, "M{column} {row}h1v1h-1z");
        }
    }
    html! {
        div.wide {
            svg.heat viewBox={ "0 0 " (tenth(width)) " " (tenth(height)) } role="img"
                aria-label="Confusion matrix; the most confused pairs are listed below" {
                g font-size=(tenth(letters)) {
                    @for (idx, class) in model.classes.iter().enumerate() {
                        text x=(tenth(left - 5.0)) y=(tenth(top + middle(idx))) dy="0.35em" text-anchor="end" {
                            (short(&class.name)) title { (words::visible(&class.name)) }
                        }
                        text transform={ "translate(" (tenth(left + middle(idx))) " " (tenth(top - 5.0)) ") rotate(-90)" } dy="0.35em" {
                            (short(&class.name)) title { (words::visible(&class.name)) }
                        }
                    }
                }
                g transform={ "translate(" (left) " " (top) ") scale(" (format!("{side:.3}")) ")" } {
                    rect.field width=(k) height=(k) {}
                    @for (right, shades) in paths.iter().enumerate() {
                        @for (shade, path) in shades.iter().enumerate() {
                            @if !path.is_empty() {
                                path.right[right == 1] d=(path) fill-opacity=(format!("{:.2}", (shade + 1) as f64 / SHADES as f64)) {}
                            }
                        }
                    }
                }
            }
        }
    }
}

fn list(model: &ReportModel, pairs: &[Pair]) -> Markup {
    html! {
        h3 { "Confused most" }
        div.wide {
            table.numbers.pairs {
                thead { tr { th scope="col" { "Label" } th scope="col" { "Model" } th.n scope="col" { "Photos" } } }
                tbody {
                    @for pair in pairs {
                        tr {
                            td { (class_name(model, pair.row)) }
                            td { (class_name(model, pair.column)) }
                            td.n { b { (words::count(pair.n)) } " of " (words::count(pair.of)) }
                        }
                    }
                }
            }
        }
    }
}

fn class_name(model: &ReportModel, class: usize) -> Markup {
    text::name(&words::shortened(&model.classes[class].name, 40))
}

fn short(name: &str) -> String {
    words::shortened(&words::visible(name), NAME_COLUMNS)
}

/// Photos with label `row` and prediction `column`. A matrix that is too small counts as zeros: the page is still drawn.
fn at(model: &ReportModel, row: usize, column: usize) -> usize {
    model
        .confusion
        .counts
        .get(row * model.classes.len() + column)
        .copied()
        .unwrap_or(0)
}

fn row_total(model: &ReportModel, row: usize) -> usize {
    (0..model.classes.len())
        .map(|column| at(model, row, column))
        .sum()
}

fn share(n: usize, total: usize) -> f64 {
    n as f64 / total.max(1) as f64
}

fn tenth(px: f64) -> String {
    format!("{px:.1}")
}
