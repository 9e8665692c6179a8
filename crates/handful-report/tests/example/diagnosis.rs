//! Made-up diagnoses: a folder with faults, a clean one, a hostile one and a big one. No number here was measured.

use handful_report::*;

use super::finding::{card, leaves, photo};

/// A folder of leaves with something of everything.
pub fn leaf_folder() -> DiagnosisModel {
    let classes = [
        ("alder", 201, 188),
        ("beech", 96, 71),
        ("birch", 233, 219),
        ("elm", 58, 31),
        ("hazel", 24, 9),
        ("lime", 174, 102),
        ("maple", 385, 340),
        ("oak", 311, 297),
    ];
    DiagnosisModel {
        name: "leaves".into(),
        n_images: 1482,
        n_classes: classes.len(),
        n_test: 372,
        classes: classes
            .into_iter()
            .map(|(name, n_images, n_groups)| ClassSize {
                name: name.into(),
                n_images,
                n_groups,
            })
            .collect(),
        findings: leaves(),
        unread: Unread {
            files: vec![
                UnreadFile {
                    path: "oak/IMG_0231.jpg".into(),
                    kind: "truncated".into(),
                    detail: "the file ends after 8 kB".into(),
                    advice: "copy it again from the camera".into(),
                },
                UnreadFile {
                    path: "maple/IMG_1102.HEIC".into(),
                    kind: "unsupported".into(),
                    detail: "HEIC".into(),
                    advice: "export it as JPEG".into(),
                },
            ],
            n_files: 9,
        },
        quick: Some(QuickAccuracy {
            accuracy: Interval {
                value: 0.81,
                low: 0.79,
                high: 0.83,
            },
            level: 0.95,
            majority_accuracy: 0.26,
            assumption: Some("every photo shows a different leaf".into()),
        }),
        made: DiagnosisMade {
            version: "0.1.0".into(),
            train_command: "handful train leaves/".into(),
            settings: vec![
                ("Copies".into(), "same bytes, then same pixels".into()),
                (
                    "Look-alikes".into(),
                    "features of EfficientNet-Lite0 at 128 px, cut at 0.60".into(),
                ),
                ("Seed".into(), "1".into()),
            ],
        },
    }
}

/// The same folder without a fault, and with photos that each stand for themselves.
pub fn clean() -> DiagnosisModel {
    let mut model = leaf_folder();
    model.findings.clear();
    model.unread = Unread::default();
    model.quick = None;
    model.n_test = 0;
    for class in &mut model.classes {
        class.n_groups = class.n_images;
    }
    model
}

/// A folder whose every text tries to break the page.
pub fn hostile() -> DiagnosisModel {
    let nasty = "\"><img src=http://evil.example/x.png onerror=alert(1)>\u{202e}\u{1b}</style>";
    let mut model = leaf_folder();
    model.name = nasty.into();
    model.classes[0].name = nasty.into();
    model.made.train_command = nasty.into();
    model.made.settings.push((nasty.into(), nasty.into()));
    let mut bad = photo("oak", 1, 0, Some(nasty));
    (bad.path, bad.label) = (nasty.repeat(20), Some(nasty.into()));
    let unlabelled = Photo {
        label: None,
        thumbnail: None,
        ..bad.clone()
    };
    model.findings = vec![card(
        nasty,
        Severity::Error,
        nasty,
        nasty,
        &[(nasty, nasty)],
        vec![vec![bad, unlabelled], Vec::new()],
        3,
    )];
    model
}

/// Far more findings, photos and classes than a page should hold, with pictures of 20 kB.
pub fn big() -> DiagnosisModel {
    let mut model = leaf_folder();
    model.findings = (0..30)
        .map(|idx| {
            let mut photo = photo("oak", idx, 0, None);
            photo.thumbnail = Some(vec![0xff; 20_000]);
            let sets = (0..40)
                .map(|_| vec![photo.clone(), photo.clone()])
                .collect();
            card(
                "near_duplicate",
                Severity::Warning,
                "pairs",
                "look",
                &[],
                sets,
                1000,
            )
        })
        .collect();
    model.classes = (0..500)
        .map(|idx| ClassSize {
            name: format!("class {idx}"),
            n_images: 10 + idx,
            n_groups: 5 + idx / 2,
        })
        .collect();
    model.n_classes = 500;
    model
}
