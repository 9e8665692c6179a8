//! Which learning rate? A training whose rate rises from one that changes nothing to one that destroys, and what its loss says of the
//! rates between. Nothing of it is kept: trainings start where it started.
//!
//! Sources: L. N. Smith, "Cyclical learning rates for training neural networks" (WACV 2017), section 3.3, with the geometric rise, the
//! smoothed loss and the three readings of fastai's `lr_find` (`fastai/callback/schedule.py`, 2.8).

use std::ops::ControlFlow;

use super::Recipe;
use super::fit::{Now, Training, fit};
use super::recipe::Schedule;
use crate::LearnError;

/// Share that the smoothed loss keeps of what it was: it looks back over ten steps, half a power of ten at [`RateRange::DEFAULT`].
/// fastai keeps 0.98, which looks back over 50 of its 100 steps, and finds the lowest loss up to four powers of ten late.
const KEEPS: f64 = 0.9;
/// The test ends when the smoothed loss is more than so many times its best, as fastai's does.
const MOST_TIMES_THE_BEST: f64 = 4.0;
/// First share of the steps, in which the smoothed loss is that of a few batches: no best and no suggestion is looked for there.
const SETTLING: f64 = 0.1;
/// First share of the steps, in which rates are too low to change anything: what losses do there is luck of the batches.
const BEFORE_IT_LEARNS: f64 = 0.2;
/// A fall of the loss is one when it is more than so many standard errors of the smoothed loss; its lowest is the best of about ten
/// independent values, and 1.5 of them below the mean by luck alone.
const SURE: f64 = 3.0;
/// What the rate with the lowest loss is divided by: there the training is about to break.
const BELOW_THE_LOWEST: f64 = 10.0;

/// Rates that are tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRange {
    /// The first one.
    pub least: f64,
    /// The last one.
    pub greatest: f64,
    /// Steps, and rates.
    pub steps: usize,
}

impl RateRange {
    /// For AdamW, whose steps have about the size of the rate: after twenty of a millionth nothing is to be seen, and a tenth is more
    /// than most weights are. 20 rates a power of ten.
    pub const DEFAULT: RateRange = RateRange {
        least: 1e-6,
        greatest: 1e-1,
        steps: 100,
    };
    /// With more passes over the photos the highest rates would be tried on what is known by heart.
    const MOST_EPOCHS: usize = 25;
    /// With fewer, neighbours differ by a third.
    const FEWEST_STEPS: usize = 40;

    /// The default rates for `n_photos` in batches of `batch`: in fewer steps where there are few photos.
    pub fn of(n_photos: usize, batch: usize) -> RateRange {
        let whole = RateRange::DEFAULT;
        let epochs = RateRange::MOST_EPOCHS * n_photos / batch.max(1);
        RateRange {
            steps: epochs.clamp(RateRange::FEWEST_STEPS, whole.steps),
            ..whole
        }
    }
}

/// One step of the test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TriedRate {
    /// Rate of the step.
    pub rate: f64,
    /// Mean loss of its photos before it was made, in nats.
    pub loss: f64,
    /// Exponential mean of this and all earlier losses, corrected for its start.
    pub smoothed: f64,
}

/// Why a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateTestEnd {
    /// The greatest rate was reached.
    Reached,
    /// The loss rose to more than four times its best.
    Rose,
    /// Losses or gradients were no finite numbers any more.
    Diverged,
    /// It was told to stop.
    Stopped,
}

/// What a test found.
#[derive(Clone, Debug, PartialEq)]
pub struct RateTest {
    /// The steps, by rising rate; all numbers are finite.
    pub tried: Vec<TriedRate>,
    /// Why there are no more.
    pub end: RateTestEnd,
}

/// Rates that a curve suggests, lowest to highest as a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suggestion {
    /// A tenth of the rate at which the smoothed loss was lowest: the one to take.
    ///
    /// The lowest loss is where learning turns into breaking, which shows at the same place whatever photos a batch happens to hold. A
    /// training starts from a fitted head, so that the fall before it is slight and broad, and where it is steepest is decided by a
    /// few photos: see the spread of both in BENCHMARKS.md, "Learning rates".
    ///
    /// Source: J. Howard, S. Gugger, "Deep learning for coders with fastai and PyTorch" (2020), chapter 5: "the minimum divided by 10".
    pub tenth_of_lowest: f64,
    /// Where the smoothed loss falls steepest by the logarithm of the rate.
    pub steepest: f64,
    /// Halfway through the longest fall: what fastai suggests by default (`valley`).
    pub valley: f64,
    /// Where the smoothed loss is lowest.
    pub lowest: f64,
}

