//! Everything that can be wrong with the files of a folder, beside good ones: each is named, and no good one is lost.

#![cfg(unix)]

mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use handful_data::{
    Issue, issue_of, issue_of_note, note_wrong_extension, read_sample, scan, scan_unlabelled, shown,
};
use handful_image::{Limits, Pixels, decode, encode_png};
use tree::{jpeg, kinds, png, put};

/// Good photos in `cat` and `dog`, whatever they are called; each must be decoded.
const GOOD: &[&str] = &[
    "cat/plain.jpg",
    "cat/UPPER CASE and space.JPEG",
    "cat/Früchte_苹果.png",
    "cat/Plain.jpg",
    "cat/no_ending",
    "cat/two.dots.in.it.jpg",
    "cat/ leading space.jpg",
    "dog/line\nbreak.jpg",
    "dog/\"quoted\", with comma.png",
    "dog/plain.jpg",
    "dog/a_link.jpg",
];

/// Bad or odd files that a walk or a decoder must name: where, and by which kind of issue.
const ODD: &[(&str, &str)] = &[
    ("cat/.DS_Store", "ds_store"),
    ("cat/._plain.jpg", "macos_companion"),
    ("cat/.gitignore", "hidden"),
    ("cat/.hidden.jpg", "hidden_image"),
    ("cat/Thumbs.db", "thumbs_db"),
    ("cat/desktop.ini", "desktop_ini"),
    ("__MACOSX", "macosx_folder"),
    ("@eaDir", "synology_folder"),
    (".ipynb_checkpoints", "hidden"),
    ("cat/empty.jpg", "empty"),
    ("cat/html.jpg", "not_an_image"),
    ("cat/lfs_pointer.png", "not_an_image"),
    ("cat/text.jpg", "not_an_image"),
    ("cat/zeros.jpg", "not_an_image"),
    ("cat/noise.png", "not_an_image"),
    ("cat/phone.heic", "unsupported"),
    ("cat/phone_heic_named.jpg", "unsupported"),
    ("cat/camera.cr3", "unsupported"),
    ("cat/drawing.svg", "unsupported"),
    ("cat/truncated.jpg", "truncated"),
    ("cat/truncated.png", "truncated"),
    ("cat/bad_checksum.png", "corrupt"),
    ("cat/bomb.png", "too_large"),
    ("cat/png_named.jpg", "wrong_extension"),
    ("cat/clip.mp4", "not_an_image"),
    ("cat/notes.txt", "not_an_image"),
    ("cat/pipe.jpg", "not_a_file"),
    ("cat/socket.jpg", "not_a_file"),
    ("dog/loop", "link_loop"),
    ("dog/itself.jpg", "link_loop"),
    ("dog/broken.jpg", "broken_link"),
    ("dog/gr\\xFC\\xDFe.jpg", "name_not_utf8"),
];

