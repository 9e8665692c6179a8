//! What photos said of changes of themselves.

use handful_report::{Augmentation, AugmentationModel, AugmentationRow, Captioned, SheetRow};

fn captioned(caption: &str) -> Captioned {
    Captioned {
        picture: b"\x89PNG\r\n\x1a\nabc".to_vec(),
        caption: caption.into(),
    }
}

fn row(operation: &str, allowed: &str, verdict: &str, why: &str) -> AugmentationRow {
    AugmentationRow {
        operation: operation.into(),
        allowed: allowed.into(),
        verdict: verdict.into(),
        why: why.into(),
        pictures: vec![captioned("refused: 1")],
    }
}

pub fn part(label: &str) -> Augmentation {
    Augmentation {
        judged: vec!["399 photos were changed and judged at 128 px.".into()],
        rows: vec![
            row(
                "horizontal_flip",
                "on",
                "safe",
                "+0.9 points for clean photos",
            ),
            row(
                "vertical_flip",
                "off",
                "harmful",
                "40 % of hat is read as shoes",
            ),
            row("brightness", "0.5 to 1 times", "unreal", "30 % lie outside"),
            row("brightness", "1 to 2 times", "unreal", "30 % lie outside"),
        ],
        sheet: (0..6)
            .map(|_| SheetRow {
                label: label.into(),
                pictures: vec![captioned(label), captioned("rotation 12")],
            })
            .collect(),
        policy: "safe".into(),
        is_used: true,
        policy_text: format!("name = \"{label}\"\n"),
        overruled: vec!["vertical_flip".into()],
    }
}

pub fn of(label: &str) -> AugmentationModel {
    AugmentationModel {
        name: label.into(),
        n_images: 3409,
        n_classes: 10,
        found: part(label),
        train_command: format!("handful train {label} --augment policy.toml"),
        version: "0.1.0".into(),
    }
}
