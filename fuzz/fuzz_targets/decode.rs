//! Does every picture become upright pixels or an error, whatever its bytes are?

#![no_main]

use std::sync::Once;

use handful_image::{Limits, Reduction, decode_reduced};
use libfuzzer_sys::fuzz_target;

/// Small, so that time goes into parsers rather than into clearing memory.
const LIMITS: Limits = Limits {
    max_side_px: 2_048,
    max_pixels: 1 << 21,
};
static QUIET: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    // Other people's decoders may panic: `decode_reduced` catches it, and only what it lets through is a failure. The fuzzer's own
    // hook would end the process before it can be caught.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    for reduction in [Reduction::NONE, Reduction::for_square(bytes, 1)] {
        if let Ok(decoded) = decode_reduced(bytes, &LIMITS, None, reduction) {
            let pixels = decoded.pixels;
            assert!(pixels.width > 0 && pixels.height > 0);
            assert!((pixels.width * pixels.height) as u64 <= LIMITS.max_pixels);
            assert_eq!(pixels.data.len(), pixels.width * pixels.height * 3);
        }
    }
});
