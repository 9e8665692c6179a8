//! Findings with their photos, as a page shows them.

use std::collections::BTreeMap;

use handful_data::finding::{Finding, Severity};
use handful_image::{encode_jpeg, thumbnail};
use handful_report::{FindingCard, PHOTOS_SHOWN, photos_of_a_set, words};
use rayon::prelude::*;

use super::Findings;
use crate::photos::{Photo, Photos};

/// Longer side of a thumbnail in pixels, and its JPEG quality: sharp on the page, some 5 kB each.
const THUMBNAIL_PX: usize = 180;
const THUMBNAIL_QUALITY: u8 = 80;

/// The findings with their photos, in the same order.
pub fn cards(findings: &Findings, photos: &Photos) -> Vec<FindingCard> {
    let by_name: BTreeMap<&str, &Photo> =
        photos.list.iter().map(|p| (p.shown.as_str(), p)).collect();
    findings
        .list
        .iter()
        .map(|finding| card(finding, findings, &by_name, &photos.classes))
        .collect()
}

fn card(
    finding: &Finding,
    findings: &Findings,
    by_name: &BTreeMap<&str, &Photo>,
    classes: &[String],
) -> FindingCard {
    // No more files are opened than the page draws.
    let most = photos_of_a_set(finding.files.len());
    let mut left = PHOTOS_SHOWN;
    let mut sets: Vec<&[String]> = Vec::new();
    for set in &finding.files {
        let shown = set.len().min(most);
        if shown > left {
            break;
        }
        left -= shown;
        sets.push(set);
    }
    let photo = |(place, name): (usize, &String)| {
        let photo = by_name.get(name.as_str());
        handful_report::Photo {
            path: name.clone(),
            label: photo
                .and_then(|p| p.label)
                .map(|label| classes[label].clone()),
            note: findings.notes.get(name).cloned(),
            thumbnail: photo.filter(|_| place < most).and_then(|p| picture(p)),
        }
    };
    let pictured: Vec<Vec<handful_report::Photo>> = sets
        .par_iter()
        .map(|set| set.iter().enumerate().map(photo).collect())
        .collect();
    FindingCard {
        kind: finding.kind.clone(),
        severity: severity(finding.severity),
        text: finding.text.clone(),
        advice: finding.advice.clone(),
        numbers: finding
            .numbers
            .iter()
            .map(|(name, value)| (name.replace('_', " "), number(*value)))
            .collect(),
        n_more_sets: finding.files.len() - pictured.len(),
        sets: pictured,
    }
}

/// Counts as they are, anything else with three digits behind the point.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value >= 0.0 {
        words::count(value as usize)
    } else {
        format!("{value:.3}")
    }
}

/// As the page calls it.
pub fn severity(severity: Severity) -> handful_report::Severity {
    match severity {
        Severity::Error => handful_report::Severity::Error,
        Severity::Warning => handful_report::Severity::Warning,
        Severity::Remark => handful_report::Severity::Remark,
    }
}

/// A small JPEG of a photo; none when the file has gone meanwhile.
pub fn picture(photo: &Photo) -> Option<Vec<u8>> {
    let bytes = photo.read().ok()?;
    let reduction = photo.reduction(&bytes, THUMBNAIL_PX);
    let (pixels, _) = photo.decode(&bytes, reduction).ok()?;
    Some(encode_jpeg(
        &thumbnail(&pixels, THUMBNAIL_PX),
        THUMBNAIL_QUALITY,
    ))
}
