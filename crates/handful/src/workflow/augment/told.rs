//! What is said of changes, in words and as data.

use handful_expand::{Op, named};
use handful_learn::guard::{Evidence, Judged, Orientation, Power, Trial, Verdict};
use serde::{Deserialize, Serialize};

use super::guarded::Guarded;

/// One operation, or one direction of it, as `--json` and `guard.json` give it.
#[derive(Clone, Debug, Serialize)]
pub struct Told<'a> {
    /// Its name.
    pub operation: &'a str,
    /// Share of its range that is allowed, 0 where nothing is.
    pub strength: f32,
    /// What that means: from, to.
    pub allowed: Option<[f32; 2]>,
    /// In what.
    pub unit: &'static str,
    /// The answer at that strength, or why the weakest one is refused.
    pub verdict: Verdict,
    /// What it follows from.
    pub evidence: &'a Evidence,
    /// Every strength that was tried.
    pub trials: &'a [Trial],
}

impl<'a> Told<'a> {
    /// What is said of it.
    ///
    /// # Panics
    /// When it is no operation.
    pub fn of(judged: &'a Judged) -> Told<'a> {
        let op = named(&judged.operation).expect("it was judged");
        let decisive = judged.decisive();
        let is_safe = decisive.verdict == Verdict::Safe;
        Told {
            operation: &judged.operation,
            strength: if is_safe { decisive.strength } else { 0.0 },
            allowed: allowed(op, judged),
            unit: op.range().unit,
            verdict: decisive.verdict,
            evidence: &decisive.evidence,
            trials: &judged.trials,
        }
    }
}

/// `metrics.json`: what the photos said of changes of themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AugmentationMetrics {
    /// Name of the policy by which the chosen network saw the photos; null where it is frozen or saw windows alone.
    pub policy: Option<String>,
    /// Operations that acted although the photos don't bear them.
    pub overruled: Vec<String>,
    /// Photos that judged.
    pub judged_by: usize,
    /// Whether they have an up.
    pub orientation: Option<Orientation>,
    /// Whether planted changes of labels were noticed; empty where none was planted.
    pub power: Vec<Power>,
    /// What was said of each operation.
    pub operations: Vec<OperationVerdict>,
}

/// What was said of an operation, or of one direction of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationVerdict {
    /// Its name.
    pub operation: String,
    /// From which amount to which it may go; null where it is off.
    pub allowed: Option<[f32; 2]>,
    /// In what.
    pub unit: String,
    /// The answer at the strongest that is allowed, or why the weakest is refused.
    pub verdict: Verdict,
}

impl AugmentationMetrics {
    /// What is said of all.
    pub fn of(
        guarded: &Guarded,
        policy: Option<String>,
        overruled: Vec<String>,
    ) -> AugmentationMetrics {
        let operation = |judged: &Judged| {
            let told = Told::of(judged);
            OperationVerdict {
                operation: judged.operation.clone(),
                allowed: told.allowed,
                unit: told.unit.into(),
                verdict: told.verdict,
            }
        };
        let thorough = guarded.thorough.as_ref();
        AugmentationMetrics {
            policy,
            overruled,
            judged_by: guarded.n_photos,
            orientation: thorough.map(|t| t.orientation),
            power: thorough.map(|t| t.power.clone()).unwrap_or_default(),
            operations: guarded.judged.iter().map(operation).collect(),
        }
    }
}

/// From which amount to which it may go.
fn allowed(op: &dyn Op, judged: &Judged) -> Option<[f32; 2]> {
    let neutral = op.range().neutral;
    let safe = judged.safe.as_ref()?;
    let ends = || safe.iter().copied().chain([neutral]);
    Some([
        ends().fold(f32::INFINITY, f32::min),
        ends().fold(f32::NEG_INFINITY, f32::max),
    ])
}

/// Amounts for people: as many digits as matter.
pub fn amount(value: f32) -> String {
    let rounded = (value * 100.0).round() / 100.0;
    rounded.to_string()
}

/// What an operation may do, as a cell of a table.
pub fn range_text(judged: &Judged) -> String {
    let op = named(&judged.operation).expect("it was judged");
    let range = op.range();
    match allowed(op, judged) {
        None => "off".into(),
        Some(_) if range.is_switch() => "on".into(),
        Some([low, high]) => format!("{} to {} {}", amount(low), amount(high), range.unit)
            .trim_end()
            .into(),
    }
}

/// Why it may go no further, in a sentence; `classes` are their names.
pub fn why(trial: &Trial, classes: &[String]) -> String {
    let e = &trial.evidence;
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let at = match trial.amounts.as_slice() {
        [1.0] | [] => String::new(),
        amounts => {
            let amounts: Vec<String> = amounts.iter().map(|a| amount(*a)).collect();
            format!("at {}: ", amounts.join(", "))
        }
    };
    let points = |share: f64| {
        let points = (1000.0 * share).round() / 10.0;
        // No minus before a zero.
        format!("{:+.1}", if points == 0.0 { 0.0 } else { points })
    };
    let mix = format!(
        "{} points for clean photos (95 % interval {} to {})",
        points(e.mix.value),
        points(e.mix.low),
        points(e.mix.high)
    );
    let text = match trial.verdict {
        Verdict::Safe => format!("learning it under the same label: {mix}"),
        Verdict::Harmful => match &e.collision {
            Some(c) if c.p < 0.01 && c.share > 0.2 => format!(
                "{} of {} is read as {}",
                percent(c.share),
                classes[c.class],
                classes[c.read_as]
            ),
            _ => format!("learning it under the same label: {mix}"),
        },
        Verdict::Unreal => match &e.tell {
            Some(tell) => format!(
                "the changed one of two is recognised in {} of pairs",
                percent(tell.value)
            ),
            None if e.outside > 0.2 => {
                format!("{} lie outside of all photos", percent(e.outside))
            }
            None => format!(
                "{} points fewer are read rightly",
                (-100.0 * e.affinity.value).round()
            ),
        },
        Verdict::Unknown => format!("can't tell: {mix}"),
    };
    at + &text
}
