//! **Seen:** strips: pictures more than three times as long as they are wide.
//! **Why it matters:** the network sees a square. A crop shows a third of a strip, squashing distorts it, padding leaves
//! little of its pixels.
//! **What to do:** crop them to what matters, or cut them into pieces.

use super::Finding;
use super::pictures::{Fault, Pictures};

/// Longer by shorter side above which a picture is a strip. The longest of the development sets has 2.3; screens, prints
/// and phones stay below 2.4.
const STRIP: f64 = 3.0;

pub(super) fn find(pictures: &Pictures) -> Vec<Finding> {
    let worst = pictures.worst_first(|image| {
        let facts = &pictures.facts[image];
        let (longer, shorter) = (
            facts.width_px.max(facts.height_px),
            facts.width_px.min(facts.height_px).max(1),
        );
        let ratio = longer as f64 / shorter as f64;
        (ratio > STRIP).then_some(ratio)
    });
    pictures.finding(
        Fault {
            kind: "odd_aspect",
            throughout: Some(format!(
                "the pictures are strips, more than {STRIP} times as long as wide"
            )),
            few: format!("more than {STRIP} times as long as wide"),
            numbers: vec![("most_ratio", STRIP)],
            advice: "crop them to what matters, or cut them into pieces that stay in one group",
        },
        &worst,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::pictures::made_up::Set;

    #[test]
    fn strips_are_named_lying_or_standing_the_longest_first() {
        let mut set = Set::clean(30);
        (set.facts[2].width_px, set.facts[2].height_px) = (600, 150);
        (set.facts[5].width_px, set.facts[5].height_px) = (40, 800);
        (set.facts[6].width_px, set.facts[6].height_px) = (300, 150);
        assert_eq!(find(&set.pictures())[0].files, [["photo 5"], ["photo 2"]]);
    }

    #[test]
    fn a_set_of_strips_is_told_once() {
        let mut set = Set::clean(30);
        set.facts.iter_mut().for_each(|facts| facts.width_px = 900);
        assert!(find(&set.pictures())[0].files.is_empty());
    }
}