/// Makes a training, from the start that every fine-tuning has, but for the rate, which rises by the same factor each step.
///
/// The same for any number of threads. `watch` is told of every step that has been made, and may stop the test.
///
/// # Errors
/// [`LearnError::Recipe`] for numbers out of range. That the training diverges is no error here.
///
/// # Panics
/// As [`fit`].
pub fn rate_test(
    training: Training,
    range: RateRange,
    watch: &mut (dyn FnMut(usize) -> ControlFlow<()> + Send),
) -> Result<RateTest, LearnError> {
    let rising = Recipe {
        learning_rate: range.greatest,
        schedule: Schedule::Geometric { from: range.least },
        steps: range.steps,
        average: false,
        gradual: false,
        patience: None,
        ..training.recipe.clone()
    };
    let settled_at = (SETTLING * range.steps as f64) as usize;
    let mut tried: Vec<TriedRate> = Vec::new();
    let mut end = RateTestEnd::Reached;
    let (mut mean, mut weight, mut best) = (0.0, 0.0, f64::INFINITY);
    let mut look = |now: &Now| {
        let Some(loss) = now.loss else {
            return ControlFlow::Continue(());
        };
        if !loss.is_finite() {
            end = RateTestEnd::Diverged;
            return ControlFlow::Break(());
        }
        mean = KEEPS * mean + (1.0 - KEEPS) * loss;
        weight = KEEPS * weight + (1.0 - KEEPS);
        let smoothed = mean / weight;
        tried.push(TriedRate {
            rate: rising.rate(now.step - 1),
            loss,
            smoothed,
        });
        if now.step > settled_at {
            best = f64::min(best, smoothed);
        }
        if smoothed > MOST_TIMES_THE_BEST * best {
            end = RateTestEnd::Rose;
            return ControlFlow::Break(());
        }
        let going = watch(now.step);
        if going.is_break() {
            end = RateTestEnd::Stopped;
        }
        going
    };
    let training = Training {
        recipe: &rising,
        ..training
    };
    match fit(training, None, &mut look) {
        Ok(_) => {}
        Err(LearnError::Diverged { .. }) => end = RateTestEnd::Diverged,
        Err(error) => return Err(error),
    }
    Ok(RateTest { tried, end })
}

/// What the steps of a test suggest; none where no rate made the loss fall by more than the luck of the batches.
///
/// `n_steps` is how many the whole test has, `tried` those that were made.
pub fn suggest(tried: &[TriedRate], n_steps: usize) -> Option<Suggestion> {
    let of_steps = |share: f64| (share * n_steps as f64) as usize;
    let (still, settled) = (
        tried.get(..of_steps(BEFORE_IT_LEARNS).max(2))?,
        tried.get(of_steps(SETTLING)..)?,
    );
    let lowest = settled
        .iter()
        .min_by(|a, b| a.smoothed.total_cmp(&b.smoothed))?;
    let before = still.iter().map(|t| t.loss).sum::<f64>() / still.len() as f64;
    if before - lowest.smoothed <= SURE * luck(still) {
        return None;
    }
    let fall = |i: &usize| settled[i + 1].smoothed - settled[*i].smoothed;
    let steepest = (0..settled.len() - 1).min_by(|a, b| fall(a).total_cmp(&fall(b)))?;
    Some(Suggestion {
        tenth_of_lowest: lowest.rate / BELOW_THE_LOWEST,
        steepest: settled[steepest].rate,
        valley: settled[valley(settled)].rate,
        lowest: lowest.rate,
    })
}

/// Standard error of the smoothed loss by the luck of the batches, from steps at rates that change nothing: losses of neighbours differ by
/// √2 of their spread, and an exponential mean has √((1 − keeps) / (1 + keeps)) of it.
fn luck(still: &[TriedRate]) -> f64 {
    let differences = still.windows(2).map(|pair| pair[1].loss - pair[0].loss);
    let squares: f64 = differences.map(|d| d * d).sum();
    let spread = (squares / (2.0 * (still.len() - 1) as f64)).sqrt();
    spread * ((1.0 - KEEPS) / (1.0 + KEEPS)).sqrt()
}

