//! How did the training go? Loss and accuracy in time, what was kept of it, and what it cost of what was known before.

use handful_stats::{Course, Seen};
use maud::{Markup, html};

use super::line_chart::{LineChart, Unit};
use super::{Section, folded};
use crate::{Candidate, Forgetting, Interval, ReportModel, StageProbe, TrainingStory, text, words};

/// Shares of the way with their losses are a list of their own from so many on; fewer are in the sentence.
const LEAST_LISTED: usize = 3;

pub(super) const SECTION: Section = Section {
    id: "training",
    title: "How the training went",
    link: "Training",
    draw,
};

fn draw(model: &ReportModel) -> Option<Markup> {
    let story = model.training.as_ref()?;
    let level = model.verdict.level;
    // What is no number is left out of pictures, and called unknown in the table.
    let known: Vec<&Seen> = story
        .training
        .looks
        .iter()
        .filter(|look| is_known(look))
        .collect();
    let is_it = |c: &&Candidate| c.name == story.candidate;
    let became = match model.candidates.iter().find(|c| c.chosen) {
        _ if !story.chosen => "which was compared and did not become the model.",
        chosen if chosen.is_none_or(|c| is_it(&c)) => "which became the model.",
        _ => "which became a part of the model: an ensemble with frozen features.",
    };
    let listed = (story.by_alpha.len() >= LEAST_LISTED).then(|| by_alpha(story));
    let looks = (!story.training.looks.is_empty()).then(|| numbers(&story.training.looks));
    Some(html! {
        p { b { (text::prose(&words::training_course(&story.training, level))) } }
        p {
            "This is " (text::name(&story.candidate)) ", "
            (text::prose(became)) " "
            @if let Some(kept) = words::kept_share(story) { (text::prose(&kept)) }
        }
        @if known.len() > 1 { (charts(&known, &story.training.course)) }
        (folded(looks, "The numbers of every look"))
        (folded(listed, "Log-loss at each share of the way"))
        p.note {
            "An epoch is one pass over the photos that are learnt from. Held-out photos are those of the fold that was not learnt "
            "from, each judged once; the band is the " (text::glued(&words::percent(level))) " interval of each look by itself. "
            "Log-loss judges the probabilities, lower is better. A gap between the lines alone is no harm: overfitting is a "
            "held-out loss that rises again. Where it turns is looked for on other photos than those that show the rise, and the "
            "rise must be more than the luck of photos and folds."
        }
        @if !story.probes.is_empty() { (probes(&story.probes)) }
        @if let Some(of) = &story.shuffled { p { (text::prose(&words::shuffled(of))) } }
        @if let Some(of) = &story.forgetting { (forgetting(of, level)) }
    })
}

fn is_known(look: &Seen) -> bool {
    let of = |i: &Interval| i.value.is_finite() && i.low.is_finite() && i.high.is_finite();
    let single = [look.epoch, look.train_loss, look.train_accuracy];
    single.iter().all(|v| v.is_finite()) && of(&look.held_loss) && of(&look.held_accuracy)
}

/// Loss and accuracy side by side.
fn charts(looks: &[&Seen], course: &Course) -> Markup {
    let epochs: Vec<f64> = looks.iter().map(|look| look.epoch).collect();
    let lowest = match course {
        Course::Overfits { since_epoch, .. } => Some(*since_epoch),
        _ => None,
    };
    let of = |value: &dyn Fn(&Seen) -> f64| looks.iter().map(|l| value(l)).collect::<Vec<f64>>();
    let held =
        |value: &dyn Fn(&Seen) -> Interval| looks.iter().map(|l| value(l)).collect::<Vec<_>>();
    let (first, last) = (looks[0], looks[looks.len() - 1]);
    let from = format!(
        "From epoch {} to epoch {}",
        words::epoch(first.epoch),
        words::epoch(last.epoch)
    );
    let loss = format!(
        "{from} held-out loss goes from {} to {}, training loss from {} to {}.",
        words::loss_at(&first.held_loss),
        words::loss_at(&last.held_loss),
        words::loss(first.train_loss),
        words::loss(last.train_loss)
    );
    let right = format!(
        "{from} the share right goes from {} to {} among held-out photos, from {} to {} among those learnt from.",
        words::percent_at(&first.held_accuracy),
        words::percent_at(&last.held_accuracy),
        words::percent(first.train_accuracy),
        words::percent(last.train_accuracy)
    );
    html! {
        div.charts {
            (LineChart {
                id: "chart-loss",
                title: "Log-loss",
                remark: "lower is better",
                description: &loss,
                unit: Unit::Loss,
                epochs: &epochs,
                train: &of(&|look| look.train_loss),
                held: &held(&|look| look.held_loss),
                lowest,
            }.draw())
            (LineChart {
                id: "chart-right",
                title: "Photos right",
                remark: "higher is better",
                description: &right,
                unit: Unit::Share,
                epochs: &epochs,
                train: &of(&|look| look.train_accuracy),
                held: &held(&|look| look.held_accuracy),
                lowest,
            }.draw())
        }
    }
}

