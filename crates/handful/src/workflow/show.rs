//! What the terminal shows when a training is done.

use handful_report::{Candidate, Claimed, words};

use super::Outcome;
use super::plan::AND;
use crate::events::Events;

/// Candidates that are shown; the report has all.
const SHOWN: usize = 6;
/// Names are cut to this many columns.
const NAME_COLUMNS: usize = 48;

/// Prints the verdict, the best candidates and where everything is.
pub fn outcome(done: &Outcome, events: &Events) {
    events.print(&words::verdict(&done.page.verdict));
    let is_ensemble = |c: &Candidate| c.chosen && c.strategy == "ensemble";
    if done.page.candidates.iter().any(is_ensemble) {
        events.say("");
        events.say("The model is an ensemble of a tuned network and frozen features: their probabilities are pooled, and a prediction takes as long as both.");
    }
    if let Some(curve) = &done.page.curve {
        events.say("");
        events.say(&words::more_photos(curve));
    }
    if let Some(story) = &done.page.training {
        let level = done.page.verdict.level;
        events.say("");
        let is_it = |c: &Candidate| c.name == story.candidate && c.strategy == "scratch";
        let what = match done.page.candidates.iter().any(is_it) {
            true => "Training from nothing",
            false => "Fine-tuning",
        };
        events.say(&format!(
            "{what} ({}): {}",
            words::shortened(&story.candidate, NAME_COLUMNS),
            words::training_course(&story.training, level)
        ));
        if let Some(kept) = words::kept_share(story) {
            events.say(&kept);
        }
        if let Some(forgetting) = &story.forgetting {
            events.say(&words::skill(forgetting, level));
        }
    }
    for notice in &done.page.notices {
        events.say("");
        events.say(&notice.text);
        notice
            .advice
            .iter()
            .for_each(|a| events.say(&format!("  {a}")));
    }
    events.say("");
    let network = network(&done.page.candidates);
    let head = match network {
        Some(network) => format!("candidate, {network}/…"),
        None => "candidate".to_owned(),
    };
    let head = words::shortened(&head, NAME_COLUMNS);
    events.say(&format!(
        "{head:<NAME_COLUMNS$} {:>8} {:>9}",
        "log-loss", "accuracy"
    ));
    let mut candidates: Vec<_> = done.page.candidates.iter().collect();
    candidates.sort_by(|a, b| a.log_loss.total_cmp(&b.log_loss));
    let n_more = candidates.len().saturating_sub(SHOWN);
    let keep =
        |(place, c): &(usize, &&Candidate)| *place < SHOWN || c.chosen || c.strategy == "control";
    for (_, c) in candidates.iter().enumerate().filter(keep) {
        lines(c, network).iter().for_each(|line| events.say(line));
    }
    if n_more > 0 {
        events.say(&format!("the report has all {}", candidates.len()));
    }
    claims(&done.page.claims, events);
    events.say("");
    if done.n_issues > 0 {
        events.say(&format!(
            "{} skipped or noted: `{}`",
            words::counted(done.n_issues, "file"),
            done.run.join("issues.csv").display()
        ));
    }
    events.say(&format!(
        "report: `{}`",
        done.run.join("report.html").display()
    ));
    events.say(&format!(
        "use it: `handful predict {} new-photos/`",
        done.run.join("model.handful").display()
    ));
}

/// The network whose features are compared; none where a plan has no frozen ones.
fn network(candidates: &[Candidate]) -> Option<&str> {
    let is_frozen = |c: &&Candidate| ["frozen", "views"].contains(&c.strategy.as_str());
    let (network, _) = candidates.iter().find(is_frozen)?.name.split_once('/')?;
    Some(network)
}

/// A candidate in the table, without the name of the network that stands above it. What stands beside a network in an ensemble has a line
/// of its own, so that neither name is cut short by the other.
fn lines(candidate: &Candidate, network: Option<&str>) -> Vec<String> {
    let of_it = network.and_then(|of| candidate.name.strip_prefix(of)?.strip_prefix('/'));
    let mut names = of_it.unwrap_or(&candidate.name).split(AND);
    let first = words::shortened(names.next().expect("a name"), NAME_COLUMNS);
    let mark = if candidate.chosen { "  chosen" } else { "" };
    let loss = words::loss(candidate.log_loss);
    let right = words::percent_at(&candidate.accuracy);
    let mut lines = vec![format!("{first:<NAME_COLUMNS$} {loss:>8} {right:>9}{mark}")];
    lines.extend(names.map(|other| words::shortened(&format!(" {AND}{other}"), NAME_COLUMNS)));
    lines
}

/// What may be said of the comparisons: those that showed a difference, and how many did not.
fn claims(claims: &[Claimed], events: &Events) {
    let (shown, silent) = Claimed::shown_and_silent(claims);
    if claims.is_empty() {
        return;
    }
    events.say("");
    for claim in shown {
        events.say(&words::claim(claim));
    }
    match silent[..] {
        [] => (),
        [one] => events.say(&words::claim(one)),
        _ => events.say(&format!(
            "{} with {} showed no difference; the report says how large a one would have been seen.",
            words::counted(silent.len(), "comparison"),
            words::quoted(&silent[0].baseline)
        )),
    }
}

#[cfg(test)]
mod tests {
    use handful_report::Interval;

    use super::*;

    fn candidate(strategy: &str, name: &str) -> Candidate {
        Candidate {
            name: name.into(),
            strategy: strategy.into(),
            log_loss: 0.5,
            accuracy: Interval {
                value: 0.8,
                low: 0.7,
                high: 0.9,
            },
            predict_ms: None,
            difference: None,
            chosen: true,
        }
    }

    #[test]
    fn ensembles_are_told_apart_by_either_half() {
        let of = |name: &str| lines(&candidate("ensemble", name), Some("net"));
        let last = of("net/128/fine-tune/last@0.001 & 224/blocks.4+head+windows-training/logistic");
        assert!(last[0].starts_with("128/fine-tune/last@0.001 "));
        assert!(last[0].ends_with("chosen"));
        let beside = ["  & 224/blocks.4+head+windows-training/logistic"];
        assert_eq!(last[1..], beside);
        let last_two = of("net/128/fine-tune/last-2@0.001 & 224/head/lda");
        assert_ne!(last[0], last_two[0]);
        assert_eq!(of("net/224/head/ridge").len(), 1);
    }

    #[test]
    fn the_network_stands_above_and_another_one_in_its_row() {
        let all = [
            candidate("control", "control/majority"),
            candidate("scratch", "resnet14/32/scratch/all@0.05"),
            candidate("frozen", "net/224/head/lda"),
        ];
        let name = network(&all);
        assert_eq!(name, Some("net"));
        let first = |c: &Candidate| lines(c, name).remove(0);
        assert!(first(&all[0]).starts_with("control/majority "));
        assert!(first(&all[1]).starts_with("resnet14/32/scratch/all@0.05 "));
        assert!(first(&all[2]).starts_with("224/head/lda "));
        assert_eq!(network(&all[..2]), None);
    }
}
