//! What may be said of two candidates, in a sentence.

use handful_stats::{Claim, Said};

use super::{loss, quoted};
use crate::Claimed;

/// "\"ridge\" is better than \"control\": log-loss 0.052 lower (95 % interval 0.020 to 0.084, p 0.004)."
///
/// Where neither could be shown it says how large a difference would have been seen.
pub fn claim(of: &Claimed) -> String {
    let (candidate, baseline) = (quoted(&of.candidate), quoted(&of.baseline));
    let Claim {
        difference,
        low,
        high,
        p,
        detectable,
        said,
    } = of.claim;
    let p = if p < 0.001 {
        "p below 0.001".to_owned()
    } else {
        format!("p {p:.3}")
    };
    match said {
        Said::Better => format!(
            "{candidate} is better than {baseline}: log-loss {} lower (95 % interval {} to {}, {p}).",
            loss(-difference),
            loss(-high),
            loss(-low)
        ),
        Said::Worse => format!(
            "{candidate} is worse than {baseline}: log-loss {} higher (95 % interval {} to {}, {p}).",
            loss(difference),
            loss(low),
            loss(high)
        ),
        Said::NoDifferenceSeen => format!(
            "Between {candidate} and {baseline} no difference was seen; one of {} in log-loss would have been in 8 of 10 \
             such experiments.",
            loss(detectable)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(said: Said, difference: f64) -> String {
        claim(&Claimed {
            candidate: "lda".into(),
            baseline: "ridge".into(),
            claim: Claim {
                difference,
                low: difference - 0.032,
                high: difference + 0.032,
                p: 0.0042,
                detectable: 0.047,
                said,
            },
        })
    }

    #[test]
    fn each_verdict_has_its_sentence_and_its_numbers() {
        assert_eq!(
            said(Said::Better, -0.052),
            "\"lda\" is better than \"ridge\": log-loss 0.052 lower (95 % interval 0.020 to 0.084, p 0.004)."
        );
        assert!(said(Said::Worse, 0.052).contains("0.052 higher (95 % interval 0.020 to 0.084"));
        let none = said(Said::NoDifferenceSeen, 0.01);
        assert!(
            none.contains("no difference was seen; one of 0.047"),
            "{none}"
        );
        assert!(!none.contains("better"));
    }
}
