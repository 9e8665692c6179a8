//! Zip and tar archives are read in place, like the folders that were packed.

mod tree;

use std::fs;

use handful_data::{
    Catalog, Category, DataError, GroupBy, Remark, ScanOptions, Split, read_sample, scan,
    scan_unlabelled,
};
use tree::{JPEG_START, jpeg, kinds, labels, put, read, tar_of, zip_by, zip_of};
use zip::CompressionMethod;

fn in_zip(bytes: &[u8]) -> Result<Catalog, DataError> {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "photos.zip", bytes);
    scan(&dir.path().join("photos.zip"), &ScanOptions::default())
}

#[test]
fn a_zip_is_read_like_the_folder_that_was_packed() {
    let dir = tempfile::tempdir().unwrap();
    let files: &[(&str, &[u8])] = &[
        ("photos/train/cat/1.jpg", &jpeg()),
        ("photos/train/dog/2.jpg", &jpeg()),
        ("photos/test/dog/3.jpg", &jpeg()),
        ("photos/readme.md", b"hello"),
        ("__MACOSX/photos/train/cat/._1.jpg", b"\x00\x05\x16\x07"),
        ("photos/.DS_Store", b"x"),
    ];
    for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
        put(dir.path(), "photos.zip", zip_by(method, files));
        // Given itself, or as the only thing in a folder.
        for given in [dir.path().join("photos.zip"), dir.path().to_owned()] {
            let catalog = read(&given);
            assert_eq!(
                labels(&catalog),
                [
                    ("test/dog/3.jpg".into(), "dog"),
                    ("train/cat/1.jpg".into(), "cat"),
                    ("train/dog/2.jpg".into(), "dog")
                ]
            );
            assert_eq!(catalog.layout, "split folders");
            assert_eq!(catalog.samples[0].split, Split::Test);
            assert_eq!(catalog.root, dir.path().join("photos.zip/photos"));
            assert!(catalog.remarks.contains(&Remark::TopFolder {
                name: "photos".into()
            }));
            let found: Vec<&str> = catalog.issues.iter().map(|i| i.kind).collect();
            assert_eq!(found, ["ds_store", "macosx_folder"]);
            for sample in &catalog.samples {
                assert_eq!(read_sample(&catalog.root, sample).unwrap(), jpeg());
            }
        }
    }
}

#[test]
fn a_list_inside_an_archive_is_read() {
    let list =
        b"file,label,split\nimages/1.jpg,cat,train\nimages\\2.jpg,dog,test\nimages/3.jpg,dog,\n";
    let files: &[(&str, &[u8])] = &[
        ("set/list.csv", list),
        ("set/images/1.jpg", JPEG_START),
        ("set/images/2.jpg", JPEG_START),
    ];
    for bytes in [zip_of(files), tar_of(files)] {
        let dir = tempfile::tempdir().unwrap();
        let name = if bytes.starts_with(b"PK") {
            "a.zip"
        } else {
            "a.tar"
        };
        put(dir.path(), name, bytes);
        let catalog = read(&dir.path().join(name));
        assert_eq!(catalog.layout, "list");
        assert_eq!(catalog.samples[1].split, Split::Test);
        assert_eq!(kinds(&catalog), [("images/3.jpg".into(), "missing")]);
    }
}

#[test]
fn a_list_beside_an_archive_names_what_is_inside() {
    let dir = tempfile::tempdir().unwrap();
    let files: &[(&str, &[u8])] = &[("images/1.jpg", JPEG_START), ("images/2.jpg", JPEG_START)];
    put(dir.path(), "images.zip", zip_of(files));
    put(
        dir.path(),
        "train.csv",
        "file,label,nest\n1.jpg,cat,a\n2.jpg,dog,b\n",
    );
    let catalog = read(dir.path());
    // The list may name the folder that was packed, or leave it away.
    assert_eq!(
        labels(&catalog),
        [
            ("images/1.jpg".into(), "cat"),
            ("images/2.jpg".into(), "dog")
        ]
    );
    let files: &[(&str, &[u8])] = &[("x/cat/1.jpg", JPEG_START), ("x/dog/2.jpg", JPEG_START)];
    put(dir.path(), "images.zip", zip_of(files));
    let options = ScanOptions {
        group_by: Some(GroupBy::parse("train.csv:nest").unwrap()),
        ..ScanOptions::default()
    };
    let catalog = scan(&dir.path().join("images.zip"), &options).unwrap();
    assert_eq!(catalog.layout, "class folders");
    assert_eq!(catalog.samples[1].group.as_deref(), Some("b"));
}

