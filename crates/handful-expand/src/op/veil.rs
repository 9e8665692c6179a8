//! Something that varies over a picture lets more or less of it through.

use handful_image::Pixels;

/// Bits behind the point of a share.
const SHARE_BITS: u32 = 8;

/// Blends every pixel with a colour; `share` says how much of that colour there is at a place, both from −1 to 1 and from the middle, 0..=1.
pub(super) fn veil(image: &mut Pixels, colour: [u8; 3], share: impl Fn(f32, f32) -> f32) {
    each(image, share, |value, channel, share| {
        let (value, colour) = (i32::from(value), i32::from(colour[channel]));
        value + (((colour - value) * share + (1 << (SHARE_BITS - 1))) >> SHARE_BITS)
    });
}

/// Multiplies every pixel by 1 minus a share of the darkness.
pub(super) fn shade(image: &mut Pixels, share: impl Fn(f32, f32) -> f32) {
    veil(image, [0; 3], share);
}

/// Changes every value by `change`, which gets the value, its channel and the share at its place in 1/256.
pub(super) fn each(
    image: &mut Pixels,
    share: impl Fn(f32, f32) -> f32,
    change: impl Fn(u8, usize, i32) -> i32,
) {
    let (width, height) = (image.width, image.height);
    // A picture of one pixel is all middle.
    let at = |i: usize, side: usize| (2 * i + 1) as f32 / side as f32 - 1.0;
    for (y, row) in image.data.chunks_exact_mut(3 * width).enumerate() {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let share = share(at(x, width), at(y, height)).clamp(0.0, 1.0);
            let share = (share * (1 << SHARE_BITS) as f32).round() as i32;
            *pixel = std::array::from_fn(|c| change(pixel[c], c, share).clamp(0, 255) as u8);
        }
    }
}

/// From 0 at −½ to 1 at ½, smoothly.
pub(super) fn smooth_step(x: f32) -> f32 {
    let t = (x + 0.5).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
