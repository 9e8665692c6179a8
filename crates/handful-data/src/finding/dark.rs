//! **Seen:** pictures in which next to nothing is bright.
//! **Why it matters:** colours and edges drown in noise; if one class was photographed in the dark, darkness is learnt.
//! **What to do:** take them again with more light, or leave them in if dark photos will come later, too.

use super::Finding;
use super::pictures::{Fault, Pictures};

/// A picture is dark when 95 % of its pixels don't exceed this level of 255: a twelfth of the light of white. Of 16,000
/// pictures of the development sets one is; with four stops less light all of 800 are.
const DARK: f32 = 80.0;

pub(super) fn find(pictures: &Pictures) -> Vec<Finding> {
    let worst = pictures.worst_first(|image| {
        let level = pictures.portraits[image].brightness.quantile_95;
        (level <= DARK).then_some(-f64::from(level))
    });
    pictures.finding(
        Fault {
            kind: "dark",
            throughout: Some(format!(
                "the pictures are dark throughout: in {} of {}, 95 % of the pixels are below level {DARK} of 255",
                worst.len(),
                pictures.paths.len()
            )),
            few: format!("dark: 95 % of the pixels are below level {DARK} of 255"),
            numbers: vec![("most_level", f64::from(DARK))],
            advice: "look whether what matters can be seen in them; if not, take them again with more light",
        },
        &worst,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::pictures::made_up::Set;

    #[test]
    fn dark_pictures_are_named_the_darkest_first() {
        let mut set = Set::clean(30);
        set.portraits[3].brightness.quantile_95 = 60.0;
        set.portraits[8].brightness.quantile_95 = 20.0;
        let found = find(&set.pictures());
        assert_eq!(found[0].files, [["photo 8"], ["photo 3"]]);
    }

    #[test]
    fn a_dark_field_microscope_is_told_once() {
        let mut set = Set::clean(30);
        let dark = |portrait: &mut handful_image::Portrait| portrait.brightness.quantile_95 = 30.0;
        set.portraits.iter_mut().take(20).for_each(dark);
        let found = find(&set.pictures());
        assert!(found[0].files.is_empty() && found[0].text.contains("in 20 of 30"));
    }
}
