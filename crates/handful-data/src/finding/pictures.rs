//! What is wrong with the pictures themselves: too dark, blurred, tiny?
//!
//! Finders of this kind take facts and portraits, which are computed once for each picture where pixels are at hand. They
//! name single pictures that fall out of their set. A fault that at least half of a set has is no fault of single files
//! but how the set was made (a microscope's pictures are dark): it is told once, without files, or not at all.

use std::collections::BTreeMap;

use handful_image::{FileFacts, Portrait};

use super::{
    Finding, Severity, blurred, dark, grey_mixed, odd_aspect, over_exposed, tiny, upscaled,
};

/// From this share of the pictures on, a fault is a warning: it can move an accuracy by points.
const MANY: f64 = 0.05;

/// The images as these finders see them; all but `classes` have the same length.
#[derive(Clone, Copy, Debug)]
pub struct Pictures<'a> {
    /// How each image is called in outputs.
    pub paths: &'a [String],
    /// Class of each image; indexes into `classes`.
    pub labels: &'a [usize],
    /// Class names.
    pub classes: &'a [String],
    /// What each file says about itself.
    pub facts: &'a [FileFacts],
    /// What its pixels say.
    pub portraits: &'a [Portrait],
}

/// Looks for one kind of finding in pictures.
pub type PictureFinder = fn(&Pictures) -> Vec<Finding>;

/// All finders; order here is the order in reports within a severity.
pub static PICTURE_FINDERS: &[PictureFinder] = &[
    grey_mixed::find,
    blurred::find,
    dark::find,
    over_exposed::find,
    tiny::find,
    upscaled::find,
    odd_aspect::find,
];

/// Everything that is found, what matters most first.
pub fn find_in_pictures(pictures: &Pictures) -> Vec<Finding> {
    let mut all: Vec<Finding> = PICTURE_FINDERS
        .iter()
        .flat_map(|finder| finder(pictures))
        .collect();
    // Stable: within a severity the order of the registry stays.
    all.sort_by_key(|finding| finding.severity);
    all
}

/// What a finder says of the pictures that it found.
pub(super) struct Fault {
    pub kind: &'static str,
    /// What is said of the whole set when at least half of it is so; `None` if nothing is.
    pub throughout: Option<String>,
    /// What is said of few, behind "3 of 500 pictures".
    pub few: String,
    pub numbers: Vec<(&'static str, f64)>,
    pub advice: &'static str,
}

impl Pictures<'_> {
    /// The images for which `badness` is a number, the worst first; equals in their own order.
    pub(super) fn worst_first(&self, badness: impl Fn(usize) -> Option<f64>) -> Vec<usize> {
        let mut found: Vec<(f64, usize)> = (0..self.paths.len())
            .filter_map(|image| Some((badness(image)?, image)))
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.into_iter().map(|(_, image)| image).collect()
    }

    /// Of a number of each picture, the one in the middle (the lower of two).
    pub(super) fn median(&self, number: impl Fn(usize) -> f64) -> f64 {
        let mut numbers: Vec<f64> = (0..self.paths.len()).map(number).collect();
        numbers.sort_by(f64::total_cmp);
        numbers[numbers.len().saturating_sub(1) / 2]
    }

    /// One finding or none; `worst` are the pictures with the fault, the worst first.
    pub(super) fn finding(&self, fault: Fault, worst: &[usize]) -> Vec<Finding> {
        let (n, n_all) = (worst.len(), self.paths.len());
        if n == 0 {
            return Vec::new();
        }
        let is_throughout = 2 * n >= n_all && n_all > 1;
        let (text, files) = match fault.throughout {
            Some(text) if is_throughout => (text, Vec::new()),
            None if is_throughout => return Vec::new(),
            _ => {
                let are = if n == 1 { "is" } else { "are" };
                (
                    format!("{n} of {n_all} pictures {are} {}", fault.few),
                    worst
                        .iter()
                        .map(|&image| vec![self.paths[image].clone()])
                        .collect(),
                )
            }
        };
        let severity = if !is_throughout && n as f64 >= MANY * n_all as f64 {
            Severity::Warning
        } else {
            Severity::Remark
        };
        let mut numbers: BTreeMap<String, f64> = fault
            .numbers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        numbers.insert("pictures".into(), n as f64);
        numbers.insert("of".into(), n_all as f64);
        vec![Finding {
            kind: fault.kind.into(),
            severity,
            text,
            files,
            numbers,
            advice: fault.advice.into(),
        }]
    }
}

/// Made-up pictures for the tests of the finders.
#[cfg(test)]
pub(super) mod made_up {
    use super::*;
    use handful_image::{Format, Pixels};

    /// Owns what [`Pictures`] borrows.
    pub struct Set {
        pub paths: Vec<String>,
        pub labels: Vec<usize>,
        pub classes: Vec<String>,
        pub facts: Vec<FileFacts>,
        pub portraits: Vec<Portrait>,
    }

    impl Set {
        /// `n` sharp, colourful pictures of 200 x 150 px in two classes, taken in turn.
        pub fn clean(n: usize) -> Set {
            let data = (0..60 * 60 * 3)
                .map(|i| 60 + (i / 31 % 2 * 90 + i % 3 * 20 + i / 180 % 5 * 9) as u8)
                .collect();
            let portrait = Portrait::of(&Pixels {
                width: 60,
                height: 60,
                data,
            });
            let facts = FileFacts {
                width_px: 200,
                height_px: 150,
                format: Format::Jpeg,
                bytes: 9000,
                jpeg_quality: Some(85),
                taken: None,
                camera: None,
            };
            Set {
                paths: (0..n).map(|i| format!("photo {i}")).collect(),
                labels: (0..n).map(|i| i % 2).collect(),
                classes: vec!["ants".into(), "bees".into()],
                facts: vec![facts; n],
                portraits: vec![portrait; n],
            }
        }

        pub fn pictures(&self) -> Pictures<'_> {
            Pictures {
                paths: &self.paths,
                labels: &self.labels,
                classes: &self.classes,
                facts: &self.facts,
                portraits: &self.portraits,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::made_up::Set;
    use super::*;

    #[test]
    fn a_clean_set_and_an_empty_one_give_no_finding() {
        for n in [0, 1, 2, 100] {
            assert_eq!(find_in_pictures(&Set::clean(n).pictures()), []);
        }
    }

    #[test]
    fn few_are_named_worst_first_many_warn_and_half_a_set_is_told_once() {
        let set = Set::clean(100);
        let fault = || Fault {
            kind: "late",
            throughout: Some("all late".into()),
            few: "late".into(),
            numbers: vec![("limit", 3.0)],
            advice: "hurry",
        };
        let pictures = set.pictures();
        let found = |n: usize| {
            let worst = pictures.worst_first(|image| (image < n).then_some(image as f64));
            pictures.finding(fault(), &worst)
        };
        assert_eq!(found(0), []);
        let few = &found(2)[0];
        assert_eq!(
            (few.severity, few.text.as_str()),
            (Severity::Remark, "2 of 100 pictures are late")
        );
        assert_eq!(few.files, [["photo 1"], ["photo 0"]]);
        assert_eq!((few.numbers["limit"], few.numbers["of"]), (3.0, 100.0));
        assert_eq!(found(5)[0].severity, Severity::Warning);
        assert_eq!(found(49)[0].files.len(), 49);
        let half = &found(50)[0];
        assert_eq!(
            (half.severity, half.text.as_str()),
            (Severity::Remark, "all late")
        );
        assert!(half.files.is_empty());
    }
}
