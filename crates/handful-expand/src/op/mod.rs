//! Ways to change a picture: one file each, one line in [`OPS`].
//!
//! An op has one *amount* ([`Range`]: what changes nothing, and how far it may go); whatever else it needs, a place or a pattern, it
//! draws. The change is then a pure function of the picture. At the neutral amount nothing changes, to the byte; the contract tests
//! below hold that for all of them. `docs/adding-an-op.md` says how to add one.

mod autocontrast;
mod background_jitter;
mod blur;
mod brightness;
mod channel_shuffle;
mod clahe;
mod coarse_dropout;
mod contrast;
mod cover;
mod crop;
mod downscale;
mod elastic;
mod equalize;
mod erasing;
mod fog;
mod gamma;
mod gaussian_blur;
mod gaussian_noise;
mod glare;
mod grayscale;
mod horizontal_flip;
mod hue;
mod iso_noise;
mod jpeg;
mod motion_blur;
mod noise;
mod perspective;
mod posterize;
mod quarter_turns;
mod rotation;
mod saturation;
mod shadow;
mod sharpness;
mod shear_x;
mod shear_y;
mod shot_noise;
mod solarize;
#[cfg(test)]
mod tests;
mod tone;
mod translate_x;
mod translate_y;
mod veil;
mod vertical_flip;
mod zoom;

use handful_image::Pixels;
use rand::rngs::ChaCha8Rng;

use crate::range::Range;
use crate::view::ValueChange;
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
    Values(ValueChange),
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

impl std::fmt::Debug for dyn Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Order here is the order in which ops act and are shown.
pub static OPS: &[&dyn Op] = &[
    &horizontal_flip::HorizontalFlip,
    &vertical_flip::VerticalFlip,
    &quarter_turns::QuarterTurns,
    &rotation::Rotation,
    &translate_x::TranslateX,
    &translate_y::TranslateY,
    &zoom::Zoom,
    &shear_x::ShearX,
    &shear_y::ShearY,
    &perspective::Perspective,
    &crop::Crop,
    &elastic::Elastic,
    &brightness::Brightness,
    &contrast::Contrast,
    &saturation::Saturation,
    &hue::Hue,
    &gamma::Gamma,
    &sharpness::Sharpness,
    &posterize::Posterize,
    &solarize::Solarize,
    &autocontrast::Autocontrast,
    &equalize::Equalize,
    &clahe::Clahe,
    &grayscale::Grayscale,
    &channel_shuffle::ChannelShuffle,
    &gaussian_blur::GaussianBlur,
    &motion_blur::MotionBlur,
    &gaussian_noise::GaussianNoise,
    &shot_noise::ShotNoise,
    &iso_noise::IsoNoise,
    &jpeg::Jpeg,
    &downscale::Downscale,
    &erasing::Erasing,
    &coarse_dropout::CoarseDropout,
    &fog::Fog,
    &shadow::Shadow,
    &glare::Glare,
    &background_jitter::BackgroundJitter,
];

/// The op of this name.
pub fn named(name: &str) -> Option<&'static dyn Op> {
    OPS.iter().copied().find(|op| op.name() == name)
}
