//! Which trainings are worth trying? By the number of photos a class has, and by what they cost (small-data.md A2).

use handful_learn::Backbone;
use handful_learn::train::{Recipe, Squares, Trains};

use crate::events::Events;
use crate::workflow::labelled::Labelled;
use crate::workflow::plan::Plan;

/// What `train` tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// Frozen features, and fine-tuning where there are enough photos for it and it does not take too long.
    #[default]
    Auto,
    /// Frozen features alone.
    Frozen,
    /// Fine-tuning whatever it takes; frozen features stand beside it.
    FineTune,
}

/// What the person wants of fine-tuning; whatever is not said is chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// What is tried at all.
    pub strategy: Strategy,
    /// How often each photo is learned from.
    pub epochs: Option<f64>,
    /// Learning rate.
    pub learning_rate: Option<f64>,
    /// Images a step.
    pub batch: Option<usize>,
    /// Which part learns.
    pub trains: Option<Trains>,
    /// Epochs without progress on an inner split after which a training stops.
    pub patience: Option<usize>,
}

/// Photos of a class, in the median, below which nothing but the head is trained: with so few, trainings differ more by luck than by
/// recipe.
const FEWEST_OF_A_CLASS: usize = 5;
/// Work on all folds that is done without being asked for, in millions of multiply-accumulates: some ten minutes on two cores.
pub const PATIENCE_MEGA_MACS: f64 = 1.5e7;
/// Rates that are tried: small-data.md A16 found the best of each set among them.
const RATES: [f64; 2] = [3e-4, 1e-3];
/// Memory for the photos' pixels.
const MOST_BYTES: usize = 4 << 30;
const BATCH: usize = 32;
const SMALLEST_BATCH: usize = 8;
/// A backward pass costs two forward ones.
const OF_A_STEP: f64 = 3.0;
/// Looks at a training while it runs; the first is before it begins.
pub const LOOKS: usize = 9;

/// What is to be tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposed {
    /// Side of the images, in pixels.
    pub size_px: usize,
    /// Recipes, cheapest first.
    pub recipes: Vec<Recipe>,
    /// Whether they were chosen before, and all of them go all the way.
    pub settled: bool,
}

impl Proposed {
    /// Recipes for these photos; each is trained `n_fits` times. `sizes_px` are the sides at which there are features, best first:
    /// the first at which more than the last stages can be trained in time is taken, because depth is worth more than pixels.
    pub fn of(
        photos: &Labelled,
        backbone: &Backbone,
        sizes_px: &[usize],
        n_fits: usize,
        wishes: &Wishes,
        events: &Events,
    ) -> Proposed {
        let at = |&size_px: &usize| Proposed {
            size_px,
            recipes: proposals(photos, backbone, size_px, n_fits, wishes),
            settled: false,
        };
        let goes_deep = |p: &Proposed| p.recipes.iter().any(|r| r.trains != Trains::Last);
        let all: Vec<Proposed> = sizes_px.iter().map(at).collect();
        let has_recipes = |p: &&Proposed| !p.recipes.is_empty();
        let deep = all.iter().find(|p| goes_deep(p));
        let Some(proposed) = deep.or_else(|| all.iter().find(has_recipes)) else {
            let are_enough = median(&photos.class_counts()) >= FEWEST_OF_A_CLASS;
            if wishes.strategy == Strategy::Auto && are_enough {
                events.remark(
                    "fine-tuning is left out, because it would take long; `--strategy fine-tune` tries it",
                );
            }
            return Proposed::default();
        };
        let why_not = if photos.len() * Squares::bytes(proposed.size_px) > MOST_BYTES {
            "so many photos of that size do not fit into memory"
        } else {
            return proposed.clone();
        };
        events.remark(format!("fine-tuning is left out: {why_not}"));
        Proposed::default()
    }

    /// What an earlier run trained on all folds.
    pub fn repeated(plan: &Plan) -> Proposed {
        let tuned = plan
            .candidates
            .iter()
            .filter_map(|c| Some((c.size_px, c.tune.clone()?)));
        let (sizes, recipes): (Vec<usize>, Vec<Recipe>) = tuned.unzip();
        Proposed {
            size_px: sizes.first().copied().unwrap_or_default(),
            recipes,
            settled: true,
        }
    }
}

