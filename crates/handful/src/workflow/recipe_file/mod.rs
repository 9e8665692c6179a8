//! `recipe.toml`: how the model of a run was made, for people to read, to change and to train with.
//!
//! A plan repeats a run on the same photos with the same weights; a recipe is one training, for any photos.

mod keys;

use std::path::Path;

use handful_image::Geometry;
use handful_learn::features::{Over, Views};
use handful_learn::train::{Recipe, Trains};
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
    /// Of a frozen network: which views of a photo its head learns from; the photo as it is where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views: Option<Views>,
    /// Of a frozen network: how it learns from them, and what it is asked about; their mean where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Over>,
    /// Of a network that is trained: how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Recipe>,
}

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
            views: (frozen && !chosen.views.is_as_is()).then_some(chosen.views),
            over: (frozen && !chosen.over.is_mean()).then_some(chosen.over),
            training: chosen.tune.clone(),
        }
    }

    /// The file, with what its keys mean.
    pub fn to_toml(&self) -> String {
        let plain = toml::to_string(self).expect("plain data, tables last");
        let lines = keys::explained(&plain);
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
            let line = e.span().map(|span| keys::line_at(text, span.start));
            // Its second line says what would fit, in many words.
            let found = e.message().replace('\n', "; ");
            wrong(line, found, "compare it with the `recipe.toml` of a run")
        })?;
        let at = |way: &str| keys::line_of(text, way);
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
            // Nothing said is the photo as it is.
            (
                "views",
                file.views.is_some(),
                file.views.is_some() && is_frozen,
            ),
            (
                "over",
                file.over.is_some(),
                file.over.is_some() && is_frozen,
            ),
            ("training", file.training.is_some(), !is_frozen),
        ] {
            if is_there != belongs {
                let (has, which) = match is_there {
                    true => ("has", "the other"),
                    false => ("lacks", "this"),
                };
                let found = format!("it {has} `{key}`, which belongs to {which} `strategy`");
                return Err(wrong(
                    at(if is_there { key } else { "strategy" }),
                    found,
                    "a frozen network has `stages` and `head`, one that is trained the table `[training]`",
                ));
            }
        }
        if let Some(Err(error)) = file.training.as_ref().map(Recipe::check) {
            let line = match &error {
                LearnError::Recipe { name, .. } => at(&keys::way_to(name)),
                _ => None,
            };
            return Err(wrong(
                line,
                error.to_string(),
                "write a number in this range",
            ));
        }
        let trains = file.training.as_ref().map(|training| training.trains);
        match (file.strategy, trains) {
            (Way::Scratch, Some(Trains::All | Trains::From(0))) => Ok(file),
            // The rest would stay as it was drawn.
            (Way::Scratch, Some(part)) => Err(wrong(
                at("training.trains"),
                format!(
                    "`trains` is {}; a network that starts from nothing has nothing to freeze",
                    part.name()
                ),
                "write `trains = \"all\"`",
            )),
            _ => Ok(file),
        }
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

#[cfg(test)]
mod tests {
    use handful_learn::head::Ridge;
    use handful_learn::train::{Balance, Coarse, Norms, Optimiser, Schedule, Trains};

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
            tune: with(|recipe| recipe.trains = Trains::All).training,
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

    /// Recipes that together have every key there is.
    fn of_all_keys() -> [RecipeFile; 2] {
        [
            with(|recipe| {
                recipe.norms = Norms::ReEstimated;
                recipe.patience = Some(4);
            }),
            with(|recipe| {
                recipe.trains = Trains::From(0);
                recipe.norms = Norms::Batch { momentum: 0.1 };
                recipe.optimiser = Optimiser::Sgd { momentum: 0.9 };
                recipe.schedule = Schedule::Geometric { from: 1e-6 };
                recipe.coarse = Some(Coarse {
                    steps: 0.5,
                    side: 0.5,
                });
            }),
        ]
    }

