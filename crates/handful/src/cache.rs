//! What has been computed before and need not be computed again: feature vectors by image and settings.
//!
//! One folder a *shelf* (one backbone, preprocessing, stage set, precision and kernel generation, named by their
//! BLAKE3), in it *packs*: files of some hundred vectors with the BLAKE3 of their images as keys. A pack is written
//! whole into a temporary file and renamed, and never changed afterwards, so that any number of runs may read and
//! write at the same time; it ends with its own hash, and one that is cut or wrong is deleted and made again.
//! When all shelves together outgrow the limit, the packs that were not used for longest go first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// BLAKE3 of an image file's bytes.
pub type ImageKey = [u8; 32];

/// Environment variable that names another cache folder.
pub const CACHE_DIR_VARIABLE: &str = "HANDFUL_CACHE_DIR";
/// Bytes that all shelves together may take: about 250,000 vectors of 2,000 numbers.
pub const CACHE_LIMIT_BYTES: u64 = 2 << 30;
/// Vectors a pack: small enough that a killed run loses little, large enough that packs stay few.
const PACK_VECTORS: usize = 256;
const MAGIC: &[u8; 8] = b"HFPACK1\n";
const HASH_BYTES: usize = 32;

/// The cache folder.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Where it is; it need not exist yet.
    pub dir: PathBuf,
    /// What it may hold.
    pub limit_bytes: u64,
}

/// What lies in a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    /// Files.
    pub packs: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Cache {
    /// The user's cache folder by the rules of the platform, or `HANDFUL_CACHE_DIR`.
    pub fn of_user() -> Option<Cache> {
        use etcetera::BaseStrategy;
        let dir = match std::env::var_os(CACHE_DIR_VARIABLE) {
            Some(dir) => PathBuf::from(dir),
            None => etcetera::choose_base_strategy()
                .ok()?
                .cache_dir()
                .join("handful"),
        };
        Some(Cache {
            dir,
            limit_bytes: CACHE_LIMIT_BYTES,
        })
    }

    /// The shelf for vectors of `width` numbers that `settings` describes completely.
    pub fn shelf(&self, settings: &str, width: usize) -> Shelf {
        let name = &blake3::hash(settings.as_bytes()).to_hex()[..32];
        Shelf {
            dir: self.dir.join("features").join(name),
            width,
            pending: Vec::new(),
        }
    }

    /// Counts what is there.
    pub fn contents(&self) -> Contents {
        self.packs()
            .iter()
            .fold(Contents::default(), |sum, pack| Contents {
                packs: sum.packs + 1,
                bytes: sum.bytes + pack.bytes,
            })
    }

    /// Deletes everything that this module wrote, and says what it was.
    ///
    /// # Errors
    /// The first file that could not be deleted.
    pub fn clear(&self) -> std::io::Result<Contents> {
        let before = self.contents();
        match fs::remove_dir_all(self.dir.join("features")) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
            _ => Ok(before),
        }
    }

    /// Deletes the packs that were not used for longest until the rest fits the limit.
    pub fn shrink(&self) {
        let mut packs = self.packs();
        let mut bytes: u64 = packs.iter().map(|p| p.bytes).sum();
        packs.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        for pack in packs {
            if bytes <= self.limit_bytes {
                break;
            }
            // Another run may have been quicker: then it is gone, which is what we want.
            let _ = fs::remove_file(&pack.path);
            bytes -= pack.bytes;
        }
    }

    fn packs(&self) -> Vec<PackFile> {
        let list = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
        list(&self.dir.join("features"))
            .flat_map(|shelf| list(&shelf.path()))
            .filter_map(|file| {
                let meta = file.metadata().ok()?;
                meta.is_file().then(|| PackFile {
                    path: file.path(),
                    bytes: meta.len(),
                    used: meta.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                })
            })
            .collect()
    }
}

struct PackFile {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

/// All vectors of one kind.
#[derive(Debug)]
pub struct Shelf {
    dir: PathBuf,
    width: usize,
    pending: Vec<(ImageKey, Vec<f32>)>,
}

impl Shelf {
    /// The wanted vectors that are there. A pack that is not what it claims is deleted.
    pub fn find(&self, wanted: &BTreeSet<ImageKey>) -> BTreeMap<ImageKey, Vec<f32>> {
        let mut found = BTreeMap::new();
        let mut paths: Vec<PathBuf> = fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .flatten()
            .map(|f| f.path())
            .filter(|p| p.extension().is_some_and(|e| e == "pack"))
            .collect();
        paths.sort();
        for path in paths {
            let Ok(bytes) = fs::read(&path) else { continue };
            match Pack::read(&bytes, self.width) {
                Some(pack) => {
                    let before = found.len();
                    pack.take(wanted, &mut found);
                    if found.len() > before {
                        // Marks it as used; a read-only cache only loses its order of age.
                        let _ = File::options()
                            .append(true)
                            .open(&path)
                            .and_then(|f| f.set_modified(SystemTime::now()));
                    }
                }
                None => drop(fs::remove_file(&path)),
            }
        }
        found
    }

    /// Keeps a vector; it reaches the disk with the next full pack or [`Shelf::flush`].
    pub fn put(&mut self, key: ImageKey, vector: Vec<f32>) {
        debug_assert_eq!(vector.len(), self.width);
        self.pending.push((key, vector));
        if self.pending.len() >= PACK_VECTORS {
            self.flush();
        }
    }

