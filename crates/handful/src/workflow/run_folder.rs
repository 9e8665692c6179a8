//! The folder that a run leaves behind: filled under a hidden name beside its place and renamed when it is whole, so
//! that a folder with a run's name always holds a finished run.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::exit::{self, Failure};

/// Where a run is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// This folder, which must not exist yet.
    Folder(PathBuf),
    /// `runs/NAME`, which must not exist yet.
    Named(String),
    /// `runs/` and the name of the data with this behind it, numbered if it is taken.
    Numbered(&'static str),
}

/// Runs are numbered up to here before we believe that something is wrong.
const MOST_RUNS: usize = 10_000;

impl Destination {
    /// The folders that may be taken, best first.
    fn places(&self, data: &Path) -> Box<dyn Iterator<Item = PathBuf>> {
        match self {
            Destination::Folder(dir) => Box::new(std::iter::once(dir.clone())),
            Destination::Named(name) => Box::new(std::iter::once(Path::new("runs").join(name))),
            Destination::Numbered(behind) => {
                let name = data_name(data) + behind;
                Box::new((1..MOST_RUNS).map(move |n| {
                    Path::new("runs").join(if n == 1 {
                        name.clone()
                    } else {
                        format!("{name}-{n}")
                    })
                }))
            }
        }
    }
}

/// What the data is called: the name of its folder, or of its list without the ending.
pub fn data_name(data: &Path) -> String {
    let whole = fs::canonicalize(data).unwrap_or_else(|_| data.to_path_buf());
    let name = if whole.is_file() {
        whole.file_stem()
    } else {
        whole.file_name()
    };
    name.map_or_else(|| "photos".into(), |n| n.to_string_lossy().into_owned())
}

/// A run that is being written.
#[derive(Debug)]
pub struct RunFolder {
    partial: PathBuf,
    target: PathBuf,
    /// Held while the run is being written, so that no second process takes the same folder.
    lock: File,
    /// Whether an interrupted run is being continued.
    pub resumed: bool,
}

const LOCK: &str = "lock";

impl RunFolder {
    /// Takes a folder for a run on `data`; `resume` asks for one that was interrupted.
    ///
    /// # Errors
    /// When the folder lies inside the photos, exists, is being written by another process, can't be made, or when
    /// there is nothing to resume.
    pub fn begin(
        destination: &Destination,
        data: &Path,
        resume: bool,
    ) -> Result<RunFolder, Failure> {
        let image_root = if data.is_file() {
            data.parent().unwrap_or(Path::new("."))
        } else {
            data
        };
        let is_numbered = matches!(destination, Destination::Numbered(_));
        for target in destination.places(data) {
            // A list may lie anywhere, but a folder of photos stays as it is.
            if data.is_dir() && handful_data::is_inside(&target, image_root) {
                return Err(Failure::new(
                    exit::USAGE,
                    format!(
                        "the run would go into the folder of photos, to `{}`",
                        target.display()
                    ),
                )
                .found(format!("photos in `{}`", data.display()))
                .advice("name a folder outside with `--out`, for example `--out ../run`"));
            }
            let partial = partial_of(&target)?;
            if target.exists() {
                if is_numbered {
                    continue;
                }
                return Err(Failure::new(
                    exit::USAGE,
                    format!("`{}` exists already", target.display()),
                )
                .advice("choose another `--name` or `--out`, or delete it first"));
            }
            if resume && !partial.is_dir() {
                return Err(Failure::new(exit::USAGE, "there is no interrupted run to resume")
                    .found(format!("no unfinished run for `{}`", target.display()))
                    .advice("leave `--resume` out, or give the `--name` or `--out` of the interrupted run"));
            }
            fs::create_dir_all(&partial)
                .map_err(|e| Failure::io("making the folder", &partial, &e))?;
            let lock_path = partial.join(LOCK);
            let lock =
                File::create(&lock_path).map_err(|e| Failure::io("writing", &lock_path, &e))?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if is_numbered => continue,
                Err(TryLockError::WouldBlock) => {
                    return Err(Failure::new(
                        exit::USAGE,
                        format!("another handful is writing `{}`", target.display()),
                    )
                    .advice("wait for it, or choose another `--name`"));
                }
                // Some network disks know no locks: then the person must not start two runs of one name.
                Err(TryLockError::Error(_)) => {}
            }
            if !resume {
                clean(&partial)?;
            }
            return Ok(RunFolder {
                partial,
                target,
                lock,
                resumed: resume,
            });
        }
        Err(Failure::new(exit::USAGE, "all run names are taken")
            .advice("choose a `--name`, or delete old runs"))
    }

    /// Where a file of the run is while it is being written.
    pub fn path(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    /// Where the run will be.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Writes a whole file.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        write_whole(&self.path(name), bytes)
    }

    /// [`RunFolder::finish`] where all went well; else nothing is left, because nothing could go on from it.
    ///
    /// # Errors
    /// What went wrong.
    pub fn whole_or_gone<T>(self, filled: Result<T, Failure>) -> Result<(PathBuf, T), Failure> {
        match filled {
            Ok(filled) => Ok((self.finish()?, filled)),
            Err(failure) => {
                self.abandon();
                Err(match failure.code {
                    exit::INTERRUPTED => failure.advice("the same command begins again"),
                    _ => failure,
                })
            }
        }
    }

    /// Deletes all that was written: for what is done again from the beginning.
    pub fn abandon(self) {
        drop(self.lock);
        // What can't be deleted is cleaned by the next run of this name.
        let _ = fs::remove_dir_all(&self.partial);
    }

    /// Gives the run its name. What was only needed to resume is deleted.
    ///
    /// # Errors
    /// When the folder can't be renamed; everything is then still in the hidden one.
    pub fn finish(self) -> Result<PathBuf, Failure> {
        for name in [super::kept::KEPT, LOCK] {
            let path = self.path(name);
            let _ = if path.is_dir() {
                fs::remove_dir_all(&path)
            } else {
                fs::remove_file(&path)
            };
        }
        drop(self.lock);
        fs::rename(&self.partial, &self.target)
            .map_err(|e| Failure::io("renaming", &self.partial, &e))?;
        Ok(self.target)
    }
}

