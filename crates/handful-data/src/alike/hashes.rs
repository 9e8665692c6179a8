//! Which pairs have hashes that differ in few bits, and how is that asked of all pairs of a set in seconds?
//!
//! Columns of one number an image, so that a loop over images runs in vector registers. Mirroring a picture flips the odd
//! columns of its spectrum, so the bits of the even ones are compared first: they are the same for both ways round.

use handful_image::{N_WINDOWS, Signature, mirrored_spectrum};

use super::candidates::RUN;

/// Whole pictures are candidates up to this many different bits of 64. Recipe A9.
const WHOLE_BITS: u32 = 10;
/// A picture and a window of another are candidates up to this many. Crops to 80 % at random places, of which 14 bits keep
/// 83 in 100 and 18 keep 87; each image's nearest few are looked at, so that looser costs little.
const WINDOW_BITS: u32 = 18;
/// Even columns are half of the bits; pairs that differ in more of them are not looked at: with 8 and 9, the same planted
/// pairs are found.
const EVEN_BITS: i32 = 8;

/// The hashes of a set, in columns.
pub(super) struct Hashes<'a> {
    signatures: &'a [&'a Signature],
    /// Even columns of the whole pictures' spectra.
    whole: Vec<u32>,
    /// The same of their windows, one list a window.
    windows: [Vec<u32>; N_WINDOWS],
    /// Difference hashes as they are and mirrored.
    differences: [Vec<u64>; 2],
}

/// One picture's hashes, to be compared with a set.
pub(super) struct Key<'a> {
    signature: &'a Signature,
    whole: u32,
    windows: [u32; N_WINDOWS],
}

/// In how few bits the hashes of a run of images differ from those of a key.
#[derive(Clone)]
pub(super) struct Fewest {
    /// Even columns of spectra, of the whole pictures or of one and a window of the other.
    spectra: [i32; RUN],
    /// Difference hashes.
    differences: [i32; RUN],
}

/// How near the hashes of two pictures are, in bits; `None` where they are too far apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Near {
    /// The whole pictures.
    pub whole: Option<u32>,
    /// One of them, and a window of the other.
    pub window: Option<u32>,
}

impl<'a> Key<'a> {
    pub fn of(signature: &'a Signature) -> Key<'a> {
        Key {
            signature,
            whole: even(signature.spectrum),
            windows: signature.windows.map(even),
        }
    }
}

impl<'a> Hashes<'a> {
    pub fn of(signatures: &'a [&'a Signature]) -> Hashes<'a> {
        let column = |of: fn(&Signature) -> u64| signatures.iter().map(|s| of(s)).collect();
        Hashes {
            signatures,
            whole: signatures.iter().map(|s| even(s.spectrum)).collect(),
            windows: std::array::from_fn(|w| {
                signatures.iter().map(|s| even(s.windows[w])).collect()
            }),
            differences: [
                column(|s| s.differences),
                column(|s| s.mirrored_differences),
            ],
        }
    }

    /// Compares the key with `n` images from `first`, at most [`RUN`].
    #[inline(always)]
    pub fn compare(&self, key: &Key, first: usize, n: usize, fewest: &mut Fewest) {
        let whole = &self.whole[first..][..n];
        let spectra = &mut fewest.spectra[..n];
        for (few, other) in spectra.iter_mut().zip(whole) {
            *few = (key.whole ^ other).count_ones() as i32;
        }
        for (windows, window) in self.windows.iter().zip(key.windows) {
            let windows = &windows[first..][..n];
            for i in 0..n {
                let there = (key.whole ^ windows[i]).count_ones() as i32;
                let back = (window ^ whole[i]).count_ones() as i32;
                spectra[i] = spectra[i].min(there).min(back);
            }
        }
        let [plain, mirrored] = [0, 1].map(|way| &self.differences[way][first..][..n]);
        for (i, few) in fewest.differences[..n].iter_mut().enumerate() {
            let by = |other: u64| (key.signature.differences ^ other).count_ones() as i32;
            *few = by(plain[i]).min(by(mirrored[i]));
        }
    }

    /// How near the key and image `first + i` are, given the fewest different bits of the run from `first`.
    #[inline(always)]
    pub fn near(&self, key: &Key, first: usize, i: usize, fewest: &Fewest) -> Near {
        let mut near = Near {
            whole: Some(fewest.differences[i] as u32),
            window: None,
        };
        if fewest.spectra[i] <= EVEN_BITS {
            let (one, other) = (key.signature, &self.signatures[first + i]);
            let whole = either_way(one.spectrum, other.spectrum);
            near.whole = near.whole.min(Some(whole));
            let there = one.windows.iter().map(|&w| either_way(w, other.spectrum));
            let back = other.windows.iter().map(|&w| either_way(w, one.spectrum));
            near.window = there.chain(back).min();
        }
        Near {
            whole: near.whole.filter(|&bits| bits <= WHOLE_BITS),
            window: near.window.filter(|&bits| bits <= WINDOW_BITS),
        }
    }
}

impl Default for Fewest {
    fn default() -> Fewest {
        Fewest {
            spectra: [0; RUN],
            differences: [0; RUN],
        }
    }
}

/// Different bits of two spectra, as they are or with one mirrored.
#[inline(always)]
fn either_way(a: u64, b: u64) -> u32 {
    distance(a, b).min(distance(mirrored_spectrum(a), b))
}

#[inline(always)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alike::tests::{blobs, crop, mirrored};

    fn near(a: &handful_image::Pixels, b: &handful_image::Pixels) -> Near {
        let first = Signature::of(a);
        let set = [&first];
        let signature = Signature::of(b);
        let (hashes, key) = (Hashes::of(&set), Key::of(&signature));
        let mut fewest = Fewest::default();
        hashes.compare(&key, 0, 1, &mut fewest);
        hashes.near(&key, 0, 0, &fewest)
    }

    #[test]
    fn crops_are_near_by_a_window_whichever_is_first_and_mirrored_ones_too() {
        let whole = blobs(200, 200, 8);
        let part = crop(&whole, 40, 0, 160);
        for found in [
            near(&whole, &part),
            near(&part, &whole),
            near(&whole, &mirrored(&part)),
        ] {
            assert!(found.window.is_some_and(|bits| bits <= 10), "{found:?}");
        }
        assert_eq!(near(&whole, &mirrored(&whole)).whole, Some(0));
    }

    #[test]
    fn even_columns_are_those_that_mirroring_leaves_alone() {
        for word in [0, u64::MAX, 0x0123_4567_89AB_CDEF] {
            assert_eq!(even(word), even(mirrored_spectrum(word)));
        }
        assert_eq!(even(u64::MAX), u32::MAX);
        assert_eq!(even(0b100), 0b10);
    }
}
