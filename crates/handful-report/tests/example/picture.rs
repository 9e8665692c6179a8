//! Made-up photos: leaves of several kinds on several grounds, small as thumbnails are.

use handful_image::{Pixels, encode_jpeg};

/// Longer side, as a caller gives thumbnails.
const LONGER_PX: usize = 180;
const SHORTER_PX: usize = 135;
const QUALITY: u8 = 80;

/// The leaf number `thing`, in its shot number `shot`: same leaf and same ground, moved and lit a little differently.
pub fn leaf(thing: usize, shot: usize) -> Vec<u8> {
    let upright = thing.is_multiple_of(3);
    let (width, height) = match upright {
        true => (SHORTER_PX, LONGER_PX),
        false => (LONGER_PX, SHORTER_PX),
    };
    let of = |salt: usize| scattered(thing * 7 + salt);
    let moved = |salt: usize| scattered(1000 + thing * 31 + shot * 5 + salt) - 0.5;
    let light = 1.0 + 0.25 * moved(0);
    let ground = [
        90.0 + 130.0 * of(1),
        90.0 + 120.0 * of(2),
        80.0 + 120.0 * of(3),
    ];
    let colour = [
        30.0 + 150.0 * of(4),
        90.0 + 110.0 * of(5),
        20.0 + 60.0 * of(6),
    ];
    let angle = std::f64::consts::PI * of(7) + 0.3 * moved(1);
    let (long, wide) = (0.36 + 0.1 * of(8), 0.12 + 0.14 * of(9));
    let centre = (0.5 + 0.12 * moved(2), 0.5 + 0.12 * moved(3));

    let mut data = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let side = width.min(height) as f64;
            let (dx, dy) = (
                (x as f64 - centre.0 * width as f64) / side,
                (y as f64 - centre.1 * height as f64) / side,
            );
            let along = dx * angle.cos() + dy * angle.sin();
            let across = dy * angle.cos() - dx * angle.sin();
            // A lens shape: its width falls to nothing at both tips.
            let half = wide * (1.0 - (along / long).powi(2));
            let shade = light * (1.0 - 0.35 * y as f64 / height as f64);
            let on_vein = across.abs() < 0.006;
            let base = match across.abs() < half {
                true if on_vein => colour.map(|c| c * 0.7),
                true => colour.map(|c| c * (1.0 - across / half.max(0.01) * 0.2)),
                false => ground,
            };
            let grain = 8.0 * (scattered(x * 613 + y * 977) - 0.5);
            data.extend(base.map(|c| (c * shade + grain).clamp(0.0, 255.0) as u8));
        }
    }
    encode_jpeg(
        &Pixels {
            width,
            height,
            data,
        },
        QUALITY,
    )
}

/// A fixed number in 0..1 for each `n`: Knuth's multiplicative hash (The Art of Computer Programming 3, 6.4), twice.
fn scattered(n: usize) -> f64 {
    let mixed = (n as u32 + 1).wrapping_mul(2_654_435_761);
    let mixed = (mixed ^ (mixed >> 15)).wrapping_mul(2_654_435_761);
    f64::from(mixed >> 8) / f64::from(1 << 24)
}
