//! Nothing that lies in a folder is passed over in silence: lists, boxes, folders, texts; and when a scan fails, the
//! error says what was there.

mod tree;

use std::path::Path;

use handful_data::{
    Catalog, Category, ClassLevel, DataError, GroupBy, LabelFrom, Remark, ScanOptions, Split, scan,
};
use tree::{JPEG_START, kinds, labels, put, read, tar_of, tree, zip_of};

fn refused(path: &Path) -> DataError {
    scan(path, &ScanOptions::default()).unwrap_err()
}

/// Name and reason of each list that is not used.
fn unused(catalog: &Catalog) -> Vec<(String, String)> {
    let list = |remark: &Remark| match remark {
        Remark::ListUnused { name, reason, .. } => Some((name.clone(), reason.clone())),
        _ => None,
    };
    catalog.remarks.iter().filter_map(list).collect()
}

#[test]
fn a_list_that_can_not_be_used_is_why_there_is_one_class() {
    for (name, text, reason, advice) in [
        (
            "labels.csv",
            b"filename,species\n1.jpg,cat\n2.jpg,dog\n".as_slice(),
            "it has no column label, class; its columns are filename, species",
            "`--label-column species`",
        ),
        (
            "labels.csv",
            b"image,label\n1.jpg,cat\n2.jpg,dog,x\n",
            "line 3 has 3 cells, the first line 2 cells",
            "as many cells",
        ),
        (
            "labels.csv",
            b"image,label\n1.jpg,ch\xE4t\n",
            "line 2 is not UTF-8 text",
            "CSV in UTF-8",
        ),
        (
            "labels.csv",
            b"\xFF\xFEi\0m\0a\0g\0e\0",
            "it is UTF-16 text",
            "CSV in UTF-8",
        ),
        (
            "labels.xlsx",
            b"PK\x03\x04",
            "it is a spreadsheet",
            "save it as CSV",
        ),
        (
            "annotations.json",
            b"{\"images\":[{\"id\":0,\"file_name\":\"1.j",
            "EOF while parsing",
            "export the boxes again",
        ),
        (
            "results.json",
            b"[{\"image_id\":0,\"category_id\":1,\"bbox\":[0,0,1,1],\"score\":0.4}]",
            "it lists results",
            "export the boxes again",
        ),
    ] {
        let dir = tree(&["images/1.jpg", "images/2.jpg"]);
        put(dir.path(), name, text);
        let error = refused(dir.path());
        assert!(matches!(error, DataError::OneClass { .. }), "{error}");
        let told = format!("`{name}` is there but not used: {reason}");
        assert!(error.found().contains(&told), "{}", error.found());
        assert!(error.advice().contains(advice), "{}", error.advice());
        assert!(error.advice().contains("add a folder of photos"));
        // With folders that name classes it is a remark.
        let dir = tree(&["cat/1.jpg", "dog/2.jpg"]);
        put(dir.path(), name, text);
        let catalog = read(dir.path());
        let remarks: Vec<String> = catalog.remarks.iter().map(Remark::to_string).collect();
        assert!(remarks[0].contains(&told), "{remarks:?}");
    }
}

#[test]
fn a_column_that_is_named_makes_a_list_usable() {
    let dir = tree(&["images/1.jpg", "images/2.jpg"]);
    put(
        dir.path(),
        "l.csv",
        "filename,species\n1.jpg,cat\n2.jpg,dog\n",
    );
    let options = ScanOptions {
        label_column: Some("species".into()),
        ..ScanOptions::default()
    };
    assert_eq!(scan(dir.path(), &options).unwrap().classes, ["cat", "dog"]);
    // Whoever names the column means the list, whatever the folders say.
    let dir = tree(&["cat/1.jpg", "dog/2.jpg"]);
    put(
        dir.path(),
        "l.csv",
        "file,species\ncat/1.jpg,fox\ndog/2.jpg,owl\n",
    );
    assert_eq!(scan(dir.path(), &options).unwrap().classes, ["fox", "owl"]);
}

#[test]
fn of_several_lists_the_only_usable_one_is_read_and_two_are_named() {
    let labels_csv = "image,label\nimages/1.jpg,cat\nimages/2.jpg,dog\n";
    let dir = tree(&["images/1.jpg", "images/2.jpg"]);
    put(dir.path(), "labels.csv", labels_csv);
    put(dir.path(), "classes.csv", "id,name\n0,cat\n1,dog\n");
    assert_eq!(read(dir.path()).layout, "list");
    put(dir.path(), "other.csv", labels_csv);
    let error = refused(dir.path());
    for part in [
        "`labels.csv` is there but not used: `other.csv` could give the labels, too",
        "`other.csv` is there but not used: `labels.csv` could",
        "`classes.csv` is there but not used: it has no column image_path",
    ] {
        assert!(error.found().contains(part), "{}", error.found());
    }
}