/// Recipes to try on these photos, cheapest first, as far as their work is not too much.
///
/// `folds` is how many times each is trained; `size_px` the side of the images.
fn proposals(
    photos: &Labelled,
    backbone: &Backbone,
    size_px: usize,
    folds: usize,
    wishes: &Wishes,
) -> Vec<Recipe> {
    if wishes.strategy == Strategy::Frozen {
        return Vec::new();
    }
    let is_asked_for = wishes.strategy == Strategy::FineTune;
    let of_a_class = median(&photos.class_counts());
    if of_a_class < FEWEST_OF_A_CLASS && !is_asked_for {
        return Vec::new();
    }
    let parts = match (wishes.trains, of_a_class) {
        (Some(trains), _) => vec![trains],
        (None, 0..20) => vec![Trains::Last, Trains::LastTwo],
        (None, _) => vec![Trains::Last, Trains::LastTwo, Trains::All],
    };
    let rates = match wishes.learning_rate {
        Some(rate) => vec![rate],
        None => RATES.to_vec(),
    };
    let n = photos.len();
    let largest = (n / 4).clamp(SMALLEST_BATCH, BATCH).min(n.max(1));
    let batch = wishes.batch.unwrap_or(largest);
    let steps = match wishes.epochs {
        Some(epochs) => ((epochs * n as f64 / batch as f64).ceil() as usize).max(1),
        None => steps(of_a_class),
    };
    let mut recipes: Vec<Recipe> = Vec::new();
    for trains in parts {
        for &rate in &rates {
            let recipe = Recipe {
                patience: wishes.patience,
                precision: backbone.precision(),
                ..Recipe::new(trains, rate, steps, batch)
            };
            let all = mega_macs(&recipe, backbone, size_px, n) * folds as f64;
            if is_asked_for || all <= PATIENCE_MEGA_MACS {
                recipes.push(recipe);
            }
        }
    }
    recipes
}

/// Steps by photos of a class.
fn steps(of_a_class: usize) -> usize {
    match of_a_class {
        0..20 => 100,
        20..100 => 150,
        100..500 => 300,
        _ => 600,
    }
}

/// About how much work one training is, without the prefix that all trainings share, in millions of multiply-accumulates.
pub fn mega_macs(recipe: &Recipe, backbone: &Backbone, size_px: usize, n_photos: usize) -> f64 {
    let cut = recipe.trains.cut(backbone);
    let whole = backbone.cost(size_px).mega_macs;
    let prefix = prefix_mega_macs(backbone, cut, size_px);
    let images = (recipe.steps * recipe.batch * recipe.accumulate) as f64;
    let learning = images * OF_A_STEP * (whole - prefix);
    // Held-out photos, a fifth, by five shares of the weights, and in the looks before; as many of the learned ones in the looks.
    let seen = (n_photos as f64 / 5.0) * (5.0 + 2.0 * LOOKS as f64) * (whole - prefix);
    learning + seen
}

/// What the stages before `cut` take for one image.
pub fn prefix_mega_macs(backbone: &Backbone, cut: usize, size_px: usize) -> f64 {
    match cut.checked_sub(1) {
        None => 0.0,
        Some(last) => {
            let name = backbone.stages[last].name.clone();
            backbone.cost_through(size_px, &[name]).mega_macs
        }
    }
}

fn median(counts: &[usize]) -> usize {
    let mut counts: Vec<usize> = counts.iter().copied().filter(|c| *c > 0).collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photos(of_a_class: usize) -> Labelled {
        let labels: Vec<usize> = (0..3 * of_a_class).map(|i| i % 3).collect();
        Labelled {
            rows: (0..labels.len()).collect(),
            groups: (0..labels.len()).collect(),
            units: (0..labels.len()).collect(),
            labels,
            n_classes: 3,
        }
    }

    #[test]
    fn few_photos_are_not_tuned_on_unless_it_is_asked_for() {
        let backbone = Backbone::untrained("efficientnet_lite0", 1).unwrap();
        let of = |n: usize, wishes: &Wishes| proposals(&photos(n), &backbone, 96, 10, wishes);
        let auto = Wishes::default();
        assert!(of(4, &auto).is_empty());
        assert!(!of(10, &auto).is_empty());
        let asked = Wishes {
            strategy: Strategy::FineTune,
            ..Wishes::default()
        };
        assert!(!of(4, &asked).is_empty());
        let frozen = Wishes {
            strategy: Strategy::Frozen,
            ..Wishes::default()
        };
        assert!(of(100, &frozen).is_empty());
    }

    #[test]
    fn what_takes_too_long_is_left_out_and_wishes_are_kept() {
        let backbone = Backbone::untrained("efficientnet_lite0", 1).unwrap();
        let auto = proposals(&photos(100), &backbone, 300, 10, &Wishes::default());
        assert!(auto.iter().all(|r| r.trains == Trains::Last), "{auto:?}");
        let wishes = Wishes {
            strategy: Strategy::FineTune,
            epochs: Some(2.0),
            learning_rate: Some(5e-4),
            batch: Some(10),
            trains: Some(Trains::All),
            patience: None,
        };
        let asked = proposals(&photos(100), &backbone, 300, 10, &wishes);
        let [recipe] = &asked[..] else {
            panic!("{asked:?}")
        };
        assert_eq!((recipe.steps, recipe.batch), (60, 10));
        assert_eq!((recipe.trains, recipe.learning_rate), (Trains::All, 5e-4));
    }
}
