//! How did a training go, in sentences?

use handful_stats::{Course, Training};

use super::{counted, loss, loss_with_interval, percent, percent_at, points_with_interval};
use crate::{Forgetting, Shuffled, SkillChange, StageForgetting, StageProbe, TrainingStory};

/// Weights that changed by less than this share of their size are said to have changed gently. Like the next three it is an
/// aid for reading: a word beside the number, on which nothing depends.
const GENTLE: f64 = 0.05;
/// Weights that changed by more than this share are said to have changed strongly.
const STRONG: f64 = 0.2;
/// Below this similarity a stage is said to see photos differently.
const MUCH_THE_SAME: f64 = 0.9;
/// Below this similarity the last stage is said to be learnt anew.
const RELEARNT: f64 = 0.7;
/// Share of the way from guessing to 100 % from which on random labels count as learnt by heart.
const BY_HEART: f64 = 0.9;
/// Share of that way below which hardly anything was learnt by heart.
const HARDLY: f64 = 0.1;

/// "Held-out loss is lowest after epoch 6 and rises by 0.12 (95 % interval 0.05 to 0.19) until the end: it was trained for
/// longer than helps."
///
/// `level` of the intervals, in (0, 1).
pub fn training_course(of: &Training, level: f64) -> String {
    match &of.course {
        Course::Overfits { since_epoch, rise } => {
            let (since, reading) = match *since_epoch > 0.0 {
                true => (
                    format!("after epoch {}", epoch(*since_epoch)),
                    "it was trained for longer than helps",
                ),
                false => (
                    "before the first step".to_owned(),
                    "this training does harm",
                ),
            };
            format!(
                "Held-out loss is lowest {since} and rises by {} until the end: {reading}.",
                loss_with_interval(rise, level)
            )
        }
        Course::StillFalling { fall } => format!(
            "Held-out loss was still falling at the end, by {} in about the last quarter: more training might help.",
            loss_with_interval(fall, level)
        ),
        Course::Settled => "No overfitting seen: held-out loss does not rise after its lowest point by more than chance, and \
                            it is not clearly falling at the end."
            .to_owned(),
        Course::CannotTell => "Whether it was trained for too long can't be told: there are too few looks at it, folds or \
                               independent groups of photos."
            .to_owned(),
    }
}

