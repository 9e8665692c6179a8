//! Writes the seeds: a few small files a target, of each kind that its parser knows.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use handful_image::{Pixels, encode_jpeg, encode_png};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A picture with edges and colours; small, as a fuzzer changes one byte at a time.
fn picture() -> Pixels {
    let mut pixels = Pixels::filled(13, 9, [250, 250, 250]);
    for (idx, value) in pixels.data.iter_mut().enumerate() {
        *value = (idx * 37 % 251) as u8;
    }
    pixels
}

/// A BMP of 24 bits: 2 x 2.
fn bmp() -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    for number in [70_u32, 0, 54, 40, 2, 2] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([1, 0, 24, 0]);
    for number in [0_u32, 16, 2835, 2835, 0, 0] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend([
        10, 20, 30, 40, 50, 60, 0, 0, 70, 80, 90, 100, 110, 120, 0, 0,
    ]);
    bytes
}

/// A TIFF of one strip: 2 x 2, grey, `bits` a pixel, turned by its orientation.
fn tiff(bits: u16) -> Vec<u8> {
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    // Tag, type (3: 16 bits, 4: 32 bits), value.
    let entries: [(u16, u16, u32); 10] = [
        (256, 3, 2),
        (257, 3, 2),
        (258, 3, bits.into()),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8 + 2 + 10 * 12 + 4),
        (274, 3, 6),
        (277, 3, 1),
        (278, 3, 2),
        (279, 4, u32::from(bits) / 2),
    ];
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend((0..u8::try_from(bits / 2).expect("a few bytes")).map(|b| b * 16));
    bytes
}

/// A GIF of 1 x 1 in two colours.
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// A lossless WebP of 1 x 1.
const WEBP: &[u8] =
    b"RIFF\x1A\0\0\0WEBPVP8L\x0D\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xFE\x07\0";

fn zip_of(method: CompressionMethod, files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(*name, options).expect("the name is new");
        zip.write_all(bytes).expect("memory takes all");
    }
    zip.finish().expect("memory takes all").into_inner()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *bytes)
            .expect("memory takes all");
    }
    tar.into_inner().expect("memory takes all")
}

fn main() -> std::io::Result<()> {
    let image = picture();
    let (jpeg, png) = (encode_jpeg(&image, 80), encode_png(&image));
    let members: &[(&str, &[u8])] = &[
        ("photos/cat/1.png", &png),
        ("photos/dog/2", b"\xFF\xD8\xFF"),
        ("__MACOSX/._1.png", b"\0\x05\x16\x07"),
    ];
    let long = format!("{}/000.jpg", "folder/".repeat(30));
    let shard: &[(&str, &[u8])] = &[("000.png", &png), ("000.cls", b"1"), (&long, b"x")];
    let voc = "<annotation><filename>1.jpg</filename><size><width>9</width><height>9</height></size>\
               <object><name>cat</name><bndbox><xmin>1</xmin><ymin>2.5</ymin><xmax>8</xmax><ymax>9</ymax></bndbox></object>\
               </annotation>";
    let coco = r#"{"info":{},"images":[{"id":1,"file_name":"1.jpg","width":9,"height":9}],"annotations":[{"id":1,"image_id":1,
"category_id":"a","bbox":[1,2,3.5,4e0],"iscrowd":0,"segmentation":[[1,2,3,4]]}],"categories":[{"id":"a","name":"cat"}]}"#;
    let seeds: &[(&str, &[u8])] = &[
        ("decode/colour.jpg", &jpeg),
        ("decode/colour.png", &png),
        ("decode/colour.bmp", &bmp()),
        ("decode/grey8.tif", &tiff(8)),
        ("decode/grey16.tif", &tiff(16)),
        ("decode/grey32.tif", &tiff(32)),
        ("decode/two_colours.gif", GIF),
        ("decode/lossless.webp", WEBP),
        (
            "csv/plain.csv",
            b"path,label,split\n1.jpg,cat,train\n2.jpg,dog,test\n",
        ),
        (
            "csv/quoted.csv",
            b"\xEF\xBB\xBFfile;label\n\"a;b.jpg\";\"cat|dog\"\n\"c\"\"d.jpg\";dog\n",
        ),
        (
            "csv/tabs.tsv",
            b"image\tclass\r\n1.jpg\t['a', 'b']\r\n2.jpg\tb, c\r\n",
        ),
        (
            "zip/deflated.zip",
            &zip_of(CompressionMethod::Deflated, members),
        ),
        (
            "zip/stored.zip",
            &zip_of(CompressionMethod::Stored, members),
        ),
        ("tar/folders.tar", &tar_of(members)),
        ("tar/shard.tar", &tar_of(shard)),
        ("voc/box.xml", voc.as_bytes()),
        (
            "voc/entity.xml",
            b"<!DOCTYPE a [<!ENTITY b \"bb\">]><annotation>&b;</annotation>",
        ),
        ("coco/box.json", coco.as_bytes()),
        (
            "coco/empty.json",
            br#"{"images":[],"annotations":[],"categories":[]}"#,
        ),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (name, bytes) in seeds {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("it has a folder"))?;
        fs::write(&path, bytes)?;
    }
    Ok(())
}
