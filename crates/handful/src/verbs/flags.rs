//! Flags that several verbs share, and how their values are read.

use std::path::PathBuf;
use std::time::Duration;

use handful_data::{GroupBy, LabelFrom, ScanOptions};
use handful_learn::backbone::Precision;

use super::train::Level;
use crate::cache::Cache;
use crate::exit::{self, Failure};
use crate::workflow::Machine;

/// What `--group-by` is given when nothing belongs together.
const NO_GROUPS: &str = "none";

/// How a folder or list is read.
#[derive(Debug, clap::Args)]
pub struct DataFlags {
    /// Keep photos with the same value in one fold (one animal, one visit): a column of the CSV, FILE.csv:COLUMN,
    /// or a regular expression on the path; `none` if each photo shows another thing [default: folders inside a
    /// class, else photos that seem to show one scene]
    #[arg(long, value_name = "COLUMN|REGEX|none")]
    group_by: Option<String>,
    /// Where in a file's path its label stands, as a regular expression with one group: '^([a-z]+)_'
    /// [default: folders or a CSV name the label]; folders below the label's are groups
    #[arg(long, value_name = "REGEX")]
    label_from: Option<String>,
    /// Column of the CSV that holds the label [default: label or class]; of a folder that holds such a CSV, it is read
    /// instead of the names of folders
    #[arg(long, value_name = "NAME")]
    label_column: Option<String>,
    /// Column of the CSV that holds the path [default: image_path, file, image, path or filename]
    #[arg(long, value_name = "NAME")]
    image_column: Option<String>,
    /// Which folder names the class where folders are nested; with `last`, folders of one name are one class
    /// [default: told by the folders]
    #[arg(long, value_name = "LEVEL")]
    class_level: Option<Level>,
}

impl DataFlags {
    /// Whether the person said that each photo shows another thing.
    pub fn each_alone(&self) -> bool {
        self.group_by.as_deref() == Some(NO_GROUPS)
    }

    /// The same, checked.
    pub fn options(self) -> Result<ScanOptions, Failure> {
        let group_by = self.group_by.as_deref().filter(|by| *by != NO_GROUPS);
        Ok(ScanOptions {
            group_by: group_by.map(GroupBy::parse).transpose()?,
            label_from: self
                .label_from
                .as_deref()
                .map(LabelFrom::parse)
                .transpose()?,
            label_column: self.label_column,
            image_column: self.image_column,
            class_level: self.class_level.map(Into::into),
        })
    }
}

/// What the work runs on.
#[derive(Debug, clap::Args)]
pub struct MachineFlags {
    /// Where networks run; this build knows `cpu`
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
    /// Threads, 1 to 256; results do not depend on them [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Neither use nor fill the cache of features
    #[arg(long)]
    no_cache: bool,
}

impl MachineFlags {
    /// The same, checked; sizes the pool of threads.
    pub fn resolve(self) -> Result<Machine, Failure> {
        if self.device != "cpu" {
            return Err(Failure::new(
                exit::USAGE,
                format!("`--device {}` is not in this build", self.device),
            )
            .found("this build knows `cpu`")
            .advice("leave the flag out"));
        }
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.map_or_else(cores, usize::from);
        // Only the first call of a process can size the pool; tests that call twice keep the first size.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
        Ok(Machine {
            threads,
            cache: if self.no_cache {
                None
            } else {
                Cache::of_user()
            },
        })
    }
}

/// `--precision`, as the command line spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PrecisionFlag {
    /// 24 bits of precision
    Float32,
    /// 8 bits of precision, summed in float32: faster on processors with AVX512-BF16, slower on others; the same features on all
    Bfloat16,
}

impl From<PrecisionFlag> for Precision {
    fn from(flag: PrecisionFlag) -> Precision {
        match flag {
            PrecisionFlag::Float32 => Precision::Float32,
            PrecisionFlag::Bfloat16 => Precision::Bfloat16,
        }
    }
}

/// Where a file goes that a verb writes.
#[derive(Debug, clap::Args)]
pub struct OutFlag {
    /// File to write
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Reads `90s`, `10m`, `1.5h` or plain seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit_s) = match text.char_indices().last() {
        Some((end, 's')) => (&text[..end], 1.0),
        Some((end, 'm')) => (&text[..end], 60.0),
        Some((end, 'h')) => (&text[..end], 3600.0),
        _ => (text, 1.0),
    };
    let seconds = number
        .parse::<f64>()
        .ok()
        .filter(|n| n.is_finite() && *n > 0.0)
        .map(|n| n * unit_s);
    seconds
        .and_then(|s| Duration::try_from_secs_f64(s).ok())
        .ok_or_else(|| "write a time such as 90s, 10m or 1h".to_owned())
}

/// Reads an image side that every backbone can take.
pub fn image_size(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|px| (32..=1024).contains(px))
        .ok_or_else(|| "write 32 to 1024 pixels".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_units() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_secs(5400)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        for wrong in ["", "s", "-1m", "0", "nan", "inf", "1e300h", "10 m", "5µ"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