/// An epoch: "6", "2.5", "0.25".
pub fn epoch(epoch: f64) -> String {
    if !epoch.is_finite() {
        return "unknown".to_owned();
    }
    let text = format!("{epoch:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Which share of the way from the start to the tuned weights is kept, and what it is worth; none where shares were not compared,
/// as for a network that starts from nothing.
///
/// "The weights that are kept lie 60 % of the way from those it started from to the tuned ones (α = 0.6): there the log-loss
/// out of fold is lowest, 0.480, against 0.512 at the start and 0.495 fully tuned."
pub fn kept_share(of: &TrainingStory) -> Option<String> {
    (!of.by_alpha.is_empty()).then(|| kept_of(of.alpha, &of.by_alpha))
}

fn kept_of(alpha: f64, by_alpha: &[(f64, f64)]) -> String {
    let kept = match alpha {
        a if !a.is_finite() => return "Which weights are kept is unknown.".to_owned(),
        a if a <= 0.0 => "The weights that are kept are those it started from (α = 0)".to_owned(),
        a if a >= 1.0 => "The fully tuned weights are kept (α = 1)".to_owned(),
        a => format!(
            "The weights that are kept lie {} of the way from those it started from to the tuned ones (α = {})",
            percent(a),
            epoch(a)
        ),
    };
    let known = || by_alpha.iter().filter(|(_, loss)| loss.is_finite());
    let at = |share: f64| known().find(|(a, _)| (a - share).abs() < 1e-9);
    let (Some(here), Some(best)) = (at(alpha), known().min_by(|a, b| a.1.total_cmp(&b.1))) else {
        return format!("{kept}.");
    };
    let ends = [(0.0, "at the start"), (1.0, "fully tuned")];
    let others: Vec<String> = (ends.iter())
        .filter(|(end, _)| (end - alpha).abs() > 1e-9)
        .filter_map(|(end, place)| at(*end).map(|(_, of)| format!("{} {place}", loss(*of))))
        .collect();
    let against = match others.is_empty() {
        true => String::new(),
        false => format!(", against {}", others.join(" and ")),
    };
    if best.1 >= here.1 {
        format!(
            "{kept}: there the log-loss out of fold is lowest, {}{against}.",
            loss(here.1)
        )
    } else {
        format!(
            "{kept}: the log-loss out of fold is {} there{against}; the lowest, {}, is at α = {}.",
            loss(here.1),
            loss(best.1),
            epoch(best.0)
        )
    }
}

/// What the recipe learns where there is nothing to learn.
pub fn shuffled(of: &Shuffled) -> String {
    let Shuffled {
        train_accuracy,
        chance,
    } = *of;
    let by_heart = (train_accuracy - chance) / (1.0 - chance).max(f64::EPSILON);
    let reading = if by_heart.is_nan() {
        return "What it can learn by heart is unknown.".to_owned();
    } else if by_heart >= BY_HEART {
        "it can learn these photos by heart, so only held-out photos tell what it has understood"
    } else if by_heart > HARDLY {
        "it can learn part of these photos by heart, so only held-out photos tell what it has understood"
    } else {
        "it can hardly learn these photos by heart, so what it gets right among them is mostly what they have in common"
    };
    format!(
        "With labels dealt out at random, the same recipe gets {} of the photos that it learns from right, where guessing gets \
         {}: {reading}.",
        percent(train_accuracy),
        percent(chance)
    )
}

/// Where the stages of a network stop telling more.
///
/// "By itself, `blocks.4` tells the most: a ridge regression on its features gets 85 % right, on those of the last stage, `head`,
/// 77 %. What comes behind `blocks.4` serves what the network was pretrained for, and is what there is to learn anew."
pub fn probes(of: &[StageProbe]) -> String {
    let known = || of.iter().filter(|probe| probe.accuracy.value.is_finite());
    let best = known().max_by(|a, b| a.accuracy.value.total_cmp(&b.accuracy.value));
    let (Some(best), Some(last)) = (best, of.last()) else {
        return "How far each stage gets by itself is unknown.".to_owned();
    };
    let right = |probe: &StageProbe| percent_at(&probe.accuracy);
    if best.stage == last.stage {
        return format!(
            "By itself, the last stage, `{}`, tells the most: a ridge regression on its features gets {} right. All of the network \
             serves these photos already.",
            last.stage,
            right(last)
        );
    }
    let behind = match best.accuracy.low > last.accuracy.high {
        true => format!(
            "What comes behind `{}` serves what the network was pretrained for, and is what there is to learn anew.",
            best.stage
        ),
        false => {
            "The intervals of both overlap: that the later stages lose something is not certain."
                .to_owned()
        }
    };
    format!(
        "By itself, `{}` tells the most: a ridge regression on its features gets {} right, on those of the last stage, `{}`, {}. {behind}",
        best.stage,
        right(best),
        last.stage,
        right(last)
    )
}

/// How a stage changed, in a few words: "gentle change, sees much as before".
pub fn stage_change(of: &StageForgetting, is_last: bool) -> String {
    if !of.trained {
        return "kept as it was".to_owned();
    }
    let weights = match of.l2 {
        l2 if !l2.is_finite() => "unknown change",
        l2 if l2 < GENTLE => "gentle change",
        l2 if l2 <= STRONG => "clear change",
        _ => "strong change",
    };
    let sees = match of.cka.filter(|cka| cka.is_finite()) {
        None => return weights.to_owned(),
        Some(cka) if cka >= MUCH_THE_SAME => "sees much as before",
        Some(cka) if is_last && cka < RELEARNT => "re-learnt",
        Some(_) if is_last => "adapted",
        Some(_) => "notable: sees differently",
    };
    format!("{weights}, {sees}")
}

/// What the network can still do that it could before.
///
/// "Of 500 photos of things that it was not tuned on, a simple classifier on its features (ridge) gets 81 % right, 84 % before:
/// −3 points (95 % interval −5 to −1)."
///
/// `level` of the intervals, in (0, 1).
pub fn skill(of: &Forgetting, level: f64) -> String {
    let both = [of.ridge, of.knn];
    let reading = if both.iter().any(|skill| skill.difference.high < 0.0) {
        "Part of what it could tell apart before is lost"
    } else if both.iter().any(|skill| skill.difference.low > 0.0) {
        "It tells more apart than before"
    } else {
        "No loss of what it could tell apart before was seen"
    };
    let said = |skill: &SkillChange| {
        format!(
            "{} right where it was {}, {}",
            percent(skill.after),
            percent(skill.before),
            points_with_interval(&skill.difference, level)
        )
    };
    format!(
        "{reading}: on {} of {}, a simple classifier on its features (ridge) gets {}; a vote of the nearest photos gets {}.",
        counted(of.n_probe, "photo"),
        of.probe,
        said(&of.ridge),
        said(&of.knn)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interval;

    fn interval(value: f64, low: f64, high: f64) -> Interval {
        Interval { value, low, high }
    }

    fn course(course: Course) -> String {
        let looks = Vec::new();
        training_course(&Training { looks, course }, 0.95)
    }

    #[test]
    fn each_course_has_its_sentence() {
        let overfits = |since_epoch| {
            course(Course::Overfits {
                since_epoch,
                rise: interval(0.12, 0.05, 0.19),
            })
        };
        assert_eq!(
            overfits(6.0),
            "Held-out loss is lowest after epoch 6 and rises by 0.12 (95 % interval 0.05 to 0.19) until the end: it was \
             trained for longer than helps."
        );
        assert!(overfits(0.0).starts_with("Held-out loss is lowest before the first step and"));
        assert!(overfits(0.0).ends_with("this training does harm."));
        let falls = course(Course::StillFalling {
            fall: interval(0.021, 0.014, 0.028),
        });
        assert!(
            falls.contains("by 0.021 (95 % interval 0.014 to 0.028)"),
            "{falls}"
        );
        assert!(course(Course::Settled).starts_with("No overfitting seen"));
        assert!(course(Course::CannotTell).contains("can't be told"));
    }

    #[test]
    fn epochs_have_no_digits_to_spare() {
        assert_eq!(
            [6.0, 2.5, 0.25, 0.0, 10.0].map(epoch),
            ["6", "2.5", "0.25", "0", "10"]
        );
        assert_eq!(epoch(f64::NAN), "unknown");
    }

    fn kept(alpha: f64, by_alpha: &[(f64, f64)]) -> Option<String> {
        kept_share(&TrainingStory {
            candidate: "tuned".into(),
            chosen: true,
            training: Training {
                looks: Vec::new(),
                course: Course::Settled,
            },
            shuffled: None,
            forgetting: None,
            probes: Vec::new(),
            alpha,
            by_alpha: by_alpha.to_vec(),
        })
    }

    #[test]
    fn the_share_of_the_way_says_what_it_is_worth() {
        let said = |alpha, by_alpha| kept(alpha, by_alpha).expect("shares were compared");
        let all = [(0.0, 0.512), (0.6, 0.48), (0.8, 0.478), (1.0, 0.495)];
        assert_eq!(
            said(0.8, &all),
            "The weights that are kept lie 80 % of the way from those it started from to the tuned ones (α = 0.8): there the \
             log-loss out of fold is lowest, 0.478, against 0.512 at the start and 0.495 fully tuned."
        );
        let not_lowest = said(0.6, &all);
        assert!(
            not_lowest.ends_with("; the lowest, 0.478, is at α = 0.8."),
            "{not_lowest}"
        );
        // Of a network that starts from nothing there is nothing to say.
        assert_eq!(kept(1.0, &[]), None);
        assert_eq!(
            said(1.0, &[(1.0, f64::NAN)]),
            "The fully tuned weights are kept (α = 1)."
        );
        assert!(said(1.0, &all[3..]).ends_with("is lowest, 0.495."));
        assert!(
            said(0.0, &all)
                .starts_with("The weights that are kept are those it started from (α = 0)")
        );
        assert!(!said(f64::NAN, &all).contains("NaN"));
    }

    #[test]
    fn stages_that_lose_something_are_named() {
        let probe = |stage: &str, value: f64| StageProbe {
            stage: stage.into(),
            trained: false,
            accuracy: interval(value, value - 0.03, value + 0.03),
            log_loss: 1.0,
        };
        let of = |last: f64| {
            probes(&[
                probe("stem", 0.3),
                probe("blocks.4", 0.85),
                probe("head", last),
            ])
        };
        assert!(of(0.7).contains("`blocks.4` tells the most"), "{}", of(0.7));
        assert!(of(0.7).ends_with("is what there is to learn anew."));
        assert!(of(0.82).ends_with("is not certain."));
        assert!(of(0.9).contains("the last stage, `head`, tells the most"));
        assert!(!of(0.9).contains("  "), "{}", of(0.9));
        assert!(probes(&[]).contains("unknown"));
    }

    #[test]
    fn what_is_learnt_by_heart_has_three_degrees() {
        let of = |train_accuracy| {
            shuffled(&Shuffled {
                train_accuracy,
                chance: 0.17,
            })
        };
        assert!(
            of(0.998).contains("gets over 99 % of the photos"),
            "{}",
            of(0.998)
        );
        assert!(of(0.998).contains("it can learn these photos by heart"));
        assert!(of(0.5).contains("it can learn part of"));
        assert!(of(0.2).contains("it can hardly learn"));
        assert!(of(f64::NAN).contains("unknown"));
    }

    #[test]
    fn a_change_is_read_by_what_the_stage_is_for() {
        let of = |trained, cka, l2, is_last| {
            stage_change(
                &StageForgetting {
                    stage: "stage 4".into(),
                    trained,
                    cka,
                    l2,
                },
                is_last,
            )
        };
        assert_eq!(of(false, Some(1.0), 0.0, false), "kept as it was");
        assert_eq!(
            of(true, Some(0.97), 0.02, false),
            "gentle change, sees much as before"
        );
        assert_eq!(
            of(true, Some(0.85), 0.1, false),
            "clear change, notable: sees differently"
        );
        assert_eq!(of(true, Some(0.85), 0.1, true), "clear change, adapted");
        assert_eq!(of(true, Some(0.6), 0.3, true), "strong change, re-learnt");
        assert_eq!(of(true, None, f64::NAN, true), "unknown change");
    }

    #[test]
    fn a_loss_of_skill_is_told_from_none() {
        let of = |high: f64| {
            let change = SkillChange {
                before: 0.84,
                after: 0.81,
                difference: interval(-0.03, -0.05, high),
            };
            let forgetting = Forgetting {
                stages: Vec::new(),
                probe: "things that it was not tuned on".into(),
                n_probe: 500,
                ridge: change,
                knn: change,
            };
            skill(&forgetting, 0.95)
        };
        let lost = of(-0.01);
        assert!(lost.starts_with(
            "Part of what it could tell apart before is lost: on 500 photos of things"
        ));
        assert!(
            lost.contains("81 % right where it was 84 %, −3 points (95 % interval −5 to −1)"),
            "{lost}"
        );
        assert!(of(0.01).starts_with("No loss of what"));
    }
}
