//! From files to feature vectors: read, look into the cache, decode, prepare, forward, keep; streaming, on all cores,
//! with memory that does not grow with the size or number of the files.
//!
//! Workers take chunks of photos from one counter, so that decoding, resizing and the network overlap and a slow core
//! holds nobody up. Each worker runs its batches in a pool of one thread: whole batches side by side are faster here
//! than one batch spread over the cores, and a photo's numbers can't depend on the number of threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use handful_data::Issue;
use handful_image::{
    CONTROLS_LENGTH, FileFacts, Limits, PORTRAIT_LENGTH, Pixels, Portrait, Preprocessing,
    Reduction, SIGNATURE_LENGTH, SampleExtent, Signature, controls, file_facts, sample_extent,
};
use handful_learn::Backbone;
use handful_learn::features::{KERNEL_GENERATION, Taps, Views, arithmetic, pooled};
use handful_learn::train::Squares;

use crate::cache::{Cache, ImageKey, Shelf};
use crate::events::{Events, Progress};
use crate::exit::{self, Failure};
use crate::photos::Photo;
use crate::rows::Rows;

/// Photos a chunk: large enough to fill the kernels, small enough to balance two cores.
const CHUNK: usize = 16;
/// Counted up whenever a network is shown other pixels of the same photo.
const PIXELS_GENERATION: u32 = 2;
/// Counted up whenever the numbers of a look without a network change for the same photo.
const CONTROL_GENERATION: u32 = 1;
const PORTRAIT_GENERATION: u32 = 1;
const SIGNATURE_GENERATION: u32 = 1;
/// Work of a look without a network at one photo, in millions of multiply-accumulates, for the progress bar alone.
const DESCRIPTOR_MEGA_MACS: f64 = 2.0;

/// One way to look at a photo.
#[derive(Clone, Debug)]
pub enum View<'a> {
    /// The backbone's pooled stages at one preprocessing.
    Network {
        /// The network.
        backbone: &'a Backbone,
        /// How pixels become its input.
        preprocessing: Preprocessing,
        /// Which stages are taken out.
        taps: Taps,
        /// Which views of a photo it sees; a vector holds what it says of them, one after the other.
        views: Views,
    },
    /// Edges and colours, for the control that knows no network.
    Control,
    /// What a diagnosis needs of the pixels: [`Portrait`].
    Portrait,
    /// What copies of a picture have in common: [`Signature`].
    Signature,
}

impl View<'_> {
    /// Numbers in a vector.
    pub fn width(&self) -> usize {
        match self {
            View::Network { taps, views, .. } => views.count() * taps.len(),
            View::Control => CONTROLS_LENGTH,
            View::Portrait => PORTRAIT_LENGTH,
            View::Signature => SIGNATURE_LENGTH,
        }
    }

    /// Everything but the image that a vector depends on.
    fn settings(&self) -> String {
        match self {
            View::Network {
                backbone,
                preprocessing,
                taps,
                views,
            } => format!(
                "network {} {} {taps:?} {}{} generation {KERNEL_GENERATION} pixels {PIXELS_GENERATION}",
                backbone.weights.digest(),
                serde_json::to_string(preprocessing).expect("a record is plain data"),
                arithmetic(backbone.precision()),
                // Nothing for photos as they are, so that what was kept before is found.
                if views.is_as_is() {
                    String::new()
                } else {
                    // Windows are parts of a wider square.
                    let wide = Squares::wide(preprocessing).size_px;
                    format!(" each of {views:?} in {wide}")
                },
            ),
            View::Control => format!("control {CONTROLS_LENGTH} generation {CONTROL_GENERATION}"),
            View::Portrait => {
                format!("portrait {PORTRAIT_LENGTH} generation {PORTRAIT_GENERATION}")
            }
            View::Signature => {
                format!("signature {SIGNATURE_LENGTH} generation {SIGNATURE_GENERATION}")
            }
        }
    }

    /// How far a photo is reduced while it is decoded for this look.
    fn reduction(&self, photo: &Photo, bytes: &[u8]) -> Reduction {
        match self {
            View::Network { preprocessing, .. } => photo.reduction(bytes, preprocessing.size_px),
            View::Control | View::Portrait | View::Signature => Reduction::NONE,
        }
    }

    fn mega_macs(&self) -> f64 {
        match self {
            View::Network {
                backbone,
                preprocessing,
                views,
                ..
            } => backbone.cost(preprocessing.size_px).mega_macs * views.count() as f64,
            View::Control | View::Portrait | View::Signature => DESCRIPTOR_MEGA_MACS,
        }
    }

    fn prepare(&self, pixels: &Pixels) -> Prepared {
        match self {
            View::Network {
                preprocessing,
                views,
                ..
            } => Prepared::Images(views.of(pixels, preprocessing)),
            View::Control => Prepared::Vector(controls(pixels)),
            View::Portrait => Prepared::Vector(Portrait::of(pixels).to_vector()),
            View::Signature => Prepared::Vector(Signature::of(pixels).to_vector()),
        }
    }
}

