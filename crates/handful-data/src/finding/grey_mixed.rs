//! **Seen:** grey and colour pictures in one set.
//! **Why it matters:** where one class is mostly grey and another in colour, being grey tells the class, and a model learns
//! that instead of the thing. Evenly mixed it only makes learning harder.
//! **What to do:** make all of them grey, or get the grey ones in colour.

use std::collections::BTreeMap;

use super::pictures::Pictures;
use super::{Finding, Severity};

/// Difference between the shares of grey pictures in a class and in all others from which the class is named.
const UNEQUAL: f64 = 0.3;

/// The difference must also be so many of its standard errors: with 1 false alarm in 16,000 for each class it is none by
/// chance in sets of any number of classes that people have.
const CLEAR_SE: f64 = 4.0;

/// Share of the rarer kind from which an even mixture is worth a remark.
const MIXED: f64 = 0.05;

pub(super) fn find(pictures: &Pictures) -> Vec<Finding> {
    let is_grey = |image: usize| pictures.portraits[image].colour.is_grey;
    let n = pictures.paths.len();
    let n_grey = (0..n).filter(|&image| is_grey(image)).count();
    if n_grey == 0 || n_grey == n {
        return Vec::new();
    }
    let unequal = unequal_classes(pictures, n_grey);
    let share = n_grey as f64 / n as f64;
    if unequal.is_empty() && share.min(1.0 - share) < MIXED {
        return Vec::new();
    }
    let rarer = 2 * n_grey <= n;
    let files = (0..n)
        .filter(|&image| is_grey(image) == rarer)
        .map(|image| vec![pictures.paths[image].clone()])
        .collect();
    let (severity, text) = if unequal.is_empty() {
        (
            Severity::Remark,
            format!(
                "{n_grey} of {n} pictures are grey, the others in colour, in all classes alike"
            ),
        )
    } else {
        let names: Vec<String> = unequal
            .iter()
            .map(|(class, share, _)| {
                format!("\"{}\" {:.0} %", pictures.classes[*class], 100.0 * share)
            })
            .collect();
        (
            Severity::Warning,
            format!(
                "grey and colour tell classes apart: {n_grey} of {n} pictures are grey, but of {}",
                names.join(", ")
            ),
        )
    };
    let largest = unequal
        .iter()
        .map(|(_, _, gap)| gap.abs())
        .fold(0.0, f64::max);
    vec![Finding {
        kind: "grey_mixed".into(),
        severity,
        text,
        files,
        numbers: BTreeMap::from([
            ("grey".into(), n_grey as f64),
            ("of".into(), n as f64),
            ("unequal_classes".into(), unequal.len() as f64),
            ("largest_difference".into(), largest),
        ]),
        advice: "make all of them grey, or get the grey ones in colour; being grey must not tell the class".into(),
    }]
}

/// Classes with another share of grey pictures than the rest: class, its share, and how much it is above that of the rest.
fn unequal_classes(pictures: &Pictures, n_grey: usize) -> Vec<(usize, f64, f64)> {
    let n = pictures.paths.len();
    let mut counts = vec![(0usize, 0usize); pictures.classes.len()];
    for (label, portrait) in pictures.labels.iter().zip(pictures.portraits) {
        counts[*label].0 += 1;
        counts[*label].1 += usize::from(portrait.colour.is_grey);
    }
    let pooled = n_grey as f64 / n as f64;
    counts
        .iter()
        .enumerate()
        .filter(|(_, (n_class, _))| *n_class > 0 && *n_class < n)
        .filter_map(|(class, (n_class, n_class_grey))| {
            let n_rest = n - n_class;
            let share = *n_class_grey as f64 / *n_class as f64;
            let gap = share - (n_grey - n_class_grey) as f64 / n_rest as f64;
            let se =
                (pooled * (1.0 - pooled) * (1.0 / *n_class as f64 + 1.0 / n_rest as f64)).sqrt();
            (gap.abs() >= UNEQUAL && gap.abs() >= CLEAR_SE * se).then_some((class, share, gap))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::pictures::made_up::Set;

    fn set(is_grey: impl Fn(usize) -> bool) -> Set {
        let mut set = Set::clean(100);
        for (image, portrait) in set.portraits.iter_mut().enumerate() {
            portrait.colour.is_grey = is_grey(image);
        }
        set
    }

    #[test]
    fn a_class_that_is_grey_is_a_warning() {
        let found = find(&set(|image| image % 2 == 0 && image < 60).pictures());
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[0].text.contains("\"ants\" 60 %"), "{}", found[0].text);
        assert_eq!(found[0].files.len(), 30);
    }

    #[test]
    fn an_even_mixture_is_a_remark_and_a_stray_picture_is_nothing() {
        let even = find(&set(|image| image % 10 < 2).pictures());
        assert_eq!(even[0].severity, Severity::Remark);
        assert_eq!(find(&set(|image| image == 7).pictures()), []);
        assert_eq!(find(&set(|_| true).pictures()), []);
    }
}