/// All that the lines show, and the gap between them.
fn numbers(looks: &[Seen]) -> Markup {
    let estimated = |value: String, range: String| {
        html! { td.n { (text::glued(&value)) " " span.range { (range) } } }
    };
    let loss = |i: &Interval| estimated(words::loss_at(i), words::loss_range(i));
    html! {
        div.wide {
            table.numbers.looks {
                thead {
                    tr {
                        th scope="col" { "Epoch" }
                        th.n scope="col" { "Training loss" }
                        th.n scope="col" { "Held-out loss" }
                        th.n scope="col" { "Gap of losses" }
                        th.n scope="col" { "Training right" }
                        th.n scope="col" { "Held-out right" }
                    }
                }
                tbody {
                    @for look in looks {
                        tr {
                            th scope="row" { (words::epoch(look.epoch)) }
                            td.n { (words::loss(look.train_loss)) }
                            (loss(&look.held_loss))
                            (loss(&look.gap))
                            td.n { (text::glued(&words::percent(look.train_accuracy))) }
                            (estimated(words::percent_at(&look.held_accuracy), words::range(&look.held_accuracy)))
                        }
                    }
                }
            }
        }
    }
}

/// The losses along the way from the start to the tuned weights.
fn by_alpha(story: &TrainingStory) -> Markup {
    html! {
        table.numbers.pairs {
            thead { tr { th scope="col" { "Share of the way, α" } th.n scope="col" { "Log-loss, out of fold" } } }
            tbody {
                @for (alpha, loss) in &story.by_alpha {
                    @let kept = (alpha - story.alpha).abs() < 1e-9;
                    tr.chosen[kept] {
                        th scope="row" { (words::epoch(*alpha)) @if kept { " " span.tag { "kept" } } }
                        td.n { (words::loss(*loss)) }
                    }
                }
            }
        }
    }
}

/// How far each stage gets by itself.
fn probes(of: &[StageProbe]) -> Markup {
    html! {
        h3 { "Which stages had something to learn" }
        p { (text::prose(&words::probes(of))) }
        div.wide {
            table.numbers.stages {
                thead {
                    tr {
                        th scope="col" { "Stage, from the pixels on" }
                        th.n scope="col" { "Held-out photos right" br; "by its features alone" }
                        th.n scope="col" { "Log-loss" }
                    }
                }
                tbody {
                    @for probe in of {
                        tr {
                            th scope="row" {
                                (text::name(&probe.stage))
                                small { @if probe.trained { "trained" } @else { "kept as it was" } }
                            }
                            td.n {
                                (text::glued(&words::percent_at(&probe.accuracy))) " "
                                span.range { (words::range(&probe.accuracy)) }
                            }
                            td.n { (words::loss(probe.log_loss)) }
                        }
                    }
                }
            }
        }
        p.note {
            "A ridge regression on the features of each stage of the network as it was before training, on the same folds as all "
            "candidates. It explains the choice of what was trained; it did not make it."
        }
    }
}

/// What became of what the network knew before.
fn forgetting(of: &Forgetting, level: f64) -> Markup {
    let last = of.stages.len().saturating_sub(1);
    html! {
        h3 { "What became of what it knew before" }
        p { (text::prose(&words::skill(of, level))) }
        @if !of.stages.is_empty() {
            div.wide {
                table.numbers.stages {
                    thead {
                        tr {
                            th scope="col" { "Stage, from the pixels on" }
                            th.n scope="col" { "Weights" br; "changed by" }
                            th.n scope="col" { "Similarity" br; "(CKA)" }
                        }
                    }
                    tbody {
                        @for (idx, stage) in of.stages.iter().enumerate() {
                            tr {
                                th scope="row" {
                                    (text::name(&stage.stage))
                                    small { (words::stage_change(stage, idx == last)) }
                                }
                                td.n { (text::glued(&words::percent_changed(stage.l2))) }
                                td.n { (stage.cka.map_or("–".to_owned(), words::similarity)) }
                            }
                        }
                    }
                }
            }
            p.note {
                "The change is the length of the difference of all weights of a stage, by their length before. The similarity "
                "compares what the stage makes of the probe photos before and after: 1 is the same but for rotation and scale. A "
                "last stage that changes is what tuning is for; early stages see edges and textures, which seldom need it."
            }
        }
    }
}
