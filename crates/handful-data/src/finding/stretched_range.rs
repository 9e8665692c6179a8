//! **Seen:** deep pictures of which a few reach so far that the common range of values leaves the others hardly any.
//! **Why it matters:** black and white are the same for all pictures of a set; one hot pixel or one `-9999` for "nothing
//! measured" makes all others nearly black, or nearly alike.
//! **What to do:** cut off the few values, or leave these pictures out.

use std::collections::BTreeMap;

use handful_image::{SampleExtent, SampleRange};

use super::{Finding, Severity, counted};

/// Share of the pictures, at each end, that are the few.
const FEW: f64 = 0.05;
/// The range is so many times as wide as without them: two of eight bits are lost.
const STRETCHED: f64 = 4.0;

/// What is said of the range of a set; `extents` holds the name and the values of each deep picture.
pub fn stretched_range(extents: &[(&str, SampleExtent)], range: &SampleRange) -> Option<Finding> {
    let mut least: Vec<f64> = extents.iter().map(|(_, e)| e.least).collect();
    let mut largest: Vec<f64> = extents.iter().map(|(_, e)| e.largest).collect();
    least.sort_by(f64::total_cmp);
    largest.sort_by(f64::total_cmp);
    // Of few pictures one may be the exception.
    let n_few = ((FEW * extents.len() as f64) as usize).max(1);
    let (low, high) = match extents.len() > 2 * n_few {
        true => (least[n_few], largest[largest.len() - 1 - n_few]),
        false => return None,
    };
    // Integers start at 0 whatever they hold.
    let low = if extents[0].1.is_float {
        low
    } else {
        range.low
    };
    if range.high - range.low < STRETCHED * (high - low) || high <= low {
        return None;
    }
    let reaches_far = |e: &SampleExtent| e.least < low || e.largest > high;
    let files: Vec<Vec<String>> = extents
        .iter()
        .filter(|(_, e)| reaches_far(e))
        .map(|(name, _)| vec![(*name).to_owned()])
        .collect();
    Some(Finding {
        kind: "stretched_range".into(),
        severity: Severity::Warning,
        text: format!(
            "{} values far outside those of all others ({low} to {high}): black and white are {} and {}, and of 256 levels \
             the others use {:.0}",
            counted(files.len(), "picture has", "pictures have"),
            range.low,
            range.high,
            256.0 * (high - low) / (range.high - range.low)
        ),
        numbers: BTreeMap::from([
            ("pictures".into(), files.len() as f64),
            ("low".into(), range.low),
            ("high".into(), range.high),
            ("low_of_others".into(), low),
            ("high_of_others".into(), high),
        ]),
        files,
        advice: "cut off single far values in these pictures, or leave them out".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(n: usize, far: &[f64]) -> Option<Finding> {
        let names: Vec<String> = (0..n).map(|i| format!("{i}.tif")).collect();
        let extent = |i: usize| SampleExtent {
            least: 0.1,
            largest: far.get(i).copied().unwrap_or(2.0 + i as f64 * 0.01),
            is_float: true,
        };
        let extents: Vec<(&str, SampleExtent)> =
            (0..n).map(|i| (names[i].as_str(), extent(i))).collect();
        let alone: Vec<SampleExtent> = extents.iter().map(|(_, e)| *e).collect();
        let range = SampleRange::of_set(&alone).unwrap().unwrap();
        stretched_range(&extents, &range)
    }

    #[test]
    fn one_hot_pixel_is_named() {
        let finding = found(20, &[9000.0]).expect("one picture stretches the range");
        assert_eq!(finding.files, [["0.tif"]]);
        assert_eq!(finding.numbers["high"], 9000.0);
    }

    #[test]
    fn pictures_that_share_a_range_are_no_trouble() {
        assert_eq!(found(20, &[]), None);
        assert_eq!(found(2, &[9000.0]), None);
        // Half of the set is no exception.
        assert_eq!(found(4, &[9000.0, 8000.0]), None);
    }
}
