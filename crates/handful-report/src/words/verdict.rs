//! How good is the model, in sentences that a biologist understands?

use super::look_alikes::{self, undecided};
use super::{counted, percent, percent_at, points_with_interval, quoted, range, times};
use crate::{Interval, TestResult, Verdict};

/// Classes that differ by more than this (largest over smallest) get the balanced accuracy beside the plain one.
pub const RATIO_BALANCED_BESIDE: f64 = 1.5;

/// Classes that differ by more than this are judged by the balanced accuracy first.
pub const RATIO_BALANCED_LEADS: f64 = 4.0;

/// The verdict in sentences; the first one stands alone as a headline.
///
/// The page sets them apart by size; [`verdict`] joins them. Backticks mark what can be typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Spoken {
    /// What the model does, without brackets or full stop: "This model gets about 83 % of new photos right".
    pub claim: String,
    /// What the claim rests on: "95 % interval 80 to 86; 3,409 photos in 3,068 groups, out of fold".
    pub basis: String,
    /// What guessing gives, the other accuracy, the test split, assumptions: whole sentences.
    pub rest: Vec<String>,
}

/// The whole verdict as one paragraph.
///
/// "This model gets about 83 % of new photos right (95 % interval 80 to 86; 3,409 photos in 3,068 groups, out of fold).
/// Always guessing "t-shirt" would give 26 %."
pub fn verdict(of: &Verdict) -> String {
    let spoken = spoken(of);
    let mut text = format!("{} ({}).", spoken.claim, spoken.basis);
    for sentence in &spoken.rest {
        text.push(' ');
        text.push_str(sentence);
    }
    text
}

/// The verdict in its parts.
pub fn spoken(of: &Verdict) -> Spoken {
    let level = percent(of.level);
    let sample = sample(of);
    let ratio = times(of.class_ratio);
    let guess = format!(
        "Always guessing {} would give {}",
        quoted(&of.majority_class),
        percent(of.majority_accuracy)
    );
    let chance = 1.0 / of.n_classes.max(1) as f64;

    let mut rest = Vec::new();
    let (claim, basis);
    if balanced_leads(of) {
        claim = format!(
            "In an average class, this model gets {} of new photos right{}",
            about(&of.balanced_accuracy),
            look_alikes::condition(of)
        );
        basis = format!(
            "balanced accuracy, {level} interval {}; {sample}",
            range(&of.balanced_accuracy)
        );
        rest.push(format!(
            "{guess}, but {} in an average class{}.",
            percent(chance),
            unclear(&of.balanced_accuracy, chance),
        ));
        let of_all = match undecided(of) {
            Some(found) => look_alikes::both_beside(found, of.level),
            None => format!(
                "{} right ({level} interval {})",
                percent_at(&of.accuracy),
                range(&of.accuracy)
            ),
        };
        rest.push(format!(
            "Of all photos it gets {of_all}; the average class comes first because the largest class has {ratio} the \
             photos of the smallest.",
        ));
    } else {
        (claim, basis) = match undecided(of) {
            Some(found) => (
                look_alikes::both(found, about),
                format!(
                    "{level} intervals {} and {}; {sample}",
                    range(&found.random),
                    range(&found.apart)
                ),
            ),
            None => (
                format!(
                    "This model gets {} of new photos right",
                    about(&of.accuracy)
                ),
                format!("{level} interval {}; {sample}", range(&of.accuracy)),
            ),
        };
        rest.push(format!(
            "{guess}{}.",
            unclear(look_alikes::humblest(of), of.majority_accuracy)
        ));
        if balanced_beside(of) {
            rest.push(format!(
                "In an average class it gets {} right{} (balanced accuracy, {level} interval {}): the largest class has \
                 {ratio} the photos of the smallest.",
                percent_at(&of.balanced_accuracy),
                look_alikes::condition(of),
                range(&of.balanced_accuracy),
            ));
        }
    }
    if let Some(found) = &of.look_alikes {
        rest.push(look_alikes::explained(found, of.level));
    } else if of.n_groups.is_none() {
        rest.push(
            "Each photo is counted as independent: if several show the same object, animal or visit, the truth is less \
             certain than this (`--group-by` keeps them together)."
                .to_owned(),
        );
    }
    if let Some(test) = &of.test {
        rest.extend(test_sentences(test, of));
    }
    Spoken { claim, basis, rest }
}

