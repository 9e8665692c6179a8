//! Are DICOM files read by what their attributes say, and refused by name where they can't be?
#![cfg(feature = "dicom")]

use handful_image::{
    Decoded, Format, ImageError, Limits, Pixels, SampleRange, decode, decode_with, encode_jpeg,
    file_facts, sample_extent,
};

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
const RUNS: &str = "1.2.840.10008.1.2.5";
const JPEG: &str = "1.2.840.10008.1.2.4.50";
const LOSSLESS_JPEG: &str = "1.2.840.10008.1.2.4.70";

/// Value representations with a length of 32 bits that the tests use.
const LONG: [&str; 4] = ["OB", "OW", "SQ", "UN"];

/// A DICOM file as it is written: elements by tag, each with its representation and value.
#[derive(Clone)]
struct File {
    transfer_syntax: &'static str,
    elements: Vec<(u32, &'static str, Vec<u8>)>,
}

impl File {
    /// A grey picture, 16 bits, unsigned.
    fn grey(width: u16, height: u16, samples: &[u16]) -> File {
        let file = File {
            transfer_syntax: EXPLICIT,
            elements: Vec::new(),
        };
        file.number(0x0028_0002, 1)
            .text(0x0028_0004, "CS", "MONOCHROME2")
            .number(0x0028_0010, height)
            .number(0x0028_0011, width)
            .number(0x0028_0100, 16)
            .number(0x0028_0101, 12)
            .number(0x0028_0102, 11)
            .number(0x0028_0103, 0)
            .pixels(
                samples
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
            )
    }

    /// 8 bits and so many channels.
    fn eight(self, channels: u16, photometric: &str, pixels: Vec<u8>) -> File {
        self.number(0x0028_0002, channels)
            .text(0x0028_0004, "CS", photometric)
            .number(0x0028_0100, 8)
            .number(0x0028_0101, 8)
            .number(0x0028_0102, 7)
            .pixels(pixels)
    }

    fn with(mut self, tag: u32, kind: &'static str, mut value: Vec<u8>) -> File {
        if value.len() % 2 == 1 {
            value.push(if kind == "CS" || kind == "DS" {
                b' '
            } else {
                0
            });
        }
        self.elements.retain(|(other, ..)| *other != tag);
        self.elements.push((tag, kind, value));
        self.elements.sort_by_key(|(tag, ..)| *tag);
        self
    }

    fn number(self, tag: u32, value: u16) -> File {
        self.with(tag, "US", value.to_le_bytes().to_vec())
    }

    fn text(self, tag: u32, kind: &'static str, value: &str) -> File {
        self.with(tag, kind, value.as_bytes().to_vec())
    }

    fn rescaled(self, slope: &str, intercept: &str) -> File {
        self.text(0x0028_1052, "DS", intercept)
            .text(0x0028_1053, "DS", slope)
    }

    fn pixels(self, value: Vec<u8>) -> File {
        self.with(0x7FE0_0010, "OW", value)
    }

    fn written(mut self, transfer_syntax: &'static str) -> File {
        self.transfer_syntax = transfer_syntax;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut syntax = self.transfer_syntax.as_bytes().to_vec();
        if syntax.len() % 2 == 1 {
            syntax.push(0);
        }
        let syntax = element(0x0002_0010, "UI", &syntax, true);
        let mut out = vec![0; 128];
        out.extend(b"DICM");
        out.extend(element(
            0x0002_0000,
            "UL",
            &(syntax.len() as u32).to_le_bytes(),
            true,
        ));
        out.extend(syntax);
        for (tag, kind, value) in &self.elements {
            out.extend(element(*tag, kind, value, self.transfer_syntax != IMPLICIT));
        }
        out
    }

