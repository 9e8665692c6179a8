//! What is found in small made-up catalogues.

use handful_data::Split;
use handful_data::finding::{FINDERS, Finding, Seen, Severity, find};

/// `(path, label, split, content)`, every photo on its own.
type Row = (&'static str, usize, Split, u8);

fn found(rows: &[Row], classes: &[&str]) -> Vec<Finding> {
    let paths: Vec<String> = rows.iter().map(|r| r.0.to_owned()).collect();
    let labels: Vec<usize> = rows.iter().map(|r| r.1).collect();
    let groups: Vec<usize> = (0..rows.len()).collect();
    let splits: Vec<Split> = rows.iter().map(|r| r.2).collect();
    let bytes: Vec<[u8; 32]> = rows.iter().map(|r| [r.3; 32]).collect();
    let classes: Vec<String> = classes.iter().map(|c| (*c).to_owned()).collect();
    find(&Seen {
        paths: &paths,
        labels: &labels,
        groups: &groups,
        splits: &splits,
        bytes: &bytes,
        same_pixels: &[],
        alike: &[],
        classes: &classes,
    })
}

fn of_kind<'a>(all: &'a [Finding], kind: &str) -> Option<&'a Finding> {
    all.iter().find(|f| f.kind == kind)
}

/// `n` different photos of a class; contents count up from `first`.
fn class(label: usize, n: u8, first: u8) -> Vec<Row> {
    (0..n)
        .map(|i| ("photo", label, Split::Train, first + i))
        .collect()
}

#[test]
fn a_clean_set_gives_no_finding() {
    let rows = [class(0, 12, 0), class(1, 12, 20)].concat();
    assert_eq!(found(&rows, &["a", "b"]), []);
}

#[test]
fn nothing_at_all_gives_no_panic() {
    assert!(found(&[], &[]).is_empty());
    assert_eq!(FINDERS.len(), 6);
}

#[test]
fn copies_conflicts_and_leaks_are_told_apart_and_name_their_files() {
    let mut rows = [class(0, 12, 0), class(1, 12, 20)].concat();
    rows.push(("copy", 0, Split::Train, 3));
    rows.push(("wrong", 1, Split::Validation, 4));
    rows.push(("held", 1, Split::Test, 21));
    let all = found(&rows, &["a", "b"]);
    let copies = of_kind(&all, "exact_duplicate").unwrap();
    assert_eq!(copies.files, [["photo", "copy"]], "the leak is none");
    assert_eq!(copies.numbers["spare_copies"], 1.0);
    let conflict = of_kind(&all, "label_conflict").unwrap();
    assert_eq!(conflict.files, [["photo", "wrong"]]);
    let leak = of_kind(&all, "leak").unwrap();
    assert_eq!(leak.files, [["photo", "held"]]);
    assert_eq!(leak.severity, Severity::Error);
    assert_eq!(all[0].kind, "leak", "what matters most comes first");
}

#[test]
fn small_and_unequal_classes_are_named() {
    let rows = [class(0, 30, 0), class(1, 5, 100)].concat();
    let all = found(&rows, &["many", "few"]);
    let small = of_kind(&all, "too_small").unwrap();
    assert_eq!(small.severity, Severity::Warning);
    // 5/(5 + 3.84) = 57 %.
    assert!(
        small.text.contains("\"few\" 5") && small.text.contains("57 %"),
        "{}",
        small.text
    );
    assert_eq!(of_kind(&all, "imbalance").unwrap().numbers["ratio"], 6.0);
    let one = found(
        &[class(0, 30, 0), class(1, 1, 100)].concat(),
        &["many", "one"],
    );
    assert_eq!(
        of_kind(&one, "too_small").unwrap().severity,
        Severity::Error
    );
}

#[test]
fn near_copies_are_told_apart_from_copies_and_cross_labels_and_splits() {
    let rows = [
        class(0, 12, 0),
        class(1, 12, 20),
        vec![("held", 0, Split::Test, 90)],
    ]
    .concat();
    let paths: Vec<String> = (0..rows.len()).map(|i| format!("{i}.jpg")).collect();
    let labels: Vec<usize> = rows.iter().map(|r| r.1).collect();
    let groups: Vec<usize> = (0..rows.len()).collect();
    let splits: Vec<Split> = rows.iter().map(|r| r.2).collect();
    let bytes: Vec<[u8; 32]> = rows.iter().map(|r| [r.3; 32]).collect();
    let classes = ["a".to_owned(), "b".to_owned()];
    let all = find(&Seen {
        paths: &paths,
        labels: &labels,
        groups: &groups,
        splits: &splits,
        bytes: &bytes,
        classes: &classes,
        same_pixels: &[vec![0, 1]],
        alike: &[vec![0, 1], vec![2, 3], vec![4, 13], vec![5, 24]],
    });
    assert_eq!(
        of_kind(&all, "exact_duplicate").unwrap().files,
        [["0.jpg", "1.jpg"]]
    );
    assert_eq!(
        of_kind(&all, "near_duplicate").unwrap().files,
        [["2.jpg", "3.jpg"]]
    );
    assert_eq!(
        of_kind(&all, "label_conflict").unwrap().files,
        [["4.jpg", "13.jpg"]]
    );
    assert_eq!(of_kind(&all, "leak").unwrap().files, [["5.jpg", "24.jpg"]]);
}
