//! `handful train --find-lr`: what is shown of a test of learning rates, and what to type next.

use std::ffi::OsString;
use std::io::IsTerminal;

use handful_learn::train::RateTestEnd;
use handful_report::words;
use serde::Serialize;

use super::typed;
use crate::events::Events;
use crate::exit::{self, Failure};
use crate::workflow::Settings;
use crate::workflow::rate_test::{PLOT, Tested, find_rate};
use crate::workflow::results::SCHEMA;

/// What names of runs have behind them where they are tests of learning rates.
pub const BEHIND: &str = "-find-lr";
/// Columns of the curve on a terminal.
const COLUMNS: usize = 60;
/// Losses above so many times that of the start are as high as this.
const MOST_SHOWN: f64 = 1.25;
/// How high the loss is, in eighths of a line.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What `--json` prints.
#[derive(Serialize)]
struct Found<'a> {
    schema: u32,
    /// The rate to take; null where no rate made the loss fall.
    suggested: Option<f64>,
    steepest: Option<f64>,
    valley: Option<f64>,
    tenth_of_lowest: Option<f64>,
    lowest: Option<f64>,
    trains: String,
    backbone: &'a str,
    size_px: usize,
    images: usize,
    batch: usize,
    steps: usize,
    end: &'static str,
    seed: u64,
    next: String,
    run: String,
    curve: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    rate: f64,
    loss: f64,
    loss_at_start: f64,
    smoothed_loss: f64,
}

/// Tests learning rates and shows what came of it; `typed` is the command line.
pub fn run(settings: &Settings, typed: &[OsString], events: &Events) -> Result<(), Failure> {
    let tested = match events.tone.json {
        // One object and nothing else.
        true => find_rate(settings, &events.silent())?,
        false => find_rate(settings, events)?,
    };
    match events.tone.json {
        true => events.print(&json(&tested, typed)),
        false => show(&tested, typed, events),
    }
    if settings.strict && tested.n_skipped > 0 {
        return Err(Failure::new(
            exit::STRICT,
            format!("{} skipped", words::counted(tested.n_skipped, "file")),
        )
        .advice("mend or remove them, or leave `--strict` out; the test itself is whole"));
    }
    Ok(())
}

fn show(tested: &Tested, typed: &[OsString], events: &Events) {
    let tried = &tested.test.tried;
    match &tested.suggestion {
        Some(found) => events.print(&format!(
            "learning rate {}: the highest at which the training loss is as low as it gets; it falls steepest at {}",
            words::rate(found.lowest),
            words::rate(found.steepest)
        )),
        None => events.print(
            "no learning rate is suggested: none made the training loss fall by more than the luck of the batches",
        ),
    }
    if std::io::stdout().is_terminal() && tried.len() > 1 {
        let rates: Vec<f64> = tried.iter().map(|t| t.rate).collect();
        let smoothed: Vec<f64> = tried.iter().map(|t| t.smoothed).collect();
        curve(&rates, &smoothed, suggested(tested))
            .iter()
            .for_each(|line| events.print(line));
    }
    events.say(&format!(
        "tried: {} of {} rates for {} of {} at {} px, {} of a training fold, {} a step",
        tried.len(),
        tested.range.steps,
        tested.recipe.trains.name(),
        tested.backbone,
        tested.size_px,
        words::counted(tested.n_photos, "photo"),
        tested.recipe.batch
    ));
    events.say(&format!("plot: `{}`", tested.run.join(PLOT).display()));
    events.say(&format!("next: `{}`", next(suggested(tested), typed)));
}

/// The smoothed loss by rate, drawn with characters: a line of heights, and below it the ends and where the suggestion is.
fn curve(rates: &[f64], smoothed: &[f64], suggested: Option<f64>) -> Vec<String> {
    let n = rates.len();
    let columns = n.min(COLUMNS);
    let low = smoothed.iter().copied().fold(f64::INFINITY, f64::min);
    let high = smoothed.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Where the loss breaks out it would flatten all that was before.
    let full = high.min(MOST_SHOWN * smoothed[0]);
    let height = |loss: f64| {
        let share = (loss - low) / (full - low).max(f64::MIN_POSITIVE);
        HEIGHTS[((share * HEIGHTS.len() as f64) as usize).min(HEIGHTS.len() - 1)]
    };
    let heights = (0..columns).map(|column| height(smoothed[column * n / columns]));
    let mut lines = vec![format!("  {}", heights.collect::<String>())];
    if let Some(suggested) = suggested {
        let step = rates.iter().position(|rate| *rate >= suggested);
        let column = step.unwrap_or(n - 1) * columns / n;
        let label = words::rate(suggested);
        lines.push(format!("  {}^ {label}", " ".repeat(column)));
    }
    lines.push(format!(
        "  loss {} to {}, at rates of {} to {}",
        words::loss(low),
        words::loss(high),
        words::rate(rates[0]),
        words::rate(rates[n - 1])
    ));
    lines
}