    #[test]
    fn every_key_and_every_table_is_explained() {
        let frozen = CandidatePlan::frozen(160, &["head".to_owned()], &Ridge);
        let frozen = RecipeFile::of(&frozen, "resnet18", Geometry::Pad);
        let over_views = CandidatePlan {
            views: Views::Windows,
            over: Over::Training,
            ..CandidatePlan::frozen(160, &["head".to_owned()], &Ridge)
        };
        let over_views = RecipeFile::of(&over_views, "resnet18", Geometry::Pad);
        for file in of_all_keys().iter().chain([&frozen, &over_views]) {
            let text = file.to_toml();
            assert!(text.lines().count() > 6, "{text}");
            let said = |line: &&str| !line.is_empty() && !line.starts_with('#');
            for line in text.lines().filter(said) {
                assert!(line.contains("  # "), "{line}");
            }
            assert_eq!(&RecipeFile::parse(&text, NAME).unwrap(), file, "{text}");
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
    fn a_number_out_of_range_is_found_wherever_it_is_written() {
        let text = of_all_keys()[1].to_toml();
        let cases = [
            ("momentum = 0.1", "momentum = 7.0", "momentum of norms"),
            ("momentum = 0.9", "momentum = 7.0", "`momentum`"),
            ("side = 0.5", "side = 7.0", "side of coarse"),
            ("steps = 0.5", "steps = 7.0", "steps of coarse"),
            ("steps = 150", "steps = 0", "`steps`"),
            ("from = 0.000001", "from = 7.0", "`from`"),
        ];
        let check = |text: &str, wrong: &str, found: &str| {
            let line = 1 + text
                .lines()
                .position(|l| l.contains(wrong))
                .expect("a line");
            let failure = RecipeFile::parse(text, "my.toml").unwrap_err();
            let place = format!("`my.toml`, line {line},");
            assert!(failure.what.contains(&place), "{wrong}: {failure}\n{text}");
            assert!(failure.found.as_ref().unwrap().contains(found), "{failure}");
        };
        for (right, wrong, found) in cases {
            assert_eq!(text.matches(right).count(), 1, "{right}: {text}");
            check(&text.replacen(right, wrong, 1), wrong, found);
        }
        let text = tuned().to_toml();
        for (right, wrong, found) in [
            (
                "norms = \"frozen\"",
                "norms = { batch = { momentum = 7.0 } }",
                "momentum of norms",
            ),
            (
                "optimiser = \"adamw\"",
                "optimiser = { sgd = { momentum = 7.0 } }",
                "`momentum`",
            ),
            (
                "gradual = false",
                "gradual = false\ncoarse = { steps = 7.0, side = 0.5 }",
                "steps of coarse",
            ),
        ] {
            assert!(text.contains(right), "{right}: {text}");
            let last = wrong.lines().last().unwrap();
            check(&text.replacen(right, wrong, 1), last, found);
        }
        // The batch is wrong, not the table of norms in which the word stands, too.
        let batch = text
            .replacen(
                "norms = \"frozen\"",
                "norms = { batch = { momentum = 0.1 } }",
                1,
            )
            .replacen("batch = 32", "batch = 1", 1);
        check(&batch, "batch = 1", "`batch`");
    }

    #[test]
    fn a_network_from_nothing_freezes_nothing() {
        let plan = CandidatePlan {
            scratch: Some(NETWORK.into()),
            tune: with(|recipe| recipe.trains = Trains::All).training,
            ..CandidatePlan::frozen(32, &[], &Ridge)
        };
        let file = RecipeFile::of(&plan, "resnet18", Geometry::Pad);
        let text = file.to_toml();
        for part in ["\"last\"", "\"norms\"", "{ from = 2 }"] {
            let edited = text.replacen("trains = \"all\"", &format!("trains = {part}"), 1);
            let line = 1 + edited
                .lines()
                .position(|l| l.starts_with("trains"))
                .unwrap();
            let failure = RecipeFile::parse(&edited, "my.toml").unwrap_err();
            assert_eq!(failure.code, exit::NOT_WHAT_IT_CLAIMS);
            let place = format!("`my.toml`, line {line},");
            assert!(failure.what.contains(&place), "{failure}");
            assert!(failure.found.unwrap().contains("nothing to freeze"));
        }
        let same = text.replacen("trains = \"all\"", "trains = { from = 0 }", 1);
        assert!(RecipeFile::parse(&same, "my.toml").is_ok());
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
