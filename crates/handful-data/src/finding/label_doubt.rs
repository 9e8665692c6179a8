//! **Seen:** models that have not seen a photo find another class more probable than its label, more clearly than they
//! do for other photos of that label.
//! **Why it matters:** a wrong label teaches against the others, and a right answer to it counts as an error.
//! **What to do:** look at them, most doubtful first, and correct those that are wrong; hard photos are among them, so
//! nothing is changed or left out by itself.

use std::collections::BTreeMap;

use super::{Finding, Severity, counted};

/// A share of doubtful labels from which a warning is due: a tenth of wrong labels costs points of accuracy, one in fifty
/// is usual in sets made by hand.
const MANY: f64 = 0.05;

/// A label in doubt.
#[derive(Clone, Copy, Debug)]
pub struct DoubtfulLabel<'a> {
    /// How the photo is called in outputs.
    pub path: &'a str,
    /// Its label.
    pub label: &'a str,
    /// The class that is more probable.
    pub better: &'a str,
    /// 0..=1, the lower the more doubtful.
    pub margin: f64,
}

/// Labels in doubt, most doubtful first, of `n_judged` photos.
pub fn label_doubt(doubts: &[DoubtfulLabel], n_judged: usize) -> Option<Finding> {
    let first = doubts.first()?;
    let share = doubts.len() as f64 / n_judged.max(1) as f64;
    Some(Finding {
        kind: "label_doubt".into(),
        severity: if share >= MANY {
            Severity::Warning
        } else {
            Severity::Remark
        },
        text: format!(
            "{} of {n_judged} may be wrong, most of all that of `{}`: \"{}\" or \"{}\"?",
            counted(doubts.len(), "label", "labels"),
            first.path,
            first.label,
            first.better
        ),
        files: doubts.iter().map(|d| vec![d.path.to_owned()]).collect(),
        numbers: BTreeMap::from([
            ("labels".into(), doubts.len() as f64),
            ("judged".into(), n_judged as f64),
            ("lowest_margin".into(), first.margin),
        ]),
        advice: "look at these photos, most doubtful first, and correct the labels that are wrong; photos that are only \
                 hard are among them"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_doubtful_one_is_spelled_out_and_all_are_listed() {
        let doubt = |path| DoubtfulLabel {
            path,
            label: "cat",
            better: "dog",
            margin: 0.1,
        };
        let doubts: Vec<_> = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"].map(doubt).to_vec();
        let found = label_doubt(&doubts, 40).unwrap();
        assert_eq!(found.severity, Severity::Warning);
        assert_eq!(found.files.len(), 4);
        let text = "4 labels of 40 may be wrong, most of all that of `a.jpg`: \"cat\" or \"dog\"?";
        assert_eq!(found.text, text);
        assert_eq!(
            label_doubt(&doubts[..1], 400).unwrap().severity,
            Severity::Remark
        );
        assert_eq!(label_doubt(&[], 40), None);
    }
}