/// As the decoder sees a PNG of 60,000 x 60,000: a true header, and nothing behind it.
fn bomb() -> Vec<u8> {
    let mut bytes = encode_png(&Pixels::filled(8, 8, [0; 3]));
    bytes[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    bytes
}

/// Writes all of it; returns the sockets, which are gone when they are dropped.
fn build(root: &Path) -> UnixListener {
    for name in GOOD {
        let bytes = if name.ends_with(".png") {
            png()
        } else {
            jpeg()
        };
        if *name != "dog/a_link.jpg" {
            put(root, name, bytes);
        }
    }
    symlink(root.join("cat/plain.jpg"), root.join("dog/a_link.jpg")).unwrap();
    let (jpeg, png) = (jpeg(), png());
    let mut bad_checksum = png.clone();
    // Inside the first chunk of pixels, behind the header of 33 bytes and the chunk's own 8.
    bad_checksum[43] ^= 0x55;
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    let files: &[(&str, &[u8])] = &[
        ("cat/.DS_Store", b"\0\0\0\x01Bud1"),
        ("dog/.DS_Store", b"\0\0\0\x01Bud1"),
        ("cat/._plain.jpg", b"\x00\x05\x16\x07"),
        ("cat/.gitignore", b"*"),
        ("cat/.hidden.jpg", &jpeg),
        ("cat/Thumbs.db", b"\xD0\xCF\x11\xE0"),
        ("cat/desktop.ini", b"[.ShellClassInfo]"),
        ("__MACOSX/cat/._1.jpg", b"\x00\x05\x16\x07"),
        ("@eaDir/cat/1.jpg", &jpeg),
        (".ipynb_checkpoints/1.jpg", &jpeg),
        ("cat/empty.jpg", b""),
        ("cat/html.jpg", b"<!DOCTYPE html><title>404</title>"),
        (
            "cat/lfs_pointer.png",
            b"version https://git-lfs.github.com/spec/v1\n",
        ),
        ("cat/text.jpg", b"this is no picture at all, only words"),
        ("cat/zeros.jpg", &[0; 4000]),
        (
            "cat/noise.png",
            b"\x93\x1A\x7F\xC3\x00\xE1\x99\xFE\x12\x80\xAB\xCD",
        ),
        ("cat/phone.heic", heic),
        ("cat/phone_heic_named.jpg", heic),
        ("cat/camera.cr3", b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom"),
        (
            "cat/drawing.svg",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        ),
        ("cat/truncated.jpg", &jpeg[..jpeg.len() * 3 / 4]),
        ("cat/truncated.png", &png[..png.len() * 3 / 4]),
        ("cat/bad_checksum.png", &bad_checksum),
        ("cat/bomb.png", &bomb()),
        ("cat/png_named.jpg", &png),
        ("cat/clip.mp4", b"\0\0\0\x18ftypisom\0\0\0\0isom"),
        ("cat/notes.txt", b"no list of anything"),
    ];
    for (name, bytes) in files {
        put(root, name, bytes);
    }
    let odd_name = Path::new(OsStr::from_bytes(b"dog/gr\xFC\xDFe.jpg"));
    fs::write(root.join(odd_name), &jpeg).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(root.join("cat/pipe.jpg"))
        .status()
        .unwrap();
    assert!(pipe.success());
    symlink(root, root.join("dog/loop")).unwrap();
    symlink(root.join("dog/itself.jpg"), root.join("dog/itself.jpg")).unwrap();
    symlink(root.join("nowhere.jpg"), root.join("dog/broken.jpg")).unwrap();
    UnixListener::bind(root.join("cat/socket.jpg")).unwrap()
}

/// What a caller does with a catalogue: reads and decodes each sample. Returns those that can be used, and all issues.
fn use_all(root: &Path) -> (BTreeSet<String>, Vec<Issue>) {
    let catalog = scan(root, &handful_data::ScanOptions::default()).unwrap();
    let mut issues = catalog.issues.clone();
    let mut used = BTreeSet::new();
    for sample in &catalog.samples {
        let decoded = read_sample(&catalog.root, sample).and_then(|bytes| {
            decode(&bytes, &Limits::default()).map_err(|e| issue_of(&e, &sample.path))
        });
        match decoded {
            Ok(decoded) => {
                used.insert(shown(&sample.path));
                issues.extend(note_wrong_extension(&sample.path, decoded.format));
                issues.extend(decoded.notes.iter().map(|n| issue_of_note(n, &sample.path)));
            }
            Err(issue) => issues.push(issue),
        }
    }
    (used, issues)
}

#[test]
fn each_odd_file_is_named_and_no_good_photo_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let _socket = build(dir.path());
    let (used, issues) = use_all(dir.path());
    for good in GOOD {
        let good = shown(Path::new(good));
        assert!(used.contains(&good), "{good:?} is lost");
    }
    // Read all the same, with a note.
    let noted = ["cat/png_named.jpg", "dog/gr\\xFC\\xDFe.jpg"];
    assert_eq!(used.len(), GOOD.len() + noted.len());
    assert!(noted.iter().all(|name| used.contains(*name)));

    let mut found: BTreeMap<String, &Issue> = BTreeMap::new();
    for issue in &issues {
        let path = shown(&issue.path);
        assert!(found.insert(path.clone(), issue).is_none(), "{path} twice");
        assert!(!issue.detail.is_empty() && !issue.advice.is_empty());
    }
    for (path, kind) in ODD {
        // Hidden files and folders of one kind are told in one row, at the first of them.
        if *path == "cat/.gitignore" {
            continue;
        }
        assert_eq!(found.get(*path).map(|i| i.kind), Some(*kind), "{path}");
    }
    assert!(ODD.len() >= 25);
    let told = ODD.iter().filter(|(path, _)| *path != "cat/.gitignore");
    assert_eq!(found.len(), told.count(), "{:?}", found.keys());
    assert!(found["cat/.DS_Store"].detail.ends_with("like 1 more"));
    assert!(found[".ipynb_checkpoints"].detail.ends_with("like 1 more"));
    assert!(found["cat/clip.mp4"].detail.contains("a video"));
    // Whatever is left out is told so; what systems left behind is nobody's photo.
    assert!(found["cat/.hidden.jpg"].is_skipped() && !found["cat/.DS_Store"].is_skipped());
    // Read with a note is not the same as passed over.
    let is_passed_over = |path: &str| found[path].is_passed_over();
    assert!(is_passed_over("cat/clip.mp4") && is_passed_over("__MACOSX"));
    assert!(noted.iter().all(|path| !is_passed_over(path)));
}

#[test]
fn files_and_folders_that_may_not_be_read_are_named() {
    let dir = tree::tree(&[
        "cat/1.jpg",
        "dog/1.jpg",
        "dog/locked.jpg",
        "dog/nameless",
        "locked/1.jpg",
    ]);
    let lock = |name: &str, mode| {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(dir.path().join(name), mode).unwrap();
    };
    for name in ["dog/locked.jpg", "dog/nameless", "locked"] {
        lock(name, 0);
    }
    if fs::read(dir.path().join("dog/locked.jpg")).is_ok() {
        eprintln!("skipped: this user may read everything");
        lock("locked", 0o755);
        return;
    }
    let (_, issues) = use_all(dir.path());
    lock("locked", 0o755);
    let denied: Vec<PathBuf> = issues
        .into_iter()
        .filter(|i| i.kind == "permission_denied")
        .map(|i| i.path)
        .collect();
    assert_eq!(
        denied,
        ["dog/nameless", "locked", "dog/locked.jpg"].map(PathBuf::from)
    );
}

#[test]
fn a_pipe_that_is_given_by_name_does_not_hang() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe.jpg");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let catalog = scan_unlabelled(&[pipe]).unwrap();
    let issue = read_sample(&catalog.root, &catalog.samples[0]).unwrap_err();
    assert_eq!(issue.kind, "not_a_file");
}

#[test]
fn a_folder_with_an_odd_name_is_told_once() {
    let dir = tree::tree(&["cat/1.jpg"]);
    let odd = dir.path().join(OsStr::from_bytes(b"h\xE4nde"));
    fs::create_dir(&odd).unwrap();
    for name in ["1.jpg", "2.jpg"] {
        fs::write(odd.join(name), tree::JPEG_START).unwrap();
    }
    let catalog = tree::read(dir.path());
    assert_eq!(catalog.classes, ["cat", "h\\xE4nde"]);
    assert_eq!(kinds(&catalog), [("h\\xE4nde".into(), "name_not_utf8")]);
}