/// What to type: the same command with the rate in place of the test; without training where no rate makes the loss fall. Photos are
/// read, and folds are drawn, as for the test.
fn next(rate: Option<f64>, typed: &[OsString]) -> String {
    // The test has just filled that folder, and a run wants a new one.
    let taken = "--out";
    match rate {
        Some(rate) => typed::again(typed, "--find-lr", &["--lr", &words::rate(rate)], &[taken]),
        None => typed::again(
            typed,
            "--find-lr",
            &["--strategy", "frozen"],
            &[taken, "--strategy", "--batch", "--freeze"],
        ),
    }
}

/// The rate that is suggested.
fn suggested(tested: &Tested) -> Option<f64> {
    tested.suggestion.map(|found| found.lowest)
}

fn json(tested: &Tested, typed: &[OsString]) -> String {
    let suggestion = tested.suggestion.as_ref();
    let found = Found {
        schema: SCHEMA,
        suggested: suggestion.map(|s| words::rate_of_two_digits(s.lowest)),
        steepest: suggestion.map(|s| s.steepest),
        valley: suggestion.map(|s| s.valley),
        tenth_of_lowest: suggestion.map(|s| s.tenth_of_lowest),
        lowest: suggestion.map(|s| s.lowest),
        trains: tested.recipe.trains.name(),
        backbone: &tested.backbone,
        size_px: tested.size_px,
        images: tested.n_photos,
        batch: tested.recipe.batch,
        steps: tested.range.steps,
        end: match tested.test.end {
            RateTestEnd::Reached | RateTestEnd::Stopped => "reached",
            RateTestEnd::Rose => "rose",
            RateTestEnd::Diverged => "diverged",
        },
        seed: tested.seed,
        next: next(suggested(tested), typed),
        run: tested.run.display().to_string(),
        curve: (tested.test.tried.iter())
            .map(|t| Point {
                rate: t.rate,
                loss: t.loss,
                loss_at_start: t.before,
                smoothed_loss: t.smoothed,
            })
            .collect(),
    };
    serde_json::to_string(&found).expect("plain data with finite numbers")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_of_characters_has_its_mark_below_the_rate() {
        let rates: Vec<f64> = (0..8).map(|i| 10f64.powi(i - 8)).collect();
        let smoothed = [7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 8.0];
        let lines = curve(&rates, &smoothed, Some(1e-6));
        assert_eq!(lines[0], "  ▇▆▅▄▃▂▁█");
        assert_eq!(lines[1], "    ^ 0.000001");
        let flat = curve(&rates, &[1.0; 8], None);
        assert_eq!(flat[0], "  ▁▁▁▁▁▁▁▁");
        assert_eq!(flat.len(), 2);
    }

    #[test]
    fn the_next_command_reads_the_same_photos() {
        let of = |typed: &str, rate| {
            let typed: Vec<OsString> = typed.split('|').map(Into::into).collect();
            next(rate, &typed)
        };
        let typed = "/usr/bin/handful|train|my photos|--find-lr|--group-by|^(\\d+)_|--folds=3|--out|found|--freeze|last-2";
        assert_eq!(
            of(typed, Some(3e-4)),
            r"handful train 'my photos' --lr 0.0003 --group-by '^(\d+)_' --folds=3 --freeze last-2"
        );
        assert_eq!(
            of(typed, None),
            r"handful train 'my photos' --strategy frozen --group-by '^(\d+)_' --folds=3"
        );
        let typed = "handful|--json|train|--strategy=fine-tune|--find-lr|--batch=8|--|--find-lr";
        assert_eq!(
            of(typed, None),
            "handful --json train --strategy frozen -- --find-lr"
        );
    }
}
