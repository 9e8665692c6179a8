//! Boxes in pictures, as VOC and COCO write them, become images.

mod tree;

use std::path::Path;

use handful_data::{CropBox, DataError, GroupBy, Remark, ScanOptions, Split, scan};
use tree::{JPEG_START, kinds, labels, put, read, tree, zip_of};

/// A VOC annotation with boxes `(class, left, top, right, bottom)` in a picture of 100 x 80.
fn voc(picture: &str, boxes: &[(&str, i32, i32, i32, i32)]) -> String {
    let objects: String = boxes
        .iter()
        .map(|(class, left, top, right, bottom)| {
            format!(
                "<object><name>{class}</name><bndbox><xmin>{left}</xmin><ymin>{top}</ymin><xmax>{right}</xmax>\
                 <ymax>{bottom}</ymax></bndbox></object>"
            )
        })
        .collect();
    format!(
        "<annotation><filename>{picture}</filename><size><width>100</width><height>80</height></size>{objects}</annotation>"
    )
}

#[test]
fn voc_boxes_are_images_and_their_picture_is_their_group() {
    let dir = tree(&[
        "JPEGImages/1.jpg",
        "JPEGImages/2.jpg",
        "JPEGImages/3.jpg",
        "JPEGImages/4.jpg",
    ]);
    let boxes = [
        ("cat", 10, 10, 30, 40),
        ("dog", 50, 50, 120, 90),
        ("cat", 60, 60, 60, 70),
        ("cat", 200, 10, 220, 30),
        ("cat", 10, 10, 30, 40),
    ];
    let root = dir.path();
    put(
        root,
        "Annotations/1.xml",
        voc("C:\\stale\\name.png", &boxes),
    );
    put(
        root,
        "Annotations/2.xml",
        voc("2.jpg", &[("dog", 0, 0, 9, 9), ("cat", 0, 0, 9, 9)]),
    );
    put(
        root,
        "Annotations/3.xml",
        voc("3.jpg", &[("dog", 0, 0, 9, 9)]),
    );
    put(
        root,
        "Annotations/5.xml",
        voc("5.jpg", &[("dog", 0, 0, 9, 9)]),
    );
    put(root, "Annotations/6.xml", "<annotation>");
    put(root, "ImageSets/Main/train.txt", "1\n2\n");
    put(root, "ImageSets/Main/val.txt", "3 1\n");
    let catalog = read(root);
    assert_eq!(catalog.layout, "VOC boxes");
    assert_eq!(
        labels(&catalog),
        [
            ("JPEGImages/1.jpg#xywh=10,10,20,30".into(), "cat"),
            ("JPEGImages/1.jpg#xywh=50,50,50,30".into(), "dog"),
            ("JPEGImages/3.jpg#xywh=0,0,9,9".into(), "dog")
        ]
    );
    let groups: Vec<_> = catalog.samples.iter().map(|s| s.group.as_deref()).collect();
    let pictures = ["JPEGImages/1.jpg", "JPEGImages/1.jpg", "JPEGImages/3.jpg"];
    assert_eq!(groups, pictures.map(Some));
    assert_eq!(catalog.samples[2].split, Split::Validation);
    let crop = CropBox {
        left: 50,
        top: 50,
        width: 50,
        height: 30,
    };
    assert_eq!(catalog.samples[1].crop, Some(crop));
    assert_eq!(
        kinds(&catalog),
        [
            ("Annotations/5.xml".into(), "missing"),
            ("Annotations/6.xml".into(), "bad_annotation"),
            ("JPEGImages/1.jpg".into(), "clipped_box"),
            ("JPEGImages/1.jpg".into(), "duplicate_box"),
            ("JPEGImages/1.jpg".into(), "empty_box"),
            ("JPEGImages/1.jpg".into(), "empty_box"),
            ("JPEGImages/2.jpg".into(), "label_conflict"),
        ]
    );
    let empty = &catalog.issues[4].detail;
    assert!(empty.contains("box 3 of `Annotations/1.xml`"), "{empty}");
    // The fourth picture has no annotation, the second one no box that can be used.
    assert!(
        catalog
            .remarks
            .contains(&Remark::Unlabelled { n_images: 1 })
    );
}

