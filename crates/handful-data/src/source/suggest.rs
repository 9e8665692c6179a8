//! Do the names of files carry labels, and which pattern reads them? Only asked where nothing else gives labels.

use std::collections::BTreeMap;
use std::path::PathBuf;

use regex::Regex;

use crate::{Suggestion, shown};

/// Patterns as people name files, those that say more before those that they contain.
const PATTERNS: &[&str] = &[
    // cat_001.jpg, golden-retriever_001.jpg, golden retriever 1.jpg
    r"^([a-z]+)_",
    r"^([a-z]+)-",
    r"^([a-z]+)\.",
    r"^([a-z]+) ",
    r"^([a-z]+)\d",
    r"^([A-Za-z]+)_",
    r"^([A-Za-z]+)-",
    r"^([A-Za-z]+)\.",
    r"^([A-Za-z]+)\d",
    r"^([A-Za-z]+(?:[-_ ][A-Za-z]+)*)[-_. ]*\d",
    r"^(\pL+(?:[-_ ]\pL+)*)[-_. ]*\d",
    // 001-cat.png, IMG_001_cat.jpg, 001cat.jpg
    r"_([a-z]+)\.",
    r"-([a-z]+)\.",
    r"[-_. \d]([A-Za-z]+(?:[-_][A-Za-z]+)*)\.[A-Za-z]+$",
    // 0399_01.png: a number for the class, another for the picture
    r"^(\d+)_",
    r"^(\d+)-",
];
/// Share of the images that a pattern must label: below it, it is a coincidence.
const LEAST_SHARE: f64 = 0.8;
/// Images a class, on average: patterns that take apart what is different in each name give one.
const LEAST_PER_CLASS: usize = 2;
/// Letters of a label: single ones are parts of codes. Numbers may be short.
const LEAST_LETTERS: usize = 2;
/// Classes that a message can show.
const MOST_EXAMPLES: usize = 3;

/// The pattern that labels most of the images with at least two classes; of those that label equally many the one that
/// tells most classes apart, then the plainest.
pub(super) fn label_pattern(images: &[PathBuf]) -> Option<Suggestion> {
    let names: Vec<String> = images.iter().map(|p| shown(p)).collect();
    let mut best: Option<Suggestion> = None;
    for pattern in PATTERNS {
        let found = suggestion(pattern, &names);
        let rank = |s: &Suggestion| (s.n_images, s.n_classes);
        if let Some(found) = found
            && best.as_ref().is_none_or(|b| rank(b) < rank(&found))
        {
            best = Some(found);
        }
    }
    best
}

fn suggestion(pattern: &str, names: &[String]) -> Option<Suggestion> {
    let regex = Regex::new(pattern).expect("the patterns of the table are well-formed");
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        if let Some(label) = regex.captures(name).and_then(|c| c.get(1)) {
            *classes.entry(label.as_str()).or_default() += 1;
        }
    }
    let n_images: usize = classes.values().sum();
    let is_short = |label: &&str| {
        label.chars().count() < LEAST_LETTERS && label.chars().all(char::is_alphabetic)
    };
    let is_code = classes.keys().filter(|l| is_short(l)).count() * 2 > classes.len();
    let fits = classes.len() >= 2
        && n_images as f64 >= LEAST_SHARE * names.len() as f64
        && classes.len() * LEAST_PER_CLASS <= n_images
        && !is_code;
    fits.then(|| Suggestion {
        pattern: pattern.to_owned(),
        n_classes: classes.len(),
        n_images,
        examples: classes
            .keys()
            .take(MOST_EXAMPLES)
            .map(|l| (*l).to_owned())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(names: &[&str]) -> Option<(String, usize)> {
        let images: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        label_pattern(&images).map(|s| (s.pattern, s.n_classes))
    }

    #[test]
    fn the_plainest_pattern_that_tells_the_classes_is_suggested() {
        for (names, expected) in [
            (
                ["cat_001.jpg", "cat_002.jpg", "dog_001.jpg", "dog_002.jpg"],
                r"^([a-z]+)_",
            ),
            (
                ["cat.12.jpg", "cat.13.jpg", "dog.1.jpg", "dog.2.jpg"],
                r"^([a-z]+)\.",
            ),
            (
                ["001-cat.png", "002-cat.png", "003-dog.png", "004-dog.png"],
                r"-([a-z]+)\.",
            ),
            (
                [
                    "IMG_1_cat.jpg",
                    "IMG_2_cat.jpg",
                    "IMG_3_dog.jpg",
                    "IMG_4_dog.jpg",
                ],
                r"_([a-z]+)\.",
            ),
            (
                ["cat1.jpg", "cat2.jpg", "dog1.jpg", "dog2.jpg"],
                r"^([a-z]+)\d",
            ),
            (
                ["0399_01.png", "0399_02.png", "0400_01.png", "0400_02.png"],
                r"^(\d+)_",
            ),
        ] {
            assert_eq!(pattern(&names), Some((expected.to_owned(), 2)));
        }
    }

    #[test]
    fn labels_of_two_words_are_not_cut() {
        let names = [
            "american_bulldog_1.jpg",
            "american_bulldog_2.jpg",
            "american_pit_bull_1.jpg",
            "american_pit_bull_2.jpg",
            "Bengal_1.jpg",
            "Bengal_2.jpg",
        ];
        let (found, n_classes) = pattern(&names).unwrap();
        assert_eq!((found.as_str(), n_classes), (PATTERNS[9], 3));
    }

    #[test]
    fn names_without_labels_give_no_suggestion() {
        for names in [
            ["IMG_001.jpg", "IMG_002.jpg", "IMG_003.jpg", "IMG_004.jpg"],
            ["a1f.jpg", "b2c.jpg", "c3d.jpg", "d4e.jpg"],
            ["anna.jpg", "bert.jpg", "carl.jpg", "dora.jpg"],
        ] {
            assert_eq!(pattern(&names), None);
        }
    }
}
