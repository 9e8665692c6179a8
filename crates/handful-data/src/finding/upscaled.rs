//! **Seen:** pictures that are soft at their own size, as enlarged ones are: the finest things in them are far larger than a
//! pixel.
//! **Why it matters:** they show less than their size promises, and if one class was collected so, softness is learnt.
//! **What to do:** get them in their original size.

use super::Finding;
use super::blurred::is_blurred;
use super::pictures::{Fault, Pictures};

/// Share of the finest possible detail up to which a picture counts as enlarged.
///
/// Names 17 of 16,000 pictures of the development sets, all soft. Of 800 photos of clothing, waste, grocery and hands made
/// smaller, enlarged again and saved at quality 85, it names 99 % at three times and 55 % at twice their side.
const LEAST_DETAIL: f32 = 0.6;

/// Detail of so many pixels along the shorter side is as much as the network sees: a camera's 12 million soft pixels are
/// no fault.
const ENOUGH_PX: f64 = 224.0;

/// Sets whose median picture has no more detail than this are soft by nature: then nothing falls out of them.
const SOFT_SET: f64 = 0.75;

pub(super) fn find(pictures: &Pictures) -> Vec<Finding> {
    let detail = |image: usize| f64::from(pictures.portraits[image].detail);
    let worst = pictures.worst_first(|image| {
        let facts = &pictures.facts[image];
        let real_px = detail(image) * facts.width_px.min(facts.height_px) as f64;
        let portrait = &pictures.portraits[image];
        // Blurred ones have a finding of their own.
        let is_enlarged =
            portrait.detail <= LEAST_DETAIL && real_px < ENOUGH_PX && !is_blurred(portrait);
        is_enlarged.then(|| -detail(image))
    });
    if worst.is_empty() || pictures.median(detail) <= SOFT_SET {
        return Vec::new();
    }
    pictures.finding(
        Fault {
            kind: "upscaled",
            throughout: None,
            few: format!(
                "soft at full size, probably enlarged: at {:.0} % of it nothing would be lost",
                100.0 * LEAST_DETAIL
            ),
            numbers: vec![("most_detail", f64::from(LEAST_DETAIL))],
            advice: "get them in their original size if there is one; otherwise look whether one class has more of them",
        },
        &worst,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::pictures::made_up::Set;

    fn sharp(n: usize) -> Set {
        let mut set = Set::clean(n);
        set.portraits
            .iter_mut()
            .for_each(|portrait| portrait.detail = 1.0);
        set
    }

    #[test]
    fn enlarged_pictures_are_named_unless_enough_detail_is_left() {
        let mut set = sharp(30);
        for image in [3, 4, 5] {
            set.portraits[image].detail = 0.5 - image as f32 / 100.0;
        }
        (set.facts[4].width_px, set.facts[4].height_px) = (4000, 3000);
        assert_eq!(find(&set.pictures())[0].files, [["photo 5"], ["photo 3"]]);
    }

    #[test]
    fn a_set_that_is_soft_by_nature_is_left_alone() {
        let mut set = sharp(30);
        set.portraits
            .iter_mut()
            .for_each(|portrait| portrait.detail = 0.5);
        assert_eq!(find(&set.pictures()), []);
    }
}
