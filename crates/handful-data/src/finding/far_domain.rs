//! **Seen:** photos unlike those that the backbone was trained on: scans, drawings, microscope or false-colour images.
//! **Why it matters:** its late features say little about them; earlier stages, fine-tuning or training from scratch gain
//! more than on photos of everyday things.
//! **What to do:** compare stages (`train` does) and try fine-tuning; don't trust experience from natural images.

use std::collections::BTreeMap;

use super::{Finding, Severity};

/// A set of photos against natural images; shares are 0..=1.
#[derive(Clone, Copy, Debug)]
pub struct DomainDistance<'a> {
    /// Whether the set counts as far.
    pub is_far: bool,
    /// For the median photo the share of natural images that are more usual than it.
    pub median: f64,
    /// Share of the photos that are stranger than 99 % of natural images.
    pub strange: f64,
    /// Photos that were looked at.
    pub n_photos: usize,
    /// The strangest of them, for people to look at.
    pub strangest: &'a [&'a str],
}

/// What is said of a set that is far from natural images.
pub fn far_domain(distance: &DomainDistance) -> Option<Finding> {
    distance.is_far.then(|| Finding {
        kind: "far_domain".into(),
        severity: Severity::Remark,
        text: format!(
            "these images are unlike those that the backbone was trained on: the median of {} is stranger to it than {:.0} % \
             of natural images",
            distance.n_photos,
            100.0 * distance.median
        ),
        files: distance
            .strangest
            .iter()
            .map(|path| vec![(*path).to_owned()])
            .collect(),
        numbers: BTreeMap::from([
            ("median".into(), distance.median),
            ("strange".into(), distance.strange),
            ("photos".into(), distance.n_photos as f64),
        ]),
        advice: "expect more of earlier stages and of fine-tuning than on everyday photos".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_far_set_is_told() {
        let mut distance = DomainDistance {
            is_far: true,
            median: 0.99,
            strange: 0.5,
            n_photos: 400,
            strangest: &["a.png"],
        };
        let found = far_domain(&distance).unwrap();
        assert!(
            found.text.contains("stranger to it than 99 %"),
            "{}",
            found.text
        );
        assert_eq!(found.files, [["a.png"]]);
        distance.is_far = false;
        assert_eq!(far_domain(&distance), None);
    }
}
