//! Scaled dot-product attention of each head of each image, with all that lies between its products in the cache of a core.
//!
//! Source: A. Vaswani et al., "Attention is all you need" (NeurIPS 2017), equation 1. Weights are not kept for the way back but
//! computed again: that is cheaper than to write and read them.

use rayon::prelude::*;

use super::softmax::{softmax_gradient_rows, softmax_rows};
use crate::buffer::Buffer;
use crate::clamp::Clamp;
use crate::panels::{Columns, Panels};
use crate::places::Places;
use crate::product::{Product, Rows};
use crate::shared::Shared;
use crate::simd::Isa;

/// The shape of an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Tokens of an image.
    pub tokens: usize,
    /// Heads that see their own numbers of a token.
    pub heads: usize,
    /// Numbers of a token, a multiple of the heads.
    pub width: usize,
}

/// Query, key and value of a head.
#[derive(Clone, Copy)]
enum Part {
    Query,
    Key,
    Value,
}

/// One head of one image.
struct Head<'a> {
    isa: Isa,
    shape: Attention,
    /// The image's queries, keys and values from the head's first query on.
    all: &'a [f32],
}

impl Attention {
    fn of_head(self) -> usize {
        self.width / self.heads
    }

    fn scale(self) -> f32 {
        1.0 / (self.of_head() as f32).sqrt()
    }

    /// Images in `all`.
    fn images(self, all: &[f32]) -> usize {
        assert!(self.tokens > 0 && self.heads > 0 && self.width > 0);
        assert!(self.width.is_multiple_of(self.heads));
        let image = self.tokens * 3 * self.width;
        assert!(
            all.len().is_multiple_of(image),
            "{} numbers are not whole images of {image}",
            all.len()
        );
        all.len() / image
    }

    /// softmax(Q · Kᵀ / √d) · V
    ///
    /// # Shapes
    /// `all` `[n, tokens, 3, heads, width / heads]`: queries, keys and values; `out` `[n, tokens, width]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn forward(self, isa: Isa, all: &[f32], out: &mut [f32]) {
        let n = self.images(all);
        assert_eq!(out.len(), n * self.tokens * self.width);
        let to = Shared::new(out);
        self.for_each_head(n, |image, head| {
            let of_head = self.head(isa, all, image, head);
            let weights = of_head.weights();
            let first = image * self.tokens * self.width + head * self.of_head();
            // SAFETY: every head has its own numbers of each token.
            unsafe {
                let to = Places::apart(to.at(first), self.width);
                of_head.product(&weights, Part::Value, to);
            }
        });
    }

    /// The gradient of queries, keys and values from that of the output.
    ///
    /// # Shapes
    /// `all` and `out` `[n, tokens, 3, heads, width / heads]`; `gradient` `[n, tokens, width]`.
    ///
    /// # Panics
    /// If the lengths don't fit each other.
    pub fn gradient(self, isa: Isa, all: &[f32], gradient: &[f32], out: &mut [f32]) {
        let n = self.images(all);
        assert_eq!(gradient.len(), n * self.tokens * self.width);
        assert_eq!(out.len(), all.len());
        let (tokens, step) = (self.tokens, 3 * self.width);
        let to = Shared::new(out);
        self.for_each_head(n, |image, head| {
            let of_head = self.head(isa, all, image, head);
            let gradient = &gradient[image * tokens * self.width + head * self.of_head()..];
            let weights = of_head.weights();
            let mut of_weights = Buffer::new(tokens * tokens);
            let mut turned = Buffer::new(tokens * tokens);
            // SAFETY: every head has its own numbers of each token, and the buffers hold a weight for each pair of them.
            unsafe {
                let first = image * tokens * step + head * self.of_head();
                let part =
                    |part: Part| Places::apart(to.at(first + part as usize * self.width), step);
                // dV = Pᵀ · dO
                turn(&weights, tokens, &mut turned);
                let columns = Columns {
                    values: gradient,
                    n: self.of_head(),
                    step: 1,
                };
                let places = (0..tokens).map(|token| token * self.width);
                of_head.multiply(&turned, columns, places, part(Part::Value));
                // dP = dO · Vᵀ, then dS through the softmax.
                let places = 0..self.of_head();
                let panels = of_head.panels(of_head.rows_of(Part::Value), tokens, places);
                let rows = Rows {
                    x: Places::apart(gradient.as_ptr(), self.width),
                    tap_step: 0,
                    out: Places::apart(of_weights.as_mut_ptr(), tokens),
                    added: None,
                    sums: None,
                };
                Product::whole(isa, &panels, 1, Clamp::NONE).run(tokens, &rows);
                drop(panels);
                softmax_gradient_rows(&weights, tokens, self.scale(), &mut of_weights);
                // dQ = dS · K and dK = dSᵀ · Q
                of_head.product(&of_weights, Part::Key, part(Part::Query));
                turn(&of_weights, tokens, &mut turned);
                of_head.product(&turned, Part::Query, part(Part::Key));
            }
        });
    }

    fn head(self, isa: Isa, all: &[f32], image: usize, head: usize) -> Head<'_> {
        Head {
            isa,
            shape: self,
            all: &all[image * self.tokens * 3 * self.width + head * self.of_head()..],
        }
    }

    fn for_each_head(self, n: usize, work: impl Fn(usize, usize) + Sync) {
        (0..n * self.heads)
            .into_par_iter()
            .with_max_len(1)
            .for_each(|task| work(task / self.heads, task % self.heads));
    }
}

