//! Is a training overfitting, and since when? What held-out photos lose in the course of it, and whether that rises after
//! its lowest point by more than chance.

use serde::{Deserialize, Serialize};

use crate::choice::TIE;
use crate::group::places;
use crate::interval::{mean_over_folds, mean_over_groups};
use crate::metric::FLOOR;
use crate::{Interval, StatsError, effective_groups, wilson};

/// Two looks are a line and no course.
const LEAST_LOOKS: usize = 3;
/// The photos of a fold are judged by where those of the others turn.
const LEAST_FOLDS: usize = 2;
/// Below this many groups a standard error says nothing.
const LEAST_GROUPS: usize = 5;
/// Where the end of a training is compared from, as a share of its epochs: early enough that a fall shows, late enough that
/// it is one of the end.
const FROM_THE_END: f64 = 0.75;

/// One look at trainings in time: all folds pooled, each held-out photo once.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// When: epochs of training done, 0 before the first step; need not be whole.
    pub epoch: f64,
    /// Mean log-loss over the photos learnt from, in nats.
    pub train_loss: f64,
    /// Share of the photos learnt from that are predicted right, in 0..=1.
    pub train_accuracy: f64,
    /// Log-loss of each held-out photo in nats, the same photos in the same order in every look.
    pub losses: Vec<f64>,
    /// Whether each held-out photo is predicted right, in 0..=1, in the same order.
    pub hits: Vec<f64>,
}

/// What a look says. Intervals are clustered by group; each is that of its own look, and not of all looks at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// When: epochs of training done.
    pub epoch: f64,
    /// Mean log-loss over the photos learnt from, in nats.
    pub train_loss: f64,
    /// Share of the photos learnt from that are predicted right, in 0..=1.
    pub train_accuracy: f64,
    /// Mean log-loss over held-out photos, in nats, within 0..=−ln 1e-12 unless the mean itself is beyond.
    pub held_loss: Interval,
    /// Share of held-out photos that are predicted right, in 0..=1.
    pub held_accuracy: Interval,
    /// Held-out minus training loss, in nats; the training loss is taken as exact.
    pub gap: Interval,
}

/// How a training went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Course {
    /// The held-out loss rose after its lowest point by more than chance.
    Overfits {
        /// Epoch of the look with the lowest held-out loss over all photos.
        since_epoch: f64,
        /// How much the loss rose from there to the last look, in nats; cross-fitted, see [`training_course`].
        rise: Interval,
    },
    /// The held-out loss is lowest at the end and was still falling there: more steps might help.
    StillFalling {
        /// How much it fell over about the last quarter of the epochs, in nats.
        fall: Interval,
    },
    /// Neither could be shown.
    Settled,
    /// There are fewer than three looks, two folds or five groups.
    CannotTell,
}

/// A training in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// What each look says, in time.
    pub looks: Vec<Seen>,
    /// How it went.
    pub course: Course,
}

