//! What must be known about a run as a whole: each thing seen, why it matters, and what to do.
//!
//! What was found in single photos is a finding of the diagnosis; this is about the numbers.

use handful_report::{Notice, Severity, words};
use handful_stats::{Course, McNemar, paired_difference};

use super::judge::LEVEL;
use super::plan::CandidatePlan;
use super::results::{Metrics, Results};

/// Points between the accuracy on training photos and on new ones from which a person asks what that means.
const NOTABLE_GAP: f64 = 0.05;
/// Heads in order of what they can bend to; the nearest neighbours stand outside of it.
const BY_FREEDOM: [&str; 4] = ["centroid", "lda", "ridge", "logistic"];

/// Something seen in the numbers of a run. In the order in which it is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// Files gave no photo.
    Skipped {
        /// How many.
        n_files: usize,
    },
    /// The control without a network comes near the model.
    ControlAsGood,
    /// The interval reaches down to guessing.
    MaybeGuessing,
    /// The test is clearly worse than the out-of-fold accuracy.
    HarderTest,
    /// The model and the baseline on the test photos.
    AgainstBaseline {
        /// Name of the baseline.
        baseline: String,
        /// Who is right where.
        test: McNemar,
    },
    /// Nothing makes groups.
    EachAlone,
    /// The model does better on its own photos, and nothing simpler does better on new ones.
    HarmlessGap {
        /// Both accuracies, in words.
        gap: String,
    },
    /// The model does better on its own photos, and something simpler does better on new ones.
    Overfits {
        /// Both accuracies, in words.
        gap: String,
        /// The simpler candidate.
        better: String,
        /// How much lower its log-loss is, in nats.
        by: f64,
    },
    /// Fine-tuning went on for longer than helps.
    TrainedTooLong {
        /// The candidate.
        candidate: String,
        /// Since when, and how much that costs: a sentence.
        course: String,
    },
    /// Fewer than two classes were scored.
    OneClassMeasured,
    /// Classes in one group.
    NotMeasured {
        /// Their names.
        classes: Vec<String>,
    },
}

impl Warning {
    /// All that apply to a run.
    pub fn of(results: &Results, metrics: &Metrics) -> Vec<Warning> {
        let photos = results.photos;
        let mut all = Vec::new();
        let n_files = photos.n_skipped();
        if n_files > 0 {
            all.push(Warning::Skipped { n_files });
        }
        if metrics.hog_accuracy.value >= metrics.accuracy.low {
            all.push(Warning::ControlAsGood);
        }
        if metrics.accuracy.low <= metrics.majority_accuracy {
            all.push(Warning::MaybeGuessing);
        }
        if let Some(test) = &metrics.test {
            if test.difference.high < 0.0 {
                all.push(Warning::HarderTest);
            }
            all.extend(
                test.against_baseline
                    .as_ref()
                    .map(|against| Warning::AgainstBaseline {
                        baseline: against.baseline.clone(),
                        test: against.test,
                    }),
            );
        }
        if !photos.has_groups() && metrics.scenes.is_none() {
            all.push(Warning::EachAlone);
        }
        all.extend(gap(results, metrics));
        if let Some(story) = &metrics.training
            && let Course::Overfits { .. } = story.training.course
        {
            all.push(Warning::TrainedTooLong {
                candidate: story.candidate.clone(),
                course: words::training_course(&story.training, LEVEL),
            });
        }
        let scored = results.task.scored().class_counts();
        let is_unscored = |class: &usize| scored[*class] == 0;
        let name = |class: usize| photos.classes[class].clone();
        let unscored = (0..photos.classes.len()).filter(is_unscored);
        let classes: Vec<String> = unscored.map(name).collect();
        if photos.classes.len() - classes.len() < 2 {
            all.push(Warning::OneClassMeasured);
        }
        if !classes.is_empty() {
            all.push(Warning::NotMeasured { classes });
        }
        all
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        match self {
            Warning::AgainstBaseline { .. } | Warning::EachAlone | Warning::HarmlessGap { .. } => {
                Severity::Remark
            }
            _ => Severity::Warning,
        }
    }

    /// What was seen: a sentence.
    pub fn seen(&self) -> String {
        match self {
            Warning::Skipped { n_files } => {
                format!("{} could not be read.", words::counted(*n_files, "file"))
            }
            Warning::ControlAsGood => {
                "A control that sees only edges and colours is about as good as the network.".into()
            }
            Warning::MaybeGuessing => {
                "It is not shown that the model is better than always guessing the largest class."
                    .into()
            }
            Warning::HarderTest => {
                "The held-back test photos are harder than the photos to learn from.".into()
            }
            Warning::AgainstBaseline { baseline, test } => format!(
                "On the test photos, {} that {} gets wrong are right with this model, and {} the other way round (McNemar's \
                 exact test: p {:.2}).",
                words::count(test.only_a),
                words::quoted(baseline),
                words::count(test.only_b),
                test.p
            ),
            Warning::EachAlone => {
                "Copies and bursts aside, each photo is taken as independent of the others.".into()
            }
            Warning::HarmlessGap { gap } => gap.clone(),
            Warning::Overfits { gap, better, by } => format!(
                "{gap} {} has less freedom, and on new photos a log-loss {} lower.",
                words::quoted(better),
                words::loss(*by)
            ),
            Warning::TrainedTooLong { candidate, course } => {
                format!("{} overfits. {course}", words::quoted(candidate))
            }
            Warning::OneClassMeasured => "Only one class could be measured.".into(),
            Warning::NotMeasured { classes } => {
                let names: Vec<String> = classes.iter().map(|c| words::quoted(c)).collect();
                format!(
                    "Not measured, because all their photos belong to one group: {}.",
                    names.join(", ")
                )
            }
        }
    }