/// Which step is halfway through the longest row of ever lower losses, gaps allowed, as fastai's `valley` counts it.
fn valley(tried: &[TriedRate]) -> usize {
    // How long the longest such row is that ends at each step.
    let mut lengths = vec![1; tried.len()];
    for i in 1..tried.len() {
        let before = (0..i).filter(|&j| tried[j].smoothed > tried[i].smoothed);
        lengths[i] = 1 + before.map(|j| lengths[j]).max().unwrap_or(0);
    }
    let longest = lengths.iter().copied().max().unwrap_or(1);
    let end = lengths.iter().position(|l| *l == longest).unwrap_or(0);
    let length = longest as isize;
    // A third and half of a third, each rounded down.
    let way = length / 3 + length / 6;
    (end as isize - length + way).max(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 100;

    /// A curve over five powers of ten, `loss` by log10 of the rate.
    fn curve(loss: impl Fn(f64) -> f64) -> Vec<TriedRate> {
        let (mut mean, mut weight) = (0.0, 0.0);
        let tried = |i: usize| {
            let power = -6.0 + 5.0 * i as f64 / (N - 1) as f64;
            let loss = loss(power);
            mean = KEEPS * mean + (1.0 - KEEPS) * loss;
            weight = KEEPS * weight + (1.0 - KEEPS);
            TriedRate {
                rate: 10f64.powf(power),
                loss,
                smoothed: mean / weight,
            }
        };
        (0..N).map(tried).collect()
    }

    /// Flat, then a fall around 10^`falls` from 1 to a fifth, then a rise behind 10^`breaks`.
    fn typical(falls: f64, breaks: f64) -> impl Fn(f64) -> f64 {
        move |power: f64| {
            let fallen = 1.0 / (1.0 + (-4.0 * (power - falls)).exp());
            1.0 - 0.8 * fallen + (6.0 * (power - breaks)).exp()
        }
    }

    /// As far as the smoothed loss lags behind, a step more, and how far a fall moves the lowest place.
    const TOLERANCE_POWERS: f64 = 0.6;

    #[test]
    fn a_curve_that_falls_and_breaks_suggests_a_rate_between() {
        for (falls, breaks) in [(-4.0, -2.0), (-3.5, -2.5), (-4.5, -1.5)] {
            let tried = curve(typical(falls, breaks));
            let suggestion = suggest(&tried, N).unwrap();
            let powers = |rate: f64, expected: f64| {
                let off = (rate.log10() - expected).abs();
                assert!(
                    off < TOLERANCE_POWERS,
                    "{suggestion:?} for {falls} {breaks}"
                );
            };
            powers(suggestion.steepest, falls);
            powers(suggestion.lowest, breaks - 0.3);
            assert_eq!(suggestion.tenth_of_lowest, suggestion.lowest / 10.0);
            assert!(suggestion.valley < suggestion.lowest);
            assert!(suggestion.valley > 1e-6);
        }
    }

    #[test]
    fn a_loss_that_never_falls_suggests_nothing() {
        // Batches differ by as much as this, in a fixed order.
        let luck = |power: f64| 0.1 * (power * 1_237.0).sin();
        assert_eq!(suggest(&curve(|p| 1.0 + luck(p)), N), None);
        let rises = |p: f64| 0.5 + luck(p) + (6.0 * (p + 2.0)).exp();
        assert_eq!(suggest(&curve(rises), N), None);
        let falls = |p: f64| typical(-4.0, -2.0)(p) + luck(p);
        assert!(suggest(&curve(falls), N).is_some());
        // So few steps were made that nothing can be said.
        assert_eq!(suggest(&curve(falls)[..5], N), None);
        assert_eq!(suggest(&[], N), None);
    }

    #[test]
    fn the_valley_is_where_fastai_finds_it() {
        let of = |losses: &[f64]| {
            let tried = |loss: &f64| TriedRate {
                rate: 1.0,
                loss: *loss,
                smoothed: *loss,
            };
            valley(&losses.iter().map(tried).collect::<Vec<_>>())
        };
        // Numbers of `valley(lrs, losses, num_it)` of fastai 2.8.
        assert_eq!(of(&[5.0, 5.1, 5.0, 4.0, 3.0, 2.0, 1.0, 2.0, 9.0]), 3);
        assert_eq!(
            of(&[3.0, 4.0, 3.5, 3.0, 2.9, 2.7, 2.0, 1.9, 1.0, 0.9, 0.8, 2.0]),
            4
        );
        assert_eq!(of(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0]), 2);
        assert_eq!(of(&[1.0, 1.0]), 0);
    }

    #[test]
    fn few_photos_have_fewer_steps() {
        assert_eq!(RateRange::of(1_000, 32), RateRange::DEFAULT);
        assert_eq!(RateRange::of(60, 20).steps, 75);
        assert_eq!(RateRange::of(10, 8).steps, 40);
    }
}