/// What the looks at a training say, and how it went.
///
/// `looks` are in time, their epochs ascending; `folds` and `groups` have one entry a held-out photo, in the order of the
/// looks' lists; `level` of all intervals in (0, 1).
///
/// Where the loss turns is not chosen on the photos that then show the rise: of many looks at a loss that only scatters, the
/// lowest one is always below the last. For the photos of fold f the turning look is the one with the least mean loss over
/// the photos of the *other* folds, and d_i = L\[last\]\[i\] − L\[turn_f\]\[i\]. The rise is the mean of d_i. It overfits where the low
/// end of the rise is above 0.
///
/// The interval of the rise is the wider one of that over groups (normal) and that over folds (Student's t). Groups alone
/// were tried and lost: the luck of a fold's model in a look is shared by all photos of the fold, and the folds' turning
/// looks are nearly the same. In simulated trainings without overfitting (6, 12 and 24 looks; 60, 300 and 1,500 photos; five
/// folds; losses flat or settling; noise of photos and folds, by itself or going on from look to look; 90 settings, 1,000 sets
/// each) they gave false alarms in 0 to 7 % of sets where photos alone scattered, and in 2 to 25 % where folds did, too. The
/// wider interval gave them in 2.2 % on average and in 6.2 % (standard error 0.8) in the worst of the 90 settings. It
/// costs power: a rise of five standard errors over groups is seen in 88 % of sets with five folds.
///
/// # Errors
/// [`StatsError::NoGroups`] without a held-out photo; [`StatsError::Length`] of lists that don't fit; [`StatsError::Range`] of
/// epochs that don't ascend from 0 on, losses that are negative or no numbers, and shares or a level out of range.
///
/// # Source
/// Our own: the one-step form of cross-fitting (V. Chernozhukov et al., The Econometrics Journal 21 (2018), C1–C68) for the
/// turning look, and the clustered standard error of [`crate::paired_difference`] for the rise.
pub fn training_course(
    looks: &[Look],
    folds: &[usize],
    groups: &[usize],
    level: f64,
) -> Result<Training, StatsError> {
    check(looks, folds, groups)?;
    let n = effective_groups(groups);
    let seen: Result<Vec<Seen>, StatsError> = (looks.iter())
        .map(|look| seen(look, groups, n, level))
        .collect();
    Ok(Training {
        looks: seen?,
        course: course(looks, folds, groups, level),
    })
}

fn check(looks: &[Look], folds: &[usize], groups: &[usize]) -> Result<(), StatsError> {
    if groups.is_empty() {
        return Err(StatsError::NoGroups);
    }
    let lists = looks.iter().flat_map(|look| {
        [
            ("the losses of a look", look.losses.len()),
            ("the hits of a look", look.hits.len()),
        ]
    });
    for (what, found) in lists.chain([("the list of folds", folds.len())]) {
        if found != groups.len() {
            return Err(StatsError::Length {
                what,
                expected: groups.len(),
                found,
            });
        }
    }
    let in_range = |what, value: f64, is_right: bool, range| match is_right {
        true => Ok(()),
        false => Err(StatsError::Range { what, value, range }),
    };
    let mut before = -1.0;
    for look in looks {
        let e = look.epoch;
        let ascends = e.is_finite() && e >= 0.0 && e > before;
        in_range(
            "the epoch of a look",
            e,
            ascends,
            "0 or more, and above the one before it",
        )?;
        before = e;
        for &loss in look.losses.iter().chain([&look.train_loss]) {
            in_range("a loss", loss, loss.is_finite() && loss >= 0.0, "0 or more")?;
        }
        for &share in look.hits.iter().chain([&look.train_accuracy]) {
            in_range("a share", share, (0.0..=1.0).contains(&share), "0 to 1")?;
        }
    }
    Ok(())
}

fn seen(look: &Look, groups: &[usize], n_groups: f64, level: f64) -> Result<Seen, StatsError> {
    let right = look.hits.iter().sum::<f64>() / look.hits.len() as f64;
    // Before the loss: it refuses a level that is none. The mean of shares may be a last bit above 1.
    let held_accuracy = wilson(right.min(1.0), n_groups, level)?;
    let loss = mean_over_groups(&look.losses, groups, level);
    let held_loss = Interval {
        value: loss.value,
        low: loss.low.max(0.0),
        high: loss.high.min((-FLOOR.ln()).max(loss.value)),
    };
    Ok(Seen {
        epoch: look.epoch,
        train_loss: look.train_loss,
        train_accuracy: look.train_accuracy,
        held_loss,
        held_accuracy,
        gap: Interval {
            value: held_loss.value - look.train_loss,
            low: held_loss.low - look.train_loss,
            high: held_loss.high - look.train_loss,
        },
    })
}