/// The verdict as one line for lists and logs:
/// `accuracy 93 % (95 % interval 79 to 98; 90 photos in 30 groups, out of fold; always guessing "cat": 41 %)`.
pub fn summary_line(of: &Verdict) -> String {
    let (name, interval) = match (balanced_leads(of), undecided(of)) {
        (true, _) => ("balanced accuracy", &of.balanced_accuracy),
        (false, Some(found)) => ("accuracy", &found.random),
        (false, None) => ("accuracy", &of.accuracy),
    };
    format!(
        "{name} {} ({} interval {}; {}; always guessing {}: {}{})",
        percent_at(interval),
        percent(of.level),
        range(interval),
        sample(of),
        quoted(&of.majority_class),
        percent(of.majority_accuracy),
        look_alikes::in_short(of),
    )
}

/// Whether the balanced accuracy stands beside the plain one, or leads.
pub fn balanced_beside(of: &Verdict) -> bool {
    of.class_ratio > RATIO_BALANCED_BESIDE
}

/// Whether the balanced accuracy comes first.
pub fn balanced_leads(of: &Verdict) -> bool {
    of.class_ratio > RATIO_BALANCED_LEADS
}

fn sample(of: &Verdict) -> String {
    let photos = counted(of.n_images, "photo");
    match of.n_groups {
        Some(n_groups) => format!("{photos} in {}, out of fold", counted(n_groups, "group")),
        None => format!("{photos}, out of fold"),
    }
}

/// "about 83 %", or "over 99 %" and "under 1 %", which say themselves that they are rough.
fn about(interval: &Interval) -> String {
    let text = percent_at(interval);
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        format!("about {text}")
    } else {
        text
    }
}

/// The end of the sentence about guessing where the interval reaches down to it.
fn unclear(interval: &Interval, guess: f64) -> &'static str {
    // An unknown bound is not above anything, so it counts as unclear.
    if interval.low > guess {
        ""
    } else {
        ", so this is not clearly better than guessing"
    }
}

fn test_sentences(test: &TestResult, of: &Verdict) -> Vec<String> {
    let level = of.level;
    let difference = points_with_interval(&test.difference, level);
    let than = match undecided(of) {
        Some(_) => "the first of the two numbers",
        None => "out of fold",
    };
    let reading = if test.difference.low > 0.0 {
        format!("clearly more than {than}, {difference}")
    } else if test.difference.high < 0.0 {
        format!("clearly less than {than}, {difference}, so the test photos differ from the others")
    } else {
        format!("no clear difference to {than}, {difference}")
    };
    let mut sentences = vec![format!(
        "On {} that were set aside it gets {} right ({} interval {}): {reading}.",
        counted(test.n_images, "test photo"),
        percent_at(&test.accuracy),
        percent(level),
        range(&test.accuracy),
    )];
    sentences.extend(looked_at_again(test.n_openings));
    sentences
}

