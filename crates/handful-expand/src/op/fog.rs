//! Fog between the camera and the thing.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::veil::veil;
use super::{Change, Kind, Op};
use crate::range::Range;

/// Light grey, as fog by day.
const COLOUR: [u8; 3] = [225; 3];

/// Blends the picture with light grey, by up to this share where the fog is densest: a slope from one side to the other, as fog further away
/// is. Koschmieder's law with a distance that is drawn, not known.
pub struct Fog;

impl Op for Fog {
    fn name(&self) -> &'static str {
        "fog"
    }

    fn summary(&self) -> &'static str {
        "puts fog over the picture"
    }

    fn kind(&self) -> Kind {
        Kind::Cover
    }

    fn range(&self) -> Range {
        Range::up_to(0.9, "of the light")
    }

    fn change(&self, amount: f32, _: [usize; 2], random: &mut ChaCha8Rng) -> Change {
        let (slope, least) = (
            random.random_range(-0.5..=0.5f32),
            random.random_range(0.4..=0.8f32),
        );
        if amount <= 0.0 {
            return Change::Nothing;
        }
        Change::values(move |image| {
            // Denser above, where things are further away.
            veil(image, COLOUR, |x, y| {
                let away = (0.5 - 0.5 * y + slope * x).clamp(0.0, 1.0);
                amount * (least + (1.0 - least) * away)
            });
        })
    }
}
