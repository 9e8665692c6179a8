//! Full convolutions of groups of channels, each by itself: a group's channels are put side by side, go through the kernels of a full
//! convolution, and go back to their places.
//!
//! That costs a copy of each map; a group of one channel has a kernel of its own, [`crate::Depthwise`].

use rayon::prelude::*;

use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::convolution::Convolution;
use crate::element::Element;
use crate::fit::images;
use crate::folded::Folded;
use crate::gradient::{InputGradient, WeightGradient};
use crate::simd::Isa;
use crate::size::Size;
use crate::slide::Slide;

/// A convolution of groups of channels, and what goes back through it, on maps of E.
#[derive(Clone, Debug)]
pub struct Grouped<E: Element = f32> {
    groups: Vec<Group<E>>,
    channels_in: usize,
    channels_out: usize,
    weight: WeightGradient,
}

#[derive(Clone, Debug)]
struct Group<E: Element> {
    forward: Convolution<E>,
    back: InputGradient<E>,
}

impl<E: Element> Grouped<E> {
    /// `weights.weight` is `[channels out, channels in / groups, kernel, kernel]`.
    ///
    /// # Panics
    /// If the lengths of the weights and the number of groups don't fit each other.
    pub fn new(isa: Isa, weights: Folded, groups: usize, slide: Slide, clamp: Clamp) -> Grouped<E> {
        let channels_out = weights.bias.len();
        assert!(groups > 0 && channels_out > 0 && channels_out.is_multiple_of(groups));
        assert!(weights.weight.len().is_multiple_of(groups));
        let own_out = channels_out / groups;
        let of_group = weights.weight.chunks_exact(weights.weight.len() / groups);
        let all = of_group.zip(weights.bias.chunks_exact(own_out));
        let groups: Vec<Group<E>> = all
            .map(|(weight, bias)| Group {
                forward: Convolution::new(isa, Folded { weight, bias }, slide, clamp),
                back: InputGradient::new(isa, weight, own_out, slide),
            })
            .collect();
        let own_in = groups[0].forward.channels_in();
        Grouped {
            channels_in: own_in * groups.len(),
            channels_out,
            weight: WeightGradient {
                isa,
                slide,
                channels_in: own_in,
                channels_out: own_out,
            },
            groups,
        }
    }

    /// Numbers of the output for maps of `size` whose numbers are `x`.
    fn len_after(&self, x: &[E], size: Size) -> usize {
        let n = images(x, size.pixels() * self.channels_in);
        n * self.weight.slide.after(size).pixels() * self.channels_out
    }

    /// Hands each group its own channels, and puts what `run` makes of them to their places.
    fn each(
        &self,
        (from, own_from): (&[E], usize),
        (to, own_to): (&mut [E], usize),
        run: impl Fn(&Group<E>, &[E], &mut [E]),
    ) {
        let n = self.groups.len();
        let mut own = Buffer::new(from.len() / n);
        let mut made = Buffer::new(to.len() / n);
        for (idx, group) in self.groups.iter().enumerate() {
            take(from, n * own_from, idx, own_from, &mut own);
            run(group, &own, &mut made);
            put(&made, own_to, idx, n * own_to, to);
        }
    }

    /// clamp(convolution + bias)
    ///
    /// # Shapes
    /// `x` `[n, h, w, channels in]`, `out` `[n, h', w', channels out]` with [`Slide::after`].
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward(&self, x: &[E], size: Size, out: &mut [E]) {
        assert_eq!(out.len(), self.len_after(x, size));
        let (own_in, own_out) = (self.weight.channels_in, self.weight.channels_out);
        self.each((x, own_in), (out, own_out), |group, x, out| {
            group.forward.forward(x, size, None, out);
        });
    }

    /// The gradient of the input, `[n, h, w, channels in]` of `size`, from that of the output, `[n, h', w', channels out]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn input_gradient(&self, gradient: &[E], size: Size, out: &mut [E]) {
        assert_eq!(gradient.len(), self.len_after(out, size));
        let (own_in, own_out) = (self.weight.channels_in, self.weight.channels_out);
        self.each(
            (gradient, own_out),
            (out, own_in),
            |group, gradient, out| {
                group.back.run(gradient, size, out);
            },
        );
    }

    /// The gradient of the weights, `[channels out, channels in / groups, kernel, kernel]`, from the input and the gradient of the
    /// output.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn weight_gradient(&self, x: &[E], size: Size, gradient: &[E], out: &mut [f32]) {
        assert_eq!(gradient.len(), self.len_after(x, size));
        let (own_in, own_out) = (self.weight.channels_in, self.weight.channels_out);
        let mut own_x = Buffer::new(x.len() / self.groups.len());
        let mut own_gradient = Buffer::new(gradient.len() / self.groups.len());
        let own = own_in * own_out * self.weight.slide.kernel.pow(2);
        assert_eq!(out.len(), own * self.groups.len());
        for (idx, out) in out.chunks_exact_mut(own).enumerate() {
            take(x, self.channels_in, idx, own_in, &mut own_x);
            take(gradient, self.channels_out, idx, own_out, &mut own_gradient);
            self.weight.run(&own_x, size, &own_gradient, out);
        }
    }
}

/// Pixels that are worth a thread.
const PIXELS: usize = 1 << 10;

/// Copies group `idx` of `own` channels out of `[pixels, channels]`.
fn take<E: Element>(from: &[E], channels: usize, idx: usize, own: usize, to: &mut [E]) {
    let pixels = to
        .par_chunks_exact_mut(own)
        .zip(from.par_chunks_exact(channels));
    pixels
        .with_min_len(PIXELS)
        .for_each(|(to, from)| to.copy_from_slice(&from[idx * own..][..own]));
}

/// Copies it back to its place.
fn put<E: Element>(from: &[E], own: usize, idx: usize, channels: usize, to: &mut [E]) {
    let pixels = to
        .par_chunks_exact_mut(channels)
        .zip(from.par_chunks_exact(own));
    pixels
        .with_min_len(PIXELS)
        .for_each(|(to, from)| to[idx * own..][..own].copy_from_slice(from));
}
