//! Which trainings are worth trying? By the number of photos a class has, and by what they cost (small-data.md A2).

use handful_learn::train::{Recipe, Squares, Trains};
use handful_learn::{Backbone, LearnError};

use handful_expand::{Caps, Policy};

use crate::events::Events;
use crate::exit::{self, Failure};
use crate::workflow::augment::policies::{self, Augment, Overruled};
use crate::workflow::labelled::Labelled;
use crate::workflow::plan::{Lead, Plan};
use crate::workflow::recipe_file::RecipeFile;

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
    /// A small network from nothing, whatever it takes; frozen features stand beside it.
    Scratch,
}

/// What the person wants of trainings; whatever is not said is chosen.
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
    /// What makes views of the photos.
    pub augment: Augment,
    /// Which operations act although the photos don't bear them.
    pub overruled: Overruled,
    /// The one recipe that is tried, whatever else is wished.
    pub recipe: Option<RecipeFile>,
}

/// The most that `--epochs` can be: far more than anything learns from.
const MOST_EPOCHS: f64 = 1e4;

impl Wishes {
    /// Compares what was said with its range, before anything runs.
    ///
    /// # Errors
    /// With the first wish that can't be fulfilled.
    pub fn check(&self) -> Result<(), Failure> {
        if let Some(epochs) = self.epochs.filter(|epochs| *epochs > MOST_EPOCHS) {
            return Err(out_of_range(LearnError::Recipe {
                name: "epochs",
                found: epochs.to_string(),
                range: format!("up to {MOST_EPOCHS}"),
            }));
        }
        let recipe = Recipe {
            patience: self.patience,
            ..Recipe::new(
                self.trains.unwrap_or(Trains::All),
                self.learning_rate.unwrap_or(RATES[0]),
                1,
                self.batch.unwrap_or(BATCH),
            )
        };
        recipe.check().map_err(out_of_range)
    }
}

/// What the person is told of a number of a recipe that can't be used: by the option that it comes from.
pub(super) fn out_of_range(error: LearnError) -> Failure {
    let LearnError::Recipe { name, found, range } = error else {
        return error.into();
    };
    let option = match name {
        "learning_rate" => "--lr",
        "batch" => "--batch",
        "patience" => "--patience",
        "epochs" | "steps" => "--epochs",
        other => other,
    };
    Failure::new(exit::USAGE, format!("`{option}` is {found}"))
        .found(format!("it can be {range}"))
        .advice(format!(
            "give a number in that range, or leave `{option}` out"
        ))
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

/// What is to be tried with one network.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposed {
    /// The architecture that starts from nothing; none: the run's backbone.
    pub scratch: Option<String>,
    /// Side of the images, in pixels.
    pub size_px: usize,
    /// Recipes, cheapest first; at least one.
    pub recipes: Vec<Recipe>,
    /// By what views are made beside windows, mildest first.
    pub policies: Vec<Policy>,
    /// Where they were chosen before and all of them go all the way: which of them stands for all, and why.
    pub chosen: Option<Vec<Option<Lead>>>,
}

impl Proposed {
    /// Fine-tuning for these photos, if any; each recipe is trained `n_fits` times. `sizes_px` are the sides at which there are features, best first:
    /// the first at which more than the last stages can be trained in time is taken, because depth is worth more than pixels.
    ///
    /// # Errors
    /// When so many steps are wished for that nobody could wait for them.
    pub fn fine_tuning(
        photos: &Labelled,
        backbone: &Backbone,
        sizes_px: &[usize],
        n_fits: usize,
        wishes: &Wishes,
        events: &Events,
    ) -> Result<Option<Proposed>, Failure> {
        if matches!(wishes.strategy, Strategy::Frozen | Strategy::Scratch) {
            return Ok(None);
        }
        let at = |&size_px: &usize| Proposed {
            scratch: None,
            size_px,
            recipes: proposals(photos, backbone, size_px, n_fits, wishes),
            policies: Vec::new(),
            chosen: None,
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
            return Ok(None);
        };
        for recipe in &proposed.recipes {
            recipe.check().map_err(out_of_range)?;
        }
        if !fit_into_memory(photos.len(), proposed.size_px) {
            events.remark(format!("fine-tuning is left out: {TOO_MANY}"));
            return Ok(None);
        }
        Ok(Some(proposed.clone()))
    }

