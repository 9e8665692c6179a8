//! One look at a picture: what was drawn of a policy, and what comes of it.

use handful_image::Pixels;
use rand::rngs::ChaCha8Rng;

use crate::border::Border;
use crate::op::{Change, Op};
use crate::resample::{Interpolation, resample};
use crate::target::{Mask, Rect};
use crate::warp::Warp;

/// A change of values in place.
pub type ValueChange = Box<dyn Fn(&mut Pixels) + Send + Sync>;

/// What is done to a picture, in full: nothing is left to chance.
#[derive(Default)]
pub struct View {
    /// Where its pixels come from, all geometry in one.
    pub warp: Warp,
    /// What happens to their values, one after the other.
    pub values: Vec<ValueChange>,
    /// What lies beyond the edge.
    pub border: Border,
    /// How values between pixels are found.
    pub interpolation: Interpolation,
    /// What was drawn: op and amount.
    pub told: Vec<(&'static str, f32)>,
}

impl View {
    /// One operation by this amount, for pictures of this width and height; `random` gives whatever else is drawn.
    pub fn by(op: &dyn Op, amount: f32, size: [usize; 2], random: &mut ChaCha8Rng) -> View {
        let mut view = View::default();
        view.push(op.name(), amount, op.change(amount, size, random));
        view
    }

    /// Adds a change that was drawn.
    pub fn push(&mut self, name: &'static str, amount: f32, change: Change) {
        match change {
            Change::Nothing => return,
            Change::Warp(warp) if warp.is_identity() => return,
            Change::Warp(warp) => self.warp = self.warp.then(&warp),
            Change::Values(change) => self.values.push(change),
        }
        self.told.push((name, amount));
    }

    /// The view at the size of the picture.
    pub fn of(&self, image: &Pixels) -> Pixels {
        self.sized(image, [image.width, image.height])
    }

    /// The view at another size; what happens to values happens there.
    ///
    /// # Panics
    /// When a side is 0.
    pub fn sized(&self, image: &Pixels, size: [usize; 2]) -> Pixels {
        let mut seen = resample(image, &self.warp, size, self.border, self.interpolation);
        for change in &self.values {
            change(&mut seen);
        }
        seen
    }

    /// The mask that goes with [`View::of`] a picture; `outside` is what lies beyond its edge where the border is a colour.
    pub fn mask(&self, mask: &Mask, outside: u8) -> Mask {
        match self.warp.is_identity() {
            true => mask.clone(),
            false => mask.warped(&self.warp, self.border, outside),
        }
    }

    /// The boxes that go with [`View::of`] a picture of this width and height; none for those of which less than `least_seen` of the
    /// area is inside.
    pub fn rects(&self, rects: &[Rect], size: [usize; 2], least_seen: f64) -> Vec<Option<Rect>> {
        let of = |rect: &Rect| self.warp.rect(*rect, size, least_seen);
        rects.iter().map(of).collect()
    }
}
