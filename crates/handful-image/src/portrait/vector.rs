//! How is a portrait kept among other rows of numbers?

use super::{Brightness, Colour, Portrait, Sharpness, THUMBNAIL_LENGTH};

/// Values of [`Portrait::to_vector`].
pub const PORTRAIT_LENGTH: usize = 5 + 2 + 2 + 1 + THUMBNAIL_LENGTH;

impl Portrait {
    /// All numbers, in the order of the fields; [`PORTRAIT_LENGTH`] of them.
    pub fn to_vector(&self) -> Vec<f32> {
        let light = &self.brightness;
        let mut out = vec![
            light.quantile_5,
            light.quantile_50,
            light.quantile_95,
            light.clipped_black,
            light.clipped_white,
            self.colour.saturation,
            f32::from(u8::from(self.colour.is_grey)),
            self.sharpness.laplacian,
            self.sharpness.blur,
            self.detail,
        ];
        out.extend(self.thumbnail.map(f32::from));
        out
    }

    /// The portrait of a vector that [`to_vector`](Portrait::to_vector) made; `None` for another length and for numbers
    /// that aren't finite.
    pub fn from_vector(vector: &[f32]) -> Option<Portrait> {
        if vector.len() != PORTRAIT_LENGTH || vector.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let (numbers, thumbnail) = vector.split_at(PORTRAIT_LENGTH - THUMBNAIL_LENGTH);
        let mut next = numbers.iter().copied();
        let mut take = || next.next().expect("the length has been checked");
        Some(Portrait {
            // Fields are filled in the order in which they are written here.
            brightness: Brightness {
                quantile_5: take(),
                quantile_50: take(),
                quantile_95: take(),
                clipped_black: take(),
                clipped_white: take(),
            },
            colour: Colour {
                saturation: take(),
                is_grey: take() != 0.0,
            },
            sharpness: Sharpness {
                laplacian: take(),
                blur: take(),
            },
            detail: take(),
            thumbnail: std::array::from_fn(|i| thumbnail[i] as u8),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Pixels;

    #[test]
    fn a_portrait_survives_being_kept() {
        let data = (0..60 * 40 * 3).map(|i| (i * i / 7) as u8).collect();
        let portrait = Portrait::of(&Pixels {
            width: 60,
            height: 40,
            data,
        });
        let vector = portrait.to_vector();
        assert_eq!(vector.len(), PORTRAIT_LENGTH);
        assert_eq!(Portrait::from_vector(&vector), Some(portrait));
    }

    #[test]
    fn other_vectors_are_no_portraits() {
        assert_eq!(Portrait::from_vector(&[]), None);
        assert_eq!(Portrait::from_vector(&[f32::NAN; PORTRAIT_LENGTH]), None);
    }
}
