//! `recipe.toml`: how the model of a run was made, for people to read, to change and to train with.
//!
//! A plan repeats a run on the same photos with the same weights; a recipe is one training, for any photos.

use std::path::Path;

use handful_image::Geometry;
use handful_learn::train::Recipe;
use handful_learn::{Backbone, LearnError};
use serde::{Deserialize, Serialize};

use super::plan::CandidatePlan;
use super::tuning::Strategy;
use super::tuning::scratch::NETWORK;
use crate::exit::{self, Failure};

/// Its name in the folder of a run.
pub const NAME: &str = "recipe.toml";
/// Version of the file; a newer one is refused.
pub const SCHEMA: u32 = 1;

/// What becomes of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// It stays as it is, and a head is fitted on its features.
    Frozen,
    /// A part of it is trained, from a logistic head on its last stage.
    FineTune,
    /// All of it is trained, from nothing.
    Scratch,
}

/// How a model is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecipeFile {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// What becomes of the network.
    pub strategy: Way,
    /// Architecture of the network.
    pub backbone: String,
    /// How photos become squares.
    pub geometry: Geometry,
    /// Their side, in pixels.
    #[serde(rename = "size_px")]
    pub size_px: usize,
    /// Of a frozen network: stages whose spatial means are the features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stages: Option<Vec<String>>,
    /// Of a frozen network: the head on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Of a network that is trained: how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Recipe>,
}

/// What the keys mean, as it stands behind them.
const REMARKS: &[(&str, &str)] = &[
    (
        "strategy",
        "what becomes of the network: frozen, fine-tune or scratch",
    ),
    (
        "geometry",
        "how photos become squares: center-crop, squash or pad",
    ),
    ("size_px", "side of the images, 32 to 1024"),
    ("stages", "their spatial means are the features"),
    ("head", "fitted on the features"),
    (
        "trains",
        "what learns: norms, last, last-2, all or { from = 3 }",
    ),
    (
        "norms",
        "statistics of norms: frozen, re-estimated (of these photos) or { batch = { momentum = 0.1 } }",
    ),
    ("optimiser", "adamw or { sgd = { momentum = 0.9 } }"),
    ("learning_rate", "at its highest, after the warm-up"),
    ("schedule", "instead of a warm-up and a cosine"),
    (
        "level_decay",
        "what the rate is multiplied with for each finer resolution, 0 to 1",
    ),
    ("steps", "how often weights move"),
    ("batch", "images a step"),
    ("accumulate", "batches whose gradients make one step"),
    (
        "warm_up",
        "share of the steps in which the rate rises, 0 to 1",
    ),
    (
        "weight_decay",
        "pull of all weights towards zero, as a share of the rate",
    ),
    (
        "pull",
        "pull of pretrained weights towards where they started, as a share of the rate",
    ),
    ("clip", "largest norm of all gradients together"),
    (
        "precision",
        "numbers of maps and weights in a step: float32 or bfloat16",
    ),
    (
        "coarse",
        "a first share of the steps on images with a share of the side",
    ),
    (
        "label_smoothing",
        "share of each target that is spread over all classes, 0 to 0.5",
    ),
    (
        "balance",
        "classes of unequal size: none, class-weights or logit-adjustment",
    ),
    (
        "average",
        "whether the model is the moving average of the weights",
    ),
    (
        "views",
        "views of a photo that are kept of a frozen part; 0: new ones in each step",
    ),
    (
        "patience",
        "epochs without progress after which it stops; without this line never",
    ),
    ("gradual", "whether resolutions join one after the other"),
];

impl RecipeFile {
    /// How a candidate is made; `backbone` is the run's.
    pub fn of(chosen: &CandidatePlan, backbone: &str, geometry: Geometry) -> RecipeFile {
        let frozen = chosen.tune.is_none();
        RecipeFile {
            schema: SCHEMA,
            strategy: match (&chosen.tune, &chosen.scratch) {
                (None, _) => Way::Frozen,
                (Some(_), None) => Way::FineTune,
                (Some(_), Some(_)) => Way::Scratch,
            },
            backbone: chosen.scratch.as_deref().unwrap_or(backbone).to_owned(),
            geometry,
            size_px: chosen.size_px,
            stages: frozen.then(|| chosen.stages.clone()),
            head: frozen.then(|| chosen.head.clone()),
            training: chosen.tune.clone(),
        }
    }

