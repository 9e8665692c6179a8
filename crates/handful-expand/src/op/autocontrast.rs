//! The full range of levels.

use rand::rngs::ChaCha8Rng;

use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// Stretches each channel so that its darkest value becomes 0 and its lightest 255, as `autocontrast` of torchvision and Pillow.
/// A channel of one value stays.
pub struct Autocontrast;

impl Op for Autocontrast {
    fn name(&self) -> &'static str {
        "autocontrast"
    }

    fn summary(&self) -> &'static str {
        "stretches each colour to the full range"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range::switch()
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        if amount == 0.0 {
            return Change::Nothing;
        }
        Change::values(|image| stretch(&mut image.data))
    }
}

/// Values in one step of the loops: whole registers and whole pixels.
const LANES: usize = 96;

fn stretch(values: &mut [u8]) {
    let [least, most] = ends(values);
    // Per lane: what is taken away, a power of two that fills 16 bits, and the stretch with 7 bits behind the point.
    let (mut lows, mut shifts, mut stretches) = ([0u8; LANES], [1u16; LANES], [0u16; LANES]);
    for lane in 0..LANES {
        let (low, high) = (least[lane % 3], most[lane % 3]);
        let (low, range) = if low < high {
            (low, high - low)
        } else {
            (0, 255)
        };
        let shift = u16::from(range).leading_zeros();
        lows[lane] = low;
        shifts[lane] = 1 << shift;
        // Rounded up, so that the lightest value becomes 255.
        let filled = u32::from(range) << shift;
        stretches[lane] = ((255u32 << 23).div_ceil(filled)) as u16;
    }
    wide(|| {
        let stretched = |value: u8, lane: usize| {
            let from_low = u16::from(value.saturating_sub(lows[lane])) * shifts[lane];
            let stretched = (u32::from(from_low) * u32::from(stretches[lane])) >> 16;
            ((stretched as u16 + 1) >> 7) as u8
        };
        let (chunks, rest) = values.as_chunks_mut::<LANES>();
        for chunk in chunks {
            for (lane, value) in chunk.iter_mut().enumerate() {
                *value = stretched(*value, lane);
            }
        }
        for (lane, value) in rest.iter_mut().enumerate() {
            *value = stretched(*value, lane);
        }
    });
}

/// The least and the largest value of each channel.
fn ends(values: &[u8]) -> [[u8; 3]; 2] {
    let (mut least, mut most) = ([u8::MAX; LANES], [0u8; LANES]);
    wide(|| {
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                least[lane] = least[lane].min(chunk[lane]);
                most[lane] = most[lane].max(chunk[lane]);
            }
        }
        for (lane, &value) in rest.iter().enumerate() {
            least[lane] = least[lane].min(value);
            most[lane] = most[lane].max(value);
        }
    });
    let of = |lanes: [u8; LANES], pick: fn(u8, u8) -> u8| {
        std::array::from_fn(|c| {
            (c..LANES)
                .step_by(3)
                .map(|lane| lanes[lane])
                .fold(lanes[c], pick)
        })
    };
    [of(least, u8::min), of(most, u8::max)]
}

#[cfg(test)]
mod tests {
    use super::stretch;

    #[test]
    fn every_range_is_stretched_to_its_ends() {
        for low in 0..255u8 {
            for high in low + 1..=255 {
                let middle = low + (high - low) / 2;
                let mut values = [[low; 3], [high; 3], [middle; 3]].concat();
                stretch(&mut values);
                let exact = u32::from(middle - low) * 255 / u32::from(high - low);
                assert_eq!(values[..6], [0, 0, 0, 255, 255, 255]);
                assert!(u32::from(values[6]) == exact, "{low} {high}");
            }
        }
        let mut flat = [9, 200, 0].repeat(50);
        stretch(&mut flat);
        assert_eq!(flat, [9, 200, 0].repeat(50));
    }
}