#[test]
fn annotations_may_lie_beside_their_pictures_or_in_split_folders() {
    let dir = tree(&["train/1.jpg", "valid/1.jpg"]);
    put(
        dir.path(),
        "train/1.xml",
        voc("1.jpg", &[("cat", 0, 0, 9, 9)]),
    );
    put(
        dir.path(),
        "valid/1.xml",
        voc("1.jpg", &[("dog", 0, 0, 9, 9)]),
    );
    let catalog = read(dir.path());
    let splits: Vec<Split> = catalog.samples.iter().map(|s| s.split).collect();
    assert_eq!(splits, [Split::Train, Split::Validation]);
}

#[test]
fn a_list_of_splits_beside_the_pictures_counts() {
    let dir = tree(&["images/1.jpg", "images/2.jpg"]);
    put(
        dir.path(),
        "annotations/1.xml",
        voc("1.jpg", &[("cat", 0, 0, 9, 9)]),
    );
    put(
        dir.path(),
        "annotations/2.xml",
        voc("2.jpg", &[("dog", 0, 0, 9, 9)]),
    );
    put(
        dir.path(),
        "split.csv",
        "path,split\nimages/1.jpg,train\nimages/2.jpg,test\n",
    );
    let catalog = read(dir.path());
    assert_eq!(catalog.samples[1].split, Split::Test);
    // Whatever else groups them, boxes of one picture stay together.
    let options = ScanOptions {
        group_by: Some(GroupBy::parse("(1)\\.jpg").unwrap()),
        ..ScanOptions::default()
    };
    let catalog = scan(dir.path(), &options).unwrap();
    assert_eq!(catalog.samples[0].group.as_deref(), Some("1"));
    assert_eq!(catalog.samples[1].group.as_deref(), Some("images/2.jpg"));
}

#[test]
fn the_blood_smears_layout_is_read_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/bccd");
    if !root.is_dir() {
        eprintln!("skipped: the sets of photos are not here");
        return;
    }
    let catalog = read(&root);
    // The counts of the set's own description: 4,886 boxes, and two without area.
    assert_eq!(
        catalog.samples.len() + n_of(&catalog, "duplicate_box"),
        4_886
    );
    assert_eq!(n_of(&catalog, "empty_box"), 2);
    assert_eq!(catalog.classes, ["Platelets", "RBC", "WBC"]);
    assert!(catalog.samples.iter().any(|s| s.split == Split::Test));
}

fn n_of(catalog: &handful_data::Catalog, kind: &str) -> usize {
    catalog.issues.iter().filter(|i| i.kind == kind).count()
}

/// A COCO file with two classes; `images` and `annotations` as JSON.
fn coco(images: &str, annotations: &str) -> String {
    format!(
        "{{\"images\":[{images}],\"annotations\":[{annotations}],\
         \"categories\":[{{\"id\":1,\"name\":\"cat\"}},{{\"id\":2,\"name\":\"dog\"}}]}}"
    )
}