    /// The file, with what its keys mean.
    pub fn to_toml(&self) -> String {
        let plain = toml::to_string(self).expect("plain data, tables last");
        let explained = |line: &str| {
            let key = line.split_once(" = ").map(|(key, _)| key);
            let remark = key.and_then(|key| REMARKS.iter().find(|(known, _)| *known == key));
            match remark {
                Some((_, remark)) => format!("{line}  # {remark}\n"),
                None => format!("{line}\n"),
            }
        };
        let lines: String = plain.lines().map(explained).collect();
        let use_it = match self.strategy {
            Way::Frozen => "Its network is frozen: `handful train --plan plan.json` repeats it.",
            Way::FineTune | Way::Scratch => {
                "`handful train PHOTOS --recipe recipe.toml` trains with it on any photos."
            }
        };
        format!("# How the model of this run was made. {use_it}\n{lines}")
    }

    /// Reads what a person may have changed, and checks every range.
    ///
    /// # Errors
    /// When the file can't be read, or holds what no recipe can: with the line.
    pub fn read(path: &Path) -> Result<RecipeFile, Failure> {
        let text = std::fs::read_to_string(path).map_err(|e| Failure::io("reading", path, &e))?;
        RecipeFile::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, name: &str) -> Result<RecipeFile, Failure> {
        let wrong = |line: Option<usize>, found: String, advice: &str| {
            let place = line.map_or(String::new(), |line| format!(", line {line},"));
            let what = format!("`{name}`{place} can't be used as a recipe");
            Failure::new(exit::NOT_WHAT_IT_CLAIMS, what)
                .found(found)
                .advice(advice)
        };
        let file: RecipeFile = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|span| line_at(text, span.start));
            // Its second line says what would fit, in many words.
            let found = e.message().replace('\n', "; ");
            wrong(line, found, "compare it with the `recipe.toml` of a run")
        })?;
        let at = |key: &str| line_of(text, key);
        if file.schema > SCHEMA {
            let found = format!("schema {}, this version reads up to {SCHEMA}", file.schema);
            return Err(wrong(at("schema"), found, "use the version that wrote it"));
        }
        if !(32..=1024).contains(&file.size_px) {
            let found = format!("`size_px` is {}; it can be 32 to 1024", file.size_px);
            return Err(wrong(at("size_px"), found, "write a number in this range"));
        }
        let is_frozen = file.strategy == Way::Frozen;
        for (key, is_there, belongs) in [
            ("stages", file.stages.is_some(), is_frozen),
            ("head", file.head.is_some(), is_frozen),
            ("[training]", file.training.is_some(), !is_frozen),
        ] {
            if is_there != belongs {
                let has = if is_there { "has" } else { "lacks" };
                let found = format!("it {has} `{key}`, which belongs to the other `strategy`");
                return Err(wrong(
                    at(if is_there { key } else { "strategy" }),
                    found,
                    "a frozen network has `stages` and `head`, one that is trained the table `[training]`",
                ));
            }
        }
        if let Some(Err(error)) = file.training.as_ref().map(Recipe::check) {
            let line = match &error {
                LearnError::Recipe { name, .. } => at(name),
                _ => None,
            };
            return Err(wrong(
                line,
                error.to_string(),
                "write a number in this range",
            ));
        }
        Ok(file)
    }

    /// What `train` is to try; `name` is the file's.
    ///
    /// # Errors
    /// Where the network is frozen, or where it is to start from nothing and is none that does.
    pub fn to_be_trained(&self, name: &Path) -> Result<Strategy, Failure> {
        let usage = |what: &str| Failure::new(exit::USAGE, format!("`{}` {what}", name.display()));
        match self.strategy {
            Way::FineTune => Ok(Strategy::FineTune),
            Way::Scratch if self.backbone == NETWORK => Ok(Strategy::Scratch),
            Way::Scratch => Err(usage("is for a network that can't start from nothing")
                .found(format!("`backbone` is {}", self.backbone))
                .advice(format!("write `backbone = \"{NETWORK}\"`"))),
            Way::Frozen => Err(usage("trains no network")
                .found("`strategy` is frozen: a head on frozen features")
                .advice(format!(
                    "`--strategy frozen --imgsz {}` compares such heads, `--plan` repeats a run",
                    self.size_px
                ))),
        }
    }

    /// Whether it is for this network, or needs none.
    ///
    /// # Errors
    /// Where it is for another one.
    pub fn check_backbone(&self, backbone: &Backbone) -> Result<(), Failure> {
        let name = &backbone.card.name;
        if self.backbone == *name || self.strategy == Way::Scratch {
            return Ok(());
        }
        let what = format!("the recipe is for `{}`, not for `{name}`", self.backbone);
        Err(Failure::new(exit::USAGE, what)
            .advice("give its weights with `--model`, or write another name into the recipe"))
    }
}

