//! Two photos in one, with labels to match: mixup and CutMix.

use handful_image::Pixels;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

/// How two photos become one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mix {
    /// Each pixel is `share` of the first photo's and the rest of the second's.
    ///
    /// Source: H. Zhang et al., "mixup: beyond empirical risk minimization" (ICLR 2018), equation 1.
    Blend {
        /// Of the first photo, 0..=1.
        share: f32,
    },
    /// A rectangle of the second photo lies on the first: columns, rows.
    ///
    /// Source: S. Yun et al., "CutMix" (ICCV 2019), equations 1 and 2.
    Paste {
        /// First and last column, the last one outside.
        columns: [usize; 2],
        /// First and last row, the last one outside.
        rows: [usize; 2],
    },
}