enum Prepared {
    /// The views of a photo.
    Images(Vec<Pixels>),
    Vector(Vec<f32>),
}

/// Where the time of an extraction went, in seconds summed over threads, and what it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Spent {
    /// Reading and hashing files.
    pub read_s: f64,
    /// Decoding, turning and resizing.
    pub decode_s: f64,
    /// The network.
    pub forward_s: f64,
    /// Photos decoded.
    pub decoded: u64,
    /// Vectors computed by the network.
    pub forwarded: u64,
    /// Vectors found in the cache.
    pub cached: u64,
    /// Millions of multiply-accumulates of the network.
    pub mega_macs: f64,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Spent) {
        self.read_s += other.read_s;
        self.decode_s += other.decode_s;
        self.forward_s += other.forward_s;
        self.decoded += other.decoded;
        self.forwarded += other.forwarded;
        self.cached += other.cached;
        self.mega_macs += other.mega_macs;
    }
}

/// What came out for the photos that were asked for.
#[derive(Debug, Default)]
pub struct Extracted {
    /// For each view: the vectors of the photos of the list that were asked for and could be read.
    pub vectors: Vec<Rows>,
    /// Files that could not be read, and notes on files that could; by position in the list.
    pub issues: Vec<(usize, Issue)>,
    /// Positions of the photos that could not be read.
    pub unreadable: BTreeSet<usize>,
    /// Where the time went.
    pub spent: Spent,
}

/// How an extraction is done.
#[derive(Clone, Copy)]
pub struct Extractor<'a> {
    /// Where vectors are kept, if anywhere.
    pub cache: Option<&'a Cache>,
    /// Workers.
    pub threads: usize,
    /// Where progress goes.
    pub events: &'a Events,
}

