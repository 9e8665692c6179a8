//! **Seen:** pictures that are blurred at the size that a network sees.
//! **Why it matters:** what tells the classes apart may be lost in them, and if one class is blurred more often, blur is
//! learnt instead.
//! **What to do:** look at them; leave them in if blurred photos will come later, too, otherwise take them again.

use handful_image::Portrait;

use super::Finding;
use super::pictures::{Fault, Pictures};

/// Blur effect from which a picture may be blurred.
///
/// Together with [`SMOOTH`] it names 4 of 16,000 pictures of the development sets, all in waste (close-ups of clear
/// plastic, one shaken). Of 800 photos of clothing, waste, grocery and hands blurred by a Gaussian of 3 px it names 97 %,
/// of 2 px 67 %, from 31 % on clothing (150 px) to all of hands (100 px).
const BLURRED: f32 = 0.55;

/// Variance of the Laplacian up to which it is: around a sharp thing, a smooth ground has a high blur effect, too. 19 of 20
/// photos of those sets have 64 and more.
const SMOOTH: f32 = 40.0;

/// The blur effect must also exceed that of the set's median picture by so much: an instrument is as sharp as it is.
const ABOVE_THE_SET: f64 = 0.12;

/// Is a picture without fine detail at the size that a network sees?
pub(super) fn is_blurred(portrait: &Portrait) -> bool {
    portrait.sharpness.blur >= BLURRED && portrait.sharpness.laplacian <= SMOOTH
}

pub(super) fn find(pictures: &Pictures) -> Vec<Finding> {
    let blur = |image: usize| f64::from(pictures.portraits[image].sharpness.blur);
    let all =
        pictures.worst_first(|image| is_blurred(&pictures.portraits[image]).then(|| blur(image)));
    if all.is_empty() {
        return Vec::new();
    }
    let median = pictures.median(blur);
    let is_throughout = 2 * all.len() >= pictures.paths.len();
    let worst: Vec<usize> = all
        .into_iter()
        .filter(|&image| is_throughout || blur(image) >= median + ABOVE_THE_SET)
        .collect();
    pictures.finding(
        Fault {
            kind: "blurred",
            throughout: Some("the pictures are blurred throughout".into()),
            few: "blurred".into(),
            numbers: vec![
                ("least_blur", f64::from(BLURRED)),
                ("most_laplacian", f64::from(SMOOTH)),
                ("median_blur", median),
            ],
            advice: "look at them; leave them in if such pictures will come later, too, otherwise take them again",
        },
        &worst,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::pictures::made_up::Set;

    fn blur(set: &mut Set, image: usize, blur: f32, laplacian: f32) {
        set.portraits[image].sharpness.blur = blur;
        set.portraits[image].sharpness.laplacian = laplacian;
    }

    #[test]
    fn blurred_pictures_are_named_and_plain_or_faint_ones_are_not() {
        let mut set = Set::clean(30);
        blur(&mut set, 4, 0.6, 9.0);
        blur(&mut set, 7, 0.8, 3.0);
        blur(&mut set, 9, 0.6, 300.0);
        blur(&mut set, 11, 0.2, 3.0);
        let found = find(&set.pictures());
        assert_eq!(found[0].files, [["photo 7"], ["photo 4"]]);
    }

    #[test]
    fn a_soft_instrument_is_told_once() {
        let mut set = Set::clean(30);
        (0..30).for_each(|image| blur(&mut set, image, 0.7, 9.0));
        let found = find(&set.pictures());
        assert!(found[0].files.is_empty() && found[0].text.contains("throughout"));
    }
}