#[test]
fn a_usable_list_beside_class_folders_is_told_and_one_that_groups_is_not() {
    let dir = tree(&["cat/1.jpg", "dog/2.jpg"]);
    put(
        dir.path(),
        "list.csv",
        "image,label,sender\ncat/1.jpg,x,a\ndog/2.jpg,y,b\n",
    );
    assert_eq!(
        unused(&read(dir.path())),
        [("list.csv".into(), "the folders name the classes".into())]
    );
    let remark = read(dir.path()).remarks[0].to_string();
    assert!(remark.contains("`--group-by list.csv:COLUMN`"), "{remark}");
    let by = |text: &str| ScanOptions {
        group_by: Some(GroupBy::parse(text).unwrap()),
        ..ScanOptions::default()
    };
    let catalog = scan(dir.path(), &by("list.csv:sender")).unwrap();
    assert_eq!(unused(&catalog), []);
    let error = scan(dir.path(), &by("sender")).unwrap_err();
    assert!(error.advice().contains("`--group-by list.csv:sender`"));
    let error = scan(dir.path(), &by("sample_([0-9]+)")).unwrap_err();
    assert_eq!(error.category(), Category::Usage);
    assert!(error.what().contains("matches none of the 2 photos"));
}

#[test]
fn files_beside_the_only_folder_do_not_hide_what_is_in_it() {
    for beside in ["readme.txt", "classes.csv", "info.json", "LICENSE"] {
        let dir = tree(&["set/images/cat/1.jpg", "set/images/dog/2.jpg"]);
        put(dir.path(), &format!("set/{beside}"), "id,name\n0,cat\n");
        put(dir.path(), beside, "id,name\n0,cat\n");
        let catalog = read(dir.path());
        assert_eq!(catalog.classes, ["cat", "dog"], "{beside}");
        assert_eq!(catalog.root, dir.path().join("set/images"));
        assert!(catalog.issues.iter().all(|i| i.is_passed_over()));
        // Both are told, by their names.
        let n_lists = if beside == "classes.csv" { 2 } else { 0 };
        let lists = unused(&catalog);
        assert_eq!(lists.len(), n_lists);
        assert!(lists.iter().all(|(name, _)| name == beside));
    }
    let files: &[(&str, &[u8])] = &[
        ("my photos/final (2)/cat/1.jpg", JPEG_START),
        ("my photos/final (2)/dog/1.jpg", JPEG_START),
        ("my photos/readme.txt", b"hi"),
        ("my photos/groups.csv", b"path,sender\n1.jpg,a\n"),
    ];
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.zip", zip_of(files));
    assert_eq!(read(&dir.path().join("a.zip")).classes, ["cat", "dog"]);
}

#[test]
fn a_list_beside_a_folder_that_is_passed_over_can_group() {
    let dir = tree(&["images/cat/1.jpg", "images/dog/2.jpg"]);
    put(dir.path(), "groups.csv", "path,sender\n1.jpg,a\n2.jpg,b\n");
    let options = ScanOptions {
        group_by: Some(GroupBy::parse("groups.csv:sender").unwrap()),
        ..ScanOptions::default()
    };
    let catalog = scan(dir.path(), &options).unwrap();
    assert_eq!(catalog.samples[1].group.as_deref(), Some("b"));
    // One that has labels, too, gives both.
    let dir = tree(&["images/1.jpg", "images/2.jpg"]);
    put(
        dir.path(),
        "groups.csv",
        "path,sender,label\n1.jpg,a,x\n2.jpg,b,y\n",
    );
    let catalog = scan(dir.path(), &options).unwrap();
    assert_eq!(catalog.samples[1].group.as_deref(), Some("b"));
    assert_eq!(catalog.layout, "list");
}

#[test]
fn a_list_or_boxes_beside_the_only_folder_are_read() {
    let dir = tree(&["images/cat/1.jpg", "images/dog/2.jpg"]);
    put(
        dir.path(),
        "l.csv",
        "image,label\nimages/cat/1.jpg,x\nimages/dog/2.jpg,y\n",
    );
    assert_eq!(read(dir.path()).classes, ["x", "y"]);
    let dir = tree(&["images/cat/1.jpg", "images/dog/2.jpg"]);
    let boxes = r#"{"images":[{"id":1,"file_name":"1.jpg"}],"categories":[{"id":1,"name":"a"},{"id":2,"name":"b"}],
        "annotations":[{"image_id":1,"category_id":1,"bbox":[0,0,5,5]},{"image_id":1,"category_id":2,"bbox":[5,5,5,5]}]}"#;
    put(dir.path(), "boxes.json", boxes);
    put(dir.path(), "package.json", "{}");
    assert_eq!(read(dir.path()).classes, ["a", "b"]);
}