fn course(looks: &[Look], folds: &[usize], groups: &[usize], level: f64) -> Course {
    let (fold_of, n_folds) = places(folds);
    let n_groups = places(groups).1;
    if looks.len() < LEAST_LOOKS || n_folds < LEAST_FOLDS || n_groups < LEAST_GROUPS {
        return Course::CannotTell;
    }
    let last = looks.len() - 1;
    let from = |earlier: &dyn Fn(usize) -> usize| -> Vec<f64> {
        let change = |i: usize| looks[last].losses[i] - looks[earlier(i)].losses[i];
        (0..groups.len()).map(change).collect()
    };
    let turn = lowest(looks, |_| true);
    if turn < last {
        let turns: Vec<usize> = (0..n_folds)
            .map(|fold| lowest(looks, |i| fold_of[i] != fold))
            .collect();
        let rise = mean_over_folds(&from(&|i| turns[fold_of[i]]), folds, groups, level);
        return match rise.low > 0.0 {
            true => Course::Overfits {
                since_epoch: looks[turn].epoch,
                rise,
            },
            false => Course::Settled,
        };
    }
    let whence = near(looks, FROM_THE_END * looks[last].epoch);
    let change = mean_over_folds(&from(&|_| whence), folds, groups, level);
    let fall = Interval {
        value: -change.value,
        low: -change.high,
        high: -change.low,
    };
    match fall.low > 0.0 {
        true => Course::StillFalling { fall },
        false => Course::Settled,
    }
}

/// The first look at which the photos that count lose least on average.
fn lowest(looks: &[Look], counts: impl Fn(usize) -> bool) -> usize {
    let n = (0..looks[0].losses.len()).filter(|&i| counts(i)).count() as f64;
    let mean = |look: &Look| {
        let losses = look.losses.iter().enumerate().filter(|(i, _)| counts(*i));
        losses.map(|(_, loss)| loss).sum::<f64>() / n
    };
    let means: Vec<f64> = looks.iter().map(mean).collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let is_least = |m: &f64| *m <= least + TIE;
    means
        .iter()
        .position(is_least)
        .expect("one mean is the least")
}