#[test]
fn names_that_lead_out_of_an_archive_are_refused_and_the_rest_is_read() {
    let files: &[(&str, &[u8])] = &[
        ("cat/1.jpg", JPEG_START),
        ("dog/2.jpg", JPEG_START),
        ("../../evil.jpg", JPEG_START),
        ("/etc/evil.jpg", JPEG_START),
        ("C:\\evil.jpg", JPEG_START),
    ];
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.tar", tar_of(files));
    put(dir.path(), "a.zip", zip_of(files));
    for name in ["a.tar", "a.zip"] {
        let catalog = read(&dir.path().join(name));
        assert_eq!(catalog.classes, ["cat", "dog"]);
        assert_eq!(catalog.issues.len(), 3, "{name}: {:?}", kinds(&catalog));
        assert!(catalog.issues.iter().all(|i| i.kind == "unsafe_path"));
    }
}

#[test]
fn windows_packers_may_write_backslashes() {
    let files: &[(&str, &[u8])] = &[("cat\\1.jpg", JPEG_START), ("dog\\2.jpg", JPEG_START)];
    assert_eq!(in_zip(&zip_of(files)).unwrap().classes, ["cat", "dog"]);
}

/// Changes two bytes of every central and local header of a zip archive: at `central` and `local` behind its magic.
fn patched(mut zip: Vec<u8>, central: usize, local: usize, bytes: [u8; 2]) -> Vec<u8> {
    for (magic, offset) in [(b"PK\x01\x02", central), (b"PK\x03\x04", local)] {
        let at: Vec<usize> = (0..zip.len() - 4)
            .filter(|&i| zip[i..].starts_with(magic))
            .collect();
        // Only the first file is changed.
        zip[at[0] + offset..at[0] + offset + 2].copy_from_slice(&bytes);
    }
    zip
}

#[test]
fn members_that_can_not_be_had_are_named_and_the_others_are_read() {
    let files: &[(&str, &[u8])] = &[
        ("cat/0.jpg", JPEG_START),
        ("cat/1.jpg", JPEG_START),
        ("dog/2.jpg", JPEG_START),
    ];
    let whole = zip_by(CompressionMethod::Stored, files);
    // Offsets of the flags and of the method: APPNOTE.TXT 4.3.7 and 4.3.12.
    for (bytes, kind) in [
        (patched(whole.clone(), 8, 6, [1, 0]), "encrypted"),
        (patched(whole.clone(), 10, 8, [93, 0]), "unsupported"),
    ] {
        let catalog = in_zip(&bytes).unwrap();
        assert_eq!(kinds(&catalog), [("cat/0.jpg".into(), kind)]);
        assert_eq!(catalog.samples.len(), 2);
    }
}

#[test]
fn damage_is_found_by_the_checksum() {
    let dir = tempfile::tempdir().unwrap();
    let photo = jpeg();
    let files: &[(&str, &[u8])] = &[("cat/1.jpg", &photo), ("dog/2.jpg", &photo)];
    let mut bytes = zip_by(CompressionMethod::Stored, files);
    let start = bytes.windows(photo.len()).position(|w| w == photo).unwrap();
    bytes[start + 100] ^= 1;
    put(dir.path(), "a.zip", bytes);
    let catalog = read(&dir.path().join("a.zip"));
    let outcome = |idx: usize| read_sample(&catalog.root, &catalog.samples[idx]);
    assert_eq!(outcome(0).unwrap_err().kind, "corrupt");
    assert_eq!(outcome(1).unwrap(), photo);
    // The archive goes away after the scan.
    fs::remove_file(dir.path().join("a.zip")).unwrap();
    assert_eq!(outcome(1).unwrap_err().kind, "missing");
}

#[test]
fn a_cut_off_archive_says_so() {
    let files: &[(&str, &[u8])] = &[("cat/1.jpg", &[0xFF; 5000]), ("dog/2.jpg", &[0xFF; 5000])];
    let dir = tempfile::tempdir().unwrap();
    let tar = tar_of(files);
    put(dir.path(), "a.tar", &tar[..9000]);
    put(dir.path(), "b.tar", tar_of(&[("dog/3.jpg", JPEG_START)]));
    let catalog = read(dir.path());
    assert_eq!(catalog.samples.len(), 2);
    assert_eq!(catalog.issues[0].kind, "truncated");
    let zip = zip_of(files);
    let error = in_zip(&zip[..zip.len() / 2]).unwrap_err();
    assert_eq!(error.category(), Category::Data);
    assert!(error.what().contains("no whole zip archive"));
}

