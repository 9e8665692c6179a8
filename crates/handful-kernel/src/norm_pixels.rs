//! The innermost loops of norms and activations, forwards and back: registers of channels over some pixels.
//!
//! Channels that are no whole register are computed one by one, with the same steps: products are rounded before they are added, so
//! that every instruction set gives the same bits.

use crate::clamp::Clamp;
use crate::element::Element;
use crate::simd::Simd;

/// Sums over some pixels around their first one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MomentSums<'a, E> {
    /// `[pixels, channels]`, at least one.
    pub x: &'a [E],
    pub channels: usize,
    /// `[channels]`: Σ (x − first), and Σ (x − first)²; written.
    pub apart: *mut f32,
    pub squares: *mut f32,
}

impl<E: Element> MomentSums<'_, E> {
    /// # Safety
    /// The machine has S; pixels are whole, and the sums may be written.
    #[inline(always)]
    pub unsafe fn run<S: Simd>(&self) {
        let (channels, len) = (self.channels, self.x.len());
        let whole = channels - channels % S::LANES;
        // SAFETY: the caller's.
        unsafe {
            for channel in (0..whole).step_by(S::LANES) {
                let first = E::load::<S>(self.x.as_ptr().add(channel));
                let (mut apart, mut squares) = (S::splat(0.0), S::splat(0.0));
                let mut place = channel;
                while place < len {
                    let d = S::sub(E::load::<S>(self.x.as_ptr().add(place)), first);
                    apart = S::add(apart, d);
                    squares = S::add(squares, S::mul(d, d));
                    place += channels;
                }
                S::store(self.apart.add(channel), apart);
                S::store(self.squares.add(channel), squares);
            }
            for channel in whole..channels {
                let first = self.x[channel].to_f32();
                let (mut apart, mut squares) = (0.0, 0.0);
                for place in (channel..len).step_by(channels) {
                    let d = self.x[place].to_f32() - first;
                    apart += d;
                    squares += d * d;
                }
                *self.apart.add(channel) = apart;
                *self.squares.add(channel) = squares;
            }
        }
    }
}

/// What a norm makes of some pixels: clamp((x − mean) · gain + bias + added).
#[derive(Clone, Copy, Debug)]
pub(crate) struct NormResult<'a, E> {
    /// `[pixels, channels]` each.
    pub x: &'a [E],
    pub added: Option<&'a [E]>,
    /// `[channels]` each.
    pub mean: &'a [f32],
    pub gain: &'a [f32],
    pub bias: &'a [f32],
    pub clamp: Clamp,
    /// `[pixels, channels]`, written.
    pub out: *mut E,
}

impl<E: Element> NormResult<'_, E> {
    /// # Safety
    /// The machine has S; slices are as long as they say, and the result may be written.
    #[inline(always)]
    pub unsafe fn run<S: Simd>(&self) {
        let channels = self.mean.len();
        let whole = channels - channels % S::LANES;
        // SAFETY: the caller's.
        unsafe {
            let (low, high) = self.clamp.registers::<S>();
            for pixel in (0..self.x.len()).step_by(channels) {
                for channel in (0..whole).step_by(S::LANES) {
                    let of_channel = |values: &[f32]| S::load(values.as_ptr().add(channel));
                    let place = pixel + channel;
                    let x = E::load::<S>(self.x.as_ptr().add(place));
                    let scaled = S::mul(S::sub(x, of_channel(self.mean)), of_channel(self.gain));
                    let mut sum = S::add(scaled, of_channel(self.bias));
                    if let Some(added) = self.added {
                        sum = S::add(sum, E::load::<S>(added.as_ptr().add(place)));
                    }
                    let kept = S::min(high, S::max(low, sum));
                    E::store::<S>(self.out.add(place), kept);
                }
                for channel in whole..channels {
                    let place = pixel + channel;
                    let from_mean = self.x[place].to_f32() - self.mean[channel];
                    let mut sum = from_mean * self.gain[channel] + self.bias[channel];
                    if let Some(added) = self.added {
                        sum += added[place].to_f32();
                    }
                    *self.out.add(place) = E::from_f32(self.clamp.keep(sum));
                }
            }
        }
    }
}