/// The look before the last one that is nearest to this epoch, the earlier of two that are as near.
fn near(looks: &[Look], epoch: f64) -> usize {
    let distance = |look: usize| (looks[look].epoch - epoch).abs();
    let earlier = 0..looks.len() - 1;
    let nearest = earlier.min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
    nearest.expect("there are three looks")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;
    use rand::RngExt;

    const LEVEL: f64 = 0.95;
    const N_FOLDS: usize = 5;

    fn alone(n: usize) -> Vec<usize> {
        (0..n).collect()
    }

    fn in_folds(n: usize) -> Vec<usize> {
        (0..n).map(|i| i % N_FOLDS).collect()
    }

    fn look(epoch: f64, losses: Vec<f64>) -> Look {
        Look {
            epoch,
            train_loss: 0.1,
            train_accuracy: 0.99,
            hits: losses.iter().map(|l| f64::from(*l < 0.7)).collect(),
            losses,
        }
    }

    /// A training of `n` photos by themselves: mean losses that are given for each look, photos of unequal difficulty, and
    /// noise of each photo and of each fold's model in each look.
    fn simulated(means: &[f64], n: usize, noise: (f64, f64), seed: u64) -> Vec<Look> {
        let mut random = Seed(seed).stream("training", 0);
        let mut normal = || -> f64 {
            let (u, v): (f64, f64) = (random.random(), random.random());
            (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
        };
        let ease: Vec<f64> = (0..n).map(|_| normal().powi(2)).collect();
        let of_look = |(epoch, mean): (usize, &f64)| {
            let folds: Vec<f64> = (0..N_FOLDS).map(|_| noise.1 * normal()).collect();
            let photo = |i: usize| mean + ease[i] + noise.0 * normal() + folds[i % N_FOLDS];
            // Losses are never negative, and a constant changes no difference.
            look(epoch as f64, (0..n).map(photo).map(|l| l + 5.0).collect())
        };
        means.iter().enumerate().map(of_look).collect()
    }

    fn course_of(looks: &[Look]) -> Course {
        let n = looks[0].losses.len();
        let found = training_course(looks, &in_folds(n), &alone(n), LEVEL);
        found.unwrap().course
    }

    /// The share of 500 simulated trainings of 200 photos that overfit, and that are still falling.
    fn shares(means: &[f64], noise: (f64, f64)) -> (f64, f64) {
        const SETS: u64 = 500;
        let courses: Vec<Course> = (0..SETS)
            .map(|set| course_of(&simulated(means, 200, noise, set)))
            .collect();
        let share = |is: &dyn Fn(&Course) -> bool| {
            courses.iter().filter(|c| is(c)).count() as f64 / SETS as f64
        };
        (
            share(&|c| matches!(c, Course::Overfits { .. })),
            share(&|c| matches!(c, Course::StillFalling { .. })),
        )
    }

    /// Loss by epoch, settling at 0 or, `rise` above 0, turning at epoch 5 of 11.
    fn settling(rise: f64) -> Vec<f64> {
        let rises = |epoch: f64| rise * ((epoch - 5.0) / 6.0).max(0.0);
        let of = |epoch: u8| 0.8 * (-f64::from(epoch)).exp() + rises(f64::from(epoch));
        (0..12).map(of).collect()
    }

    #[test]
    fn a_training_that_does_not_overfit_is_called_so_in_one_of_twenty_at_most() {
        // Of 500 sets, three standard errors of a share of 5 %.
        const MOST: f64 = 0.05 + 0.029;
        for noise in [(0.3, 0.0), (0.3, 0.03), (0.05, 0.05)] {
            for means in [vec![0.0; 12], settling(0.0)] {
                let (overfits, falls) = shares(&means, noise);
                assert!(
                    overfits < MOST && falls < MOST,
                    "{noise:?}: {overfits} {falls}"
                );
            }
        }
    }

    #[test]
    fn a_planted_rise_is_caught_where_it_begins() {
        // The rise has a standard error of 0.03 over groups: it is five of them, and then seven. Five folds tell little of
        // how folds scatter, which is the price of asking them.
        let (overfits, falls) = shares(&settling(0.15), (0.3, 0.0));
        assert!(overfits > 0.8 && falls == 0.0, "{overfits} {falls}");
        let (overfits, falls) = shares(&settling(0.21), (0.3, 0.0));
        assert!(overfits > 0.95 && falls == 0.0, "{overfits} {falls}");
        let Course::Overfits { since_epoch, rise } =
            course_of(&simulated(&settling(0.3), 2_000, (0.3, 0.0), 1))
        else {
            panic!("a rise of 0.3 was not seen");
        };
        assert!((4.0..=6.0).contains(&since_epoch), "{since_epoch}");
        assert!(rise.low < 0.3 && 0.3 < rise.high, "{rise:?}");
    }

    #[test]
    fn a_loss_that_falls_to_the_end_is_said_to_fall() {
        let falling: Vec<f64> = (0..12).map(|epoch| -0.05 * f64::from(epoch)).collect();
        let (overfits, falls) = shares(&falling, (0.3, 0.0));
        assert!(overfits == 0.0 && falls > 0.9, "{overfits} {falls}");
        // From epoch 8 to epoch 11.
        let Course::StillFalling { fall } = course_of(&simulated(&falling, 2_000, (0.1, 0.0), 1))
        else {
            panic!("a fall of 0.15 was not seen");
        };
        assert!(
            fall.low < 0.15 && 0.15 < fall.high && fall.low > 0.1,
            "{fall:?}"
        );
    }

    #[test]
    fn the_interval_of_the_rise_holds_it_when_folds_scatter() {
        const SETS: u64 = 300;
        let held = (0..SETS).filter(|&set| {
            let looks = simulated(&settling(0.6), 200, (0.3, 0.05), set);
            matches!(course_of(&looks), Course::Overfits { rise, .. } if rise.low <= 0.6 && 0.6 <= rise.high)
        });
        // Three standard errors of a share of 300 sets are 4 points; the looks around the turn differ by little.
        let share = held.count() as f64 / SETS as f64;
        assert!(share > 0.91, "{share}");
    }

    #[test]
    fn the_order_of_the_photos_changes_nothing() {
        let looks = simulated(&settling(0.2), 60, (0.3, 0.02), 3);
        let groups: Vec<usize> = (0..60).map(|i| i % 20).collect();
        let order: Vec<usize> = (0..60).map(|i| (i * 37 + 11) % 60).collect();
        let turned: Vec<Look> = (looks.iter())
            .map(|of| Look {
                losses: order.iter().map(|&i| of.losses[i]).collect(),
                hits: order.iter().map(|&i| of.hits[i]).collect(),
                ..of.clone()
            })
            .collect();
        let pick = |list: &[usize]| order.iter().map(|&i| list[i]).collect::<Vec<_>>();
        let folds = in_folds(60);
        let one = training_course(&looks, &folds, &groups, LEVEL).unwrap();
        let other = training_course(&turned, &pick(&folds), &pick(&groups), LEVEL).unwrap();
        assert_same(&one, &other);
    }

    #[test]
    fn every_photo_doubled_as_a_group_of_two_changes_nothing() {
        let twice = |list: &[f64]| list.iter().flat_map(|v| [*v, *v]).collect::<Vec<_>>();
        let looks = simulated(&settling(0.3), 80, (0.3, 0.02), 4);
        let doubled: Vec<Look> = (looks.iter())
            .map(|of| Look {
                losses: twice(&of.losses),
                hits: twice(&of.hits),
                ..of.clone()
            })
            .collect();
        let pairs: Vec<usize> = (0..160).map(|i| i / 2).collect();
        let folds: Vec<usize> = pairs.iter().map(|pair| pair % N_FOLDS).collect();
        let one = training_course(&looks, &in_folds(80), &alone(80), LEVEL).unwrap();
        let other = training_course(&doubled, &folds, &pairs, LEVEL).unwrap();
        assert!(
            matches!(one.course, Course::Overfits { .. }),
            "{:?}",
            one.course
        );
        assert_same(&one, &other);
    }

    #[test]
    fn photos_that_belong_together_say_less() {
        let twice = |list: &[f64]| list.iter().flat_map(|v| [*v, *v]).collect::<Vec<_>>();
        let looks: Vec<Look> = (simulated(&settling(0.3), 80, (0.3, 0.0), 4).into_iter())
            .map(|of| Look {
                losses: twice(&of.losses),
                hits: twice(&of.hits),
                ..of
            })
            .collect();
        let pairs: Vec<usize> = (0..160).map(|i| i / 2).collect();
        let folds: Vec<usize> = pairs.iter().map(|pair| pair % N_FOLDS).collect();
        let of = |groups: &[usize]| {
            training_course(&looks, &folds, groups, LEVEL)
                .unwrap()
                .looks
        };
        let width = |i: Interval| i.high - i.low;
        for (single, paired) in of(&alone(160)).iter().zip(of(&pairs)) {
            let wider = width(paired.held_loss) / width(single.held_loss);
            // √2, but for the G/(G − 1) of fewer groups.
            assert!((wider / 2f64.sqrt() - 1.0).abs() < 0.01, "{wider}");
            assert!((width(paired.gap) - width(paired.held_loss)).abs() < 1e-12);
        }
    }

    #[test]
    fn too_little_is_said_and_one_group_has_finite_ends() {
        let looks = simulated(&settling(0.3), 20, (0.1, 0.0), 1);
        let of = |looks: &[Look], folds: &[usize], groups: &[usize]| {
            training_course(looks, folds, groups, LEVEL).unwrap()
        };
        assert_eq!(
            of(&looks[..2], &in_folds(20), &alone(20)).course,
            Course::CannotTell
        );
        assert_eq!(of(&looks, &[3; 20], &alone(20)).course, Course::CannotTell);
        let fours: Vec<usize> = (0..20).map(|i| i % 4).collect();
        assert_eq!(of(&looks, &fours, &fours).course, Course::CannotTell);
        assert_eq!(of(&[], &in_folds(20), &alone(20)).looks, []);
        let one = of(&looks, &in_folds(20), &[9; 20]);
        let ends = one.looks.iter().flat_map(|seen| {
            [seen.held_loss, seen.held_accuracy, seen.gap].map(|i| (i.low, i.high))
        });
        assert!(
            ends.into_iter()
                .all(|(low, high)| low.is_finite() && high.is_finite())
        );
    }

    #[test]
    fn what_is_no_training_is_refused() {
        let good = vec![
            look(0.0, vec![1.0; 6]),
            look(1.0, vec![0.5; 6]),
            look(2.0, vec![0.4; 6]),
        ];
        let of = |looks: &[Look]| training_course(looks, &in_folds(6), &alone(6), LEVEL);
        assert!(of(&good).is_ok());
        let with = |change: &dyn Fn(&mut Look)| {
            let mut looks = good.clone();
            change(&mut looks[1]);
            of(&looks)
        };
        type Change = fn(&mut Look);
        let changes: [Change; 7] = [
            |l| l.epoch = 0.0,
            |l| l.epoch = f64::NAN,
            |l| l.losses[2] = f64::NAN,
            |l| l.losses[2] = -0.1,
            |l| l.hits[2] = 1.1,
            |l| l.train_loss = f64::INFINITY,
            |l| l.train_accuracy = f64::NAN,
        ];
        for change in changes {
            assert!(matches!(with(&change), Err(StatsError::Range { .. })));
        }
        let short = with(&|l| l.hits.truncate(5));
        assert!(
            matches!(short, Err(StatsError::Length { found: 5, .. })),
            "{short:?}"
        );
        let level = training_course(&good, &in_folds(6), &alone(6), 1.0);
        assert!(matches!(level, Err(StatsError::Range { .. })));
        assert_eq!(
            training_course(&[], &[], &[], LEVEL),
            Err(StatsError::NoGroups)
        );
        let folds = training_course(&good, &[0, 1], &alone(6), LEVEL);
        assert!(matches!(folds, Err(StatsError::Length { .. })));
    }

    #[test]
    fn a_stored_course_names_its_verdict() {
        let course = Course::Overfits {
            since_epoch: 6.0,
            rise: Interval {
                value: 0.12,
                low: 0.05,
                high: 0.19,
            },
        };
        let stored = serde_json::to_string(&course).unwrap();
        assert!(
            stored.starts_with(r#"{"verdict":"overfits","since_epoch":6.0"#),
            "{stored}"
        );
        assert_eq!(serde_json::from_str::<Course>(&stored).unwrap(), course);
        let none = serde_json::to_string(&Course::CannotTell).unwrap();
        assert_eq!(none, r#"{"verdict":"cannot-tell"}"#);
    }

    /// Equal but for sums in another order.
    fn assert_same(one: &Training, other: &Training) {
        let near = |a: Interval, b: Interval| {
            for (a, b) in [(a.value, b.value), (a.low, b.low), (a.high, b.high)] {
                assert!((a - b).abs() < 1e-9, "{a} {b}");
            }
        };
        for (a, b) in one.looks.iter().zip(&other.looks) {
            near(a.held_loss, b.held_loss);
            near(a.held_accuracy, b.held_accuracy);
            near(a.gap, b.gap);
        }
        match (one.course, other.course) {
            (
                Course::Overfits { since_epoch, rise },
                Course::Overfits {
                    since_epoch: since_other,
                    rise: rise_other,
                },
            ) => {
                assert_eq!(since_epoch, since_other);
                near(rise, rise_other);
            }
            (Course::StillFalling { fall: a }, Course::StillFalling { fall: b }) => near(a, b),
            (a, b) => assert_eq!(a, b),
        }
    }
}