impl Extractor<'_> {
    /// Reads every photo once for its BLAKE3 and what the file says about itself; those that can't be read become
    /// issues, and those whose name promises another format are noted.
    ///
    /// # Errors
    /// Only when interrupted.
    pub fn hash(&self, photos: &mut [Photo]) -> Result<Vec<(usize, Issue)>, Failure> {
        let read = self.each("reading", photos.len(), |idx| {
            let photo = &photos[idx];
            photo.read().map(|bytes| FileRead::of(photo, &bytes))
        })?;
        let mut issues = Vec::new();
        for (idx, (photo, read)) in photos.iter_mut().zip(read).enumerate() {
            match read {
                Ok(file) => {
                    photo.key = Some(file.key);
                    photo.facts = file.facts;
                    photo.extent = file.extent;
                    issues.extend(photo.misnamed().map(|note| (idx, note)));
                }
                Err(issue) => issues.push((idx, issue)),
            }
        }
        Ok(issues)
    }

    /// Vectors of `views` for the photos for which `wanted(photo, view)` holds. Photos without a key are passed over.
    ///
    /// # Errors
    /// Only when interrupted: what was computed until then is in the cache.
    pub fn run(
        &self,
        step: &str,
        photos: &[Photo],
        views: &[View],
        wanted: &(dyn Fn(usize, usize) -> bool + Sync),
    ) -> Result<Extracted, Failure> {
        let shelves: Vec<Option<Mutex<Shelf>>> = views
            .iter()
            .map(|v| {
                self.cache
                    .map(|c| Mutex::new(c.shelf(&v.settings(), v.width())))
            })
            .collect();
        let asked = |idx: usize, v: usize| photos[idx].key.is_some() && wanted(idx, v);
        let rows = |(v, view): (usize, &View)| {
            let n_asked = (0..photos.len()).filter(|&idx| asked(idx, v)).count();
            Rows::new(photos.len(), n_asked, view.width())
        };
        let mut out = Extracted {
            vectors: views.iter().enumerate().map(rows).collect(),
            ..Extracted::default()
        };

        for (v, shelf) in shelves.iter().enumerate() {
            let Some(shelf) = shelf else { continue };
            let keys: BTreeSet<ImageKey> = (0..photos.len())
                .filter(|&i| asked(i, v))
                .filter_map(|i| photos[i].key)
                .collect();
            let found = lock(shelf).find(&keys);
            for idx in (0..photos.len()).filter(|&i| asked(i, v)) {
                if let Some(vector) = photos[idx].key.and_then(|key| found.get(&key)) {
                    out.vectors[v].put(idx, vector);
                    out.spent.cached += 1;
                }
            }
        }

        let missing: Vec<(usize, Vec<usize>)> = (0..photos.len())
            .map(|idx| {
                (
                    idx,
                    (0..views.len())
                        .filter(|&v| asked(idx, v) && out.vectors[v].get(idx).is_none())
                        .collect(),
                )
            })
            .filter(|(_, views): &(usize, Vec<usize>)| !views.is_empty())
            .collect();
        let work: f64 = missing
            .iter()
            .flat_map(|(_, vs)| vs)
            .map(|&v| views[v].mega_macs())
            .sum();
        let results = Mutex::new(out);
        self.in_chunks(step, missing.len(), work as u64, |chunk, progress| {
            let batch = Batch::decode(&missing[chunk], photos, views);
            let done = batch.forward(views, progress);
            for (v, idx, vector) in &done.vectors {
                // A photo that was read with a note is decoded again next time, so that the note is never lost.
                let noted = done.issues.iter().any(|(i, _)| i == idx);
                if let (Some(shelf), Some(key), false) = (&shelves[*v], photos[*idx].key, noted) {
                    lock(shelf).put(key, vector.clone());
                }
            }
            let mut results = lock(&results);
            for (v, idx, vector) in done.vectors {
                results.vectors[v].put(idx, &vector);
            }
            results.issues.extend(done.issues);
            results.unreadable.extend(done.unreadable);
            results.spent += done.spent;
        })
        .inspect_err(|_| shelves.iter().flatten().for_each(|s| lock(s).flush()))?;
        shelves.iter().flatten().for_each(|s| lock(s).flush());
        if let Some(cache) = self.cache
            && !missing.is_empty()
        {
            cache.shrink();
        }
        let mut out = results.into_inner().expect("no worker panicked");
        out.issues.sort_by_key(|(position, _)| *position);
        Ok(out)
    }

    /// The photos at these positions as a training sees them. All have been read before.
    ///
    /// # Errors
    /// When interrupted, or when a photo can't be read any more.
    pub fn squares(
        &self,
        step: &str,
        photos: &[Photo],
        positions: &[usize],
        preprocessing: Preprocessing,
    ) -> Result<Squares, Failure> {
        let wide = Squares::wide(&preprocessing);
        let both = |_, pixels: &Pixels| [preprocessing, wide].map(|p| p.prepare(pixels));
        let made = self.each_opened(step, photos, positions, Some(preprocessing.size_px), both)?;
        let (all_plain, all_wide) = made.into_iter().map(|[plain, wide]| (plain, wide)).unzip();
        Ok(Squares::new(preprocessing, all_plain, all_wide))
    }

    /// The photos at these positions as a prediction sees them. All have been read before.
    ///
    /// # Errors
    /// When interrupted, or when a photo can't be read any more.
    pub fn prepared(
        &self,
        step: &str,
        photos: &[Photo],
        positions: &[usize],
        preprocessing: Preprocessing,
    ) -> Result<Vec<Pixels>, Failure> {
        let size_px = Some(preprocessing.size_px);
        self.each_opened(step, photos, positions, size_px, |_, pixels| {
            preprocessing.prepare(pixels)
        })
    }

    /// What `work` makes of each of these photos, from its position and its pixels: at its own size, or as it is decoded for squares of a
    /// side. All have been read before.
    ///
    /// # Errors
    /// When interrupted, or when a photo can't be read any more.
    pub fn each_opened<T: Send>(
        &self,
        step: &str,
        photos: &[Photo],
        positions: &[usize],
        size_px: Option<usize>,
        work: impl Fn(usize, &Pixels) -> T + Sync,
    ) -> Result<Vec<T>, Failure> {
        let found = self.each(step, positions.len(), |idx| {
            let photo = &photos[positions[idx]];
            let decoded = photo.read().and_then(|bytes| {
                let reduced = |size_px| photo.reduction(&bytes, size_px);
                photo.decode(&bytes, size_px.map_or(Reduction::NONE, reduced))
            });
            decoded.map(|(pixels, _)| work(positions[idx], &pixels))
        })?;
        let gone = |issue: Issue| {
            let what = format!(
                "`{}` can't be read any more",
                handful_data::shown(&issue.path)
            );
            Failure::new(exit::IO, what)
                .found(issue.detail)
                .advice("leave the photos where they are until the run is done")
        };
        found.into_iter().map(|one| one.map_err(gone)).collect()
    }

    /// What `work` makes of each of `0..n`, by all workers.
    fn each<T: Send>(
        &self,
        step: &str,
        n: usize,
        work: impl Fn(usize) -> T + Sync,
    ) -> Result<Vec<T>, Failure> {
        let made: Vec<Mutex<Option<T>>> = (0..n).map(|_| Mutex::new(None)).collect();
        self.in_chunks(step, n, n as u64, |chunk, progress| {
            for idx in chunk {
                let one = work(idx);
                *lock(&made[idx]) = Some(one);
                progress.advance(1);
            }
        })?;
        let made = made.into_iter().map(|one| {
            let one = one.into_inner().expect("no panic while holding it");
            one.expect("all were visited")
        });
        Ok(made.collect())
    }

    /// Calls `work` on chunks of `0..n` from all workers, until done or interrupted.
    fn in_chunks(
        &self,
        step: &str,
        n: usize,
        total: u64,
        work: impl Fn(std::ops::Range<usize>, &Progress) + Sync,
    ) -> Result<(), Failure> {
        if n == 0 {
            return Ok(());
        }
        let progress = self.events.progress(step, total);
        let next = AtomicUsize::new(0);
        let worker = || {
            let alone = rayon::ThreadPoolBuilder::new()
                .num_threads(1)
                .build()
                .map_err(|e| {
                    Failure::new(exit::IO, format!("a thread could not be started: {e}"))
                })?;
            alone.install(|| {
                while !self.events.is_interrupted() {
                    let start = next.fetch_add(CHUNK, Ordering::Relaxed);
                    if start >= n {
                        break;
                    }
                    work(start..(start + CHUNK).min(n), &progress);
                }
            });
            Ok::<(), Failure>(())
        };
        std::thread::scope(|scope| {
            let handles: Vec<_> = (0..self.threads.max(1))
                .map(|_| scope.spawn(worker))
                .collect();
            handles
                .into_iter()
                .try_for_each(|h| h.join().expect("a worker's panic is a bug of ours"))
        })?;
        self.events.check_interrupted()
    }
}