impl<'a> Head<'a> {
    fn start(&self, part: Part) -> &'a [f32] {
        &self.all[part as usize * self.shape.width..]
    }

    /// A part's tokens as the columns of a product.
    fn rows_of(&self, part: Part) -> Columns<'a, f32> {
        Columns {
            values: self.start(part),
            n: self.shape.tokens,
            step: 3 * self.shape.width,
        }
    }

    fn panels(
        &self,
        columns: Columns<f32>,
        n: usize,
        places: impl Iterator<Item = usize>,
    ) -> Panels {
        Panels::new(self.isa, n, &[], columns, places)
    }

    /// The softmax of all scores, `[tokens, tokens]`.
    fn weights(&self) -> Buffer {
        let Attention { tokens, width, .. } = self.shape;
        let panels = self.panels(self.rows_of(Part::Key), tokens, 0..self.shape.of_head());
        let mut weights = Buffer::new(tokens * tokens);
        let rows = Rows {
            x: Places::apart(self.start(Part::Query).as_ptr(), 3 * width),
            tap_step: 0,
            out: Places::apart(weights.as_mut_ptr(), tokens),
            added: None,
            sums: None,
        };
        // SAFETY: the queries lie in the image, and the buffer holds a number for each pair of tokens.
        unsafe { Product::whole(self.isa, &panels, 1, Clamp::NONE).run(tokens, &rows) };
        softmax_rows(&mut weights, tokens, self.shape.scale());
        weights
    }

    /// Weights `[tokens, tokens]` times a part.
    ///
    /// # Safety
    /// `to` may be written, and nobody else uses it.
    unsafe fn product(&self, weights: &[f32], part: Part, to: Places<f32>) {
        let step = 3 * self.shape.width;
        let columns = Columns {
            values: self.start(part),
            n: self.shape.of_head(),
            step: 1,
        };
        let places = (0..self.shape.tokens).map(|token| token * step);
        // SAFETY: the caller's.
        unsafe { self.multiply(weights, columns, places, to) };
    }

    /// # Safety
    /// As [`Head::product`].
    unsafe fn multiply(
        &self,
        weights: &[f32],
        columns: Columns<f32>,
        places: impl Iterator<Item = usize>,
        to: Places<f32>,
    ) {
        let tokens = self.shape.tokens;
        assert_eq!(weights.len(), tokens * tokens);
        let panels = self.panels(columns, self.shape.of_head(), places);
        let rows = Rows {
            x: Places::apart(weights.as_ptr(), tokens),
            tap_step: 0,
            out: to,
            added: None,
            sums: None,
        };
        // SAFETY: the caller's; weights have a row for each token.
        unsafe { Product::whole(self.isa, &panels, 1, Clamp::NONE).run(tokens, &rows) };
    }
}

/// Rows become columns.
fn turn(from: &[f32], side: usize, to: &mut [f32]) {
    const BLOCK: usize = 16;
    for first in (0..side).step_by(BLOCK) {
        for (row, from) in from.chunks_exact(side).enumerate() {
            for column in first..(first + BLOCK).min(side) {
                to[column * side + row] = from[column];
            }
        }
    }
}
