//! Red, green and blue change places.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// Gives each channel the values of another order of channels, any but their own.
pub struct ChannelShuffle;

/// The orders of three that aren't the first one.
const ORDERS: [[usize; 3]; 5] = [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

impl Op for ChannelShuffle {
    fn name(&self) -> &'static str {
        "channel_shuffle"
    }

    fn summary(&self) -> &'static str {
        "swaps red, green and blue"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range::switch()
    }

    fn change(&self, amount: f32, _: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        if amount == 0.0 {
            return Change::Nothing;
        }
        // An order known to the compiler is a shuffle of registers.
        match random.random_range(0..ORDERS.len()) {
            0 => ordered::<0>(),
            1 => ordered::<1>(),
            2 => ordered::<2>(),
            3 => ordered::<3>(),
            _ => ordered::<4>(),
        }
    }
}

fn ordered<const ORDER: usize>() -> Change {
    Change::values(|image| {
        wide!(|| {
            for pixel in image.data.as_chunks_mut::<3>().0 {
                *pixel = ORDERS[ORDER].map(|c| pixel[c]);
            }
        });
    })
}
