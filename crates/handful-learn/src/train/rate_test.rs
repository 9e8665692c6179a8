//! Which learning rate? A training whose rate rises from one that changes nothing to one that destroys, and what its loss says of the
//! rates between. Nothing of it is kept: trainings start where it started.
//!
//! Sources: L. N. Smith, "Cyclical learning rates for training neural networks" (WACV 2017), section 3.3, with the geometric rise, the
//! end at four times the best, and three of the readings of fastai's `lr_find` (`fastai/callback/schedule.py`, 2.8).
//!
//! Departures, because trainings here start from a fitted head and on few photos: the loss at the start is small and made of a few hard
//! photos, so that batches differ by more than a rate changes. Each step's loss is therefore compared with that of the same photos and
//! views at the start, and the suggestion is the top of the low part of the curve.

use std::ops::ControlFlow;

use super::Recipe;
use super::fit::{Now, Training, fit, losses_at_start};
use super::recipe::Schedule;
use crate::LearnError;

/// Share that the smoothed loss keeps of what it was: it looks back over ten steps, half a power of ten at [`RateRange::DEFAULT`].
/// fastai keeps 0.98, which looks back over 50 of its 100 steps, and finds the lowest loss up to four powers of ten late.
const KEEPS: f64 = 0.9;
/// The test ends when the smoothed loss is more than so many times its best, as fastai's does, and more than it was at the start: where
/// photos are known by heart, four times the best is still next to nothing.
const MOST_TIMES_THE_BEST: f64 = 4.0;
/// Steps before a place that say, with it, whether the loss had fallen there: twice as far as the smoothed loss looks back.
const LOOKED_BACK: usize = 19;
/// A loss has fallen when its mean change is more than so many standard errors. The lowest place of a curve is looked at: of simulated
/// ones that are nothing but luck one in five falls by as much, of those that fall to two fifths 97 % (with three: one in fifty, and 75 %).
/// To miss a fall is worse, since a training hardly ever learns nothing of what it is shown.
const SURE: f64 = 2.0;
/// A loss is as low as the lowest when it is above it by no more than this share of the fall.
const AS_LOW: f64 = 0.05;

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
    /// The same at the start, in nats.
    pub before: f64,
    /// Mean loss of all photos, as far as this and the earlier steps tell it.
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

/// Rates that a curve suggests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suggestion {
    /// The highest rate at which the smoothed loss is as low as it gets: the one to take as the highest of a training.
    ///
    /// Smith's reading, for a rate that rises and falls once as ours does: the top of the cycle is where the curve stops to get better.
    /// fastai's readings are for a start from a random head, where the loss falls from far above. A head that is fitted is in a minimum, and a
    /// rate ten times lower than this hardly leaves it. It is a first guess: where a network has much to learn, higher ones do better out of
    /// fold, see BENCHMARKS.md, "Learning rates".
    pub lowest: f64,
    /// A tenth of that: fastai's `minimum`.
    pub tenth_of_lowest: f64,
    /// Where before that the smoothed loss falls steepest by the logarithm of the rate: fastai's `steep`.
    pub steepest: f64,
    /// Halfway through the longest fall: fastai's `valley`, its default.
    pub valley: f64,
}