/// Some pixels on the way back through a norm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NormPixels<'a, E> {
    /// `[pixels, channels]`: what was normalised, and the gradient of what came out.
    pub x: &'a [E],
    pub gradient: &'a [E],
    /// `[pixels, channels]`: what came out, where something was added before the activation; otherwise it follows from x.
    pub out: Option<&'a [E]>,
    /// `[channels]`: a norm makes (x − mean) · gain + bias of x.
    pub mean: &'a [f32],
    pub gain: &'a [f32],
    pub bias: &'a [f32],
    pub clamp: Clamp,
}

impl<E: Element> NormPixels<'_, E> {
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
            let of_pixel = |all: &[E]| E::load::<S>(all.as_ptr().add(place));
            let of_channel = |all: &[f32]| S::load(all.as_ptr().add(channel));
            let from_mean = S::sub(of_pixel(self.x), of_channel(self.mean));
            let out = match self.out {
                Some(out) => of_pixel(out),
                None => S::add(
                    S::mul(from_mean, of_channel(self.gain)),
                    of_channel(self.bias),
                ),
            };
            let g = of_pixel(self.gradient);
            (from_mean, S::keep_inside(bounds.0, out, bounds.1, g))
        }
    }

    /// The same of one channel.
    #[inline(always)]
    fn one(&self, place: usize, channel: usize) -> (f32, f32) {
        let from_mean = self.x[place].to_f32() - self.mean[channel];
        let out = match self.out {
            Some(out) => out[place].to_f32(),
            None => from_mean * self.gain[channel] + self.bias[channel],
        };
        let inside = self.clamp.lets_through(out);
        (
            from_mean,
            if inside {
                self.gradient[place].to_f32()
            } else {
                0.0
            },
        )
    }
}

/// Sums over some pixels of the gradient g that went through the activation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NormSums<'a, E> {
    pub pixels: NormPixels<'a, E>,
    /// `[channels]`: Σ g · (x − mean), and Σ g; written.
    pub weight: *mut f32,
    pub bias: *mut f32,
}

impl<E: Element> NormSums<'_, E> {
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
pub(crate) struct NormGradient<'a, E> {
    pub pixels: NormPixels<'a, E>,
    /// `[channels]` each.
    pub offset: &'a [f32],
    pub slope: &'a [f32],
    /// `[pixels, channels]`, written.
    pub to: *mut E,
}

impl<E: Element> NormGradient<'_, E> {
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
                    E::store::<S>(self.to.add(pixel + channel), to);
                }
                for channel in whole..channels {
                    let (from_mean, g) = self.pixels.one(pixel + channel, channel);
                    let direct = self.pixels.gain[channel] * g - self.offset[channel];
                    let to = direct - self.slope[channel] * from_mean;
                    *self.to.add(pixel + channel) = E::from_f32(to);
                }
            }
        }
    }
}

/// The gradient where the result lies between the bounds, else zero.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mask<'a, E> {
    pub out: &'a [E],
    pub clamp: Clamp,
    /// As long as `out`; the result may go to where the gradient is.
    pub gradient: *const E,
    pub to: *mut E,
}

impl<E: Element> Mask<'_, E> {
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
                let out = E::load::<S>(self.out.as_ptr().add(place));
                let g = E::load::<S>(self.gradient.add(place));
                E::store::<S>(self.to.add(place), S::keep_inside(low, out, high, g));
            }
            for place in whole..n {
                let inside = self.clamp.lets_through(self.out[place].to_f32());
                *self.to.add(place) = if inside {
                    *self.gradient.add(place)
                } else {
                    E::default()
                };
            }
        }
    }
}
