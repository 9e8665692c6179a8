//! **Seen:** pictures of which half is pure white, or a part, and nothing is dark.
//! **Why it matters:** what is pure white shows nothing, and the rest has little contrast.
//! **What to do:** take them again with less light, or leave them in if such photos will come later, too.

use super::Finding;
use super::pictures::{Fault, Pictures};

/// Share of pure white from which a picture is over-exposed.
///
/// With the two numbers below it names 5 of 16,000 pictures of the development sets (drawings left out): two on white
/// paper, three washed out. With 2.5 stops more light it names all photos of hands, 9 of 10 of waste, half of clothing and
/// hardly one of grocery, where half a picture is shadow.
const HALF: f32 = 0.5;

/// A smaller share that is enough when nothing is dark.
const PART: f32 = 0.1;

/// Nothing is dark when 95 % of the pixels are above this level of 255.
const BRIGHT: f32 = 160.0;

pub(super) fn find(pictures: &Pictures) -> Vec<Finding> {
    let white = |image: usize| pictures.portraits[image].brightness.clipped_white;
    let worst = pictures.worst_first(|image| {
        let darkest = pictures.portraits[image].brightness.quantile_5;
        let is_over = white(image) >= HALF || (white(image) >= PART && darkest >= BRIGHT);
        is_over.then_some(f64::from(white(image)))
    });
    // Drawings, scanned pages and things on white paper are so by nature.
    if worst.is_empty() || pictures.median(|image| f64::from(white(image))) >= f64::from(PART) {
        return Vec::new();
    }
    pictures.finding(
        Fault {
            kind: "over_exposed",
            throughout: None,
            few: format!(
                "over-exposed: {:.0} % of the pixels are pure white, or {:.0} % and none are dark",
                100.0 * HALF,
                100.0 * PART
            ),
            numbers: vec![
                ("least_white", f64::from(HALF)),
                ("least_white_without_dark", f64::from(PART)),
                ("dark_level", f64::from(BRIGHT)),
            ],
            advice: "look whether what matters can be seen in them; if not, take them again with less light",
        },
        &worst,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::pictures::made_up::Set;

    fn set(n_white: usize, white: f32, darkest: f32) -> Set {
        let mut set = Set::clean(30);
        for portrait in set.portraits.iter_mut().take(n_white) {
            portrait.brightness.quantile_5 = darkest;
            portrait.brightness.clipped_white = white;
        }
        set
    }

    #[test]
    fn a_washed_out_picture_is_named_and_a_thing_before_a_window_is_not() {
        assert_eq!(find(&set(1, 0.2, 200.0).pictures())[0].files, [["photo 0"]]);
        assert_eq!(find(&set(1, 0.7, 20.0).pictures())[0].files, [["photo 0"]]);
        assert_eq!(find(&set(1, 0.2, 20.0).pictures()), []);
    }

    #[test]
    fn drawings_on_white_paper_are_no_fault() {
        assert_eq!(find(&set(20, 0.9, 20.0).pictures()), []);
    }
}
