//! `--views`: several looks at each photo in a prediction, of which the mean counts (test-time augmentation).

use handful_learn::Bundle;
use handful_learn::features::Views;

use crate::events::Events;

/// How often a prediction looks at each photo.
#[derive(Debug, clap::Args)]
pub struct ViewFlags {
    /// Look at several views of each photo and say what their mean shows; the time grows with their number [default: the views that the
    /// model was made for]
    #[arg(long, value_enum, value_name = "VIEWS")]
    views: Option<Named>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Named {
    /// The photo alone
    AsIs,
    /// The photo and its mirror image: only where left and right mean nothing
    Mirrored,
    /// The photo and five windows of it, in the corners and in the middle
    Windows,
}

impl ViewFlags {
    /// Lets a model look so, and says what that does to its probabilities.
    pub fn apply(&self, model: &mut Bundle, events: &Events) {
        let Some(named) = self.views else {
            return;
        };
        let views = match named {
            Named::AsIs => Views::AsIs,
            Named::Mirrored => Views::Mirrored,
            Named::Windows => Views::Windows,
        };
        let mut changes = false;
        for member in &mut model.members {
            changes |= member.views != views;
            member.views = views;
        }
        if changes {
            events.remark(
                "the model was not made for these views: its probabilities and sets are calibrated for others, and what `handful eval` finds with them counts",
            );
        }
    }
}