#[test]
fn archives_of_one_name_are_parts_and_others_are_folders() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "cat.zip", zip_of(&[("cat/1.jpg", JPEG_START)]));
    put(dir.path(), "dog.zip", zip_of(&[("1.jpg", JPEG_START)]));
    assert_eq!(
        labels(&read(dir.path())),
        [("cat/1.jpg".into(), "cat"), ("dog/1.jpg".into(), "dog")]
    );
    let dir = tempfile::tempdir().unwrap();
    let files: &[(&str, &[u8])] = &[("cat/1.jpg", JPEG_START), ("dog/1.jpg", JPEG_START)];
    put(dir.path(), "set-0.tar", tar_of(files));
    put(dir.path(), "set-1.tar", tar_of(files));
    let catalog = read(dir.path());
    assert_eq!(catalog.classes, ["cat", "dog"]);
    assert_eq!(catalog.samples.len(), 4);
    assert_eq!(catalog.samples[0].name(), "cat/set-0:1.jpg");
}

#[test]
fn webdataset_shards_carry_their_labels() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "classes.txt", "cat\ndog\n");
    put(
        dir.path(),
        "train-000.tar",
        tar_of(&[
            ("000.jpg", JPEG_START),
            ("000.cls", b"0"),
            ("001.jpg", JPEG_START),
            ("001.cls", b"1\n"),
            ("002.jpg", JPEG_START),
        ]),
    );
    put(
        dir.path(),
        "train-001.tar",
        tar_of(&[
            ("003.jpg", JPEG_START),
            ("003.json", b"{\"label\": \"fox\", \"width\": 3}"),
            ("004.mask.png", JPEG_START),
            ("004.jpg", JPEG_START),
            ("004.txt", b"dog"),
        ]),
    );
    put(
        dir.path(),
        "val-000.tar",
        tar_of(&[("000.jpg", JPEG_START), ("000.cls", b"1")]),
    );
    let catalog = read(dir.path());
    assert_eq!(catalog.layout, "WebDataset");
    assert_eq!(
        labels(&catalog),
        [
            ("train/000.jpg".into(), "cat"),
            ("train/001.jpg".into(), "dog"),
            ("train/003.jpg".into(), "fox"),
            ("train/004.jpg".into(), "dog"),
            ("val/000.jpg".into(), "dog")
        ]
    );
    assert_eq!(catalog.samples[4].split, Split::Validation);
    assert_eq!(
        kinds(&catalog),
        [
            ("train/002.jpg".into(), "no_label"),
            ("train/004.mask.png".into(), "extra_image")
        ]
    );
}

#[test]
fn captions_are_no_labels() {
    let names = ["a", "b", "c", "d"];
    let images: Vec<String> = names.iter().map(|n| format!("{n}.jpg")).collect();
    let texts: Vec<String> = names.iter().map(|n| format!("{n}.txt")).collect();
    let sentences: Vec<String> = names.iter().map(|n| format!("a photo of {n}")).collect();
    let mut files: Vec<(&str, &[u8])> = Vec::new();
    for idx in 0..names.len() {
        files.push((&images[idx], JPEG_START));
        files.push((&texts[idx], sentences[idx].as_bytes()));
    }
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.tar", tar_of(&files));
    let error = scan(dir.path(), &ScanOptions::default()).unwrap_err();
    assert!(error.what().contains("captions"), "{}", error.what());
}

#[test]
fn archives_beside_photos_are_told_and_others_say_how_to_unpack() {
    let dir = tree::tree(&["cat/1.jpg", "dog/1.jpg"]);
    put(dir.path(), "more.zip", zip_of(&[("1.jpg", JPEG_START)]));
    assert_eq!(
        read(dir.path()).remarks,
        [Remark::ArchivesIgnored {
            names: vec!["more.zip".into()]
        }]
    );
    put(dir.path(), "a.tar.gz", b"\x1F\x8B\x08 and so on");
    let error = scan(&dir.path().join("a.tar.gz"), &ScanOptions::default()).unwrap_err();
    assert!(error.advice().contains("gunzip"));
}

#[test]
fn unlabelled_photos_come_out_of_archives_too() {
    let dir = tempfile::tempdir().unwrap();
    put(
        dir.path(),
        "a.zip",
        zip_of(&[("1.jpg", &jpeg()), ("notes.txt", b"x")]),
    );
    let catalog = scan_unlabelled(&[dir.path().join("a.zip")]).unwrap();
    assert_eq!(catalog.samples.len(), 1);
    assert_eq!(
        read_sample(&catalog.root, &catalog.samples[0]).unwrap(),
        jpeg()
    );
}
