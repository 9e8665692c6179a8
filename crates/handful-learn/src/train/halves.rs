//! Where do outputs of a frozen prefix lie? In rows of half-precision numbers that are written once and read often: in memory, or in
//! a file that the caller opens.
//!
//! A file is read by place and not mapped into memory. Either way the system keeps in memory what is read often, and a row is some
//! 14 to 60 kB, so that a call for each costs nothing beside the step that it is for (measured: BENCHMARKS.md, "Fine-tuning"). But
//! reading needs no `unsafe`, and a disk that fails or is full is an error here, where a map would end the process.

use std::fs::File;
use std::io;

use half::f16;
use half::slice::HalfFloatSliceExt;
use rayon::prelude::*;

use crate::LearnError;

/// Where rows are put.
#[derive(Debug)]
pub enum Place {
    /// In memory.
    Memory,
    /// In this empty file, which nobody else writes to. One without a name is gone when it is dropped, or when the process is.
    File(File),
}

/// Rows of one length.
#[derive(Debug)]
pub(super) enum Halves {
    Memory(Vec<f16>),
    File(File),
}

impl Halves {
    /// `n_rows` rows of `length` numbers, which `make` writes, several at a time: of a file, no more than those are in memory.
    ///
    /// # Errors
    /// [`LearnError::Disk`] when the disk refuses.
    pub fn written(
        place: Place,
        n_rows: usize,
        length: usize,
        make: &(dyn Fn(usize, &mut [f16]) + Sync),
    ) -> Result<Halves, LearnError> {
        let file = match place {
            Place::Memory => {
                let mut values = vec![f16::ZERO; n_rows * length];
                let rows = values.par_chunks_exact_mut(length).enumerate();
                rows.for_each(|(row, out)| make(row, out));
                return Ok(Halves::Memory(values));
            }
            Place::File(file) => file,
        };
        let new_row = || vec![f16::ZERO; length];
        let rows = (0..n_rows).into_par_iter();
        let written = rows.try_for_each_init(new_row, |out, row| {
            make(row, out);
            write_at(&file, bytemuck::cast_slice(out), position(row * length))
        });
        match written {
            Ok(()) => Ok(Halves::File(file)),
            Err(source) => Err(LearnError::Disk {
                doing: "writing",
                source,
            }),
        }
    }

    /// Reads the numbers from the one at `start` on.
    ///
    /// # Errors
    /// [`LearnError::Disk`] when the disk fails.
    ///
    /// # Panics
    /// In memory, when there are not so many numbers.
    pub fn read(&self, start: usize, out: &mut [f32]) -> Result<(), LearnError> {
        match self {
            Halves::Memory(values) => values[start..start + out.len()].convert_to_f32_slice(out),
            Halves::File(file) => {
                let mut values = vec![f16::ZERO; out.len()];
                let bytes = bytemuck::cast_slice_mut(&mut values);
                read_at(file, bytes, position(start)).map_err(|source| LearnError::Disk {
                    doing: "reading",
                    source,
                })?;
                values.convert_to_f32_slice(out);
            }
        }
        Ok(())
    }
}

/// Where the number of this index lies in a file, in bytes.
fn position(number: usize) -> u64 {
    (number * size_of::<f16>()) as u64
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        if n == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[n..];
        at += n as u64;
    }
    Ok(())
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[n..];
        at += n as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: usize = 1000;

    fn written(place: Place) -> Result<Halves, LearnError> {
        Halves::written(place, 7, LENGTH, &|row, out| {
            let value = |i: usize| f16::from_f32((row * LENGTH + i) as f32 / 3.0);
            (0..LENGTH).for_each(|i| out[i] = value(i));
        })
    }

    #[test]
    fn a_file_holds_what_memory_holds() {
        let file = tempfile::tempfile().unwrap();
        let (kept, in_file) = (written(Place::Memory), written(Place::File(file)));
        let (kept, in_file) = (kept.unwrap(), in_file.unwrap());
        for start in [0, 1, 3 * LENGTH, 6 * LENGTH] {
            let (mut a, mut b) = ([0.0; LENGTH], [1.0; LENGTH]);
            kept.read(start, &mut a).unwrap();
            in_file.read(start, &mut b).unwrap();
            assert_eq!(a.map(f32::to_bits), b.map(f32::to_bits));
            assert_eq!(a[0], f16::from_f32(start as f32 / 3.0).to_f32());
        }
    }

    #[test]
    fn a_file_that_can_t_be_written_or_is_cut_is_an_error() {
        let named = tempfile::NamedTempFile::new().unwrap();
        let unwritable = File::open(named.path()).unwrap();
        let refused = written(Place::File(unwritable)).unwrap_err().to_string();
        assert!(refused.contains("writing"), "{refused}");
        let file = tempfile::tempfile().unwrap();
        let other = file.try_clone().unwrap();
        let cut = written(Place::File(file)).unwrap();
        other.set_len(100).unwrap();
        let refused = cut.read(LENGTH, &mut [0.0; 10]).unwrap_err().to_string();
        assert!(refused.contains("reading"), "{refused}");
    }
}
