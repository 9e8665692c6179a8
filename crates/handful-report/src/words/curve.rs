//! Would more photos help, in a sentence?

use handful_stats::{Answer, Hindcast, Why};

use super::{capitalised, count, counted, percent_at, percent_with_interval};
use crate::{Curve, Interval};

/// "About 400 more photos like these are enough for 2 points in 19 of 20 cases, as far as the curve can be believed."
pub fn more_photos(of: &Curve) -> String {
    let gain = counted((100.0 * of.gain).round() as usize, "point");
    match of.answer {
        Answer::Images { more, .. } => format!(
            "{} more photos like these are enough for {gain} in 19 of 20 cases, as far as the curve can be believed.",
            capitalised(&roughly(more))
        ),
        Answer::NothingLeft => format!("There are no {gain} left to gain on photos like these."),
        Answer::NotReachable => format!(
            "More photos like these would not bring {gain}: look for other ones, or at what the classes have in common."
        ),
        Answer::CannotTell { why } => {
            let why = match why {
                Why::FewSizes => "there are too few photos to measure how the error falls",
                Why::FewGroups => "there are too few independent groups of photos",
                Why::NoSlope => "the error does not clearly fall with the number of photos",
                Why::WideBand => "what doubling the photos would bring is too unsure",
                Why::TooFar => {
                    "no number is sure to up to three times these photos, and the curve reaches no further"
                }
            };
            format!("How many more photos would bring {gain} can't be told: {why}.")
        }
    }
}

/// "Drawn out from half of what is learnt from, the curve said an error of 12 % (90 % interval 9 to 15) where 11 % was measured."
pub fn was_it_right(hindcast: &Hindcast) -> String {
    let measured = percent_at(&Interval {
        value: hindcast.measured,
        ..hindcast.predicted
    });
    let verdict = if hindcast.covered {
        ""
    } else {
        ": it was wrong here"
    };
    format!(
        "Drawn out from half of what is learnt from, the curve said an error of {} where {measured} was measured{verdict}.",
        percent_with_interval(&hindcast.predicted, 0.90),
    )
}

/// "about 400": two digits, which is more than such a curve bears.
fn roughly(n: usize) -> String {
    let step = 10usize.pow((n.max(1).ilog10()).saturating_sub(1));
    format!("about {}", count(n.div_ceil(step) * step))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(answer: Answer) -> String {
        more_photos(&Curve {
            candidate: "ridge".into(),
            points: Vec::new(),
            gain: 0.02,
            answer,
            hindcast: None,
        })
    }

    #[test]
    fn a_number_is_rounded_and_no_number_has_its_reason() {
        let text = said(Answer::Images {
            more: 1_234,
            total: 2_000,
        });
        assert!(
            text.starts_with(
                "About 1,300 more photos like these are enough for 2 points in 19 of 20 cases"
            ),
            "{text}"
        );
        assert!(said(Answer::NotReachable).starts_with("More photos like these would not"));
        let why = said(Answer::CannotTell { why: Why::TooFar });
        assert!(
            why.contains("can't be told: no number is sure to up to three times"),
            "{why}"
        );
    }

    #[test]
    fn a_curve_that_was_wrong_says_so() {
        let of = |measured: f64, covered| {
            was_it_right(&Hindcast {
                size: 100.0,
                predicted: Interval {
                    value: 0.12,
                    low: 0.09,
                    high: 0.15,
                },
                measured,
                covered,
            })
        };
        assert!(of(0.2, false).ends_with("where 20 % was measured: it was wrong here."));
        assert!(of(0.11, true).contains("an error of 12 % (90 % interval 9 to 15) where 11 % was"));
    }
}
