//! How does a kernel go over a map?

use crate::padding::Padding;
use crate::size::Size;

/// How zeros are put around a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surround {
    /// TensorFlow's SAME.
    Same,
    /// So many on each side, as PyTorch says it.
    Even(usize),
}

impl Surround {
    fn of(self, size: usize, kernel: usize, stride: usize) -> Padding {
        match self {
            Surround::Same => Padding::same(size, kernel, stride),
            Surround::Even(each) => Padding::even(each),
        }
    }
}

/// The largest kernel, step and padding.
const MOST: usize = 1 << 16;

/// How a convolution slides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slide {
    /// Side of the kernel.
    pub kernel: usize,
    /// Its step.
    pub stride: usize,
    /// Zeros around the map.
    pub surround: Surround,
}

impl Slide {
    /// 1×1, step 1.
    pub const POINT: Slide = Slide {
        kernel: 1,
        stride: 1,
        surround: Surround::Even(0),
    };

    /// # Panics
    /// If a side or a step is zero, or anything is so large that sizes could not be computed.
    pub(crate) fn assert_sensible(&self) {
        let zeros = match self.surround {
            Surround::Same => 0,
            Surround::Even(each) => each,
        };
        assert!(
            self.kernel > 0 && self.stride > 0,
            "{self:?} does not slide"
        );
        let most = self.kernel.max(self.stride).max(zeros);
        assert!(most <= MOST, "{self:?} is larger than {MOST} somewhere");
    }

    /// Zeros above and below, and to the left and right, of a map.
    ///
    /// # Panics
    /// If the kernel, its step or the zeros are larger than any map has a use for (65,536).
    pub fn padding(&self, size: Size) -> (Padding, Padding) {
        self.assert_sensible();
        let of = |size| self.surround.of(size, self.kernel, self.stride);
        (of(size.height), of(size.width))
    }

    /// Size of what comes out.
    pub fn after(&self, size: Size) -> Size {
        let (down, across) = self.padding(size);
        Size {
            height: down.output(size.height, self.kernel, self.stride),
            width: across.output(size.width, self.kernel, self.stride),
        }
    }
}
