//! What do photos that look alike mean for the number? Kept apart from the verdict, which says the rest.
//!
//! Where all signals say that look-alikes show one thing, the lower number leads and the other is said beside it. Where
//! they disagree, nothing in the photos tells which holds: both numbers lead, each with what it assumes.

use super::{count, counted, percent, percent_at, range};
use crate::{Interval, LookAlikes, Sign, Verdict};

/// What the number of unconnected photos assumes, as a clause after "if".
const ALL_DIFFERENT: &str = "every photo here shows a different object";

/// Look-alikes whose signals disagree, so that two numbers stand side by side.
pub fn undecided(of: &Verdict) -> Option<&LookAlikes> {
    of.look_alikes.as_ref().filter(|found| !found.agree)
}

/// The photos that may show the same.
fn these(found: &LookAlikes) -> &'static str {
    match found.by {
        Sign::Looks => "look-alikes",
        Sign::Times => "photos of one run",
    }
}

/// Both numbers as a claim: "This model gets about 93 % of new photos right if every photo here shows a different
/// object, but about 68 % if look-alikes show the same one".
pub(super) fn both(found: &LookAlikes, about: fn(&Interval) -> String) -> String {
    format!(
        "This model gets {} of new photos right if {ALL_DIFFERENT}, but {} if {} show the same one",
        about(&found.random),
        about(&found.apart),
        these(found)
    )
}

/// Both numbers inside a sentence, where another number leads: "93 % right if … (95 % interval …), but 68 % if …".
pub(super) fn both_beside(found: &LookAlikes, level: f64) -> String {
    format!(
        "{} right if {ALL_DIFFERENT} ({} interval {}), but {} if {} show the same one ({})",
        percent_at(&found.random),
        percent(level),
        range(&found.random),
        percent_at(&found.apart),
        these(found),
        range(&found.apart)
    )
}

/// What is appended to a number that holds for one of the two only.
pub(super) fn condition(of: &Verdict) -> String {
    match undecided(of) {
        Some(_) => format!(" if {ALL_DIFFERENT}"),
        None => String::new(),
    }
}

/// The number that promises least; what is said of guessing must hold for it.
pub(super) fn humblest(of: &Verdict) -> &Interval {
    match undecided(of) {
        Some(found) if found.apart.low < found.random.low => &found.apart,
        Some(found) => &found.random,
        None => &of.accuracy,
    }
}

/// What was found, and how to settle it: a whole sentence or two.
pub(super) fn explained(found: &LookAlikes, level: f64) -> String {
    let photos = counted(found.n_photos, "photo");
    let groups = counted(found.n_sets, "group");
    if found.agree {
        format!(
            "Photos that seem to show one scene, object or person were found ({photos} in {groups}) and kept together. \
             If every photo shows a different one after all, it gets {} of photos right ({} interval {}): \
             `--group-by` settles it.",
            percent_at(&found.random),
            percent(level),
            range(&found.random)
        )
    } else if found.by == Sign::Times {
        format!(
            "{photos} were taken in {}, with pauses between them, and nothing tells whether a run shows one object, scene \
             or person: say with `--group-by` what belongs together.",
            counted(found.n_sets, "run")
        )
    } else {
        format!(
            "{photos} look like another one of their class ({groups}), and the photos alone don't tell whether these show \
             the same object, scene or person: look at the largest groups in the report and say with `--group-by` what \
             belongs together."
        )
    }
}