    /// Why it matters: a sentence, where what was seen does not say it.
    pub fn why(&self) -> Option<&'static str> {
        match self {
            Warning::Skipped { .. } => Some("They are not part of these numbers."),
            Warning::ControlAsGood => {
                Some("The classes may differ by something trivial, such as background or lighting.")
            }
            Warning::HarderTest => Some(
                "Photos to learn from may show the same scene, object or person several times.",
            ),
            Warning::EachAlone => Some(
                "Where several photos show the same object, person or scene, the number is too good.",
            ),
            Warning::HarmlessGap { .. } => Some(
                "That alone is no fault: no compared candidate with less freedom does better on new photos.",
            ),
            Warning::Overfits { .. } => Some("This model overfits."),
            Warning::OneClassMeasured => {
                Some("The accuracy says nothing about telling classes apart.")
            }
            Warning::MaybeGuessing
            | Warning::AgainstBaseline { .. }
            | Warning::TrainedTooLong { .. }
            | Warning::NotMeasured { .. } => None,
        }
    }

    /// What to do about it, where there is something to do: a sentence.
    pub fn what_to_do(&self) -> Option<&'static str> {
        match self {
            Warning::Skipped { .. } => {
                Some("See the list at the end of the report, or `issues.csv`.")
            }
            Warning::ControlAsGood => Some("Look at the photos."),
            Warning::MaybeGuessing => {
                Some("Add photos, or check whether the labels can be told from a photo at all.")
            }
            Warning::HarderTest => {
                Some("Believe the test, and name what belongs together with `--group-by`.")
            }
            Warning::EachAlone => Some("Say what belongs together with `--group-by`."),
            Warning::Overfits { .. } => Some(
                "It was not taken because it costs more to predict with; a `plan.json` can name it alone.",
            ),
            Warning::TrainedTooLong { .. } => {
                Some("Give fewer `--epochs`, a smaller `--lr` or `--patience`.")
            }
            Warning::OneClassMeasured => {
                Some("Add photos of other objects, persons or scenes to the other classes.")
            }
            Warning::NotMeasured { .. } => Some("Add photos of another object, person or scene."),
            Warning::AgainstBaseline { .. } | Warning::HarmlessGap { .. } => None,
        }
    }

    /// As the report and the terminal tell it.
    pub fn notice(&self) -> Notice {
        let why = self.why().map(|why| format!(" {why}"));
        Notice {
            severity: self.severity(),
            text: self.seen() + &why.unwrap_or_default(),
            advice: self.what_to_do().map(str::to_owned),
        }
    }
}

/// What it means that a model does better on its own training photos. More features than photos always fit them, which
/// harms nothing unless a candidate with less freedom does better on new ones: then that is named.
fn gap(results: &Results, metrics: &Metrics) -> Option<Warning> {
    if metrics.train_accuracy - metrics.accuracy.value < NOTABLE_GAP {
        return None;
    }
    let chosen = results.chosen();
    let plan = chosen.plan.as_ref()?;
    let freedom = |plan: &CandidatePlan| match plan.tune {
        Some(_) => Some(BY_FREEDOM.len()),
        None => BY_FREEDOM.iter().position(|head| *head == plan.head),
    };
    let is_less_free = |other: &CandidatePlan| {
        let both = freedom(other).zip(freedom(plan));
        (other.size_px, &other.stages) == (plan.size_px, &plan.stages)
            && both.is_some_and(|(other, own)| other < own)
    };
    let groups = &results.task.photos.groups;
    let better = (results.judged.iter())
        .filter(|other| other.plan.as_ref().is_some_and(is_less_free))
        .filter_map(|other| {
            let difference = paired_difference(&chosen.column, &other.column, groups).ok()?;
            (difference.mean > difference.se).then_some((difference.mean, other))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let gap = format!(
        "It gets {} of its own training photos right, and {} of new ones.",
        words::percent(metrics.train_accuracy),
        words::percent_at(&metrics.accuracy)
    );
    Some(match better {
        Some((by, other)) => Warning::Overfits {
            gap,
            better: other.name.clone(),
            by,
        },
        None => Warning::HarmlessGap { gap },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_says_what_was_seen_why_it_matters_and_what_to_do() {
        let notice = Warning::EachAlone.notice();
        assert_eq!(notice.severity, Severity::Remark);
        assert!(
            notice.text.starts_with("Copies and bursts aside"),
            "{}",
            notice.text
        );
        assert!(
            notice.text.ends_with("the number is too good."),
            "{}",
            notice.text
        );
        assert!(notice.advice.is_some_and(|a| a.contains("--group-by")));
    }

    #[test]
    fn overfitting_is_a_warning_and_a_harmless_gap_a_remark() {
        let gap =
            "It gets 100 % of its own training photos right, and 80 % of new ones.".to_owned();
        let harmless = Warning::HarmlessGap { gap: gap.clone() }.notice();
        assert_eq!(harmless.severity, Severity::Remark);
        let better = "lda".to_owned();
        let overfits = Warning::Overfits {
            gap,
            better,
            by: 0.05,
        }
        .notice();
        assert_eq!(overfits.severity, Severity::Warning);
        assert!(
            overfits.text.contains("\"lda\" has less freedom"),
            "{}",
            overfits.text
        );
    }
}
