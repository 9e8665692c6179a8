//! Do slices and shapes fit each other? Asked before a pointer is made.

use crate::size::Size;

/// Numbers in an image.
///
/// # Panics
/// If there are none, or more than memory can have.
pub(crate) fn image_len(size: Size, channels: usize) -> usize {
    let pixels = size.height.checked_mul(size.width);
    let len = pixels.and_then(|pixels| pixels.checked_mul(channels));
    match len {
        Some(len) if len > 0 => len,
        _ => panic!("there is no map of {size:?} with {channels} channels"),
    }
}

/// Images of `image` numbers in a slice.
///
/// # Panics
/// If they are not whole.
pub(crate) fn images<T>(x: &[T], image: usize) -> usize {
    assert_eq!(
        x.len() % image,
        0,
        "{} numbers are not whole images of {image}",
        x.len()
    );
    x.len() / image
}

/// # Panics
/// If `out` does not hold exactly `n` images of `image` numbers.
pub(crate) fn assert_holds<T>(out: &[T], n: usize, image: usize) {
    assert_eq!(
        Some(out.len()),
        n.checked_mul(image),
        "the output does not hold {n} images of {image} numbers"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "there is no map")]
    fn a_map_that_no_memory_holds_is_refused() {
        image_len(Size::square(1 << 40), 3);
    }

    #[test]
    #[should_panic(expected = "not whole images")]
    fn half_an_image_is_refused() {
        images(&[0.0; 5], 2);
    }
}