#[test]
fn a_folder_that_looks_like_a_split_under_another_name_is_asked_about() {
    let files = [
        "train/cat/1.jpg",
        "train/dog/2.jpg",
        "holdout/cat/3.jpg",
        "holdout/dog/4.jpg",
    ];
    let dir = tree(&files);
    let error = refused(dir.path());
    assert!(error.what().contains("splits or classes: `holdout`"));
    assert!(error.found().contains("(cat, dog) as `train`"));
    assert!(error.advice().contains("rename `holdout` to `test`"));
    for (level, classes) in [
        (ClassLevel::First, ["holdout", "train"]),
        (ClassLevel::Last, ["cat", "dog"]),
    ] {
        let options = ScanOptions {
            class_level: Some(level),
            ..ScanOptions::default()
        };
        assert_eq!(scan(dir.path(), &options).unwrap().classes, classes);
    }
    // Three known ones and another: the other is left out, with a remark.
    put(dir.path(), "test/cat/5.jpg", JPEG_START);
    let remarks = read(dir.path()).remarks;
    assert!(matches!(remarks[0], Remark::FoldersIgnored { .. }));
    // A class that is called like a split holds folders of its own.
    let dir = tree(&["train/front/1.jpg", "bus/side/1.jpg", "car/2.jpg"]);
    assert_eq!(read(dir.path()).classes, ["bus", "car", "train"]);
}

#[test]
fn folders_that_all_hold_the_same_folders_are_remarked() {
    let dir = tree(&[
        "site1/cat/1.jpg",
        "site1/dog/2.jpg",
        "site2/cat/3.jpg",
        "site2/dog/4.jpg",
    ]);
    let catalog = read(dir.path());
    assert_eq!(catalog.classes, ["site1", "site2"]);
    assert_eq!(
        catalog.remarks[0].to_string(),
        "each of site1, site2 holds the folders cat, dog: the classes are site1, site2; for cat, dog use \
         `--class-level last`"
    );
    let options = ScanOptions {
        class_level: Some(ClassLevel::Last),
        ..ScanOptions::default()
    };
    let catalog = scan(dir.path(), &options).unwrap();
    assert_eq!(catalog.classes, ["cat", "dog"]);
    assert!(catalog.remarks.is_empty());
}

#[test]
fn a_scan_that_fails_names_the_files_that_can_not_be_used() {
    let files: &[(&str, &[u8])] = &[("cat/1.jpg", &[0xFF; 5000]), ("dog/2.jpg", &[0xFF; 5000])];
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.tar", &tar_of(files)[..9000]);
    let error = refused(&dir.path().join("a.tar"));
    assert!(
        error
            .found()
            .contains("1 thing is not used: `dog/2.jpg` (the archive is cut off inside it)"),
        "{}",
        error.found()
    );
    assert!(
        error
            .advice()
            .starts_with("copy or download the archive again")
    );
    let dir = tree(&[
        "cat/1.jpg",
        "cat/.2.jpg",
        "cat/.3.jpg",
        "cat/.4.jpg",
        "cat/.5.jpg",
    ]);
    let found = refused(dir.path()).found();
    assert!(
        found.contains("4 things are not used: `cat/.2.jpg` ("),
        "{found}"
    );
    assert!(found.ends_with("and 1 more"), "{found}");
}

#[test]
fn folders_without_photos_are_named() {
    let dir = tree(&["cat/1.jpg", "dog/2.jpg"]);
    std::fs::create_dir(dir.path().join("owl")).unwrap();
    put(dir.path(), "fox/readme.md", "x");
    put(dir.path(), "cat/paper.pdf", "x");
    put(dir.path(), "readme.md", "x");
    let catalog = read(dir.path());
    assert_eq!(
        kinds(&catalog),
        [
            ("cat/paper.pdf".into(), "not_an_image"),
            ("fox".into(), "empty_folder"),
            ("fox/readme.md".into(), "not_an_image"),
            ("owl".into(), "empty_folder")
        ]
    );
    assert!(catalog.issues.iter().all(|i| i.is_passed_over()));
    let dir = tree(&["train/cat/1.jpg", "train/dog/2.jpg", "val/cat/3.jpg"]);
    std::fs::create_dir(dir.path().join("val/dog")).unwrap();
    assert_eq!(
        kinds(&read(dir.path())),
        [("val/dog".into(), "empty_folder")]
    );
    // The only other class is empty: the error says so.
    let dir = tree(&["cat/1.jpg"]);
    std::fs::create_dir(dir.path().join("dog")).unwrap();
    assert!(refused(dir.path()).found().contains("`dog` (no photo"));
}

