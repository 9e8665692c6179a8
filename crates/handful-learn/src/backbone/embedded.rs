//! The backbone that ships inside the program, so that nothing has to be downloaded.

use super::{Backbone, Card};
use crate::Weights;

/// What is embedded.
pub struct Embedded {
    /// Name of the architecture.
    pub name: &'static str,
    /// The safetensors bytes, as `cargo xtask weights` cut them.
    pub bytes: &'static [u8],
    /// What is known of its quality.
    pub quality: &'static str,
}

/// EfficientNet-Lite0 with its ImageNet weights.
pub static EMBEDDED: Embedded = Embedded {
    name: "efficientnet_lite0",
    bytes: include_bytes!("../../weights/efficientnet_lite0.safetensors"),
    quality: "ImageNet top-1 75.1 % at 224 px as published; on 1,000 ImageNet images, one a class and most probably \
        from its training, 88.8 % at 224 px, 80.5 % at 160, 65.9 % at 128",
};

impl Embedded {
    /// Loads it for frozen use.
    pub fn load(&self) -> Backbone {
        let weights =
            Weights::from_safetensors(self.bytes).expect("the embedded file is checked by a test");
        Backbone::load(&weights, self.card()).expect("the embedded file is checked by a test")
    }

    /// What is known about it; details in `weights/LICENSE-WEIGHTS`.
    pub fn card(&self) -> Card {
        Card {
            name: self.name.into(),
            provenance:
                "Google, TensorFlow EfficientNet-Lite, trained on ImageNet-1k; embedded in handful"
                    .into(),
            licence: "Apache-2.0 (see LICENSE-WEIGHTS on the training images)".into(),
        }
    }
}
