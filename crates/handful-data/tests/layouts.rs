//! Every layout that a person may have, as a real folder.

use std::fs;
use std::path::Path;

use handful_data::{
    Catalog, Category, ClassLevel, GroupBy, Remark, SOURCES, ScanOptions, Split, scan,
    scan_unlabelled, shown,
};
use tempfile::TempDir;

fn tree(files: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in files {
        let path = dir.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, b"\xFF\xD8\xFF not really").unwrap();
    }
    dir
}

fn read(dir: &TempDir) -> Catalog {
    scan(dir.path(), &ScanOptions::default()).unwrap()
}

fn grouped_by(text: &str) -> ScanOptions {
    ScanOptions {
        group_by: Some(GroupBy::parse(text).unwrap()),
        ..ScanOptions::default()
    }
}

fn groups(catalog: &Catalog) -> Vec<Option<&str>> {
    catalog.samples.iter().map(|s| s.group.as_deref()).collect()
}

#[test]
fn folders_name_classes_and_rubbish_is_passed_over() {
    let dir = tree(&[
        "dog/1.jpg",
        "cat/2.JPG",
        "cat/._2.JPG",
        "cat/.DS_Store",
        "__MACOSX/cat/2.jpg",
        "cat/Thumbs.db",
        "cat/notes.txt",
    ]);
    let catalog = read(&dir);
    assert_eq!(catalog.classes, ["cat", "dog"]);
    let found: Vec<(String, Option<usize>)> = catalog
        .samples
        .iter()
        .map(|s| (shown(&s.path), s.label))
        .collect();
    assert_eq!(
        found,
        [("cat/2.JPG".into(), Some(0)), ("dog/1.jpg".into(), Some(1))]
    );
    assert!(catalog.issues.is_empty() && catalog.remarks.is_empty());
    assert_eq!(groups(&catalog), [None, None]);
}

#[test]
fn images_beside_the_class_folders_are_counted() {
    let catalog = read(&tree(&["cat/1.jpg", "dog/1.jpg", "loose.jpg"]));
    assert_eq!(catalog.samples.len(), 2);
    assert_eq!(catalog.remarks, [Remark::Unlabelled { n_images: 1 }]);
}

#[test]
fn an_image_without_a_telling_name_is_found_by_its_bytes() {
    assert_eq!(read(&tree(&["cat/1", "dog/1.photo"])).samples.len(), 2);
}

#[test]
fn folders_inside_a_class_are_groups_or_finer_classes() {
    let dir = tree(&[
        "fruit/apple/1.jpg",
        "fruit/apple/2.jpg",
        "fruit/pear/1.jpg",
        "veg/leek/1.jpg",
    ]);
    let catalog = read(&dir);
    assert_eq!(catalog.classes, ["fruit", "veg"]);
    assert_eq!(
        groups(&catalog),
        [
            Some("fruit/apple"),
            Some("fruit/apple"),
            Some("fruit/pear"),
            Some("veg/leek")
        ]
    );
    assert!(catalog.remarks.contains(&Remark::ClassLevel {
        n_classes: 2,
        n_others: 3,
        first: true
    }));
    let options = ScanOptions {
        class_level: Some(ClassLevel::Last),
        ..ScanOptions::default()
    };
    let catalog = scan(dir.path(), &options).unwrap();
    assert_eq!(catalog.classes, ["apple", "leek", "pear"]);
    assert_eq!(groups(&catalog), [None; 4]);
}

#[test]
fn folders_of_one_name_in_two_places_are_two_classes() {
    let dir = tree(&["fruit/red/1.jpg", "veg/red/1.jpg", "veg/green/1.jpg"]);
    let options = ScanOptions {
        class_level: Some(ClassLevel::Last),
        ..ScanOptions::default()
    };
    assert_eq!(
        scan(dir.path(), &options).unwrap().classes,
        ["fruit/red", "green", "veg/red"]
    );
}

#[test]
fn splits_are_recognised_by_their_names_in_any_case() {
    let dir = tree(&[
        "Train/cat/1.jpg",
        "Train/dog/1.jpg",
        "valid/cat/2.jpg",
        "test/dog/3.jpg",
        "unlabelled/4.jpg",
    ]);
    let catalog = read(&dir);
    let splits: Vec<Split> = catalog.samples.iter().map(|s| s.split).collect();
    assert_eq!(
        splits,
        [Split::Train, Split::Train, Split::Test, Split::Validation]
    );
    assert_eq!(
        catalog.remarks,
        [Remark::FoldersIgnored {
            names: vec!["unlabelled".into()]
        }]
    );
}

#[test]
fn a_class_called_train_is_no_split() {
    let catalog = read(&tree(&["train/1.jpg", "bus/1.jpg", "car/1.jpg"]));
    assert_eq!(catalog.classes, ["bus", "car", "train"]);
    assert!(catalog.samples.iter().all(|s| s.split == Split::Train));
}

#[test]
fn a_list_is_read_with_its_splits_and_groups() {
    let dir = tree(&["a/1.jpg", "a/2.jpg", "a/3.jpg", "a/4.jpg"]);
    let list = dir.path().join("list.csv");
    fs::write(
        &list,
        "\u{FEFF}Path;Label;Split;Group;Other\na/1.jpg;cat;train;g1;\na\\2.jpg;dog;val;;x\na/3.jpg;dog;TEST;g1;\n\
         a/3.jpg;dog;test;g1;\na/4.jpg;;train;;\na/5.jpg;cat;;;\n",
    )
    .unwrap();
    let catalog = scan(&list, &ScanOptions::default()).unwrap();
    assert_eq!(catalog.classes, ["cat", "dog"]);
    assert_eq!(groups(&catalog), [Some("g1"), None, Some("g1")]);
    assert_eq!(catalog.samples[2].split, Split::Test);
    assert_eq!(catalog.remarks, [Remark::Unlabelled { n_images: 1 }]);
    assert_eq!(
        (catalog.issues.len(), catalog.issues[0].kind),
        (1, "missing")
    );
    let by_other = scan(&list, &grouped_by("other")).unwrap();
    assert_eq!(groups(&by_other), [None, Some("x"), None]);
}