#[test]
fn paths_of_another_machine_or_with_other_capitals_are_completed() {
    let dir = tree(&["images/1.jpg", "images/2.jpg"]);
    for paths in [
        [
            "C:\\Users\\me\\images\\1.jpg",
            "C:\\Users\\me\\images\\2.jpg",
        ],
        ["Images/1.JPG", "IMAGES/2.jpg"],
        ["/home/me/images/1.jpg", "/home/me/images/2.JPG"],
    ] {
        let text = format!("image,label\n{},cat\n{},dog\n", paths[0], paths[1]);
        put(dir.path(), "l.csv", &text);
        let catalog = read(dir.path());
        let expected = [
            ("images/1.jpg".into(), "cat"),
            ("images/2.jpg".into(), "dog"),
        ];
        assert_eq!(labels(&catalog), expected);
        assert!(catalog.remarks.contains(&Remark::PathsCompleted {
            n_images: 2,
            given: paths[0].into(),
            found: "images/1.jpg".into()
        }));
    }
}

#[test]
fn labels_that_may_be_two_answers_are_remarked_and_addresses_keep_their_slashes() {
    let dir = tree(&["1.jpg", "2.jpg", "3.jpg"]);
    put(
        dir.path(),
        "l.csv",
        "image,label\n1.jpg,\"cat,big\"\n2.jpg,\"cat,small\"\n3.jpg,\"dog,big\"\nhttp://x/y.jpg,\"cat,big\"\n",
    );
    let catalog = read(dir.path());
    assert!(catalog.remarks.contains(&Remark::LabelsWithCommas {
        column: "label".into(),
        example: "cat,big".into()
    }));
    assert_eq!(kinds(&catalog), [("l.csv".into(), "web_address")]);
    assert!(catalog.issues[0].detail.contains("`http://x/y.jpg`"));
}

#[test]
fn names_that_only_capitals_tell_apart_are_remarked() {
    let catalog = read(tree(&["cat/1.jpg", "Cat/2.jpg", "dog/3.jpg"]).path());
    assert_eq!(catalog.classes.len(), 3);
    assert_eq!(
        catalog.remarks,
        [Remark::AlikeNames {
            names: vec!["Cat".into(), "cat".into()]
        }]
    );
}

#[test]
fn folders_below_a_label_in_a_path_are_groups() {
    let dir = tree(&[
        "test/cat/ind1/1.jpg",
        "train/cat/ind2/2.jpg",
        "train/dog/3.jpg",
    ]);
    let options = |pattern: &str| ScanOptions {
        label_from: Some(LabelFrom::parse(pattern).unwrap()),
        ..ScanOptions::default()
    };
    let groups = |catalog: &Catalog| -> Vec<Option<String>> {
        catalog.samples.iter().map(|s| s.group.clone()).collect()
    };
    let catalog = scan(dir.path(), &options("(cat|dog)/")).unwrap();
    assert_eq!(
        groups(&catalog),
        [
            Some("test/cat/ind1".into()),
            Some("train/cat/ind2".into()),
            None
        ]
    );
    assert_eq!(catalog.samples[0].split, Split::Test);
    assert!(
        catalog
            .remarks
            .contains(&Remark::FolderGroups { n_groups: 2 })
    );
    // A label in the name of the file has no folder below it.
    let catalog = scan(dir.path(), &options("([0-9])[.]jpg")).unwrap();
    assert_eq!(groups(&catalog), [None, None, None]);
}

#[test]
fn a_zip_with_two_files_of_one_name_names_them() {
    let mut bytes = zip_of(&[
        ("cat/1.jpg", JPEG_START),
        ("cat/2.jpg", JPEG_START),
        ("dog/3.jpg", JPEG_START),
    ]);
    let name = b"cat/2.jpg";
    let at: Vec<usize> = (0..bytes.len() - name.len())
        .filter(|&i| bytes[i..].starts_with(name))
        .collect();
    at.iter().for_each(|&i| bytes[i + 4] = b'1');
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.zip", bytes);
    let catalog = read(&dir.path().join("a.zip"));
    assert_eq!(catalog.issues[0].kind, "listed_twice");
    assert!(
        catalog.issues[0]
            .detail
            .ends_with("only one is seen: `cat/1.jpg`")
    );
}