    /// Writes what is pending. A full or read-only disk costs only the cache, so that nothing is reported.
    pub fn flush(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let bytes = pack_bytes(&std::mem::take(&mut self.pending), self.width);
        let name = format!("{}.pack", &blake3::hash(&bytes).to_hex()[..32]);
        let _ = fs::create_dir_all(&self.dir).and_then(|()| {
            let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
            file.write_all(&bytes)?;
            file.persist(self.dir.join(name)).map_err(|e| e.error)
        });
    }
}

struct Pack<'a> {
    keys: &'a [[u8; HASH_BYTES]],
    values: &'a [u8],
    width: usize,
}

impl<'a> Pack<'a> {
    /// `None` when the bytes are not a whole pack of vectors of `width` numbers.
    fn read(bytes: &'a [u8], width: usize) -> Option<Pack<'a>> {
        let (body, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH_BYTES)?)?;
        if blake3::hash(body).as_bytes() != hash {
            return None;
        }
        let rest = body.strip_prefix(MAGIC)?;
        let (sizes, rest) = rest.split_at_checked(8)?;
        let size = |at: usize| {
            u32::from_le_bytes(sizes[at..at + 4].try_into().expect("four bytes")) as usize
        };
        let (stored_width, count) = (size(0), size(4));
        let (keys, values) = rest.split_at_checked(count.checked_mul(HASH_BYTES)?)?;
        let fits =
            stored_width == width && values.len() == count.checked_mul(width)?.checked_mul(4)?;
        fits.then_some(Pack {
            keys: keys.as_chunks::<HASH_BYTES>().0,
            values,
            width,
        })
    }

    fn take(&self, wanted: &BTreeSet<ImageKey>, found: &mut BTreeMap<ImageKey, Vec<f32>>) {
        for (key, bytes) in self
            .keys
            .iter()
            .zip(self.values.chunks_exact(4 * self.width))
        {
            if wanted.contains(key) {
                let vector = bytes
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|b| f32::from_le_bytes(*b))
                    .collect();
                found.insert(*key, vector);
            }
        }
    }
}

fn pack_bytes(vectors: &[(ImageKey, Vec<f32>)], width: usize) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for size in [width, vectors.len()] {
        bytes.extend((size as u32).to_le_bytes());
    }
    vectors.iter().for_each(|(key, _)| bytes.extend(key));
    vectors
        .iter()
        .flat_map(|(_, v)| v)
        .for_each(|x| bytes.extend(x.to_le_bytes()));
    let hash = blake3::hash(&bytes);
    bytes.extend(hash.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(dir: &Path) -> Cache {
        Cache {
            dir: dir.to_path_buf(),
            limit_bytes: CACHE_LIMIT_BYTES,
        }
    }

    fn fill(cache: &Cache, settings: &str, keys: std::ops::Range<u8>) {
        let mut shelf = cache.shelf(settings, 3);
        for k in keys {
            shelf.put([k; 32], vec![f32::from(k); 3]);
        }
        shelf.flush();
    }

    #[test]
    fn what_was_put_is_found_and_other_settings_find_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(dir.path());
        fill(&cache, "a", 0..5);
        let wanted = BTreeSet::from([[3; 32], [9; 32]]);
        let found = cache.shelf("a", 3).find(&wanted);
        assert_eq!(found, BTreeMap::from([([3; 32], vec![3.0; 3])]));
        assert!(cache.shelf("b", 3).find(&wanted).is_empty());
    }

    #[test]
    fn a_cut_or_changed_pack_is_noticed_deleted_and_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(dir.path());
        let wanted = BTreeSet::from([[1; 32]]);
        for damage in [
            |b: &mut Vec<u8>| b.truncate(b.len() / 2),
            |b: &mut Vec<u8>| b[60] ^= 1,
            |b: &mut Vec<u8>| b.clear(),
        ] {
            fill(&cache, "a", 0..5);
            let path = cache.packs()[0].path.clone();
            let mut bytes = fs::read(&path).unwrap();
            damage(&mut bytes);
            fs::write(&path, bytes).unwrap();
            assert!(cache.shelf("a", 3).find(&wanted).is_empty());
            assert_eq!(cache.contents().packs, 0);
        }
    }

    #[test]
    fn over_its_limit_the_longest_unused_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let mut cache = cache(dir.path());
        fill(&cache, "old", 0..5);
        fill(&cache, "new", 5..10);
        let old = cache
            .packs()
            .into_iter()
            .find(|p| p.path.starts_with(&cache.shelf("old", 3).dir))
            .unwrap();
        File::options()
            .append(true)
            .open(&old.path)
            .unwrap()
            .set_modified(SystemTime::UNIX_EPOCH)
            .unwrap();
        cache.limit_bytes = old.bytes;
        cache.shrink();
        assert_eq!(cache.contents().packs, 1);
        assert!(!old.path.exists());
    }

    #[test]
    fn two_runs_may_fill_the_same_shelf_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(dir.path());
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| (0..20).for_each(|_| fill(&cache, "a", 0..50)));
            }
        });
        let wanted: BTreeSet<ImageKey> = (0..50).map(|k| [k; 32]).collect();
        assert_eq!(cache.shelf("a", 3).find(&wanted).len(), 50);
        assert_eq!(cache.contents().packs, 1, "equal packs have equal names");
    }

    #[test]
    fn clearing_an_absent_cache_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            cache(&dir.path().join("none")).clear().unwrap(),
            Contents::default()
        );
    }
}
