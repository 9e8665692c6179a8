//! A signature as plain numbers, so that whatever keeps features can keep it.

use super::hash::N_WINDOWS;
use super::{Signature, THUMBNAIL_LENGTH};

/// Bits in one number: `f32` holds every integer below 2^24, and 16 divide all our words.
const BITS: usize = 16;
/// Words of 64 bits: two halves of the pixels' hash, two of differences, the spectrum, the windows.
const WORDS: usize = 5 + N_WINDOWS;

/// Length of [`Signature::to_vector`]: flat or not, words of 16 bits, thumbnail.
pub const SIGNATURE_LENGTH: usize = 1 + WORDS * (64 / BITS) + THUMBNAIL_LENGTH;

impl Signature {
    /// All of it as [`SIGNATURE_LENGTH`] finite numbers, without loss.
    pub fn to_vector(&self) -> Vec<f32> {
        let mut vector = Vec::with_capacity(SIGNATURE_LENGTH);
        vector.push(f32::from(u8::from(self.flat)));
        let words = [
            self.pixels as u64,
            (self.pixels >> 64) as u64,
            self.differences,
            self.mirrored_differences,
            self.spectrum,
        ];
        for word in words.iter().chain(&self.windows) {
            vector.extend((0..64 / BITS).map(|i| f32::from((word >> (i * BITS)) as u16)));
        }
        vector.extend(&self.thumbnail);
        vector
    }

    /// The signature of which [`Signature::to_vector`] made this; `None` when the length is another.
    pub fn from_vector(vector: &[f32]) -> Option<Signature> {
        if vector.len() != SIGNATURE_LENGTH {
            return None;
        }
        let (head, thumbnail) = vector.split_at(SIGNATURE_LENGTH - THUMBNAIL_LENGTH);
        let word = |idx: usize| {
            let parts = &head[1 + idx * (64 / BITS)..][..64 / BITS];
            let join = |word: u64, part: &f32| word << BITS | u64::from(*part as u16);
            parts.iter().rev().fold(0, join)
        };
        Some(Signature {
            pixels: u128::from(word(0)) | u128::from(word(1)) << 64,
            flat: head[0] != 0.0,
            differences: word(2),
            mirrored_differences: word(3),
            spectrum: word(4),
            windows: std::array::from_fn(|i| word(5 + i)),
            thumbnail: thumbnail.try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Pixels;

    #[test]
    fn a_vector_brings_every_bit_back() {
        let mut signature = Signature::of(&Pixels::filled(5, 4, [9, 8, 7]));
        signature.pixels = u128::MAX - 12_345;
        signature.windows = std::array::from_fn(|i| u64::MAX / (i as u64 + 2));
        signature.differences = 0x0123_4567_89AB_CDEF;
        signature.mirrored_differences = 1 << 63;
        signature.thumbnail[3] = 0.1;
        let vector = signature.to_vector();
        assert_eq!(vector.len(), SIGNATURE_LENGTH);
        assert_eq!(Signature::from_vector(&vector), Some(signature));
        assert_eq!(Signature::from_vector(&vector[1..]), None);
    }
}