    /// The same with views made as wished, as far as `caps` allow it.
    pub fn augmented(self, photos: &Labelled, caps: &Caps, wishes: &Wishes) -> Proposed {
        let caps = wishes.overruled.lift(caps);
        match &wishes.augment {
            Augment::Windows => self,
            Augment::Fitted if !policies::can_tell(photos) => self,
            Augment::Fitted => Proposed {
                policies: policies::fitted(&caps),
                ..self
            },
            Augment::By(policy) => {
                let within = policy.within(&caps);
                let by = |recipe: Recipe| Recipe {
                    policy: Some(within.clone()),
                    ..recipe
                };
                Proposed {
                    recipes: self.recipes.into_iter().map(by).collect(),
                    ..self
                }
            }
        }
    }

    /// What an earlier run trained on all folds, network by network.
    pub fn repeated(plan: &Plan) -> Vec<Proposed> {
        let mut all: Vec<Proposed> = Vec::new();
        for candidate in plan.candidates.iter().filter(|c| c.beside.is_none()) {
            let Some(recipe) = candidate.tune.clone() else {
                continue;
            };
            let (scratch, size_px) = (&candidate.scratch, candidate.size_px);
            let place = all.iter().position(|p| p.scratch == *scratch);
            let place = place.unwrap_or_else(|| {
                all.push(Proposed {
                    scratch: scratch.clone(),
                    size_px,
                    recipes: Vec::new(),
                    policies: Vec::new(),
                    chosen: Some(Vec::new()),
                });
                all.len() - 1
            });
            let proposed = &mut all[place];
            proposed.recipes.push(recipe);
            proposed.chosen.get_or_insert_default().push(candidate.lead);
        }
        all
    }
}

/// Why photos that do not fit are not trained on.
pub(super) const TOO_MANY: &str = "so many photos of that size do not fit into memory";

