//! **Seen:** pictures with very few pixels.
//! **Why it matters:** the network looks at 128 to 224 px a side; enlarging these adds nothing, and their softness can
//! give a class away.
//! **What to do:** get them in their original size; thumbnails saved from a web page are the usual cause.

use super::Finding;
use super::pictures::{Fault, Pictures};

/// Shorter side below which a picture is tiny, in pixels: the network would see each pixel as a square of nearly 3 by 3,
/// at the least size that it is used at.
const TINY_PX: usize = 48;

pub(super) fn find(pictures: &Pictures) -> Vec<Finding> {
    let shorter = |image: usize| {
        pictures.facts[image]
            .width_px
            .min(pictures.facts[image].height_px)
    };
    let worst = pictures
        .worst_first(|image| (shorter(image) < TINY_PX).then_some(-(shorter(image) as f64)));
    if worst.is_empty() {
        return Vec::new();
    }
    let median = pictures.median(|image| shorter(image) as f64);
    pictures.finding(
        Fault {
            kind: "tiny",
            throughout: Some(format!(
                "the pictures are tiny: the shorter side of {} of {} has less than {TINY_PX} px (median {median} px)",
                worst.len(),
                pictures.paths.len()
            )),
            few: format!("tiny: the shorter side has less than {TINY_PX} px"),
            numbers: vec![("least_px", TINY_PX as f64), ("median_px", median)],
            advice: "get them in their original size if there is one; thumbnails from a web page are the usual cause",
        },
        &worst,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::pictures::made_up::Set;

    #[test]
    fn thumbnails_among_photos_are_named_the_smallest_first() {
        let mut set = Set::clean(30);
        set.facts[1].height_px = 40;
        set.facts[9].width_px = 16;
        assert_eq!(find(&set.pictures())[0].files, [["photo 9"], ["photo 1"]]);
    }

    #[test]
    fn a_set_of_32_px_is_told_once() {
        let mut set = Set::clean(30);
        set.facts.iter_mut().for_each(|facts| facts.width_px = 32);
        let found = find(&set.pictures());
        assert!(found[0].files.is_empty() && found[0].text.contains("median 32 px"));
    }
}
