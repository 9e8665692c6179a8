//! Raw numbers in a CSV file: kept as they come, read again by a bench that goes on.

use std::fs::File;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// All rows; none where there is no file yet.
pub fn read<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>, Failure> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let failed = |e: csv::Error| Failure::new("a row can't be read", e, "delete it");
    let mut reader = csv::Reader::from_path(path).map_err(failed)?;
    let rows: Result<Vec<R>, csv::Error> = reader.deserialize().collect();
    rows.map_err(failed)
}

/// Adds one, at once.
pub fn keep<R: Serialize>(path: &Path, row: &R) -> Result<(), Failure> {
    let is_new = !path.exists();
    let file = File::options().create(true).append(true).open(path);
    let file = file.map_err(Failure::writing(path))?;
    let mut writer = csv::WriterBuilder::new()
        .has_headers(is_new)
        .from_writer(file);
    let failed = |e: csv::Error| Failure::new("a row can't be written", e, "make room");
    writer.serialize(row).map_err(failed)?;
    writer.flush().map_err(Failure::writing(path))
}
