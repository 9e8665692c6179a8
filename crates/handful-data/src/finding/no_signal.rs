//! **Seen:** the photos say no more about their labels than they say about labels given at random.
//! **Why it matters:** whatever a model scores on them is chance; a larger model or a longer training changes nothing.
//! **What to do:** see if labels and photos got mixed up, if the difference shows in the photos at all, and if it is large
//! enough in pixels; otherwise add photos until a smaller accuracy would be seen.

use std::collections::BTreeMap;

use super::{Finding, Severity};

/// From this p on there is no signal. Recipe A8.
const NO_SIGNAL: f64 = 0.01;

/// When no accuracy below this would have been seen, the photos are too few for the test to say anything.
const TOO_FEW: f64 = 0.95;

/// The result of the test for a signal.
#[derive(Clone, Copy, Debug)]
pub struct SignalTest {
    /// Chance of such an accuracy without any signal.
    pub p: f64,
    /// Balanced accuracy that was reached, 0..=1.
    pub balanced_accuracy: f64,
    /// What guessing gives.
    pub chance: f64,
    /// Balanced accuracy that would have been found in four of five such sets.
    pub detectable: f64,
    /// Photos that were used.
    pub n_photos: usize,
}

/// What a test that found nothing has to say.
pub fn no_signal(test: &SignalTest) -> Option<Finding> {
    if test.p < NO_SIGNAL {
        return None;
    }
    let percent = |share: f64| 100.0 * share;
    let is_mute = test.detectable >= TOO_FEW;
    let meaning = if is_mute {
        format!(
            "{} photos are too few to see any but a near-perfect difference",
            test.n_photos
        )
    } else {
        format!(
            "with {} photos we would have seen an accuracy above {:.0} %",
            test.n_photos,
            percent(test.detectable)
        )
    };
    Some(Finding {
        kind: "no_signal".into(),
        severity: if is_mute {
            Severity::Warning
        } else {
            Severity::Error
        },
        text: format!(
            "no signal found: a quick model tells {:.0} % right (all classes weighed alike; guessing {:.0} %), and labels \
             given at random may do as well (p = {:.2}); {meaning}",
            percent(test.balanced_accuracy),
            percent(test.chance),
            test.p
        ),
        files: Vec::new(),
        numbers: BTreeMap::from([
            ("p".into(), test.p),
            ("balanced_accuracy".into(), test.balanced_accuracy),
            ("chance".into(), test.chance),
            ("detectable".into(), test.detectable),
            ("photos".into(), test.n_photos as f64),
        ]),
        advice: "check that labels belong to their photos and that a person sees the difference at this size; if so, add \
                 photos"
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_found_is_told_with_what_would_have_been() {
        let test = SignalTest {
            p: 0.31,
            balanced_accuracy: 0.53,
            chance: 0.5,
            detectable: 0.69,
            n_photos: 100,
        };
        let found = no_signal(&test).unwrap();
        assert!(
            found
                .text
                .contains("with 100 photos we would have seen an accuracy above 69 %")
        );
        assert_eq!(no_signal(&SignalTest { p: 0.001, ..test }), None);
    }
}
