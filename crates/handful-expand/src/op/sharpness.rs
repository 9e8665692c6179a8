//! Harder or softer edges.

use handful_image::Pixels;
use rand::rngs::ChaCha8Rng;

use super::tone::{Blend, with_bytes};
use super::{Change, Kind, Op};
use crate::range::Range;
use crate::wide::wide;

/// A blend with the picture smoothed over 3 x 3 pixels, as `adjust_sharpness` of torchvision and Pillow's `ImageEnhance.Sharpness`.
/// Pixels of the border stay as they are.
pub struct Sharpness;

impl Op for Sharpness {
    fn name(&self) -> &'static str {
        "sharpness"
    }

    fn summary(&self) -> &'static str {
        "makes edges harder or softer"
    }

    fn kind(&self) -> Kind {
        Kind::Colour
    }

    fn range(&self) -> Range {
        Range {
            high: 5.0,
            ..Range::factor(1.0)
        }
    }

    fn change(&self, amount: f32, _: [usize; 2], _: &mut ChaCha8Rng) -> Change {
        let blend = Blend::new(amount);
        Change::values(move |image| sharpen(image, blend))
    }
}

fn sharpen(image: &mut Pixels, blend: Blend) {
    let (n, row) = (image.data.len(), 3 * image.width);
    if image.width < 3 || image.height < 3 {
        return;
    }
    with_bytes(n, |before| {
        before.copy_from_slice(&image.data);
        for y in 1..image.height - 1 {
            let [above, here, below] = [y - 1, y, y + 1].map(|y| &before[y * row..(y + 1) * row]);
            let out = &mut image.data[y * row + 3..(y + 1) * row - 3];
            wide!(|| sharpen_row([above, here, below], out, blend));
        }
    });
}

/// The inner pixels of a row from the three rows around it.
#[inline(always)]
fn sharpen_row(rows: [&[u8]; 3], out: &mut [u8], blend: Blend) {
    let n = out.len();
    // Left, middle and right of every row, at one length: no bounds are checked in the loop.
    let [above, here, below] = rows.map(|row| [0, 3, 6].map(|start| &row[start..start + n]));
    let sum = |[left, middle, right]: [&[u8]; 3], i: usize| {
        u16::from(left[i]) + u16::from(middle[i]) + u16::from(right[i])
    };
    for i in 0..n {
        let value = here[1][i];
        let sum = sum(above, i) + sum(here, i) + sum(below, i) + 4 * u16::from(value);
        // A thirteenth, rounded: exact for all sums up to 13 · 255.
        let smooth = (u32::from(sum + 6) * 5_042) >> 16;
        out[i] = blend.of(value, smooth as u8);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_thirteenth_is_exact() {
        for sum in 0..=13 * 255u32 {
            assert_eq!(((sum + 6) * 5_042) >> 16, (sum + 6) / 13);
        }
    }
}
