//! Is it wise to train on a folder that was looked at, and what is in it?

use std::fmt;

use super::{count, counted, percent, percent_at, range};
use crate::{QuickAccuracy, Severity};

/// Whether it is wise to train, in one sentence; [`fmt::Display`] joins its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingAdvice {
    /// Without full stop: "Training on these photos would be unwise".
    pub claim: String,
    /// What speaks against it, to stand after a colon.
    pub reason: Option<String>,
}

impl fmt::Display for TrainingAdvice {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match &self.reason {
            Some(reason) => write!(out, "{}: {reason}.", self.claim),
            None => write!(out, "{}.", self.claim),
        }
    }
}

/// What to do after a diagnosis. `findings` are severities with texts, most important first.
///
/// "Training on these photos would be unwise: 12 test photos are among those to learn from; and 2 more things are wrong."
pub fn training_advice<'a>(
    findings: impl IntoIterator<Item = (Severity, &'a str)>,
) -> TrainingAdvice {
    let (mut wrong, mut n_warnings) = (Vec::new(), 0);
    for (severity, text) in findings {
        match severity {
            Severity::Error => wrong.push(text),
            Severity::Warning => n_warnings += 1,
            Severity::Remark => {}
        }
    }
    let (claim, reason) = match (wrong.first(), n_warnings) {
        (Some(first), _) => {
            let first = first.trim().trim_end_matches('.');
            let reason = match wrong.len() - 1 {
                0 => first.to_owned(),
                1 => format!("{first}; and 1 more thing is wrong"),
                n => format!("{first}; and {} more things are wrong", count(n)),
            };
            (
                "Training on these photos would be unwise".to_owned(),
                Some(reason),
            )
        }
        (None, 0) => ("Nothing here speaks against training".to_owned(), None),
        (None, 1) => ("Train, but read the warning first".to_owned(), None),
        (None, n) => (
            format!("Train, but read the {} warnings first", count(n)),
            None,
        ),
    };
    TrainingAdvice { claim, reason }
}

/// What there is: "2,936 photos in 81 classes to learn from, 372 more held back for the test".
pub fn looked_at(n_images: usize, n_classes: usize, n_test: usize) -> String {
    let classes = match n_classes {
        1 => "1 class".to_owned(),
        n => format!("{} classes", count(n)),
    };
    let test = match n_test {
        0 => String::new(),
        n => format!(", {} more held back for the test", count(n)),
    };
    format!(
        "{} in {classes} to learn from{test}",
        counted(n_images, "photo")
    )
}

/// What a quickly fitted model reaches, as a whole sentence.
///
/// "A quickly fitted model gets 72 % of photos right that it has not seen (95 % interval 69 to 75; always guessing the
/// largest class: 17 %), if every photo shows a different object."
pub fn quick_accuracy(of: &QuickAccuracy) -> String {
    let assumption = match &of.assumption {
        Some(assumption) => format!(", if {assumption}"),
        None => String::new(),
    };
    format!(
        "A quickly fitted model gets {} of photos right that it has not seen ({} interval {}; always guessing the \
         largest class: {}){assumption}.",
        percent_at(&of.accuracy),
        percent(of.level),
        range(&of.accuracy),
        percent(of.majority_accuracy),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Interval;
    use Severity::{Error, Remark, Warning};

    #[test]
    fn what_is_wrong_is_said_before_anything_is_learnt() {
        let said =
            |findings: &[(Severity, &str)]| training_advice(findings.iter().copied()).to_string();
        assert_eq!(said(&[]), "Nothing here speaks against training.");
        assert_eq!(
            said(&[(Remark, "classes differ in size")]),
            "Nothing here speaks against training."
        );
        assert_eq!(
            said(&[(Warning, "a"), (Remark, "b")]),
            "Train, but read the warning first."
        );
        assert_eq!(
            said(&[(Warning, "a"), (Warning, "b"), (Warning, "c")]),
            "Train, but read the 3 warnings first."
        );
        assert_eq!(
            said(&[(Error, "12 photos have two labels."), (Warning, "b")]),
            "Training on these photos would be unwise: 12 photos have two labels."
        );
        assert_eq!(
            said(&[(Error, "12 photos have two labels"), (Error, "b")]),
            "Training on these photos would be unwise: 12 photos have two labels; and 1 more thing is wrong."
        );
        assert_eq!(
            said(&[(Error, "a"), (Error, "b"), (Error, "c")]),
            "Training on these photos would be unwise: a; and 2 more things are wrong."
        );
    }

    #[test]
    fn a_quick_number_comes_with_its_interval_its_control_and_its_assumption() {
        let mut quick = QuickAccuracy {
            accuracy: Interval {
                value: 0.72,
                low: 0.69,
                high: 0.75,
            },
            level: 0.95,
            majority_accuracy: 0.17,
            assumption: Some("every photo shows a different object".into()),
        };
        assert_eq!(
            quick_accuracy(&quick),
            "A quickly fitted model gets 72 % of photos right that it has not seen (95 % interval 69 to 75; always \
             guessing the largest class: 17 %), if every photo shows a different object."
        );
        quick.assumption = None;
        assert!(quick_accuracy(&quick).ends_with("largest class: 17 %)."));
    }

    #[test]
    fn what_there_is_counts_the_test_apart() {
        assert_eq!(
            looked_at(2936, 81, 372),
            "2,936 photos in 81 classes to learn from, 372 more held back for the test"
        );
        assert_eq!(looked_at(1, 1, 0), "1 photo in 1 class to learn from");
    }
}
