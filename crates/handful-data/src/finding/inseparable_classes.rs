//! **Seen:** two classes that the model tells apart no better than a coin would, with photos enough to say so.
//! **Why it matters:** half of the photos of both are errors, whatever else improves; more photos of the same kind change
//! little.
//! **What to do:** look at photos of both side by side: join the classes, draw their border anew, or take photos (closer,
//! larger) that show the difference.

use std::collections::BTreeMap;

use super::{Finding, Severity};

/// Pairs that are spelled out in the text; the numbers tell how many there are.
const SPELLED_OUT: usize = 5;

/// Two classes that can't be told apart.
#[derive(Clone, Copy, Debug)]
pub struct InseparableClasses<'a> {
    /// One class.
    pub first: &'a str,
    /// The other.
    pub second: &'a str,
    /// Balanced accuracy on photos of the two, 0..=1.
    pub accuracy: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
}

/// Pairs of classes that can't be told apart, the clearest first.
pub fn inseparable_classes(pairs: &[InseparableClasses]) -> Option<Finding> {
    let first = pairs.first()?;
    let named: Vec<String> = pairs
        .iter()
        .take(SPELLED_OUT)
        .map(|pair| {
            format!(
                "\"{}\" and \"{}\" ({:.0} %, at most {:.0})",
                pair.first,
                pair.second,
                100.0 * pair.accuracy,
                100.0 * pair.high
            )
        })
        .collect();
    let rest = match pairs.len().saturating_sub(SPELLED_OUT) {
        0 => String::new(),
        n => format!(" and {n} more pairs"),
    };
    Some(Finding {
        kind: "inseparable_classes".into(),
        severity: Severity::Warning,
        text: format!(
            "classes that can't be told apart, with the share of their photos that is told right (a coin: 50 %): {}{rest}",
            named.join(", ")
        ),
        files: Vec::new(),
        numbers: BTreeMap::from([
            ("pairs".into(), pairs.len() as f64),
            ("accuracy".into(), first.accuracy),
            ("high".into(), first.high),
        ]),
        advice: "look at photos of both side by side; join the classes, or take photos that show what differs".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_named_with_their_numbers() {
        let pair = InseparableClasses {
            first: "ale",
            second: "lager",
            accuracy: 0.52,
            high: 0.61,
        };
        let found = inseparable_classes(&[pair]).unwrap();
        assert!(
            found
                .text
                .contains("\"ale\" and \"lager\" (52 %, at most 61)"),
            "{}",
            found.text
        );
        let many = inseparable_classes(&[pair; 7]).unwrap();
        assert!(many.text.ends_with("and 2 more pairs"));
        assert_eq!(inseparable_classes(&[]), None);
    }
}
