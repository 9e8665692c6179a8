//! How many zeros stand around a map.

/// Zeros before and behind the pixels of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// Above or to the left.
    pub before: usize,
    /// Below or to the right.
    pub behind: usize,
}

impl Padding {
    /// TensorFlow's SAME for a side of `size` pixels, 1 or more: max((⌈n/s⌉ − 1)·s + k − n, 0), the smaller half before.
    pub fn same(size: usize, kernel: usize, stride: usize) -> Padding {
        let total = ((size.div_ceil(stride) - 1) * stride + kernel).saturating_sub(size);
        Padding {
            before: total / 2,
            behind: total - total / 2,
        }
    }

    /// As many on both sides, as PyTorch pads.
    pub fn even(each: usize) -> Padding {
        Padding {
            before: each,
            behind: each,
        }
    }

    /// Side of what a convolution makes of `size` pixels.
    ///
    /// # Panics
    /// If the kernel is larger than the side with its zeros.
    pub fn output(self, size: usize, kernel: usize, stride: usize) -> usize {
        let side = size + self.before + self.behind;
        assert!(
            kernel <= side,
            "a kernel of {kernel} pixels does not fit into {side}"
        );
        (side - kernel) / stride + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_puts_the_odd_pixel_behind() {
        let same = |size, kernel, stride| {
            let p = Padding::same(size, kernel, stride);
            (p.before, p.behind)
        };
        assert_eq!(same(224, 3, 2), (0, 1));
        assert_eq!(same(97, 3, 2), (1, 1));
        assert_eq!(same(7, 5, 1), (2, 2));
        assert_eq!(same(14, 5, 2), (1, 2));
        assert_eq!(same(1, 1, 1), (0, 0));
        assert_eq!(same(1, 3, 2), (1, 1));
    }

    #[test]
    fn same_keeps_a_side_divided_by_the_stride() {
        for size in 1..40 {
            for (kernel, stride) in [(1, 1), (3, 1), (3, 2), (5, 1), (5, 2), (7, 2)] {
                let padding = Padding::same(size, kernel, stride);
                assert_eq!(padding.output(size, kernel, stride), size.div_ceil(stride));
            }
        }
    }
}
