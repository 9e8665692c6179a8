//! Would a network do that starts from nothing? It is the control for all that pretraining gives. It can win with many thousand small
//! pictures, and is tried where it is asked for: hundreds of epochs are no matter of minutes.
//!
//! Source: L. Brigato et al., "Image classification with small datasets: overview and benchmark" (IEEE Access 2022): plain
//! cross-entropy does as well as nearly all special methods where the rate is small and the weight decay large; recipe A3.

use handful_learn::backbone::Precision;
use handful_learn::train::{Norms, Optimiser, Recipe, Trains};

use super::proposals::{self, Proposed, Strategy, Wishes};
use crate::exit::{self, Failure};
use crate::workflow::labelled::Labelled;

/// 14 layers, 26 million multiply-accumulates at 32 px and 102 at 64.
pub const NETWORK: &str = "resnet14";
/// Sides of the images: of small pictures, and of all others.
const SMALL_PX: usize = 32;
const LARGE_PX: usize = 64;
/// Pictures whose short side is at most so long, in the median, are small.
const SMALL_UP_TO_PX: usize = 48;
/// Images a step, and from how many photos on more.
const BATCH: usize = 10;
const LARGE_BATCH: usize = 32;
const MANY_PHOTOS: usize = 1_000;
/// Rates that are tried, for an image a step: 0.015 and 0.05 with ten. On 50 photos a class of `cifar10` they were better than 0.005.
const RATES_PER_IMAGE: [f64; 2] = [1.5e-3, 5e-3];
/// As a share of the rate, and not a part of the gradient: with a momentum of 0.9 this is ten times what others write.
const WEIGHT_DECAY: f64 = 0.05;
const MOMENTUM: f64 = 0.9;
/// Share of a batch's statistics in those that the norms learn, as in PyTorch.
const NORM_MOMENTUM: f64 = 0.1;
/// How often each photo is learned from.
const EPOCHS: f64 = 200.0;
/// Share of the steps in which the rate rises.
const WARM_UP: f64 = 0.05;
/// A network from nothing for these photos, where that is asked for: it takes longer than all the rest together.
///
/// `short_side_px` is the photos' own, in the median; `size_px` what the person asked for.
///
/// # Errors
/// When so many steps are wished for that nobody could wait for them, or the photos do not fit into memory.
pub fn scratch(
    photos: &Labelled,
    short_side_px: usize,
    size_px: Option<usize>,
    precision: Precision,
    wishes: &Wishes,
) -> Result<Option<Proposed>, Failure> {
    if wishes.strategy != Strategy::Scratch {
        return Ok(None);
    }
    let usual = match short_side_px <= SMALL_UP_TO_PX {
        true => SMALL_PX,
        false => LARGE_PX,
    };
    let size_px = size_px.unwrap_or(usual);
    if !proposals::fit_into_memory(photos.len(), size_px) {
        return Err(
            Failure::new(exit::USAGE, "a network can't be trained on them")
                .found(proposals::TOO_MANY)
                .advice("give a smaller `--imgsz`"),
        );
    }
    let recipes = recipes(photos.len(), precision, wishes);
    for recipe in &recipes {
        recipe.check().map_err(proposals::out_of_range)?;
    }
    Ok(Some(Proposed {
        policies: Vec::new(),
        scratch: Some(NETWORK.to_owned()),
        size_px,
        recipes,
        chosen: None,
    }))
}

fn recipes(n_photos: usize, precision: Precision, wishes: &Wishes) -> Vec<Recipe> {
    let usual = if n_photos < MANY_PHOTOS {
        BATCH
    } else {
        LARGE_BATCH
    };
    if let Some(recipe) = &wishes.recipe {
        return recipe.training.iter().cloned().collect();
    }
    let batch = wishes.batch.unwrap_or(usual).min(n_photos).max(2);
    let epochs = wishes.epochs.unwrap_or(EPOCHS);
    let steps = ((epochs * n_photos as f64 / batch as f64).ceil() as usize).max(1);
    let rates = match wishes.learning_rate {
        Some(rate) => vec![rate],
        None => RATES_PER_IMAGE.map(|rate| rate * batch as f64).to_vec(),
    };
    let recipe = |rate: f64| Recipe {
        norms: Norms::Batch {
            momentum: NORM_MOMENTUM,
        },
        optimiser: Optimiser::Sgd { momentum: MOMENTUM },
        weight_decay: WEIGHT_DECAY,
        warm_up: WARM_UP,
        views: 0,
        precision,
        patience: wishes.patience,
        ..Recipe::new(Trains::All, rate, steps, batch)
    };
    rates.into_iter().map(recipe).collect()
}

#[cfg(test)]
mod tests {
    use handful_image::Geometry;

    use super::*;
    use crate::workflow::plan::CandidatePlan;
    use crate::workflow::recipe_file::RecipeFile;
    use handful_learn::Backbone;

    fn photos(of_a_class: usize) -> Labelled {
        let labels: Vec<usize> = (0..10 * of_a_class).map(|i| i % 10).collect();
        Labelled {
            rows: (0..labels.len()).collect(),
            groups: (0..labels.len()).collect(),
            units: (0..labels.len()).collect(),
            labels,
            n_classes: 10,
        }
    }

    #[test]
    fn nobody_waits_for_it_unasked() {
        let auto = Wishes::default();
        assert_eq!(
            scratch(&photos(500), 32, None, Precision::Float32, &auto).unwrap(),
            None
        );
        let asked = Wishes {
            strategy: Strategy::Scratch,
            ..Wishes::default()
        };
        let too_large =
            scratch(&photos(500), 32, Some(1024), Precision::Float32, &asked).unwrap_err();
        assert_eq!(too_large.code, exit::USAGE);
    }

    #[test]
    fn small_pictures_stay_small_and_wishes_are_kept() {
        let asked = Wishes {
            strategy: Strategy::Scratch,
            ..Wishes::default()
        };
        let of = |short_px, size_px| {
            let proposed = scratch(&photos(20), short_px, size_px, Precision::Float32, &asked);
            proposed.unwrap().expect("it was asked for")
        };
        assert_eq!(of(32, None).size_px, 32);
        assert_eq!(of(152, None).size_px, 64);
        assert_eq!(of(152, Some(96)).size_px, 96);
        let two = of(32, None).recipes;
        assert_eq!((two.len(), two[0].steps, two[0].batch), (2, 4_000, 10));
        assert!(two.iter().all(|recipe| recipe.check().is_ok()));
        let network = Backbone::untrained(NETWORK, 1).unwrap();
        let plan = CandidatePlan {
            scratch: Some(NETWORK.into()),
            ..CandidatePlan::trained(48, &network, &two[1])
        };
        let given = Wishes {
            recipe: Some(RecipeFile::of(&plan, "another", Geometry::Pad)),
            ..asked
        };
        let given = scratch(&photos(20), 32, Some(48), Precision::Float32, &given).unwrap();
        let given = given.expect("it was asked for");
        assert_eq!((given.size_px, given.recipes), (48, vec![two[1].clone()]));
    }
}
