//! Made-up findings with made-up photos.

use handful_report::*;

use super::picture;

/// What can be wrong with photos of leaves, most important first.
pub fn leaves() -> Vec<FindingCard> {
    let of = |label: &str, thing: usize, shot: usize| photo(label, thing, shot, None);
    vec![
        card(
            "label_conflict",
            Severity::Error,
            "3 photos are in two classes each: the same file under 2 labels",
            "open each pair, keep the copy with the right label and delete the other",
            &[("Pairs", "3"), ("Photos", "6 of 1,482")],
            vec![
                vec![of("birch", 1, 0), of("alder", 1, 0)],
                vec![of("oak", 3, 0), of("beech", 3, 0)],
                vec![of("hazel", 5, 0), of("elm", 5, 0)],
            ],
            0,
        ),
        card(
            "leak",
            Severity::Error,
            "14 photos of the test are copies of photos to learn from, so the test would be too kind",
            "take them out of `test/`, or hold back other photos",
            &[
                ("Copies", "14 of 372 test photos"),
                ("Found by", "same bytes 9, same picture 5"),
            ],
            (10..17)
                .map(|thing| vec![of("maple", thing, 0), of("maple", thing, 1)])
                .collect(),
            7,
        ),
        card(
            "scene",
            Severity::Warning,
            "412 photos look like another one of their class, 12 of them like one and the same leaf",
            "look at the largest groups and say with `--group-by` what belongs together",
            &[
                ("Groups", "96"),
                ("Largest", "12 photos"),
                ("Bimodal", "0.71"),
            ],
            vec![
                (0..12).map(|shot| of("lime", 20, shot)).collect(),
                (0..5).map(|shot| of("elm", 21, shot)).collect(),
                (0..3).map(|shot| of("oak", 22, shot)).collect(),
            ],
            93,
        ),
        card(
            "label_doubt",
            Severity::Warning,
            "23 labels are in doubt: the other photos say another class, clearly",
            "look at each; correct the label where it is wrong, keep it where the photo is only unusual",
            &[
                ("In doubt", "23 of 1,482 photos (1.6 %)"),
                ("Most often", "birch taken for alder, 9 times"),
            ],
            (30..53)
                .map(|thing| {
                    let note = format!("looks like alder, {} %", 99 - thing % 30);
                    vec![photo("birch", thing, 0, Some(&note))]
                })
                .collect(),
            0,
        ),
        card(
            "shortcut",
            Severity::Warning,
            "the size of the photo alone tells the class of 61 % of photos, where always guessing the largest class gives 17 %",
            "take photos of all classes with the same camera and settings, or cut them to one size",
            &[("Right from size alone", "61 % (95 % interval 58 to 64)")],
            Vec::new(),
            0,
        ),
        card(
            "imbalance",
            Severity::Remark,
            "\"oak\" has 311 photos, \"hazel\" 24",
            "",
            &[("Ratio", "13 times")],
            Vec::new(),
            0,
        ),
    ]
}

/// A card of the given content.
pub fn card(
    kind: &str,
    severity: Severity,
    text: &str,
    advice: &str,
    numbers: &[(&str, &str)],
    sets: Vec<Vec<Photo>>,
    n_more_sets: usize,
) -> FindingCard {
    FindingCard {
        kind: kind.into(),
        severity,
        text: text.into(),
        advice: advice.into(),
        numbers: numbers
            .iter()
            .map(|(what, value)| ((*what).into(), (*value).into()))
            .collect(),
        sets,
        n_more_sets,
    }
}

/// One shot of a made-up leaf.
pub fn photo(label: &str, thing: usize, shot: usize, note: Option<&str>) -> Photo {
    Photo {
        path: format!("{label}/IMG_{:04}.jpg", 100 * thing + shot),
        label: Some(label.into()),
        note: note.map(Into::into),
        thumbnail: Some(picture::leaf(thing, shot)),
    }
}
