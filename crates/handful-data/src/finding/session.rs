//! **Seen:** photos taken one after another that look alike: seconds apart by one camera, or numbered one after another.
//! **Why it matters:** a burst shows one thing once; in different folds its photos are judged by each other.
//! **What to do:** nothing; a burst stays in one fold and counts once.

use std::collections::BTreeMap;

use super::{Finding, Severity, counted};

/// Photos of a burst are less than so many seconds apart. Recipe A9.
const BURST_S: i64 = 3;
/// Cosine of features from which two photos that were taken together show the same. Recipe A9.
const ALIKE: f64 = 0.9;

/// Bursts: photos of one camera, each less than three seconds after the one before and alike to it; two or more in each,
/// as indices, in the order in which they were taken.
///
/// `taken` in seconds and `camera`, one entry an image; images without a time are in no burst. `cosine` compares the
/// features of two images, less their mean over all images.
pub fn bursts(
    taken: &[Option<i64>],
    camera: &[Option<&str>],
    cosine: &dyn Fn(usize, usize) -> f64,
) -> Vec<Vec<usize>> {
    let mut timed: Vec<(Option<&str>, i64, usize)> = taken
        .iter()
        .enumerate()
        .filter_map(|(image, time)| Some((camera[image], (*time)?, image)))
        .collect();
    timed.sort_unstable();
    let mut found: Vec<Vec<usize>> = Vec::new();
    let mut burst: Vec<usize> = Vec::new();
    for (place, &(maker, time, image)) in timed.iter().enumerate() {
        let goes_on = place > 0 && {
            let (last_maker, last_time, last) = timed[place - 1];
            maker == last_maker && time - last_time < BURST_S && cosine(last, image) >= ALIKE
        };
        if !goes_on {
            found.push(std::mem::take(&mut burst));
        }
        burst.push(image);
    }
    found.push(burst);
    found.retain(|burst| burst.len() > 1);
    found
}

/// What is said of bursts; `files` names their photos, a list a burst.
pub fn session(files: Vec<Vec<String>>) -> Option<Finding> {
    if files.is_empty() {
        return None;
    }
    let n_photos: usize = files.iter().map(Vec::len).sum();
    Some(Finding {
        kind: "session".into(),
        severity: Severity::Remark,
        text: format!(
            "{n_photos} photos look like the one that was taken just before or after, in {}",
            counted(files.len(), "burst", "bursts")
        ),
        numbers: BTreeMap::from([
            ("photos".into(), n_photos as f64),
            ("bursts".into(), files.len() as f64),
        ]),
        files,
        advice: "a burst is kept in one fold and counts as one".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_camera_seconds_apart_and_alike() {
        let taken = [
            Some(100),
            Some(102),
            Some(104),
            Some(104),
            Some(200),
            None,
            Some(201),
        ];
        let camera = [
            Some("a"),
            Some("a"),
            Some("a"),
            Some("b"),
            Some("a"),
            Some("a"),
            Some("a"),
        ];
        // 4 and 6 are seconds apart, but show different things.
        let cosine = |a: usize, b: usize| if (a, b) == (4, 6) { 0.5 } else { 0.95 };
        assert_eq!(bursts(&taken, &camera, &cosine), [vec![0, 1, 2]]);
        assert!(bursts(&[], &[], &cosine).is_empty());
    }
}
