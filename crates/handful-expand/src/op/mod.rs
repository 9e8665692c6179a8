//! Ways to change a picture: one file each, one line in [`OPS`].
//!
//! An op has one *amount* ([`Range`]: what changes nothing, and how far it may go); whatever else it needs, a place or a pattern, it
//! draws. The change is then a pure function of the picture. At the neutral amount nothing changes, to the byte; the contract tests
//! below hold that for all of them. `docs/adding-an-op.md` says how to add one.

mod brightness;
mod horizontal_flip;
mod rotation;
#[cfg(test)]
mod tests;
mod tone;

use handful_image::Pixels;
use rand::rngs::ChaCha8Rng;

use crate::range::Range;
use crate::warp::Warp;

/// What an op acts on; views are made in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Where things are. All that a view draws of it is one resample, and comes first.
    Geometry,
    /// Light and colour, pixel by pixel.
    Colour,
    /// Blur, noise, what cameras and files do.
    Quality,
    /// Something lies over the picture.
    Cover,
}

/// What an op does to a picture, once all is drawn.
pub enum Change {
    /// Nothing.
    Nothing,
    /// Pixels come from elsewhere.
    Warp(Warp),
    /// Values change in place.
    Values(Box<dyn Fn(&mut Pixels) + Send + Sync>),
}

impl Change {
    /// A change of values.
    pub fn values(change: impl Fn(&mut Pixels) + Send + Sync + 'static) -> Change {
        Change::Values(Box::new(change))
    }
}

/// One way to change a picture.
pub trait Op: Sync {
    /// Its name, as in policies and on the command line: `snake_case`.
    fn name(&self) -> &'static str;

    /// What it does, for people: one phrase.
    fn summary(&self) -> &'static str;

    /// What it acts on.
    fn kind(&self) -> Kind;

    /// Its amounts. The far ends are as far as photos of anything may still be told apart, not as far as is wise.
    fn range(&self) -> Range;

    /// The change by this amount, for pictures of this width and height. `random` gives whatever else is drawn.
    fn change(&self, amount: f32, size: [usize; 2], random: &mut ChaCha8Rng) -> Change;
}

/// Order here is the order in which ops act and are shown.
pub static OPS: &[&dyn Op] = &[
    &horizontal_flip::HorizontalFlip,
    &rotation::Rotation,
    &brightness::Brightness,
];

/// The op of this name.
pub fn named(name: &str) -> Option<&'static dyn Op> {
    OPS.iter().copied().find(|op| op.name() == name)
}
