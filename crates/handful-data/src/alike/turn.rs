//! What a turned picture would give, from what the picture gives.

use handful_image::{COLOURS_SIDE_PX, PATCH_SIDE_PX, Patch, Signature, mirrored_spectrum};

/// Frequencies a side of a spectrum.
const FREQUENCIES: usize = 8;

/// The signature of the picture turned by `quarters` times 90 degrees clockwise.
///
/// Spectra and the thumbnail are exact. Difference hashes only know columns, so they stay as they are, and windows keep
/// their order: neither matters to who looks for the nearest of all.
pub(super) fn turned(signature: &Signature, quarters: usize) -> Signature {
    let quarter = |spectrum: u64| (0..quarters).fold(spectrum, |s, _| turned_spectrum(s));
    Signature {
        spectrum: quarter(signature.spectrum),
        windows: signature.windows.map(quarter),
        thumbnail: (turned_levels(&signature.thumbnail, quarters).try_into())
            .expect("as many levels"),
        ..signature.clone()
    }
}

/// A square picture, turned by `quarters` times 90 degrees clockwise.
pub(super) fn turned_levels(levels: &[f32], quarters: usize) -> Vec<f32> {
    let side = levels.len().isqrt();
    moved(levels, 1, |y, x| {
        (0..quarters).fold((y, x), |(y, x), _| (side - 1 - x, y))
    })
}

/// A patch that is first turned and then, where asked for, mirrored.
pub(super) fn turned_patch(patch: &Patch, quarters: usize, mirrored: bool) -> Patch {
    let from = |side: usize| {
        move |y: usize, x: usize| {
            let x = if mirrored { side - 1 - x } else { x };
            (0..quarters).fold((y, x), |(y, x), _| (side - 1 - x, y))
        }
    };
    Patch {
        levels: moved(&patch.levels, 1, from(PATCH_SIDE_PX)),
        colours: moved(&patch.colours, 3, from(COLOURS_SIDE_PX)),
        short_side_px: patch.short_side_px,
    }
}

/// Takes every pixel of a square from elsewhere in it; `from` maps (row, column).
fn moved(
    values: &[f32],
    channels: usize,
    from: impl Fn(usize, usize) -> (usize, usize),
) -> Vec<f32> {
    let side = (values.len() / channels).isqrt();
    let pixel = |i: usize| {
        let (y, x) = from(i / side, i % side);
        values[(y * side + x) * channels..][..channels]
            .iter()
            .copied()
    };
    (0..side * side).flat_map(pixel).collect()
}

/// A quarter turn swaps rows and columns and then mirrors.
fn turned_spectrum(spectrum: u64) -> u64 {
    let mut swapped = 0;
    for v in 0..FREQUENCIES {
        for u in 0..FREQUENCIES {
            swapped |= (spectrum >> (v * FREQUENCIES + u) & 1) << (u * FREQUENCIES + v);
        }
    }
    mirrored_spectrum(swapped) & !1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alike::tests::{blobs, mirrored, turned as turned_picture};
    use handful_image::aligned_patch;

    /// Rounding of sums in another order.
    const TOLERANCE: f32 = 1e-3;

    #[test]
    fn a_turned_signature_is_that_of_the_turned_picture() {
        let mut picture = blobs(64, 64, 4);
        let signature = Signature::of(&picture);
        for quarters in 1..4 {
            picture = turned_picture(&picture);
            let (made, right) = (turned(&signature, quarters), Signature::of(&picture));
            // Frequencies that are zero but for rounding may have either sign.
            let different = (made.spectrum ^ right.spectrum).count_ones();
            assert!(different <= 2, "{different} bits at {quarters} quarters");
            for (a, b) in made.thumbnail.iter().zip(&right.thumbnail) {
                assert!((a - b).abs() < TOLERANCE, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_turned_patch_is_that_of_the_turned_picture() {
        let picture = blobs(64, 64, 4);
        let made = turned_patch(&aligned_patch(&picture), 1, true);
        let right = aligned_patch(&mirrored(&turned_picture(&picture)));
        for (a, b) in made.levels.iter().zip(&right.levels) {
            assert!((a - b).abs() < TOLERANCE * 255.0, "{a} {b}");
        }
        for (a, b) in made.colours.iter().zip(&right.colours) {
            assert!((a - b).abs() <= 1.0, "{a} {b}");
        }
    }
}