/// What one reading of a file tells.
struct FileRead {
    key: ImageKey,
    /// None for bytes that are no picture: decoding will say so.
    facts: Option<FileFacts>,
    extent: Option<SampleExtent>,
}

impl FileRead {
    fn of(photo: &Photo, bytes: &[u8]) -> FileRead {
        FileRead {
            key: photo.key_of(bytes),
            facts: file_facts(bytes).ok(),
            // What can't be read is named when it is decoded.
            extent: sample_extent(bytes, &Limits::default()).ok().flatten(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no worker panics while it holds a lock")
}

/// A chunk of photos on its way.
#[derive(Default)]
struct Batch {
    /// Prepared images by view: `(photo, its views)`.
    images: BTreeMap<usize, Vec<(usize, Vec<Pixels>)>>,
    /// `(view, photo, view with the same pixels)`: a square photo looks alike in every geometry.
    alike: Vec<(usize, usize, usize)>,
    done: Chunk,
}

#[derive(Default)]
struct Chunk {
    /// `(view, photo, vector)`
    vectors: Vec<(usize, usize, Vec<f32>)>,
    issues: Vec<(usize, Issue)>,
    unreadable: Vec<usize>,
    spent: Spent,
}

impl Batch {
    /// Reads and decodes one photo after the other, keeping only what the views need of each.
    fn decode(missing: &[(usize, Vec<usize>)], photos: &[Photo], views: &[View]) -> Batch {
        let mut batch = Batch::default();
        for (idx, wanted) in missing {
            let photo = &photos[*idx];
            let started = Instant::now();
            let bytes = photo.read();
            batch.done.spent.read_s += started.elapsed().as_secs_f64();
            let started = Instant::now();
            let looked = bytes.and_then(|bytes| batch.look((*idx, photo, &bytes), wanted, views));
            if let Err(issue) = looked {
                batch.done.issues.push((*idx, issue));
                batch.done.unreadable.push(*idx);
            }
            batch.done.spent.decode_s += started.elapsed().as_secs_f64();
            batch.done.spent.decoded += 1;
        }
        batch
    }

    /// Decodes a photo once for all views that can do with the same fraction of its sides, and keeps what each needs of it.
    fn look(
        &mut self,
        (idx, photo, bytes): (usize, &Photo, &[u8]),
        wanted: &[usize],
        views: &[View],
    ) -> Result<(), Issue> {
        let mut alike: BTreeMap<Reduction, Vec<usize>> = BTreeMap::new();
        for &v in wanted {
            let reduction = views[v].reduction(photo, bytes);
            alike.entry(reduction).or_default().push(v);
        }
        let mut notes = Vec::new();
        // The whole picture comes first: what is wrong with it is wrong for all views.
        for (reduction, alike) in alike.into_iter().rev() {
            let (pixels, issues) = photo.decode(bytes, reduction)?;
            // The same for every fraction.
            notes = issues;
            for v in alike {
                match views[v].prepare(&pixels) {
                    Prepared::Images(images) => self.keep(v, idx, images, views),
                    Prepared::Vector(vector) => self.done.vectors.push((v, idx, vector)),
                }
            }
        }
        self.done
            .issues
            .extend(notes.into_iter().map(|note| (idx, note)));
        Ok(())
    }

    fn keep(&mut self, view: usize, photo: usize, images: Vec<Pixels>, views: &[View]) {
        let same = |others: &Vec<(usize, Vec<Pixels>)>| {
            others
                .last()
                .is_some_and(|(p, i)| *p == photo && *i == images)
        };
        let of = |view: usize| match &views[view] {
            View::Network { views, .. } => Some(*views),
            _ => None,
        };
        let twin = (self.images.iter()).find(|(v, images)| of(**v) == of(view) && same(images));
        match twin {
            Some((&twin, _)) => self.alike.push((view, photo, twin)),
            None => self.images.entry(view).or_default().push((photo, images)),
        }
    }

    fn forward(mut self, views: &[View], progress: &Progress) -> Chunk {
        let described = self.done.vectors.len() as f64 * DESCRIPTOR_MEGA_MACS;
        progress.advance(described as u64);
        for (v, images) in std::mem::take(&mut self.images) {
            let View::Network {
                backbone,
                preprocessing,
                taps,
                ..
            } = &views[v]
            else {
                continue;
            };
            let started = Instant::now();
            let (positions, images): (Vec<usize>, Vec<Vec<Pixels>>) = images.into_iter().unzip();
            let images: Vec<Pixels> = images.into_iter().flatten().collect();
            let features = pooled(backbone, &images, preprocessing, taps);
            let vectors = features.chunks_exact(views[v].width()).map(<[f32]>::to_vec);
            self.done.vectors.extend(
                positions
                    .iter()
                    .zip(vectors)
                    .map(|(&idx, vector)| (v, idx, vector)),
            );
            let mega_macs = positions.len() as f64 * views[v].mega_macs();
            self.done.spent.forward_s += started.elapsed().as_secs_f64();
            self.done.spent.forwarded += positions.len() as u64;
            self.done.spent.mega_macs += mega_macs;
            progress.advance(mega_macs as u64);
        }
        for (view, photo, twin) in self.alike {
            let of_twin = self
                .done
                .vectors
                .iter()
                .find(|(v, p, _)| (*v, *p) == (twin, photo));
            let vector = of_twin
                .expect("a twin's pixels have just been forwarded")
                .2
                .clone();
            self.done.vectors.push((view, photo, vector));
            progress.advance(views[view].mega_macs() as u64);
        }
        self.done
    }
}