    /// As [`bytes`](File::bytes), the pixels in one piece behind an empty table of offsets.
    fn packed(mut self, transfer_syntax: &'static str, piece: &[u8]) -> Vec<u8> {
        self.elements.retain(|(tag, ..)| *tag != 0x7FE0_0010);
        let mut out = self.written(transfer_syntax).bytes();
        out.extend(element(0x7FE0_0010, "OB", &[], true));
        let length_at = out.len() - 4;
        out[length_at..].fill(0xFF);
        let mut piece = piece.to_vec();
        if piece.len() % 2 == 1 {
            piece.push(0);
        }
        for (tag, value) in [
            (0xFFFE_E000, &[][..]),
            (0xFFFE_E000, &piece),
            (0xFFFE_E0DD, &[]),
        ] {
            out.extend(element(tag, "", value, false));
        }
        out
    }
}

fn element(tag: u32, kind: &str, value: &[u8], is_explicit: bool) -> Vec<u8> {
    let mut out = ((tag >> 16) as u16).to_le_bytes().to_vec();
    out.extend((tag as u16).to_le_bytes());
    let length = value.len() as u32;
    match (is_explicit, LONG.contains(&kind)) {
        (false, _) => out.extend(length.to_le_bytes()),
        (true, false) => {
            out.extend(kind.as_bytes());
            out.extend((length as u16).to_le_bytes());
        }
        (true, true) => {
            out.extend(kind.as_bytes());
            out.extend([0, 0]);
            out.extend(length.to_le_bytes());
        }
    }
    out.extend(value);
    out
}

fn read(bytes: &[u8]) -> Decoded {
    decode(bytes, &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn levels(decoded: &Decoded) -> Vec<u8> {
    decoded
        .pixels
        .data
        .chunks_exact(3)
        .map(|pixel| pixel[0])
        .collect()
}

#[track_caller]
fn refused(bytes: &[u8], kind: &str, words: &str) {
    let error: ImageError = decode(bytes, &Limits::default()).expect_err(words);
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.detail().contains(words), "{error}");
    assert!(!error.advice().is_empty());
}

#[test]
fn twelve_bits_are_scaled_by_the_range_of_sixteen_bit_pictures() {
    let file = File::grey(3, 2, &[0, 2048, 4095, 100, 200, 300]);
    for syntax in [EXPLICIT, IMPLICIT] {
        let bytes = file.clone().written(syntax).bytes();
        let decoded = read(&bytes);
        assert_eq!(decoded.format, Format::Dicom);
        assert_eq!((decoded.pixels.width, decoded.pixels.height), (3, 2));
        assert_eq!(levels(&decoded), [0, 128, 255, 6, 12, 19]);
        assert_eq!(decoded.notes[0].kind(), "sixteen_bit_scaled");
        let extent = sample_extent(&bytes, &Limits::default())
            .expect("whole")
            .expect("deep");
        assert_eq!(
            (extent.least, extent.largest, extent.is_float),
            (0.0, 4095.0, false)
        );
        let facts = file_facts(&bytes).expect("a header");
        assert_eq!((facts.width_px, facts.height_px), (3, 2));
    }
}

#[test]
fn the_inverse_kind_of_grey_is_turned_over() {
    let file = File::grey(2, 1, &[0, 4095]).text(0x0028_0004, "CS", "MONOCHROME1");
    assert_eq!(levels(&read(&file.bytes())), [255, 0]);
    let file = file.eight(1, "MONOCHROME1", vec![0, 55]);
    assert_eq!(levels(&read(&file.bytes())), [255, 200]);
}

#[test]
fn slope_and_intercept_make_measured_values_with_one_range_for_a_set() {
    // Air and bone; signed water.
    let ct = File::grey(2, 1, &[24, 4000]).rescaled("1", "-1024").bytes();
    let signed = File::grey(2, 1, &[0x0FFF, 0])
        .number(0x0028_0103, 1)
        .bytes();
    let extents = [&ct, &signed].map(|bytes| {
        let extent = sample_extent(bytes, &Limits::default()).expect("whole");
        extent.expect("deep")
    });
    assert_eq!((extents[0].least, extents[0].largest), (-1000.0, 2976.0));
    assert_eq!((extents[1].least, extents[1].largest), (-1.0, 0.0));
    let range = SampleRange::of_set(&extents).expect("both are measured values");
    let water = decode_with(&signed, &Limits::default(), range).expect("whole");
    assert_eq!(levels(&water), [64, 64]);
    assert_eq!(water.notes[0].kind(), "float_scaled");
}

#[test]
fn a_window_is_no_range() {
    let file = File::grey(2, 1, &[0, 4095]);
    let windowed = file
        .clone()
        .text(0x0028_1050, "DS", "40")
        .text(0x0028_1051, "DS", "400");
    assert_eq!(read(&windowed.bytes()), read(&file.bytes()));
}

#[test]
fn bits_above_those_that_are_stored_are_left_out() {
    let file = File::grey(2, 1, &[0xF000, 0x8FFF]);
    assert_eq!(levels(&read(&file.bytes())), [0, 255]);
}

#[test]
fn colours_stand_side_by_side_or_in_planes() {
    let file = File::grey(2, 1, &[]).eight(3, "RGB", vec![1, 2, 3, 4, 5, 6]);
    assert_eq!(read(&file.bytes()).pixels.data, [1, 2, 3, 4, 5, 6]);
    assert_eq!(sample_extent(&file.bytes(), &Limits::default()), Ok(None));
    let planes = file.number(0x0028_0006, 1).pixels(vec![1, 4, 2, 5, 3, 6]);
    assert_eq!(read(&planes.bytes()).pixels.data, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_jpeg_inside_is_read_like_one_outside() {
    let picture = Pixels::filled(24, 16, [200, 60, 30]);
    let jpeg = encode_jpeg(&picture, 90);
    let file = File::grey(24, 16, &[]).eight(3, "YBR_FULL_422", vec![]);
    assert_eq!(
        read(&file.clone().packed(JPEG, &jpeg)).pixels,
        read(&jpeg).pixels
    );
    let other = file.clone().number(0x0028_0010, 17);
    refused(&other.packed(JPEG, &jpeg), "corrupt", "another size");
    let half = &jpeg[..jpeg.len() / 2];
    refused(&file.clone().packed(JPEG, half), "truncated", "DICOM");
    refused(
        &file.eight(3, "RGB", vec![]).packed(JPEG, &jpeg),
        "unsupported",
        "RGB in a JPEG",
    );
}

/// 2 x 2 samples of 16 bits, each predicted from its neighbour: 32768, 32769 and below them 32770, 32771.
fn lossless_jpeg() -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    out.extend([0xFF, 0xC3, 0, 11, 16, 0, 2, 0, 2, 1, 1, 0x11, 0]);
    // Code words 00, 01 and 10 for differences of 0, 1 and 2 bits.
    out.extend([0xFF, 0xC4, 0, 22, 0, 0, 3]);
    out.extend([0; 14]);
    out.extend([0, 1, 2]);
    out.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 0, 0]);
    // Predicted are 32768, the left, the upper, the left; differences 0 (00), 1 (01 1), 2 (10 10) and 1 (01 1).
    out.extend([0b0001_1101, 0b0011_1111]);
    out.extend([0xFF, 0xD9]);
    out
}

#[test]
fn lossless_jpeg_keeps_every_value() {
    let file = File::grey(2, 2, &[])
        .number(0x0028_0101, 16)
        .number(0x0028_0102, 15);
    let bytes = file.clone().packed(LOSSLESS_JPEG, &lossless_jpeg());
    let extent = sample_extent(&bytes, &Limits::default())
        .expect("whole")
        .expect("deep");
    assert_eq!((extent.least, extent.largest), (32_768.0, 32_771.0));
    let forged = file.number(0x0028_0010, 9000).number(0x0028_0011, 9000);
    refused(
        &forged.packed(LOSSLESS_JPEG, &lossless_jpeg()),
        "corrupt",
        "another size",
    );
}

#[test]
fn runs_are_unpacked_from_the_upper_byte_down() {
    // Two segments: four upper bytes as a run, then lower bytes as they are.
    let mut piece = vec![0; 64];
    piece[0] = 2;
    piece[4] = 64;
    piece[8] = 66;
    piece.extend([253, 1, 3, 10, 20, 30, 40]);
    let file = File::grey(2, 2, &[]);
    let bytes = file.clone().packed(RUNS, &piece);
    let extent = sample_extent(&bytes, &Limits::default())
        .expect("whole")
        .expect("deep");
    assert_eq!((extent.least, extent.largest), (266.0, 296.0));
    refused(
        &file.clone().packed(RUNS, &piece[..68]),
        "corrupt",
        "runs end",
    );
    let forged = file.number(0x0028_0010, 9000).number(0x0028_0011, 9000);
    refused(
        &forged.packed(RUNS, &piece),
        "corrupt",
        "can't hold 9000 x 9000",
    );
}

#[test]
fn what_is_not_read_is_called_by_its_name() {
    let file = File::grey(2, 1, &[1, 2]);
    let stack = file.clone().text(0x0028_0008, "IS", "40");
    refused(&stack.bytes(), "unsupported", "DICOM stack of 40 frames");
    for (syntax, name) in [
        ("1.2.840.10008.1.2.4.90", "JPEG 2000"),
        ("1.2.840.10008.1.2.4.80", "JPEG-LS"),
        ("1.2.840.10008.1.2.4.110", "JPEG XL"),
        ("1.2.840.10008.1.2.4.102", "video"),
        ("1.2.840.10008.1.2.1.99", "deflated"),
        ("1.2.840.10008.1.2.2", "big-endian"),
        ("1.2.3", "1.2.3"),
    ] {
        refused(&file.clone().written(syntax).bytes(), "unsupported", name);
    }
    let palette = file.clone().text(0x0028_0004, "CS", "PALETTE COLOR");
    refused(&palette.bytes(), "unsupported", "PALETTE COLOR");
    let deep = file.clone().number(0x0028_0100, 32);
    refused(&deep.bytes(), "unsupported", "32-bit");
    let table = file.clone().with(0x0028_3000, "SQ", vec![]);
    refused(&table.bytes(), "unsupported", "table");
    let slope = file.rescaled("steep", "0");
    refused(&slope.bytes(), "corrupt", "slope");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let whole = File::grey(3, 2, &[1, 2, 3, 4, 5, 6]).bytes();
    for length in 132..whole.len() {
        let error = decode(&whole[..length], &Limits::default()).expect_err("a part is missing");
        assert_ne!(error.kind(), "unsupported", "at {length}: {error}");
    }
    refused(&whole[..whole.len() - 1], "truncated", "DICOM");
    // Whole elements, and fewer pixels than rows and columns promise.
    refused(&File::grey(3, 2, &[1, 2]).bytes(), "truncated", "DICOM");
}

#[test]
fn forged_lengths_and_sizes_take_no_memory() {
    let file = File::grey(2, 1, &[1, 2]);
    let large = file
        .clone()
        .number(0x0028_0010, 65_535)
        .number(0x0028_0011, 65_535);
    refused(&large.bytes(), "too_large", "65535 x 65535");
    let inside = file
        .clone()
        .number(0x0028_0010, 12_000)
        .number(0x0028_0011, 12_000);
    refused(&inside.bytes(), "truncated", "DICOM");
    let none = file.clone().number(0x0028_0010, 0);
    refused(&none.bytes(), "corrupt", "no pixels");
    // The length of the pixels is the last thing before them.
    let mut bytes = file.bytes();
    let at = bytes.len() - 8;
    bytes[at..at + 4].copy_from_slice(&0xFFFF_FFF0_u32.to_le_bytes());
    refused(&bytes, "truncated", "DICOM");
}

#[test]
fn nested_sequences_are_passed_however_deep_they_are() {
    const DEPTH: usize = 200_000;
    let mut nest = Vec::new();
    for _ in 0..DEPTH {
        nest.extend(element(0x0008_1115, "SQ", &[], true));
        let at = nest.len() - 4;
        nest[at..].fill(0xFF);
        nest.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
    for _ in 0..DEPTH {
        nest.extend(element(0xFFFE_E00D, "", &[], false));
        nest.extend(element(0xFFFE_E0DD, "", &[], false));
    }
    let mut bytes = File::grey(2, 1, &[0, 255]).bytes();
    let start = bytes
        .windows(4)
        .position(|tag| tag == [0x28, 0, 2, 0])
        .expect("channels");
    bytes.splice(start..start, nest);
    assert_eq!(levels(&read(&bytes)), [0, 255]);
}

#[test]
fn what_holds_no_picture_is_no_image() {
    let report = File {
        transfer_syntax: EXPLICIT,
        elements: Vec::new(),
    };
    let report = report.text(0x0008_0060, "CS", "SR");
    refused(&report.bytes(), "not_an_image", "without a picture");
    let mut nothing = vec![7; 128];
    nothing.extend(b"DICM");
    refused(&nothing, "corrupt", "header");
    refused(&nothing[..131], "not_an_image", "no known format");
}

#[test]
fn forged_bytes_never_panic() {
    let grey = File::grey(3, 2, &[1, 2, 3, 4, 5, 6]).rescaled("1", "-1024");
    let mut piece = vec![0; 64];
    piece[0] = 2;
    piece[4] = 64;
    piece[8] = 66;
    piece.extend([253, 1, 3, 10, 20, 30, 40]);
    let files = [
        grey.bytes(),
        File::grey(2, 2, &[]).packed(RUNS, &piece),
        File::grey(2, 2, &[]).packed(LOSSLESS_JPEG, &lossless_jpeg()),
    ];
    for whole in files {
        for at in 128..whole.len() {
            for value in [0, 1, 0x7F, 0x80, 0xFE, 0xFF] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                if let Ok(decoded) = decode(&bytes, &Limits::default()) {
                    let pixels = decoded.pixels;
                    assert_eq!(pixels.data.len(), pixels.width * pixels.height * 3);
                }
                let _ = (
                    file_facts(&bytes),
                    sample_extent(&bytes, &Limits::default()),
                );
            }
        }
    }
}
