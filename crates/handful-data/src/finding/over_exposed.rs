//! **Seen:** washed-out pictures: nothing in them is dark, and a part is pure white.
//! **Why it matters:** what is pure white shows nothing, and the rest has little contrast.
//! **What to do:** take them again with less light, or leave them in if such photos will come later, too.

use super::Finding;
use super::pictures::{Fault, Pictures};

/// 95 % of the pixels are above this level of 255. A thing on white paper isn't counted unless it is very small.
const BRIGHT: f32 = 160.0;

/// And at least this share of them is pure white. Of 18,000 pictures of the development sets (drawings left out) 1 in
/// 1000 has both.
const CLIPPED: f32 = 0.1;

pub(super) fn find(pictures: &Pictures) -> Vec<Finding> {
    let worst = pictures.worst_first(|image| {
        let light = pictures.portraits[image].brightness;
        let is_washed_out = light.quantile_5 >= BRIGHT && light.clipped_white >= CLIPPED;
        is_washed_out.then_some(f64::from(light.clipped_white))
    });
    pictures.finding(
        Fault {
            kind: "over_exposed",
            // Drawings and scanned pages are so by nature.
            throughout: None,
            few: format!(
                "over-exposed: 95 % of their pixels are above level {BRIGHT} of 255, and {:.0} % or more are pure white",
                100.0 * CLIPPED
            ),
            numbers: vec![("least_level", f64::from(BRIGHT)), ("least_white", f64::from(CLIPPED))],
            advice: "look whether what matters can be seen in them; if not, take them again with less light",
        },
        &worst,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::pictures::made_up::Set;

    fn set(n_white: usize, darkest: f32) -> Set {
        let mut set = Set::clean(30);
        for portrait in set.portraits.iter_mut().take(n_white) {
            portrait.brightness.quantile_5 = darkest;
            portrait.brightness.clipped_white = 0.7;
        }
        set
    }

    #[test]
    fn a_washed_out_picture_is_named_and_a_thing_on_white_is_not() {
        assert_eq!(find(&set(1, 200.0).pictures())[0].files, [["photo 0"]]);
        assert_eq!(find(&set(1, 90.0).pictures()), []);
    }

    #[test]
    fn drawings_on_white_paper_are_no_fault() {
        assert_eq!(find(&set(20, 255.0).pictures()), []);
    }
}