#[test]
fn coco_boxes_are_images() {
    let outer = tree(&[
        "secret.jpg",
        "set/val2017/1.jpg",
        "set/train2017/1.jpg",
        "set/train2017/2.jpg",
    ]);
    let root = outer.path().join("set");
    let images = r#"{"id":7,"file_name":"1.jpg","width":100,"height":80},{"id":8,"file_name":"2.jpg"},
        {"id":9,"file_name":"../secret.jpg"}"#;
    let boxes = r#"{"id":1,"image_id":7,"category_id":1,"bbox":[1.4,2,10,10]},
        {"id":2,"image_id":7,"category_id":2,"bbox":[1,2,10,10],"iscrowd":1},
        {"id":3,"image_id":8,"category_id":2,"bbox":[5,5,0,9]},
        {"id":4,"image_id":8,"category_id":2,"bbox":[5,5,9,9]},
        {"id":5,"image_id":8,"category_id":3,"bbox":[5,5,9,9]},
        {"id":6,"image_id":9,"category_id":1,"bbox":[5,5,9,9]},
        {"id":7,"image_id":99,"category_id":1,"bbox":[5,5,9,9]}"#;
    let train = "annotations/instances_train2017.json";
    put(&root, train, coco(images, boxes));
    let val = coco(
        r#"{"id":1,"file_name":"1.jpg"}"#,
        r#"{"id":1,"image_id":1,"category_id":1,"bbox":[0,0,5,5]}"#,
    );
    put(&root, "annotations/instances_val2017.json", val);
    put(&root, "annotations/captions_val2017.json", "{}");
    let catalog = read(&root);
    assert_eq!(catalog.layout, "COCO boxes");
    assert_eq!(
        labels(&catalog),
        [
            ("train2017/1.jpg#xywh=1,2,10,10".into(), "cat"),
            ("train2017/2.jpg#xywh=5,5,9,9".into(), "dog"),
            ("val2017/1.jpg#xywh=0,0,5,5".into(), "cat")
        ]
    );
    assert_eq!(catalog.samples[2].split, Split::Validation);
    let found: Vec<&str> = catalog.issues.iter().map(|i| i.kind).collect();
    assert_eq!(
        found,
        ["missing", "missing", "crowd_box", "empty_box", "no_label"]
    );
    // The file itself can be given, too; pictures of the other split have no box then.
    let alone = read(&root.join(train));
    assert_eq!(alone.samples.len(), 2);
    assert!(alone.remarks.contains(&Remark::Unlabelled { n_images: 1 }));
}

#[test]
fn roboflow_writes_a_file_for_each_split() {
    let dir = tree(&["train/a.jpg", "valid/a.jpg"]);
    for (split, class) in [("train", 1), ("valid", 2)] {
        let boxes =
            format!("{{\"id\":0,\"image_id\":0,\"category_id\":{class},\"bbox\":[0,0,5,5]}}");
        let text = coco(r#"{"id":0,"file_name":"a.jpg"}"#, &boxes);
        put(dir.path(), &format!("{split}/_annotations.coco.json"), text);
    }
    let catalog = read(dir.path());
    assert_eq!(
        labels(&catalog),
        [
            ("train/a.jpg#xywh=0,0,5,5".into(), "cat"),
            ("valid/a.jpg#xywh=0,0,5,5".into(), "dog")
        ]
    );
    assert_eq!(catalog.samples[1].split, Split::Validation);
}

#[test]
fn boxes_are_read_from_an_archive_too() {
    let dir = tempfile::tempdir().unwrap();
    let cat = voc("1.jpg", &[("cat", 0, 0, 9, 9)]);
    let dog = voc("2.jpg", &[("dog", 0, 0, 9, 9)]);
    let files: &[(&str, &[u8])] = &[
        ("set/images/1.jpg", JPEG_START),
        ("set/images/2.jpg", JPEG_START),
        ("set/annotations/1.xml", cat.as_bytes()),
        ("set/annotations/2.xml", dog.as_bytes()),
    ];
    put(dir.path(), "a.zip", zip_of(files));
    assert_eq!(read(dir.path()).classes, ["cat", "dog"]);
}

#[test]
fn a_broken_file_of_boxes_is_an_error_and_other_json_is_none() {
    let dir = tree(&["cat/1.jpg", "dog/1.jpg"]);
    put(dir.path(), "metadata.json", "{\"made\": 2020}");
    assert_eq!(read(dir.path()).layout, "class folders");
    let error = scan(&dir.path().join("metadata.json"), &ScanOptions::default()).unwrap_err();
    assert!(matches!(error, DataError::Boxes { .. }));
    assert!(!error.found().is_empty() && !error.advice().is_empty());
}