/// Makes a training, from the start that every fine-tuning has, but for the rate, which rises by the same factor each step.
///
/// The same for any number of threads. `watch` is asked before every step, first of the batches at the start and then of the training, and
/// may stop the test.
///
/// # Errors
/// [`LearnError::Recipe`] for numbers out of range. That the training diverges is no error here.
///
/// # Panics
/// As [`fit`].
pub fn rate_test(
    training: Training,
    range: RateRange,
    watch: &mut (dyn FnMut() -> ControlFlow<()> + Send),
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
    rising.check()?;
    let training = Training {
        recipe: &rising,
        ..training
    };
    let at_start = losses_at_start(training, watch)?;
    let mut test = RateTest {
        tried: Vec::new(),
        end: RateTestEnd::Reached,
    };
    if at_start.len() < range.steps {
        test.end = RateTestEnd::Stopped;
        return Ok(test);
    }
    let mut smoothing = Smoothing::of(&at_start);
    let mut best = smoothing.level;
    let mut look = |now: &Now| {
        if let Some(loss) = now.loss {
            let before = at_start[now.step - 1];
            let smoothed = smoothing.with(loss, before);
            if !smoothed.is_finite() {
                test.end = RateTestEnd::Diverged;
                return ControlFlow::Break(());
            }
            test.tried.push(TriedRate {
                rate: rising.rate(now.step - 1),
                loss,
                before,
                smoothed,
            });
            best = f64::min(best, smoothed);
            if smoothed > smoothing.level && smoothed > MOST_TIMES_THE_BEST * best {
                test.end = RateTestEnd::Rose;
                return ControlFlow::Break(());
            }
        }
        if now.step < range.steps && watch().is_break() {
            test.end = RateTestEnd::Stopped;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    match fit(training, None, &mut look) {
        Ok(_) => {}
        Err(LearnError::Diverged { .. }) => test.end = RateTestEnd::Diverged,
        Err(error) => return Err(error),
    }
    Ok(test)
}

/// The mean loss of a step, without most of the luck of its batch: what exponential means of the losses and of those at the start are
/// to each other, times the mean at the start.
struct Smoothing {
    /// Mean loss at the start.
    level: f64,
    loss: f64,
    before: f64,
}

impl Smoothing {
    fn of(at_start: &[f64]) -> Smoothing {
        Smoothing {
            level: at_start.iter().sum::<f64>() / at_start.len() as f64,
            loss: 0.0,
            before: 0.0,
        }
    }

    fn with(&mut self, loss: f64, before: f64) -> f64 {
        self.loss = KEEPS * self.loss + (1.0 - KEEPS) * loss;
        self.before = KEEPS * self.before + (1.0 - KEEPS) * before;
        // Both are short of what they lack at their start by the same factor.
        self.level * self.loss / self.before.max(f64::MIN_POSITIVE)
    }
}

/// What the steps of a test suggest; none where no rate made the loss fall by more than the luck of the batches.
pub fn suggest(tried: &[TriedRate]) -> Option<Suggestion> {
    let (level, rest) = (tried.first()?.smoothed, tried.get(LOOKED_BACK..)?);
    let by_loss = |a: &&usize, b: &&usize| {
        let loss = |idx: &usize| rest[*idx].smoothed;
        loss(a).total_cmp(&loss(b))
    };
    let indices: Vec<usize> = (0..rest.len()).collect();
    let lowest = *indices.iter().min_by(by_loss)?;
    if !falls(&tried[lowest..=lowest + LOOKED_BACK]) {
        return None;
    }
    // Where every photo is learned by heart, the loss is as low at many rates.
    let fallen = (level - rest[lowest].smoothed).max(0.0);
    let still_low = rest[lowest].smoothed + AS_LOW * fallen;
    let n_low = rest[lowest..]
        .iter()
        .take_while(|t| t.smoothed <= still_low);
    let lowest = lowest + n_low.count() - 1;
    let fall = |i: &usize| rest[i + 1].smoothed - rest[*i].smoothed;
    let steepest = (0..lowest).min_by(|a, b| fall(a).total_cmp(&fall(b)));
    Some(Suggestion {
        lowest: rest[lowest].rate,
        tenth_of_lowest: rest[lowest].rate / 10.0,
        steepest: rest[steepest.unwrap_or(lowest)].rate,
        valley: tried[valley(tried)].rate,
    })
}

/// Whether losses are lower than at the start by more than the luck of which photos the steps saw: neighbours differ by √2 of the spread.
fn falls(tried: &[TriedRate]) -> bool {
    let changes: Vec<f64> = tried.iter().map(|t| t.before - t.loss).collect();
    let n = changes.len() as f64;
    let squares = changes.windows(2).map(|pair| (pair[1] - pair[0]).powi(2));
    let variance = squares.sum::<f64>() / (2.0 * (n - 1.0));
    changes.iter().sum::<f64>() / n > SURE * (variance / n).sqrt()
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
    use rand::RngExt;

    use super::*;
    use handful_stats::Seed;

    const N: usize = 100;

    /// Losses over five powers of ten: `share` is what is left of the loss at the start, by log10 of the rate; `hard` how hard the photos
    /// of each step are.
    fn curve(share: impl Fn(f64) -> f64, hard: impl FnMut(usize) -> f64) -> Vec<TriedRate> {
        let at_start: Vec<f64> = (0..N).map(hard).collect();
        let mut smoothing = Smoothing::of(&at_start);
        let tried = |(i, before): (usize, &f64)| {
            let power = -6.0 + 5.0 * i as f64 / (N - 1) as f64;
            let loss = before * share(power);
            TriedRate {
                rate: 10f64.powf(power),
                loss,
                before: *before,
                smoothed: smoothing.with(loss, *before),
            }
        };
        at_start.iter().enumerate().map(tried).collect()
    }

    /// Flat, then a fall around 10^`falls` to two fifths, then a rise behind 10^`breaks`.
    fn typical(falls: f64, breaks: f64) -> impl Fn(f64) -> f64 {
        move |power: f64| {
            let fallen = 1.0 / (1.0 + (-4.0 * (power - falls)).exp());
            1.0 - 0.6 * fallen + (6.0 * (power - breaks)).exp()
        }
    }

    /// As far as the smoothed loss lags behind, a step more, and how far a fall moves the lowest place.
    const TOLERANCE_POWERS: f64 = 0.6;

    #[test]
    fn a_curve_that_falls_and_breaks_suggests_a_rate_between() {
        for (falls, breaks) in [(-4.0, -2.0), (-3.5, -2.5), (-4.5, -1.5)] {
            let suggestion = suggest(&curve(typical(falls, breaks), |_| 1.0)).unwrap();
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
    fn where_all_is_known_by_heart_the_highest_such_rate_is_meant() {
        let share = |power: f64| match power {
            ..-4.5 => 1.0,
            // As low at all rates between, but for the last digits.
            ..-2.5 => 1e-6 * (2.0 - power),
            _ => 3.0,
        };
        let found = suggest(&curve(share, |_| 1.0)).unwrap().lowest.log10();
        assert!((-2.6..=-2.4).contains(&found), "{found}");
    }

    /// Simulated curves; with so many the share of those that suggest a rate is known to ±0.02 (one standard error).
    const DRAWS: usize = 400;
    const BY_LUCK: f64 = 1.0 / 5.0;
    const TOLERANCE_SHARE: f64 = 0.06;

    /// Share of the curves that suggest a rate, where some photos are ten times as hard as others, and the loss of a step is `noise` of
    /// itself up or down.
    fn share_suggesting(share: impl Fn(f64) -> f64, noise: f64) -> f64 {
        let of = |draw: usize| {
            let mut stream = Seed(1).stream("luck of batches", draw as u64);
            // The sum of twelve uniform numbers is nearly normal, with variance 1.
            let mut luck = || (0..12).map(|_| stream.random::<f64>()).sum::<f64>() - 6.0;
            let hard: Vec<f64> = (0..N).map(|_| (0.8 * luck()).exp()).collect();
            let drawn: Vec<f64> = (0..N).map(|_| noise * luck()).collect();
            let step = |power: f64| ((power + 6.0) / 5.0 * (N - 1) as f64).round() as usize;
            let noisy = |power: f64| (share(power) + drawn[step(power)]).max(0.0);
            suggest(&curve(noisy, |i| hard[i]))
        };
        (0..DRAWS).filter(|draw| of(*draw).is_some()).count() as f64 / DRAWS as f64
    }

    #[test]
    fn a_loss_that_does_not_fall_suggests_nothing_but_by_luck() {
        let flat = share_suggesting(|_| 1.0, 0.3);
        assert!(flat < BY_LUCK + TOLERANCE_SHARE, "{flat}");
        let rises = |power: f64| 1.0 + (6.0 * (power + 3.0)).exp();
        let rises = share_suggesting(rises, 0.3);
        assert!(rises < BY_LUCK + TOLERANCE_SHARE, "{rises}");
        let falls = share_suggesting(typical(-4.0, -3.0), 0.3);
        assert!(falls > 0.97 - TOLERANCE_SHARE, "{falls}");
    }

    #[test]
    fn photos_that_are_hard_move_nothing() {
        let hard = |i: usize| [0.1, 1.0, 0.3, 9.0, 0.2][i % 5];
        let [even, uneven] = [&|_: usize| 1.0, &hard as &dyn Fn(usize) -> f64]
            .map(|hard| suggest(&curve(typical(-4.0, -2.0), hard)).unwrap().lowest);
        let off = (even / uneven).log10().abs();
        assert!(off < 0.2, "{even} {uneven}");
    }

    #[test]
    fn too_few_steps_suggest_nothing() {
        let falls = curve(typical(-4.0, -2.0), |_| 1.0);
        assert_eq!(suggest(&falls[..LOOKED_BACK]), None);
        assert_eq!(suggest(&[]), None);
    }

    #[test]
    fn the_valley_is_where_fastai_finds_it() {
        let of = |losses: &[f64]| {
            let tried = |loss: &f64| TriedRate {
                rate: 1.0,
                loss: *loss,
                before: 1.0,
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
