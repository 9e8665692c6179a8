//! `handful embed`: the features of photos, for other tools.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use handful_image::Geometry;
use handful_learn::Weights;
use handful_learn::features::{Taps, Views};
use handful_learn::weights::Stored;

use super::flags::{self, MachineFlags};
use crate::events::Events;
use crate::exit::{self, Failure};
use crate::extract::{Extractor, View};
use crate::photos::Photos;
use crate::workflow::backbone::load_backbone;
use crate::workflow::run_folder::write_whole;

/// Write the features that a backbone sees in photos
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  handful embed photos/ --out photos.npy\n  \
    handful embed photos/ --out photos.csv --stages blocks.4,head --imgsz 160\n\n\
    .npy holds an array of float32, a row a photo; the paths of its rows are in a .paths.txt beside it. .csv holds\n\
    path, f0, f1, …; .safetensors the tensor `features`, with the paths in its metadata.")]
pub struct Args {
    /// Photos, or folders of photos (with all that is below them)
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// File to write: .npy, .csv or .safetensors
    #[arg(long, short, value_name = "FILE", default_value = "features.npy")]
    out: PathBuf,
    /// Backbone to use: a safetensors file of EfficientNet-Lite 0 to 4 or ResNet-18, -34 or -50 [default: the embedded
    /// Lite0]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Image side in pixels, 32 to 1024 [default: the side it was trained at]
    #[arg(long, value_name = "PX", value_parser = flags::image_size)]
    imgsz: Option<usize>,
    /// Stages whose spatial means are written, joined by commas [default: the last]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    stages: Vec<String>,
    /// Numbers that the backbone computes with
    #[arg(long, value_enum, default_value_t = flags::PrecisionFlag::Float32)]
    precision: flags::PrecisionFlag,
    /// How photos become squares
    #[arg(long, value_enum, default_value_t = Shape::CenterCrop)]
    geometry: Shape,
    /// End with exit code 4 if any file was skipped
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    machine: MachineFlags,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Shape {
    /// The middle square
    CenterCrop,
    /// The whole photo, its sides scaled apart
    Squash,
    /// The whole photo, with borders
    Pad,
}

impl From<Shape> for Geometry {
    fn from(shape: Shape) -> Geometry {
        match shape {
            Shape::CenterCrop => Geometry::CenterCrop,
            Shape::Squash => Geometry::Squash,
            Shape::Pad => Geometry::Pad,
        }
    }
}

/// Computes and writes.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    let write = writer(&args.out)?;
    let machine = args.machine.resolve()?;
    let backbone = load_backbone(args.model.as_deref())?.in_precision(args.precision.into());
    let stages = if args.stages.is_empty() {
        backbone.stage_sets()[0].clone()
    } else {
        args.stages
    };
    let taps = Taps::new(&backbone, &stages)?;
    let catalog = handful_data::scan_unlabelled(&args.paths)?;
    let Photos {
        mut list, issues, ..
    } = Photos::from_catalog(catalog);
    let extractor = Extractor {
        cache: machine.cache.as_ref(),
        threads: machine.threads,
        events,
    };
    let mut issues: Vec<_> = issues
        .into_iter()
        .chain(extractor.hash(&mut list)?.into_iter().map(|(_, i)| i))
        .collect();
    let size_px = args.imgsz.unwrap_or(backbone.trained_px);
    let preprocessing = backbone.preprocessing(args.geometry.into(), size_px);
    let view = View::Network {
        views: Views::AsIs,
        backbone: &backbone,
        preprocessing,
        taps: taps.clone(),
    };
    let readable: BTreeSet<usize> = (0..list.len()).filter(|&i| list[i].key.is_some()).collect();
    let found = extractor.run("embedding", &list, &[view], &|photo, _| {
        readable.contains(&photo)
    })?;
    issues.extend(found.issues.into_iter().map(|(_, i)| i));
    for issue in &issues {
        events.remark(format!(
            "{}: {}; {}",
            handful_data::shown(&issue.path),
            issue.detail,
            issue.advice
        ));
    }
    let rows: Vec<(&str, &[f32])> = list
        .iter()
        .enumerate()
        .filter_map(|(i, photo)| Some((photo.shown.as_str(), found.vectors[0].get(i)?)))
        .collect();
    if rows.is_empty() {
        return Err(
            Failure::new(exit::DATA, "no photo could be read").advice("look at the messages above")
        );
    }
    write(&args.out, &rows)?;
    events.print(&format!(
        "{} photos, {} features each: `{}`",
        rows.len(),
        taps.len(),
        args.out.display()
    ));
    let skipped = list.len() - rows.len();
    if args.strict && skipped > 0 {
        return Err(Failure::new(exit::STRICT, format!("{skipped} files were skipped"))
            .advice("mend or remove them, or leave `--strict` out; the features of the others are written"));
    }
    Ok(())
}

type Writer = fn(&Path, &[(&str, &[f32])]) -> Result<(), Failure>;

fn writer(out: &Path) -> Result<Writer, Failure> {
    match out.extension().and_then(|e| e.to_str()) {
        Some("npy") => Ok(npy),
        Some("csv") => Ok(csv),
        Some("safetensors") => Ok(safetensors),
        _ => Err(Failure::new(
            exit::USAGE,
            format!("`{}` has no known ending", out.display()),
        )
        .found("features are written as .npy, .csv or .safetensors")
        .advice("end the name with one of them")),
    }
}

/// NumPy's format 1.0: magic, version, length of the header, the header padded to 64 bytes, then the values.
///
/// # Source
/// NumPy Enhancement Proposal 1.
fn npy(out: &Path, rows: &[(&str, &[f32])]) -> Result<(), Failure> {
    let shape = (rows.len(), rows[0].1.len());
    let mut header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
        shape.0, shape.1
    );
    // Ten bytes come before the header, a line end closes it.
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    rows.iter()
        .flat_map(|(_, row)| *row)
        .for_each(|v| bytes.extend(v.to_le_bytes()));
    write_whole(out, &bytes)?;
    let paths: String = rows.iter().map(|(path, _)| format!("{path}\n")).collect();
    write_whole(&out.with_extension("paths.txt"), paths.as_bytes())
}

fn csv(out: &Path, rows: &[(&str, &[f32])]) -> Result<(), Failure> {
    let mut text = String::from("path");
    let into_string = "writing to a string";
    (0..rows[0].1.len()).for_each(|j| write!(text, ",f{j}").expect(into_string));
    text.push('\n');
    for (path, row) in rows {
        // Quoted always: a path may hold commas.
        write!(text, "\"{}\"", path.replace('"', "\"\"")).expect(into_string);
        row.iter()
            .for_each(|v| write!(text, ",{v}").expect(into_string));
        text.push('\n');
    }
    write_whole(out, text.as_bytes())
}

fn safetensors(out: &Path, rows: &[(&str, &[f32])]) -> Result<(), Failure> {
    let values: Vec<f32> = rows.iter().flat_map(|(_, row)| *row).copied().collect();
    let features = Stored::from_f32(vec![rows.len(), rows[0].1.len()], &values);
    let paths: Vec<&str> = rows.iter().map(|(path, _)| *path).collect();
    let paths = serde_json::to_string(&paths).expect("a list of strings");
    let file = Weights {
        tensors: BTreeMap::from([("features".into(), features)]),
        metadata: BTreeMap::from([("paths".into(), paths)]),
    };
    write_whole(out, &file.to_safetensors())
}
