//! **Seen:** something that should not matter predicts the label: the size of the files, their format, the camera, the
//! time, the border of the picture, or the colours of a tiny thumbnail.
//! **Why it matters:** a model learns it in place of the thing itself, and fails on photos that come another way.
//! **What to do:** take photos of all classes in the same way and bring all files to one size and format; where the colour
//! is the thing's own (a lemon is yellow), do nothing.

use std::collections::BTreeMap;

use super::{Finding, Severity};

/// What a shortcut is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ShortcutKind<'a> {
    /// How the file was made: size, format, quality, camera, time. Nothing of it is in the thing that was photographed.
    File,
    /// The colour at one place of the border, which tells a class better than any place in the middle does, where the thing
    /// is: a mark, a frame, a table.
    Border {
        /// The class that it tells from all others.
        class: &'a str,
        /// Where it is, as `in the upper left corner`, if it is one place.
        place: Option<&'static str>,
        /// Balanced accuracy of this class against all others by the best place in the middle.
        middle: f64,
    },
    /// The picture as a whole, tiny: colours and places, which may be the thing's own.
    Looks,
}

/// Something that predicts the label.
#[derive(Clone, Copy, Debug)]
pub struct SeenShortcut<'a> {
    /// As a noun for a sentence, such as `the size of the files`.
    pub name: &'a str,
    /// What it is made of.
    pub kind: ShortcutKind<'a>,
    /// Balanced accuracy of what it alone predicts, out of group, 0..=1.
    pub balanced_accuracy: f64,
    /// What guessing gives.
    pub chance: f64,
    /// p, adjusted for all that was tried.
    pub p: f64,
    /// Accuracy of the trained model on photos where the shortcut leads right, and how many these are, if known.
    pub where_right: Option<(f64, usize)>,
    /// The same where it leads astray.
    pub where_wrong: Option<(f64, usize)>,
}

/// One finding a shortcut, in the given order.
pub fn shortcut(seen: &[SeenShortcut]) -> Vec<Finding> {
    seen.iter().map(finding).collect()
}

fn finding(seen: &SeenShortcut) -> Finding {
    let percent = |share: f64| 100.0 * share;
    let guessing = format!("guessing {:.0} %", percent(seen.chance));
    let (severity, said) = match seen.kind {
        ShortcutKind::File => (
            Severity::Warning,
            format!("right (all classes weighed alike; {guessing})"),
        ),
        ShortcutKind::Looks => (
            Severity::Remark,
            format!(
                "right (all classes weighed alike; {guessing}); this could be a shortcut, or honest colours of the things \
                 themselves"
            ),
        ),
        ShortcutKind::Border {
            class,
            place,
            middle,
        } => (
            Severity::Warning,
            format!(
                "of \"{class}\" and the others apart{} (both weighed alike; {guessing}; the best place in the middle {:.0} %)",
                place.map(|place| format!(", {place}")).unwrap_or_default(),
                percent(middle)
            ),
        ),
    };
    let mut text = format!(
        "{} alone tells {:.0} % {said}",
        seen.name,
        percent(seen.balanced_accuracy)
    );
    let mut numbers = BTreeMap::from([
        ("balanced_accuracy".into(), seen.balanced_accuracy),
        ("chance".into(), seen.chance),
        ("p".into(), seen.p),
    ]);
    if let ShortcutKind::Border { middle, .. } = seen.kind {
        numbers.insert("middle".into(), middle);
    }
    if let (Some((right, n_right)), Some((wrong, n_wrong))) = (seen.where_right, seen.where_wrong) {
        text += &format!(
            "; the model is right on {:.0} % of the {n_right} photos where it leads right and on {:.0} % of the {n_wrong} \
             where it leads astray",
            percent(right),
            percent(wrong)
        );
        numbers.extend([
            ("model_where_right".into(), right),
            ("model_where_wrong".into(), wrong),
            ("photos_where_wrong".into(), n_wrong as f64),
        ]);
    }
    Finding {
        kind: "shortcut".into(),
        severity,
        text,
        files: Vec::new(),
        numbers,
        advice: match seen.kind {
            ShortcutKind::File => "bring all files to one size and format, and take photos of every class with every camera \
                                   and at all times"
                .into(),
            ShortcutKind::Border { .. } => "look at the borders of the pictures: marks, frames, tables; crop them away, or \
                                            take all classes before the same background"
                .into(),
            ShortcutKind::Looks => "if the colours belong to the background or the light, take all classes in the same way; \
                                    if they are the things' own, do nothing"
                .into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(kind: ShortcutKind) -> Finding {
        let one = SeenShortcut {
            name: "the border of the pictures",
            kind,
            balanced_accuracy: 0.62,
            chance: 0.25,
            p: 0.005,
            where_right: Some((0.9, 62)),
            where_wrong: Some((0.4, 38)),
        };
        shortcut(&[one]).remove(0)
    }

    #[test]
    fn files_warn_and_looks_only_ask() {
        assert_eq!(seen(ShortcutKind::File).severity, Severity::Warning);
        let looks = seen(ShortcutKind::Looks);
        assert_eq!(looks.severity, Severity::Remark);
        assert!(looks.text.contains("could be"), "{}", looks.text);
    }

    #[test]
    fn a_border_says_which_class_it_tells_and_where() {
        let warns = seen(ShortcutKind::Border {
            class: "cat",
            place: Some("in the lower right corner"),
            middle: 0.55,
        });
        assert_eq!(warns.severity, Severity::Warning);
        let words = "62 % of \"cat\" and the others apart, in the lower right corner (both";
        assert!(warns.text.contains(words), "{}", warns.text);
        assert_eq!(warns.numbers["middle"], 0.55);
    }

    #[test]
    fn the_damage_is_told_where_it_is_known() {
        let text = seen(ShortcutKind::File).text;
        assert!(text.ends_with(
            "90 % of the 62 photos where it leads right and on 40 % of the 38 where it leads astray"
        ));
    }
}
