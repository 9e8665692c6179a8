//! Are two pictures that lie on each other of the same colours?
//!
//! Grey levels can't tell a red shirt from a blue one of the same cut. Shares of red and blue don't change with
//! brightness; recompressed, resized and cropped copies differ by 0.025 at most (500 planted pairs).

use handful_image::{COLOURS_SIDE_PX as SIDE, Patch};

use super::warp::Place;

/// Added to the sum of the channels, so that the colours of the dark, which are noise, count little.
const DARK: f64 = 48.0;
/// Pictures whose mean distance from grey is below this have no colours: scans, and copies made grey.
const GREY: f64 = 0.01;

/// Mean distance between the colours of two pictures where they overlap; 0 where one of them is grey or they don't.
pub(super) fn colour_difference(below: &Patch, above: &Patch, place: &Place) -> f64 {
    let side = SIDE as f64;
    let (mut n, mut difference, mut of_below, mut of_above) = (0.0f64, 0.0, 0.0, 0.0);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let here = [x, y].map(|i| (i as f64 + 0.5) / side);
            let there: [f64; 2] =
                std::array::from_fn(|i| (here[i] - place.middle[i]) / place.scale + 0.5);
            if there.iter().all(|at| (0.0..=1.0).contains(at)) {
                let [b, a] = [shares(below, here), shares(above, there)];
                difference += (b[0] - a[0]).hypot(b[1] - a[1]);
                of_below += b[0].hypot(b[1]);
                of_above += a[0].hypot(a[1]);
                n += 1.0;
            }
        }
    }
    if n == 0.0 || of_below.min(of_above) < GREY * n {
        return 0.0;
    }
    difference / n
}

/// Red and blue less green, as shares of all three, at a point of the picture (0 to 1); between pixels by bilinear
/// interpolation.
fn shares(patch: &Patch, point: [f64; 2]) -> [f64; 2] {
    let last = (SIDE - 1) as f64;
    let [x, y] = point.map(|p| (p * SIDE as f64 - 0.5).clamp(0.0, last));
    let level = |channel: usize| {
        let at = |x: usize, y: usize| f64::from(patch.colours[(y * SIDE + x) * 3 + channel]);
        let (left, top) = (x as usize, y as usize);
        let (right, bottom) = ((left + 1).min(SIDE - 1), (top + 1).min(SIDE - 1));
        let row = |y: usize| at(left, y) + (at(right, y) - at(left, y)) * x.fract();
        row(top) + (row(bottom) - row(top)) * y.fract()
    };
    let [red, green, blue] = [0, 1, 2].map(level);
    let sum = red + green + blue + DARK;
    [(red - green) / sum, (blue - green) / sum]
}

#[cfg(test)]
mod tests {
    use super::*;
    use handful_image::{Pixels, aligned_patch};

    const WHOLE: Place = Place {
        scale: 1.0,
        middle: [0.5, 0.5],
    };

    fn difference(a: [u8; 3], b: [u8; 3]) -> f64 {
        let [a, b] = [a, b].map(|colour| aligned_patch(&Pixels::filled(20, 20, colour)));
        colour_difference(&a, &b, &WHOLE)
    }

    #[test]
    fn red_is_not_blue_but_bright_red_is_nearly_dark_red() {
        assert!(difference([200, 40, 40], [40, 40, 200]) > 0.5);
        assert!(difference([200, 40, 40], [160, 32, 32]) < 0.03);
        assert_eq!(difference([200, 40, 40], [90, 90, 90]), 0.0, "a grey copy");
    }
}
