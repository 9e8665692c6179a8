//! What the machine can do at most: multiply-adds on registers (of 256 bits on x86-64; wider ones may do more), and bytes through
//! memory.

use std::hint::black_box;
use std::time::Instant;

const STEPS: usize = 20_000_000;
/// Sums at a time: two multipliers with a latency of four steps, and half as many more.
const SUMS: usize = 12;
const BYTES: usize = 256 << 20;

/// Floating-point operations a second, all threads of the pool together; the best of three.
pub fn flops() -> f64 {
    let threads = rayon::current_num_threads();
    let once = || {
        let start = Instant::now();
        let lanes: Vec<usize> = rayon::broadcast(|_| multiply_adds());
        let operations = 2.0 * (lanes[0] * SUMS * STEPS * threads) as f64;
        operations / start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| once()).fold(0.0, f64::max)
}

/// Multiplies and adds; returns the lanes of a register.
fn multiply_adds() -> usize {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the machine has it.
        return unsafe { avx2() };
    }
    portable()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2() -> usize {
    use std::arch::x86_64::*;
    let mut sums = [_mm256_set1_ps(black_box(0.5)); SUMS];
    let (x, w) = (
        _mm256_set1_ps(black_box(0.99)),
        _mm256_set1_ps(black_box(0.001)),
    );
    for _ in 0..STEPS {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(*sum, x, w);
        }
    }
    black_box(sums);
    8
}

fn portable() -> usize {
    let mut sums = [[black_box(0.5f32); 4]; SUMS];
    let (x, w) = (black_box(0.99), black_box(0.001));
    for _ in 0..STEPS {
        for sum in sums.iter_mut().flatten() {
            *sum = *sum * x + w;
        }
    }
    black_box(sums);
    4
}

/// Bytes a second of a copy that no cache holds, read and written ones together; the best of three.
pub fn bytes() -> f64 {
    let from = vec![1u8; BYTES];
    let mut to = vec![0u8; BYTES];
    let piece = BYTES.div_ceil(rayon::current_num_threads());
    let mut once = || {
        let start = Instant::now();
        rayon::scope(|scope| {
            for (to, from) in to.chunks_mut(piece).zip(from.chunks(piece)) {
                scope.spawn(|_| to.copy_from_slice(from));
            }
        });
        2.0 * BYTES as f64 / start.elapsed().as_secs_f64()
    };
    (0..3).map(|_| once()).fold(0.0, f64::max)
}