/// Whether the pixels of so many photos can be held while networks are trained on them.
pub(super) fn fit_into_memory(n_photos: usize, size_px: usize) -> bool {
    n_photos * Squares::bytes(size_px) <= MOST_BYTES
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
    if let Some(recipe) = &wishes.recipe {
        return recipe.training.iter().cloned().collect();
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
    let batch = wishes.batch.unwrap_or(largest).min(n.max(1));
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
    let whole = backbone.cost(size_px).mega_macs;
    let prefix = prefix_mega_macs(recipe, backbone, size_px);
    let learning = training_mega_macs(recipe, whole - prefix);
    // Held-out photos, a fifth, by five shares of the weights, and in the looks before; as many of the learned ones in the looks.
    let seen = (n_photos as f64 / 5.0) * (5.0 + 2.0 * LOOKS as f64) * (whole - prefix);
    learning + seen
}

/// About how much work the steps of one training are, where an image takes `learning` on its way through the part that learns.
pub fn training_mega_macs(recipe: &Recipe, learning: f64) -> f64 {
    let images = (recipe.steps * recipe.batch * recipe.accumulate) as f64;
    images * recipe.pixel_share() * OF_A_STEP * learning
}

/// What the stages that a recipe leaves frozen take for one image.
pub fn prefix_mega_macs(recipe: &Recipe, backbone: &Backbone, size_px: usize) -> f64 {
    match recipe.trains.cut(backbone).checked_sub(1) {
        None => 0.0,
        Some(last) => {
            let name = backbone.stages[last].name.clone();
            backbone.cost_through(size_px, &[name]).mega_macs
        }
    }
}

/// The middle one of those that are not 0.
pub fn median(counts: &[usize]) -> usize {
    let mut counts: Vec<usize> = counts.iter().copied().filter(|c| *c > 0).collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use handful_image::Geometry;

    use super::*;
    use crate::workflow::plan::CandidatePlan;

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
    }

    #[test]
    fn a_plan_is_repeated_network_by_network() {
        let network = Backbone::untrained("resnet14", 1).unwrap();
        let of = |rate: f64, scratch: Option<&str>, lead: Option<Lead>| CandidatePlan {
            scratch: scratch.map(str::to_owned),
            lead,
            ..CandidatePlan::trained(64, &network, &Recipe::new(Trains::All, rate, 10, 8))
        };
        let plan = Plan {
            schema: 1,
            version: String::new(),
            seed: 0,
            folds: 5,
            repeats: 1,
            backbone: String::new(),
            precision: Default::default(),
            geometry: Geometry::CenterCrop,
            curve: true,
            look_px: None,
            candidates: vec![
                of(1.0, None, None),
                of(2.0, Some("resnet14"), None),
                of(3.0, None, Some(Lead::FirstFold)),
            ],
        };
        let [tuned, scratch] = &Proposed::repeated(&plan)[..] else {
            panic!("two networks")
        };
        let leads = |p: &Proposed| p.chosen.clone().unwrap();
        assert_eq!(leads(tuned), [None, Some(Lead::FirstFold)]);
        // Where the one that stood for all was left out, nobody does.
        assert_eq!(leads(scratch), [None]);
        assert_eq!(scratch.scratch.as_deref(), Some("resnet14"));
    }

    #[test]
    fn a_policy_that_changes_nothing_is_taken_at_its_word() {
        let proposed = || Proposed {
            scratch: None,
            size_px: 96,
            recipes: vec![Recipe::new(Trains::All, 1e-3, 10, 8)],
            policies: Vec::new(),
            chosen: None,
        };
        let by = |augment: Augment| {
            let wishes = Wishes {
                augment,
                ..Wishes::default()
            };
            let augmented = proposed().augmented(&photos(200), &Caps::new(), &wishes);
            augmented.recipes[0].policy.clone()
        };
        assert_eq!(by(Augment::By(Policy::none())), Some(Policy::none()));
        assert_eq!(by(Augment::Windows), None);
        assert_eq!(by(Augment::Fitted), None);
    }

    #[test]
    fn a_rate_out_of_range_is_told_before_anything_runs() {
        let lr = |rate| Wishes {
            learning_rate: Some(rate),
            ..Wishes::default()
        };
        assert_eq!(lr(1.0).check(), Ok(()));
        let epochs = Wishes {
            epochs: Some(1e9),
            ..Wishes::default()
        };
        for (wishes, option) in [(lr(20.0), "`--lr`"), (epochs, "`--epochs`")] {
            let failure = wishes.check().unwrap_err();
            assert_eq!(failure.code, exit::USAGE);
            assert!(failure.what.contains(option), "{failure}");
        }
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
            ..Wishes::default()
        };
        let asked = proposals(&photos(100), &backbone, 300, 10, &wishes);
        let [recipe] = &asked[..] else {
            panic!("{asked:?}")
        };
        assert_eq!((recipe.steps, recipe.batch), (60, 10));
        assert_eq!((recipe.trains, recipe.learning_rate), (Trains::All, 5e-4));
        let recipe = Recipe::new(Trains::Norms, 7e-4, 11, 4);
        let plan = CandidatePlan::trained(300, &backbone, &recipe);
        let file = RecipeFile::of(&plan, "efficientnet_lite0", Geometry::Pad);
        let wishes = Wishes {
            recipe: Some(file),
            ..wishes
        };
        let given = proposals(&photos(100), &backbone, 300, 10, &wishes);
        assert_eq!(given, [recipe]);
    }
}