/// The second number in the line of lists and logs: "; accuracy 68 % (63 to 73) if look-alikes show one object".
pub(super) fn in_short(of: &Verdict) -> String {
    match &of.look_alikes {
        Some(found) if found.agree => format!(
            "; {} look-alikes kept together, otherwise accuracy {} ({})",
            count(found.n_photos),
            percent_at(&found.random),
            range(&found.random)
        ),
        Some(found) => format!(
            "; accuracy {} ({}) if {} show one object",
            percent_at(&found.apart),
            range(&found.apart),
            these(found)
        ),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{summary_line, verdict};
    use super::*;

    fn interval(value: f64, low: f64, high: f64) -> Interval {
        Interval { value, low, high }
    }

    /// 2,936 photos of which 1,240 look alike in 312 groups.
    fn grocery(agree: bool) -> Verdict {
        let found = LookAlikes {
            apart: interval(0.68, 0.63, 0.73),
            random: interval(0.928, 0.919, 0.937),
            n_sets: 312,
            n_photos: 1240,
            agree,
            by: Sign::Looks,
        };
        Verdict {
            accuracy: if agree { found.apart } else { found.random },
            balanced_accuracy: interval(0.66, 0.61, 0.71),
            level: 0.95,
            class_ratio: 1.2,
            majority_class: "milk".to_owned(),
            majority_accuracy: 0.05,
            n_classes: 30,
            n_images: 2936,
            n_groups: None,
            look_alikes: Some(found),
            test: None,
        }
    }

    #[test]
    fn where_the_signals_agree_the_lower_number_leads() {
        assert_eq!(
            verdict(&grocery(true)),
            "This model gets about 68 % of new photos right (95 % interval 63 to 73; 2,936 photos, out of fold). Always \
             guessing \"milk\" would give 5 %. Photos that seem to show one scene, object or person were found (1,240 \
             photos in 312 groups) and kept together. If every photo shows a different one after all, it gets 92.8 % of \
             photos right (95 % interval 91.9 to 93.7): `--group-by` settles it."
        );
        assert_eq!(
            summary_line(&grocery(true)),
            "accuracy 68 % (95 % interval 63 to 73; 2,936 photos, out of fold; always guessing \"milk\": 5 %; 1,240 \
             look-alikes kept together, otherwise accuracy 92.8 % (91.9 to 93.7))"
        );
    }

    #[test]
    fn where_the_signals_disagree_both_numbers_lead() {
        assert_eq!(
            verdict(&grocery(false)),
            "This model gets about 92.8 % of new photos right if every photo here shows a different object, but about 68 % \
             if look-alikes show the same one (95 % intervals 91.9 to 93.7 and 63 to 73; 2,936 photos, out of fold). Always \
             guessing \"milk\" would give 5 %. 1,240 photos look like another one of their class (312 groups), and the \
             photos alone don't tell whether these show the same object, scene or person: look at the largest groups in \
             the report and say with `--group-by` what belongs together."
        );
        assert_eq!(
            summary_line(&grocery(false)),
            "accuracy 92.8 % (95 % interval 91.9 to 93.7; 2,936 photos, out of fold; always guessing \"milk\": 5 %; accuracy 68 % \
             (63 to 73) if look-alikes show one object)"
        );
    }

    #[test]
    fn where_the_average_class_leads_both_numbers_stand_beside_it() {
        let unequal = Verdict {
            class_ratio: 6.0,
            ..grocery(false)
        };
        let said = verdict(&unequal);
        assert!(
            said.starts_with(
                "In an average class, this model gets about 66 % of new photos right if every photo here shows a different \
                 object (balanced accuracy, 95 % interval 61 to 71;"
            ),
            "{said}"
        );
        assert!(
            said.contains(
                "Of all photos it gets 92.8 % right if every photo here shows a different object (95 % interval 91.9 to \
                 93.7), but 68 % if look-alikes show the same one (63 to 73); the average class comes first"
            ),
            "{said}"
        );
    }

    #[test]
    fn better_than_guessing_is_claimed_only_where_both_numbers_are() {
        let hard = Verdict {
            majority_accuracy: 0.65,
            ..grocery(false)
        };
        assert!(verdict(&hard).contains("not clearly better than guessing"));
        assert!(!verdict(&grocery(false)).contains("not clearly"));
    }

    #[test]
    fn found_groups_are_no_independent_photos() {
        for agree in [true, false] {
            assert!(!verdict(&grocery(agree)).contains("counted as independent"));
        }
    }
}
