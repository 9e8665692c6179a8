//! The full range of levels.

use rand::rngs::ChaCha8Rng;

use super::tone::look_up;
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

/// Values in one step of the loop over all: whole registers and whole pixels.
const LANES: usize = 96;

fn stretch(values: &mut [u8]) {
    let [least, most] = ends(values);
    let tables: [[u8; 256]; 3] = std::array::from_fn(|c| {
        let (low, high) = (u32::from(least[c]), u32::from(most[c]));
        std::array::from_fn(|v| match low < high {
            // Rounded down, as Pillow does.
            true => ((v as u32).clamp(low, high) - low) * 255 / (high - low),
            false => v as u32,
        } as u8)
    });
    look_up(values, &tables);
}

/// The least and the largest value of each channel.
fn ends(values: &[u8]) -> [[u8; 3]; 2] {
    let (mut least, mut most) = ([u8::MAX; LANES], [0u8; LANES]);
    wide!(|| {
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
