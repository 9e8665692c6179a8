//! Which photos without a time were taken one after another, by the numbers in their names?
//!
//! Cameras count: `IMG_0012.jpg`, `IMG_0013.jpg`. Programs that rename photos count as well, so consecutive numbers alone
//! mean nothing; they only say where to look for photos of one thing.

use std::collections::BTreeMap;

/// Cosine of features from which two consecutive photos show the same. Recipe A9.
const ALIKE: f64 = 0.9;

/// What is the same in the names of a series: what stands before and after the last number.
type Pattern<'a> = (&'a str, &'a str);

/// Bursts by number: photos of one folder whose names differ in their last number only, each one more than the one before
/// and alike to it; two or more in each, as indices, in the order of their numbers.
///
/// `names` are paths with `/`, `taken` seconds; images with a time are in no burst, because times say more than numbers.
/// `cosine` compares the features of two images, less their mean over all images.
pub fn numbered_bursts(
    names: &[String],
    taken: &[Option<i64>],
    cosine: &dyn Fn(usize, usize) -> f64,
) -> Vec<Vec<usize>> {
    let mut series: BTreeMap<Pattern, Vec<(u64, usize)>> = BTreeMap::new();
    for (image, name) in names.iter().enumerate() {
        if taken[image].is_none()
            && let Some((pattern, number)) = numbered(name)
        {
            series.entry(pattern).or_default().push((number, image));
        }
    }
    let mut found = Vec::new();
    for photos in series.values_mut() {
        photos.sort_unstable();
        let goes_on = |a: &(u64, usize), b: &(u64, usize)| {
            a.0.checked_add(1) == Some(b.0) && cosine(a.1, b.1) >= ALIKE
        };
        let bursts = photos.chunk_by(goes_on).filter(|burst| burst.len() > 1);
        found.extend(bursts.map(|burst| burst.iter().map(|&(_, image)| image).collect::<Vec<_>>()));
    }
    found.sort_unstable();
    found
}

/// The last number of a file name, and what stands around it in the whole path.
fn numbered(path: &str) -> Option<(Pattern<'_>, u64)> {
    let name_at = path.rfind('/').map_or(0, |slash| slash + 1);
    let is_digit = |c: char| c.is_ascii_digit();
    // An ending such as `.jp2` has no number to count with.
    let stem_end = path[name_at..]
        .rfind('.')
        .map_or(path.len(), |dot| name_at + dot);
    let end = name_at + path[name_at..stem_end].rfind(is_digit)? + 1;
    let start = path[name_at..end]
        .rfind(|c| !is_digit(c))
        .map_or(name_at, |before| name_at + before + 1);
    // A boundary of characters: what is not a digit may have more than one byte.
    let start = (start..end).find(|&at| path.is_char_boundary(at))?;
    Some((
        (&path[..start], &path[end..]),
        path[start..end].parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bursts(names: &[&str], cosine: &dyn Fn(usize, usize) -> f64) -> Vec<Vec<usize>> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        numbered_bursts(&names, &vec![None; names.len()], cosine)
    }

    #[test]
    fn consecutive_numbers_in_one_folder_that_look_alike_are_a_burst() {
        let names = [
            "a/IMG_9.jpg",
            "a/IMG_10.jpg",
            "a/IMG_11.jpg",
            "a/IMG_13.jpg",
            "b/IMG_12.jpg",
            "a/SCAN_12.jpg",
            "a/12.jpg",
        ];
        assert_eq!(bursts(&names, &|_, _| 0.95), [vec![0, 1, 2]]);
        let differ = |a: usize, b: usize| if (a, b) == (1, 2) { 0.5 } else { 0.95 };
        assert_eq!(bursts(&names, &differ), [vec![0, 1]]);
    }

    #[test]
    fn the_last_number_counts_and_odd_names_are_no_trouble() {
        assert_eq!(
            numbered("x/2024-05-01_07.jp2"),
            Some((("x/2024-05-01_", ".jp2"), 7))
        );
        assert_eq!(numbered("5/photo.jpg"), None);
        assert_eq!(numbered("ä7"), Some((("ä", ""), 7)));
        assert_eq!(numbered("99999999999999999999999.jpg"), None);
    }

    #[test]
    fn photos_with_a_time_are_left_to_their_times() {
        let names = ["1.jpg".to_owned(), "2.jpg".to_owned()];
        assert!(numbered_bursts(&names, &[None, Some(5)], &|_, _| 1.0).is_empty());
    }
}