/// Number of the line, from 1 on, in which the byte at `place` is.
fn line_at(text: &str, place: usize) -> usize {
    let before = text.as_bytes().iter().take(place);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// The line of a key or of a table's header.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let is_it = |line: &str| {
        let line = line.trim();
        let rest = line.strip_prefix(key);
        // `momentum` stands inside of `{ sgd = { momentum = 0.9 } }` or as a line of its own.
        rest.is_some_and(|rest| rest.is_empty() || rest.trim_start().starts_with(['=', '#']))
            || line.contains(&format!("{{ {key} ="))
    };
    text.lines().position(is_it).map(|idx| idx + 1)
}

#[cfg(test)]
mod tests {
    use handful_learn::head::Ridge;
    use handful_learn::train::{Balance, Norms, Optimiser, Trains};

    use super::*;

    fn tuned() -> RecipeFile {
        let backbone = Backbone::untrained("efficientnet_lite0", 1).unwrap();
        let recipe = Recipe::new(Trains::LastTwo, 3e-4, 150, 32);
        let plan = CandidatePlan::trained(128, &backbone, &recipe);
        RecipeFile::of(&plan, "efficientnet_lite0", Geometry::Squash)
    }

    fn with(change: impl Fn(&mut Recipe)) -> RecipeFile {
        let mut file = tuned();
        change(file.training.as_mut().unwrap());
        file
    }

    #[test]
    fn a_recipe_survives_its_file() {
        let stages = ["blocks.4".to_owned(), "head".to_owned()];
        let frozen = CandidatePlan::frozen(160, &stages, &Ridge);
        let scratch = CandidatePlan {
            scratch: Some(NETWORK.into()),
            tune: tuned().training,
            ..frozen.clone()
        };
        for file in [
            tuned(),
            RecipeFile::of(&scratch, "resnet18", Geometry::CenterCrop),
            with(|recipe| {
                recipe.trains = Trains::From(3);
                recipe.optimiser = Optimiser::Sgd { momentum: 0.9 };
                recipe.norms = Norms::Batch { momentum: 0.1 };
                recipe.patience = Some(4);
                recipe.balance = Balance::LogitAdjustment;
                recipe.average = true;
            }),
            RecipeFile::of(&frozen, "resnet18", Geometry::Pad),
        ] {
            let text = file.to_toml();
            let back = RecipeFile::parse(&text, NAME).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert_eq!(back, file, "{text}");
        }
    }

    #[test]
    fn every_key_of_a_training_is_explained() {
        let all = with(|recipe| {
            recipe.norms = Norms::ReEstimated;
            recipe.patience = Some(4);
        });
        let text = all.to_toml();
        let table = text.split_once("[training]\n").expect("a table").1;
        assert!(table.lines().count() > 15, "{text}");
        for line in table.lines() {
            assert!(line.contains("  # "), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let text = tuned().to_toml();
        let line_of_key = |key: &str| 1 + text.lines().position(|l| l.starts_with(key)).unwrap();
        let cases = [
            ("warm_up = 0.25", "warm_up = 1.4", "warm_up", "0 to 1"),
            ("size_px = 128", "size_px = 8", "size_px", "32 to 1024"),
            ("views = 8", "vews = 8", "views", "unknown field `vews`"),
            (
                "steps = 150",
                "steps = \"many\"",
                "steps",
                "string \"many\"",
            ),
            ("batch = 32", "batch = ", "batch", ""),
            (
                "strategy = \"fine-tune\"",
                "strategy = \"frozen\"",
                "strategy",
                "lacks `stages`",
            ),
            (
                "geometry = \"squash\"",
                "head = \"ridge\"\ngeometry = \"squash\"",
                "geometry",
                "has `head`",
            ),
            ("schema = 1", "schema = 2", "schema", "schema 2"),
        ];
        for (right, wrong, key, found) in cases {
            assert!(text.contains(right), "{right}: {text}");
            let failure =
                RecipeFile::parse(&text.replacen(right, wrong, 1), "my.toml").unwrap_err();
            assert_eq!(failure.code, exit::NOT_WHAT_IT_CLAIMS);
            let place = format!("`my.toml`, line {},", line_of_key(key));
            assert!(failure.what.contains(&place), "{wrong}: {failure}");
            assert!(failure.found.as_ref().unwrap().contains(found), "{failure}");
            assert!(failure.advice.is_some());
        }
    }

    #[test]
    fn a_frozen_recipe_trains_no_network_and_says_so() {
        let frozen = CandidatePlan::frozen(160, &["head".to_owned()], &Ridge);
        let file = RecipeFile::of(&frozen, "resnet18", Geometry::Pad);
        let failure = file.to_be_trained(Path::new("recipe.toml")).unwrap_err();
        assert_eq!(failure.code, exit::USAGE);
        assert!(failure.advice.unwrap().contains("--strategy frozen"));
    }
}
