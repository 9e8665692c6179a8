//! Every layout that a person may have, as a real folder.

mod tree;

use std::fs;
use std::path::Path;

use handful_data::{
    Catalog, Category, ClassLevel, DataError, GroupBy, LabelFrom, Remark, SOURCES, ScanOptions,
    Split, scan, scan_unlabelled, shown,
};
use tree::{kinds, labels, put, tree};

fn read(dir: &tempfile::TempDir) -> Catalog {
    tree::read(dir.path())
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
fn folders_name_classes_and_what_systems_leave_is_told_once() {
    let dir = tree(&[
        "dog/1.jpg",
        "cat/2.JPG",
        "cat/._2.JPG",
        "cat/.DS_Store",
        "__MACOSX/cat/2.jpg",
        "cat/Thumbs.db",
        "cat/notes.txt",
    ]);
    fs::write(dir.path().join("cat/._2.JPG"), b"\x00\x05\x16\x07").unwrap();
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
    let kinds: Vec<&str> = catalog.issues.iter().map(|i| i.kind).collect();
    assert_eq!(
        kinds,
        [
            "macosx_folder",
            "ds_store",
            "macos_companion",
            "thumbs_db",
            "not_an_image"
        ]
    );
    assert_eq!(shown(&catalog.issues[4].path), "cat/notes.txt");
    assert!(catalog.issues.iter().all(|i| i.is_passed_over()));
    assert!(catalog.remarks.is_empty());
    assert_eq!(groups(&catalog), [None, None]);
}

#[test]
fn images_beside_the_class_folders_are_counted() {
    let catalog = read(&tree(&["cat/1.jpg", "dog/1.jpg", "loose.jpg"]));
    assert_eq!(catalog.samples.len(), 2);
    assert_eq!(catalog.remarks, [Remark::Unlabelled { n_images: 1 }]);
    assert_eq!(kinds(&catalog), [("loose.jpg".into(), "no_label")]);
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
    let kinds: Vec<&str> = catalog.issues.iter().map(|i| i.kind).collect();
    assert_eq!(kinds, ["listed_twice", "no_label", "missing"]);
    assert_eq!(catalog.issues[1].detail, "line 6 gives it no label");
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
        (
            b"path,label\n1.jpg\n",
            "line 2 has 1 cell, the first line 2 cells",
        ),
        (
            b"path,label\n\"1.jpg,cat\n2.jpg,cat\n",
            "line 2 opens a double quote",
        ),
        (
            b"path,label\nx/y/8.jpg,cat\nx/y/9.jpg,dog\n",
            "its 2 paths lead nowhere, such as `x/y/8.jpg`",
        ),
        (
            b"path,label\n1.jpg,cat|big\n1.jpg,cat|small\n",
            "several labels in one cell",
        ),
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
fn a_table_names_photos_by_path_by_name_or_without_ending() {
    let dir = tree(&["cat/a_1.jpg", "cat/a_2.jpg", "dog/b_1.jpg"]);
    put(
        dir.path(),
        "g.csv",
        "path,nest\ncat/a_1.jpg,n1\na_2.jpg,n2\nb_1,n3\n",
    );
    put(
        dir.path(),
        "g.tsv",
        "Path\tNest\ncat\\a_1.jpg\tn1\na_2.jpg\tn2\nb_1\tn3\n",
    );
    for by in ["g.csv:nest", "g.tsv:Nest"] {
        let catalog = scan(dir.path(), &grouped_by(by)).unwrap();
        assert_eq!(groups(&catalog), [Some("n1"), Some("n2"), Some("n3")]);
    }
    put(dir.path(), "other.csv", "path,nest\nelse/x.jpg,n1\n");
    let error = scan(dir.path(), &grouped_by("other.csv:nest")).unwrap_err();
    assert!(
        error.what().contains("it names none of the photos"),
        "{}",
        error.what()
    );
}

#[test]
fn specimens_inside_a_species_stay_together() {
    let dir = tree(&[
        "robin/specimen1/1.jpg",
        "robin/specimen1/2.jpg",
        "robin/specimen2/1.jpg",
        "wren/specimen1/1.jpg",
    ]);
    let catalog = read(&dir);
    assert_eq!(catalog.classes, ["robin", "wren"]);
    assert_eq!(
        groups(&catalog),
        [
            Some("robin/specimen1"),
            Some("robin/specimen1"),
            Some("robin/specimen2"),
            Some("wren/specimen1")
        ]
    );
    let first = ScanOptions {
        class_level: Some(ClassLevel::First),
        ..ScanOptions::default()
    };
    assert_eq!(scan(dir.path(), &first).unwrap().samples, catalog.samples);
}

#[test]
fn yolo_classify_folders_are_splits() {
    for names in [
        ["train", "val"],
        ["Train", "Valid"],
        ["TRAIN", "validation"],
    ] {
        let dir = tree(&[]);
        for (split, file) in names.iter().zip(["1.jpg", "2.jpg"]) {
            for class in ["cat", "dog"] {
                put(
                    dir.path(),
                    &format!("{split}/{class}/{file}"),
                    tree::JPEG_START,
                );
            }
        }
        put(dir.path(), "data.yaml", "nc: 2\n");
        put(dir.path(), "train.cache", "x");
        let catalog = read(&dir);
        assert_eq!(catalog.layout, "split folders");
        let held: usize = catalog
            .samples
            .iter()
            .filter(|s| s.split == Split::Validation)
            .count();
        assert_eq!((catalog.classes.len(), held), (2, 2));
    }
}

#[test]
fn labels_come_out_of_names_by_a_pattern() {
    let dir = tree(&["cat_001.jpg", "cat_002.jpg", "dog_001.jpg", "IMG.jpg"]);
    let options = |pattern: &str| ScanOptions {
        label_from: Some(LabelFrom::parse(pattern).unwrap()),
        ..ScanOptions::default()
    };
    let catalog = scan(dir.path(), &options("^([a-z]+)_")).unwrap();
    assert_eq!(catalog.classes, ["cat", "dog"]);
    assert_eq!(kinds(&catalog), [("IMG.jpg".into(), "no_label")]);
    let error = scan(dir.path(), &options("^(x)_")).unwrap_err();
    assert_eq!(error.category(), Category::Usage);
    for wrong in ["(", "no group"] {
        assert!(matches!(
            LabelFrom::parse(wrong),
            Err(DataError::LabelFrom { .. })
        ));
    }
    // Any folder will do, and splits are kept.
    let dir = tree(&["train/a/cat_1.jpg", "test/b/dog_1.jpg", "train/dog_2.jpg"]);
    let catalog = scan(dir.path(), &options("([a-z]+)_")).unwrap();
    assert_eq!(
        labels(&catalog),
        [
            ("test/b/dog_1.jpg".into(), "dog"),
            ("train/a/cat_1.jpg".into(), "cat"),
            ("train/dog_2.jpg".into(), "dog")
        ]
    );
    assert_eq!(catalog.samples[0].split, Split::Test);
}

#[test]
fn a_flat_folder_whose_names_carry_labels_is_told_the_pattern() {
    let dir = tree(&[
        "cat_1.jpg",
        "cat_2.jpg",
        "dog_1.jpg",
        "dog_2.jpg",
        "dog_3.jpg",
    ]);
    let error = scan(dir.path(), &ScanOptions::default()).unwrap_err();
    let advice = error.advice();
    assert!(
        advice.starts_with("use `--label-from '^([a-z]+)_'`, which gives 2 classes (cat, dog) and labels 5 of 5 images"),
        "{advice}"
    );
    let dir = tree(&["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"]);
    let error = scan(dir.path(), &ScanOptions::default()).unwrap_err();
    assert!(error.advice().starts_with("put the images of each class"));
}

#[test]
fn everything_in_one_folder_is_the_same_as_that_folder() {
    let dir = tree(&["photos/cat/1.jpg", "photos/dog/1.jpg", "readme.md"]);
    let catalog = read(&dir);
    assert_eq!(catalog.classes, ["cat", "dog"]);
    assert_eq!(catalog.root, dir.path().join("photos"));
    let name = "photos".into();
    assert_eq!(catalog.remarks, [Remark::TopFolder { name }]);
    // A single class is none the less a single class.
    let error = scan(tree(&["cat/1.jpg"]).path(), &ScanOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::OneClass { .. }));
}

#[test]
fn a_list_beside_a_folder_of_images_completes_its_paths() {
    let dir = tree(&["train_images/1.jpg", "train_images/2.jpg"]);
    put(
        dir.path(),
        "train.csv",
        "IMAGE,Label\n1,cat\n2,dog\n3,dog\n",
    );
    let catalog = read(&dir);
    assert_eq!(catalog.layout, "list");
    assert_eq!(
        labels(&catalog),
        [
            ("train_images/1.jpg".into(), "cat"),
            ("train_images/2.jpg".into(), "dog")
        ]
    );
    assert_eq!(kinds(&catalog), [("3".into(), "missing")]);
    assert!(catalog.remarks.contains(&Remark::PathsCompleted {
        n_images: 2,
        given: "1".into(),
        found: "train_images/1.jpg".into()
    }));
}

#[test]
fn lists_of_several_labels_or_of_addresses_are_refused_with_a_way_out() {
    let dir = tree(&["1.jpg", "2.jpg", "3.jpg"]);
    let list = dir.path().join("l.csv");
    for (text, part) in [
        (
            "path,label\n1.jpg,\"cat,dog\"\n2.jpg,cat\n3.jpg,dog\n",
            "several labels in one cell, such as \"cat,dog\"",
        ),
        (
            "path,label\n1.jpg,cat|dog\n2.jpg,dog|cat\n",
            "several labels in one cell",
        ),
        (
            "path,label\n1.jpg,cat\n1.jpg,dog\n2.jpg,cat\n2.jpg,fox\n3.jpg,cat\n",
            "2 of its 3 images have several labels",
        ),
        (
            "path,label\nhttps://x.org/1.jpg,cat\nHTTPS://x.org/2.jpg,dog\n",
            "addresses on the internet",
        ),
    ] {
        fs::write(&list, text).unwrap();
        let error = scan(&list, &ScanOptions::default()).unwrap_err();
        assert!(error.what().contains(part), "{}", error.what());
        assert!(error.advice().len() > 40);
    }
    fs::write(
        &list,
        "path,label\n1.jpg,\"Paris, France\"\n2.jpg,\"Lyon, France\"\n3.jpg,\"Paris, France\"\n",
    )
    .unwrap();
    let catalog = scan(&list, &ScanOptions::default()).unwrap();
    assert_eq!(catalog.classes, ["Lyon, France", "Paris, France"]);
}

#[test]
fn boxes_in_the_form_of_yolo_are_named() {
    let dir = tree(&["train/images/1.jpg", "valid/images/2.jpg"]);
    put(dir.path(), "train/labels/1.txt", "0 0.5 0.5 0.1 0.1\n");
    let error = scan(dir.path(), &ScanOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::Boxes { .. }));
    assert!(error.advice().contains("VOC or COCO"));
    let dir = tree(&["images/train/1.jpg", "images/val/2.jpg"]);
    put(dir.path(), "labels/train/1.txt", "0 0.5 0.5 0.1 0.1\n");
    put(dir.path(), "data.yaml", "names: [cat]\n");
    let error = scan(dir.path(), &ScanOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::Boxes { .. }), "{error}");
}

#[test]
fn folders_of_splits_without_classes_are_no_classes() {
    let dir = tree(&["train/1.jpg", "train/2.jpg", "test/3.jpg"]);
    put(
        dir.path(),
        "train.csv",
        "file,species\n1.jpg,cat\n2.jpg,dog\n",
    );
    let error = scan(dir.path(), &ScanOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::NoClasses { .. }), "{error}");
    let found = error.found();
    assert!(
        found.starts_with("3 images in folders of splits, named like `test/3.jpg`; `train.csv` is"),
        "{found}"
    );
    assert!(error.advice().contains("`--label-column species`"));
}

#[test]
fn files_that_are_no_list_say_what_they_are() {
    let dir = tree(&["1.jpg"]);
    let error = scan(&dir.path().join("1.jpg"), &ScanOptions::default()).unwrap_err();
    assert!(error.what().contains("it is an image"));
    put(dir.path(), "list.xlsx", b"PK\x03\x04");
    let error = scan(&dir.path().join("list.xlsx"), &ScanOptions::default()).unwrap_err();
    assert!(error.advice().contains("save it as CSV"));
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