fn partial_of(target: &Path) -> Result<PathBuf, Failure> {
    let name = target.file_name().ok_or_else(|| {
        Failure::new(
            exit::USAGE,
            format!("`{}` can't be the name of a run", target.display()),
        )
        .advice("give a folder that does not exist yet")
    })?;
    Ok(target.with_file_name(format!(".{}.partial", name.to_string_lossy())))
}

/// Empties a folder that an interrupted run left, but for its lock.
fn clean(partial: &Path) -> Result<(), Failure> {
    let entries = fs::read_dir(partial).map_err(|e| Failure::io("reading", partial, &e))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let gone = match entry.file_name() == LOCK {
            true => Ok(()),
            false if path.is_dir() => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        gone.map_err(|e| Failure::io("deleting", &path, &e))?;
    }
    Ok(())
}

/// Writes a file whole or not at all: into a temporary sibling, synced, renamed.
///
/// # Errors
/// When the disk refuses; nothing is left behind then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let parent = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(parent).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        open_to_all(file.as_file())?;
        file.persist(path).map_err(|e| e.error)
    });
    written
        .map(drop)
        .map_err(|e| Failure::io("writing", path, &e))
}

/// Temporary files are made for their owner alone; results are ordinary files.
#[cfg(unix)]
fn open_to_all(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_all(_: &File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(dir: &Path, name: &str, resume: bool) -> Result<RunFolder, Failure> {
        let data = dir.join("photos");
        fs::create_dir_all(&data).unwrap();
        RunFolder::begin(&Destination::Folder(dir.join(name)), &data, resume)
    }

    #[test]
    fn a_run_has_its_name_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let run = begin(dir.path(), "run", false).unwrap();
        run.write("a.txt", b"a").unwrap();
        assert!(!dir.path().join("run").exists());
        run.finish().unwrap();
        assert_eq!(fs::read(dir.path().join("run/a.txt")).unwrap(), b"a");
        assert_eq!(fs::read_dir(dir.path().join("run")).unwrap().count(), 1);
    }

    #[test]
    fn a_run_inside_the_photos_is_refused_with_a_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let failure = begin(dir.path(), "photos/run", false).unwrap_err();
        assert_eq!(failure.code, exit::USAGE);
        assert!(failure.advice.unwrap().contains("--out"));
    }

    #[test]
    fn an_interrupted_run_is_kept_for_resume_and_cleaned_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            begin(dir.path(), "run", true).unwrap_err().code,
            exit::USAGE
        );
        begin(dir.path(), "run", false)
            .unwrap()
            .write("a.txt", b"a")
            .unwrap();
        assert!(
            begin(dir.path(), "run", true)
                .unwrap()
                .path("a.txt")
                .exists()
        );
        assert!(
            !begin(dir.path(), "run", false)
                .unwrap()
                .path("a.txt")
                .exists()
        );
    }

    #[test]
    fn what_is_abandoned_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let run = begin(dir.path(), "run", false).unwrap();
        run.write("a.txt", b"a").unwrap();
        run.abandon();
        let left = fs::read_dir(dir.path()).unwrap();
        let left: Vec<_> = left.map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["photos"]);
    }

    #[test]
    fn two_processes_never_write_the_same_run() {
        let dir = tempfile::tempdir().unwrap();
        let first = begin(dir.path(), "run", false).unwrap();
        assert!(
            begin(dir.path(), "run", false)
                .unwrap_err()
                .what
                .contains("another handful")
        );
        drop(first);
    }
}
