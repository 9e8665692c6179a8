//! Which pairs have hashes that differ in few bits, and how is that asked of all pairs of a set in seconds?
//!
//! Columns of one number an image, so that a loop over images runs in vector registers. Mirroring a picture flips the odd
//! columns of its spectrum, so the bits of the even ones are compared first: they are the same for both ways round.

use handful_image::{N_WINDOWS, Signature, mirrored_spectrum};

/// Whole pictures are candidates up to this many different bits of 64. Recipe A9.
const WHOLE_BITS: u32 = 10;
/// A picture and a window of another are candidates up to this many: of random crops to 80 %, 14 bits keep 80 to 90 %.
const WINDOW_BITS: u32 = 18;
/// Even columns are half of the bits; pairs that differ in more of them are not looked at. More than half of
/// [`WINDOW_BITS`], because different bits don't fall evenly.
const EVEN_BITS: u32 = 9;

/// The hashes of a set, by kind.
pub(super) struct Hashes<'a> {
    signatures: &'a [Signature],
    /// Even columns of the whole pictures' spectra.
    whole: Vec<u32>,
    /// The same of their windows, one list a window.
    windows: [Vec<u32>; N_WINDOWS],
}

/// How near the hashes of two pictures are, in bits; `None` where they are too far apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Near {
    /// The whole pictures.
    pub whole: Option<u32>,
    /// One of them, and a window of the other.
    pub window: Option<u32>,
}

impl<'a> Hashes<'a> {
    pub fn of(signatures: &'a [Signature]) -> Hashes<'a> {
        Hashes {
            signatures,
            whole: signatures.iter().map(|s| even(s.spectrum)).collect(),
            windows: std::array::from_fn(|w| {
                signatures.iter().map(|s| even(s.windows[w])).collect()
            }),
        }
    }

    /// For a run of images from `first`: the fewest bits of even columns in which a hash of each differs from one of
    /// `query`'s.
    pub fn fewest(&self, query: &Signature, first: usize, fewest: &mut [u32]) {
        let n = fewest.len();
        let whole = &self.whole[first..][..n];
        let key = even(query.spectrum);
        for (few, other) in fewest.iter_mut().zip(whole) {
            *few = (key ^ other).count_ones();
        }
        for (windows, window) in self.windows.iter().zip(query.windows) {
            let windows = &windows[first..][..n];
            let of_window = even(window);
            for i in 0..n {
                let there = (key ^ windows[i]).count_ones();
                let back = (of_window ^ whole[i]).count_ones();
                fewest[i] = fewest[i].min(there).min(back);
            }
        }
    }

    /// How near `query` and `image` are, given their fewest different bits.
    pub fn near(&self, query: &Signature, image: usize, fewest: u32) -> Near {
        let other = &self.signatures[image];
        let by_differences = distance(query.differences, other.differences)
            .min(distance(query.differences, other.mirrored_differences));
        let mut near = Near {
            whole: Some(by_differences),
            window: None,
        };
        if fewest <= EVEN_BITS {
            near.whole = near
                .whole
                .min(Some(either_way(query.spectrum, other.spectrum)));
            near.window = query
                .windows
                .iter()
                .map(|&window| either_way(window, other.spectrum))
                .chain(
                    other
                        .windows
                        .iter()
                        .map(|&window| either_way(window, query.spectrum)),
                )
                .min();
        }
        near.whole = near.whole.filter(|&bits| bits <= WHOLE_BITS);
        near.window = near.window.filter(|&bits| bits <= WINDOW_BITS);
        near
    }
}

/// Different bits of two spectra, as they are or with one mirrored.
fn either_way(a: u64, b: u64) -> u32 {
    distance(a, b).min(distance(mirrored_spectrum(a), b))
}

fn distance(a: u64, b: u64) -> u32 {
    (a ^ b).count_ones()
}

/// The 32 bits of even columns: those that mirroring leaves alone.
fn even(spectrum: u64) -> u32 {
    let kept = !(mirrored_spectrum(0));
    (0..64)
        .filter(|bit| kept >> bit & 1 == 1)
        .enumerate()
        .fold(0, |word, (place, bit)| {
            word | ((spectrum >> bit & 1) as u32) << place
        })
}
