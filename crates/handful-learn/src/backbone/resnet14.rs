//! ResNet-14 for images of 32 to 64 px that a network is trained on from nothing, in three widths.
//!
//! The residual networks of `resnet` with what small images need: a stem of 3×3 that leaves every pixel, no pooling, and one
//! block less in the outer two stages. Recipe A3 asks for 8 to 14 layers, no pooling at 32 px and 20 to 100 million
//! multiply-accumulates: width 16 has that from 32 to 64 px, width 32 at 32 px; width 64, as wide as ResNet-18, is for those
//! who have the time.
//!
//! Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep residual learning for image recognition" (CVPR 2016), section 4.2, for the
//! stem. There three stages of n blocks follow, and a shortcut pads with zeros; here it is the projection of our other
//! residual networks. There are no published weights to be equal to, and pixels are normalised as for those.

use super::plan::Plan;
use super::resnet::{Variant, even};

/// Channels of the stem by the name of the architecture: a file is recognised by its shapes, so that there are few.
const WIDTHS: [(&str, usize); 3] = [("resnet14", 16), ("resnet14w32", 32), ("resnet14w64", 64)];

/// All members, narrow to wide.
pub(super) fn plans() -> Vec<Plan> {
    let variant = |(name, width)| Variant {
        name,
        trained_px: 32,
        stem: even(3, 1),
        pool: None,
        width,
        blocks: [1, 2, 2, 1],
        has_bottlenecks: false,
    };
    WIDTHS.map(|member| variant(member).plan()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_halves_the_sides_and_doubles_the_channels() {
        let stages = plans()[0].stages();
        let found: Vec<(&str, usize, usize)> = stages
            .iter()
            .map(|s| (&s.name[..], s.channels, s.stride))
            .collect();
        let expected = [
            ("stem", 16, 1),
            ("layer1", 16, 1),
            ("layer2", 32, 2),
            ("layer3", 64, 4),
            ("layer4", 128, 8),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn cost_grows_with_the_square_of_the_width() {
        // By hand, width w at 32 px: the stem 3·9·w·32², the stages (18·32² + 128·16² + 512·8² + 896·4²)·w².
        for (plan, at_32, at_64) in [
            (&plans()[0], 25.6, 102.4),
            (&plans()[1], 101.5, 406.2),
            (&plans()[2], 404.4, 1617.7),
        ] {
            for (size_px, expected) in [(32, at_32), (64, at_64)] {
                let macs = plan.mega_macs(size_px, 4);
                assert!(
                    (macs - expected).abs() < 0.05,
                    "{} at {size_px} px: {macs}",
                    plan.name
                );
            }
        }
    }

    #[test]
    fn there_are_fourteen_layers_with_the_classifier() {
        let tensors = plans()[0].tensors();
        let is_main = |(name, shape): &&(String, Vec<usize>)| {
            shape.len() == 4 && !name.contains("downsample")
        };
        assert_eq!(tensors.iter().filter(is_main).count() + 1, 14);
    }
}
