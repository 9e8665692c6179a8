//! The innermost loops of the way back through norms and activations: registers of channels over some pixels.
//!
//! Channels that are no whole register are computed one by one, with the same steps: products are rounded before they are added, so
//! that every instruction set gives the same bits.

use crate::clamp::Clamp;
use crate::simd::Simd;

/// Some pixels on the way back through a norm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NormPixels<'a> {
    /// `[pixels, channels]`: what was normalised, and the gradient of what came out.
    pub x: &'a [f32],
    pub gradient: &'a [f32],
    /// `[pixels, channels]`: what came out, where something was added before the activation; otherwise it follows from x.
    pub out: Option<&'a [f32]>,
    /// `[channels]`: a norm makes (x − mean) · gain + bias of x.
    pub mean: &'a [f32],
    pub gain: &'a [f32],
    pub bias: &'a [f32],
    pub clamp: Clamp,
}

impl NormPixels<'_> {
    /// x − mean, and the gradient that went through the activation, of a register of channels at a place.
    ///
    /// # Safety
    /// The machine has S, and so many numbers are there.
    #[inline(always)]
    unsafe fn at<S: Simd>(
        &self,
        place: usize,
        channel: usize,
        bounds: (S::V, S::V),
    ) -> (S::V, S::V) {
        // SAFETY: the caller's.
        unsafe {
            let load = |all: &[f32], idx: usize| S::load(all.as_ptr().add(idx));
            let from_mean = S::sub(load(self.x, place), load(self.mean, channel));
            let out = match self.out {
                Some(out) => load(out, place),
                None => S::add(
                    S::mul(from_mean, load(self.gain, channel)),
                    load(self.bias, channel),
                ),
            };
            let g = load(self.gradient, place);
            (from_mean, S::keep_inside(bounds.0, out, bounds.1, g))
        }
    }

    /// The same of one channel.
    #[inline(always)]
    fn one(&self, place: usize, channel: usize) -> (f32, f32) {
        let from_mean = self.x[place] - self.mean[channel];
        let out = match self.out {
            Some(out) => out[place],
            None => from_mean * self.gain[channel] + self.bias[channel],
        };
        let inside = self.clamp.lets_through(out);
        (from_mean, if inside { self.gradient[place] } else { 0.0 })
    }
}

/// Sums over some pixels of the gradient g that went through the activation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NormSums<'a> {
    pub pixels: NormPixels<'a>,
    /// `[channels]`: Σ g · (x − mean), and Σ g; written.
    pub weight: *mut f32,
    pub bias: *mut f32,
}

impl NormSums<'_> {
    /// # Safety
    /// The machine has S; slices are as long as they say, and the sums may be written.
    #[inline(always)]
    pub unsafe fn run<S: Simd>(&self) {
        let channels = self.pixels.mean.len();
        let len = self.pixels.x.len();
        let whole = channels - channels % S::LANES;
        // SAFETY: the caller's.
        unsafe {
            let bounds = self.pixels.clamp.registers::<S>();
            for channel in (0..whole).step_by(S::LANES) {
                let (mut weight, mut bias) = (S::splat(0.0), S::splat(0.0));
                let mut place = channel;
                while place < len {
                    let (from_mean, g) = self.pixels.at::<S>(place, channel, bounds);
                    bias = S::add(bias, g);
                    weight = S::add(weight, S::mul(g, from_mean));
                    place += channels;
                }
                S::store(self.weight.add(channel), weight);
                S::store(self.bias.add(channel), bias);
            }
            for channel in whole..channels {
                let (mut weight, mut bias) = (0.0, 0.0);
                for place in (channel..len).step_by(channels) {
                    let (from_mean, g) = self.pixels.one(place, channel);
                    bias += g;
                    weight += g * from_mean;
                }
                *self.weight.add(channel) = weight;
                *self.bias.add(channel) = bias;
            }
        }
    }
}

/// The gradient of what was normalised, for some pixels: gain · g − offset − slope · (x − mean).
#[derive(Clone, Copy, Debug)]
pub(crate) struct NormGradient<'a> {
    pub pixels: NormPixels<'a>,
    /// `[channels]` each.
    pub offset: &'a [f32],
    pub slope: &'a [f32],
    /// `[pixels, channels]`, written.
    pub to: *mut f32,
}

impl NormGradient<'_> {
    /// # Safety
    /// As [`NormSums::run`].
    #[inline(always)]
    pub unsafe fn run<S: Simd>(&self) {
        let channels = self.pixels.mean.len();
        let whole = channels - channels % S::LANES;
        // SAFETY: the caller's.
        unsafe {
            let bounds = self.pixels.clamp.registers::<S>();
            for pixel in (0..self.pixels.x.len()).step_by(channels) {
                for channel in (0..whole).step_by(S::LANES) {
                    let of_channel = |values: &[f32]| S::load(values.as_ptr().add(channel));
                    let (from_mean, g) = self.pixels.at::<S>(pixel + channel, channel, bounds);
                    let direct = S::mul(of_channel(self.pixels.gain), g);
                    let direct = S::sub(direct, of_channel(self.offset));
                    let to = S::sub(direct, S::mul(of_channel(self.slope), from_mean));
                    S::store(self.to.add(pixel + channel), to);
                }
                for channel in whole..channels {
                    let (from_mean, g) = self.pixels.one(pixel + channel, channel);
                    let direct = self.pixels.gain[channel] * g - self.offset[channel];
                    *self.to.add(pixel + channel) = direct - self.slope[channel] * from_mean;
                }
            }
        }
    }
}

/// The gradient where the result lies between the bounds, else zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask<'a> {
    pub out: &'a [f32],
    pub clamp: Clamp,
    /// As long as `out`; the result may go to where the gradient is.
    pub gradient: *const f32,
    pub to: *mut f32,
}

impl Mask<'_> {
    /// # Safety
    /// The machine has S; the pointers are good for as many numbers as `out` has.
    #[inline(always)]
    pub unsafe fn run<S: Simd>(&self) {
        let n = self.out.len();
        let whole = n - n % S::LANES;
        // SAFETY: the caller's.
        unsafe {
            let (low, high) = self.clamp.registers::<S>();
            for place in (0..whole).step_by(S::LANES) {
                let out = S::load(self.out.as_ptr().add(place));
                let g = S::load(self.gradient.add(place));
                S::store(self.to.add(place), S::keep_inside(low, out, high, g));
            }
            for place in whole..n {
                let inside = self.clamp.lets_through(self.out[place]);
                *self.to.add(place) = if inside {
                    *self.gradient.add(place)
                } else {
                    0.0
                };
            }
        }
    }
}
