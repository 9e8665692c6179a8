//! Policies that everybody knows, with the numbers of their authors.

use super::{Choose, IDENTITY, Policy, Step, Use};
use crate::border::Border;
use crate::error::ExpandError;
use crate::resample::Interpolation;

/// All of them, the mildest first.
pub fn built_in() -> Vec<Policy> {
    vec![
        Policy::none(),
        safe(),
        usual(),
        fastai(),
        trivial_augment_wide(),
        rand_augment(),
    ]
}

/// The built-in policy of this name.
///
/// # Errors
/// [`ExpandError::Unknown`] with the names of all.
pub fn policy_named(name: &str) -> Result<Policy, ExpandError> {
    let all = built_in();
    let known: Vec<&str> = all.iter().map(|policy| policy.name.as_str()).collect();
    let known = known.join(", ");
    let found = all.into_iter().find(|policy| policy.name == name);
    found.ok_or_else(|| ExpandError::Unknown {
        what: "policy",
        name: name.into(),
        known,
    })
}

fn with(name: &str, p: f64, range: [f32; 2]) -> Use {
    Use {
        p,
        range: Some(range),
        ..Use::new(name)
    }
}

fn all_of(ops: Vec<Use>) -> Step {
    Step {
        choose: Choose::All,
        ops,
    }
}

fn flip() -> Use {
    Use {
        p: 0.5,
        ..Use::new("horizontal_flip")
    }
}

/// What hardly ever hurts: a crop of 70 % of the area and more, a flip, a fifth more or less light, contrast and colour (small-data.md 1.4, P1).
fn safe() -> Policy {
    Policy {
        name: "safe".into(),
        steps: vec![all_of(vec![
            with("crop", 1.0, [0.0, 0.3]),
            flip(),
            with("brightness", 1.0, [0.8, 1.2]),
            with("contrast", 1.0, [0.8, 1.2]),
            with("saturation", 1.0, [0.8, 1.2]),
        ])],
        ..Policy::none()
    }
}

/// What most tutorials do: a flip, a turn by up to 15 degrees, colours by a fifth.
fn usual() -> Policy {
    Policy {
        name: "usual".into(),
        steps: vec![all_of(vec![
            flip(),
            with("rotation", 1.0, [-15.0, 15.0]),
            with("brightness", 1.0, [0.8, 1.2]),
            with("contrast", 1.0, [0.8, 1.2]),
            with("saturation", 1.0, [0.8, 1.2]),
        ])],
        ..Policy::none()
    }
}

/// `aug_transforms()` of fastai 2: each kind of change in three of four pictures, reflected beyond the edge. Its warp of 0.2 tilts along
/// one axis at a time; here corners move each for itself.
fn fastai() -> Policy {
    const P: f64 = 0.75;
    Policy {
        name: "fastai".into(),
        steps: vec![all_of(vec![
            flip(),
            with("rotation", P, [-10.0, 10.0]),
            with("zoom", P, [1.0, 1.1]),
            with("perspective", P, [0.0, 0.2]),
            with("brightness", P, [0.8, 1.2]),
            with("contrast", P, [0.8, 1.25]),
        ])],
        ..Policy::none()
    }
}

/// One of 14 operations at one of 31 strengths, black beyond the edge and without values between pixels, as torchvision's default. It
/// shifts by 32 pixels whatever the size, half of a small picture: here by 0.14 of the side, which is 32 of 224 (small-data.md A12).
///
/// Source: S. Müller, F. Hutter, "TrivialAugment" (ICCV 2021), table 1, wide.
fn trivial_augment_wide() -> Policy {
    const SHIFT: f32 = 0.14;
    let ops = vec![
        Use::new(IDENTITY),
        with("shear_x", 1.0, [-0.99, 0.99]),
        with("shear_y", 1.0, [-0.99, 0.99]),
        with("translate_x", 1.0, [-SHIFT, SHIFT]),
        with("translate_y", 1.0, [-SHIFT, SHIFT]),
        with("rotation", 1.0, [-135.0, 135.0]),
        with("brightness", 1.0, [0.01, 1.99]),
        with("saturation", 1.0, [0.01, 1.99]),
        with("contrast", 1.0, [0.01, 1.99]),
        with("sharpness", 1.0, [0.01, 1.99]),
        with("posterize", 1.0, [2.0, 8.0]),
        with("solarize", 1.0, [0.0, 256.0]),
        Use::new("autocontrast"),
        Use::new("equalize"),
    ];
    let in_levels = |used: Use| Use {
        levels: Some(31),
        ..used
    };
    Policy {
        name: "trivial_augment_wide".into(),
        border: Border::Colour([0; 3]),
        interpolation: Interpolation::Nearest,
        steps: vec![Step {
            choose: Choose::Some(1),
            ops: ops.into_iter().map(in_levels).collect(),
        }],
    }
}

/// Two of 14 operations at level 9 of 30, with torchvision's ranges and defaults.
///
/// Source: E. Cubuk et al., "RandAugment" (NeurIPS 2020).
fn rand_augment() -> Policy {
    const LEVEL: f32 = 9.0 / 30.0;
    let (shear, shift, turn, factor) = (0.3 * LEVEL, 0.453 * LEVEL, 30.0 * LEVEL, 0.9 * LEVEL);
    let factors = [1.0 - factor, 1.0 + factor];
    let ops = vec![
        Use::new(IDENTITY),
        with("shear_x", 1.0, [-shear, shear]),
        with("shear_y", 1.0, [-shear, shear]),
        with("translate_x", 1.0, [-shift, shift]),
        with("translate_y", 1.0, [-shift, shift]),
        with("rotation", 1.0, [-turn, turn]),
        with("brightness", 1.0, factors),
        with("saturation", 1.0, factors),
        with("contrast", 1.0, factors),
        with("sharpness", 1.0, factors),
        // 8 − round(9 / (30 / 4)) bits.
        with("posterize", 1.0, [7.0, 8.0]),
        with("solarize", 1.0, [(255.0 * (1.0 - LEVEL)).round(), 256.0]),
        Use::new("autocontrast"),
        Use::new("equalize"),
    ];
    let at_level = |used: Use| Use {
        levels: Some(1),
        ..used
    };
    Policy {
        name: "rand_augment".into(),
        border: Border::Colour([0; 3]),
        interpolation: Interpolation::Nearest,
        steps: vec![Step {
            choose: Choose::Some(2),
            ops: ops.into_iter().map(at_level).collect(),
        }],
    }
}