/// What it means that test photos have been looked at so often, from the second look on.
pub fn looked_at_again(n_openings: usize) -> Option<String> {
    (n_openings > 1).then(|| {
        format!(
            "These test photos have been used {n_openings} times for this model: each further look makes them a little too \
             kind."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(value: f64, low: f64, high: f64) -> Interval {
        Interval { value, low, high }
    }

    fn clothing() -> Verdict {
        Verdict {
            accuracy: interval(0.8312, 0.8004, 0.8597),
            balanced_accuracy: interval(0.801, 0.77, 0.83),
            level: 0.95,
            class_ratio: 1.2,
            majority_class: "t-shirt".to_owned(),
            majority_accuracy: 0.262,
            n_classes: 10,
            n_images: 3409,
            n_groups: Some(3068),
            look_alikes: None,
            test: None,
        }
    }

    #[test]
    fn a_biologist_reads_one_sentence_and_what_guessing_gives() {
        assert_eq!(
            verdict(&clothing()),
            "This model gets about 83 % of new photos right (95 % interval 80 to 86; 3,409 photos in 3,068 groups, out of \
             fold). Always guessing \"t-shirt\" would give 26 %."
        );
        assert_eq!(
            summary_line(&clothing()),
            "accuracy 83 % (95 % interval 80 to 86; 3,409 photos in 3,068 groups, out of fold; always guessing \
             \"t-shirt\": 26 %)"
        );
    }

    #[test]
    fn the_balanced_accuracy_comes_beside_and_then_first() {
        let beside = verdict(&Verdict {
            class_ratio: 2.4,
            ..clothing()
        });
        assert!(beside.starts_with("This model gets about 83 %"), "{beside}");
        assert!(beside.contains(
            "In an average class it gets 80 % right (balanced accuracy, 95 % interval 77 to 83)"
        ));
        assert!(beside.contains("2.4 times"));

        let lead = Verdict {
            class_ratio: 4.1,
            ..clothing()
        };
        let text = verdict(&lead);
        assert!(text.starts_with(
            "In an average class, this model gets about 80 % of new photos right (balanced"
        ));
        assert!(
            text.contains("would give 26 %, but 10 % in an average class."),
            "{text}"
        );
        assert!(text.contains("Of all photos it gets 83 % right (95 % interval 80 to 86)"));
        assert!(summary_line(&lead).starts_with("balanced accuracy 80 % (95 % interval 77 to 83;"));
    }

    #[test]
    fn the_thresholds_themselves_change_nothing() {
        assert!(!balanced_beside(&Verdict {
            class_ratio: 1.5,
            ..clothing()
        }));
        assert!(!balanced_leads(&Verdict {
            class_ratio: 4.0,
            ..clothing()
        }));
    }

    #[test]
    fn a_model_that_only_guesses_is_called_that() {
        let text = verdict(&Verdict {
            accuracy: interval(0.3, 0.25, 0.36),
            ..clothing()
        });
        assert!(text.contains("not clearly better than guessing"), "{text}");
        assert!(!verdict(&clothing()).contains("not clearly"));
    }

    #[test]
    fn without_groups_the_assumption_is_said() {
        let text = verdict(&Verdict {
            n_groups: None,
            ..clothing()
        });
        assert!(text.contains("3,409 photos, out of fold"), "{text}");
        assert!(text.contains("Each photo is counted as independent"));
        assert!(!verdict(&clothing()).contains("independent"));
    }

    #[test]
    fn a_test_split_is_said_with_its_difference_and_how_often_it_was_opened() {
        let test = TestResult {
            accuracy: interval(0.82, 0.78, 0.86),
            n_images: 372,
            difference: interval(-0.0112, -0.054, 0.031),
            n_openings: 1,
        };
        let text = verdict(&Verdict {
            test: Some(test.clone()),
            ..clothing()
        });
        assert!(text.contains(
            "On 372 test photos that were set aside it gets 82 % right (95 % interval 78 to 86)"
        ));
        assert!(
            text.contains("no clear difference to out of fold, −1 point (95 % interval −5 to 3)"),
            "{text}"
        );
        assert!(!text.contains("have been used"));

        let worse = TestResult {
            difference: interval(-0.08, -0.12, -0.04),
            n_openings: 3,
            ..test
        };
        let text = verdict(&Verdict {
            test: Some(worse),
            ..clothing()
        });
        assert!(
            text.contains("clearly less than out of fold, −8 points (95 % interval −12 to −4)"),
            "{text}"
        );
        assert!(text.contains("used 3 times"));
    }

    #[test]
    fn what_says_that_it_is_rough_is_not_called_about() {
        let text = verdict(&Verdict {
            accuracy: interval(0.998, 0.97, 1.0),
            ..clothing()
        });
        assert!(text.starts_with("This model gets over 99 % of"), "{text}");
    }
}
