//! What a network hands from stage to stage.

use handful_image::{Pixels, Preprocessing};
use handful_kernel::{Buffer, Element, Size, convert, mean};

/// Activations of a batch, channels-last: `[n, h, w, channels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps<E: Element = f32> {
    /// Images.
    pub n: usize,
    /// Pixels of each.
    pub size: Size,
    /// Numbers of a pixel.
    pub channels: usize,
    /// All numbers, row-major.
    pub values: Buffer<E>,
}

impl<E: Element> Maps<E> {
    /// Images of one size as the input of a network.
    ///
    /// # Panics
    /// If the images differ in size or there are none.
    pub fn of(images: &[Pixels], preprocessing: &Preprocessing) -> Maps<E> {
        let size = Size {
            height: images[0].height,
            width: images[0].width,
        };
        let mut maps = Maps::unwritten(images.len(), size, 3);
        let mut normalised = vec![0.0; 3 * size.pixels()];
        for (image, out) in images
            .iter()
            .zip(maps.values.chunks_exact_mut(3 * size.pixels()))
        {
            assert_eq!(
                (image.height, image.width),
                (size.height, size.width),
                "a batch holds images of one size"
            );
            preprocessing.normalise_into(image, &mut normalised);
            for (out, x) in out.iter_mut().zip(&normalised) {
                *out = E::from_f32(*x);
            }
        }
        maps
    }

    /// Maps of any values, to be written to.
    pub(super) fn unwritten(n: usize, size: Size, channels: usize) -> Maps<E> {
        Maps {
            n,
            size,
            channels,
            values: Buffer::new(n * size.pixels() * channels),
        }
    }

    /// The same in other numbers.
    pub(super) fn converted<To: Element>(&self) -> Maps<To> {
        let mut maps = Maps::unwritten(self.n, self.size, self.channels);
        convert(&self.values, &mut maps.values);
        maps
    }

    /// The mean over all pixels, `[n, channels]`, row-major.
    pub fn spatial_mean(&self) -> Vec<f32> {
        let mut means = vec![0.0; self.n * self.channels];
        mean(&self.values, self.size, self.channels, &mut means);
        means
    }
}