#[test]
fn a_list_that_contradicts_itself_is_not_believed() {
    let dir = tree(&["1.jpg", "2.jpg", "3.jpg"]);
    fs::write(
        dir.path().join("list.csv"),
        "file,class\n1.jpg,cat\n1.jpg,dog\n2.jpg,cat\n3.jpg,dog\n",
    )
    .unwrap();
    let catalog = read(&dir);
    assert_eq!(
        catalog.remarks,
        [Remark::ListFound {
            name: "list.csv".into()
        }]
    );
    assert_eq!(
        (catalog.samples.len(), catalog.issues[0].kind),
        (2, "label_conflict")
    );
    assert!(catalog.issues[0].is_skipped());
}

#[test]
fn lists_that_can_not_be_used_say_why() {
    let dir = tree(&["1.jpg"]);
    let list = dir.path().join("l.csv");
    for (text, part) in [
        (
            b"name,label\n1.jpg,cat\n".as_slice(),
            "its columns are name, label",
        ),
        (
            b"path,label,split\n1.jpg,cat,holdout\n",
            "line 2 has the split \"holdout\"",
        ),
        (b"path,label\n1.jpg,c\xE4t\n", "line 2 is not UTF-8"),
        (b"path,label\n1.jpg\n", "found record with 1 fields"),
    ] {
        fs::write(&list, text).unwrap();
        let error = scan(&list, &ScanOptions::default()).unwrap_err();
        assert!(error.what().contains(part), "{}", error.what());
        assert_eq!(error.category(), Category::Data);
    }
}

#[test]
fn groups_come_from_patterns_and_from_lists_beside_the_images() {
    let dir = tree(&["cat/a_1.jpg", "cat/a_2.jpg", "dog/b_1.jpg", "dog/odd.jpg"]);
    let catalog = scan(dir.path(), &grouped_by(r"([a-z])_\d")).unwrap();
    assert_eq!(groups(&catalog), [Some("a"), Some("a"), Some("b"), None]);
    assert_eq!(
        catalog.remarks,
        [Remark::Ungrouped {
            n_images: 1,
            by: r"([a-z])_\d".into()
        }]
    );
    fs::write(
        dir.path().join("groups.csv"),
        "path,nest\ncat/a_1.jpg,n1\nb_1.jpg,n1\n",
    )
    .unwrap();
    let catalog = scan(dir.path(), &grouped_by("groups.csv:nest")).unwrap();
    assert_eq!(groups(&catalog), [Some("n1"), None, Some("n1"), None]);
    for wrong in ["nest", "groups.csv:age"] {
        assert_eq!(
            scan(dir.path(), &grouped_by(wrong)).unwrap_err().category(),
            Category::Usage,
            "{wrong}"
        );
    }
    for wrong in ["", "(", "groups.csv:"] {
        assert!(GroupBy::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn refusals_say_what_was_found_and_what_to_do() {
    let empty = tree(&[]);
    let flat = tree(&["cat_1.jpg", "dog_1.jpg"]);
    let one = tree(&["cat/1.jpg"]);
    for (dir, part) in [
        (&empty, "an empty folder"),
        (&flat, "2 images directly in it, named like `cat_1.jpg`"),
        (&one, "two classes"),
    ] {
        let error = scan(dir.path(), &ScanOptions::default()).unwrap_err();
        assert!(error.found().contains(part), "{}", error.found());
        assert!(!error.advice().is_empty());
        assert_eq!(error.category(), Category::Data);
    }
    let error = scan(Path::new("/nowhere/at/all"), &ScanOptions::default()).unwrap_err();
    assert_eq!(error.category(), Category::Io);
}

#[test]
fn a_loop_of_links_is_named_and_the_rest_is_read() {
    let dir = tree(&["cat/1.jpg", "dog/1.jpg"]);
    std::os::unix::fs::symlink(dir.path(), dir.path().join("dog/loop")).unwrap();
    let catalog = read(&dir);
    assert_eq!(catalog.samples.len(), 2);
    assert_eq!(
        (catalog.issues.len(), catalog.issues[0].kind),
        (1, "link_loop")
    );
}

#[test]
fn unlabelled_images_keep_the_order_in_which_they_were_given() {
    let dir = tree(&["b/2.jpg", "b/1.jpg", "a.jpg", "b/notes.txt"]);
    let given = [dir.path().join("b"), dir.path().join("a.jpg")];
    let catalog = scan_unlabelled(&given).unwrap();
    let names: Vec<_> = catalog
        .samples
        .iter()
        .map(|s| s.path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names, ["1.jpg", "2.jpg", "a.jpg"]);
    assert!(
        catalog
            .samples
            .iter()
            .all(|s| catalog.root.join(&s.path).is_file() && s.label.is_none())
    );
    assert!(scan_unlabelled(&[dir.path().join("none.jpg")]).is_err());
}

#[test]
fn every_source_has_its_own_name_and_only_the_last_takes_everything() {
    let names: std::collections::BTreeSet<_> = SOURCES.iter().map(|s| s.name()).collect();
    assert_eq!(names.len(), SOURCES.len());
    // A folder of loose images is laid out like none of them, so the message for it comes.
    let error = scan(tree(&["1.jpg"]).path(), &ScanOptions::default()).unwrap_err();
    assert!(error.what().contains("no class folders"));
}
