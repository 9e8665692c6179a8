//! `plan.json`: what a run did, so that it can be done again without measuring or watching the clock.

use std::path::Path;

use handful_image::Geometry;
use handful_learn::Backbone;
use handful_learn::backbone::Precision;
use handful_learn::head::{Head, Logistic};
use handful_learn::train::Recipe;
use serde::{Deserialize, Serialize};

use crate::exit::{self, Failure};

/// Version of the file; a newer one is refused.
pub const SCHEMA: u32 = 1;

/// One thing that is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidatePlan {
    /// Image side for the backbone, in pixels.
    pub size_px: usize,
    /// Names of the backbone's stages whose spatial means are the features.
    pub stages: Vec<String>,
    /// Name of the head; the one that fine-tuning starts from.
    pub head: String,
    /// How the network is trained; none: it is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<Recipe>,
}

fn yes() -> bool {
    true
}

impl CandidatePlan {
    /// Frozen features of some stages, and a head on them.
    pub fn frozen(size_px: usize, stages: &[String], head: &dyn Head) -> CandidatePlan {
        CandidatePlan {
            size_px,
            stages: stages.to_vec(),
            head: head.name().to_owned(),
            tune: None,
        }
    }

    /// A network that is trained, from a logistic head on its last stage.
    pub fn tuned(size_px: usize, backbone: &Backbone, recipe: &Recipe) -> CandidatePlan {
        let last = backbone.stages.last().expect("a network has stages");
        CandidatePlan {
            tune: Some(recipe.clone()),
            ..CandidatePlan::frozen(size_px, std::slice::from_ref(&last.name), &Logistic)
        }
    }

    /// `efficientnet_lite0/224/blocks.4+head/ridge`, or `efficientnet_lite0/224/fine-tune/last@0.0003`.
    pub fn name(&self, backbone: &str) -> String {
        match &self.tune {
            Some(recipe) => format!("{backbone}/{}/fine-tune/{}", self.size_px, recipe.name()),
            None => {
                let features = features_name(backbone, self.size_px, &self.stages);
                format!("{features}/{}", self.head)
            }
        }
    }
}

/// `efficientnet_lite0/224/blocks.4+head`
pub fn features_name(backbone: &str, size_px: usize, stages: &[String]) -> String {
    format!("{backbone}/{size_px}/{}", stages.join("+"))
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// Version of handful that wrote it.
    pub version: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Folds.
    pub folds: usize,
    /// Repeats of the folds.
    pub repeats: usize,
    /// BLAKE3 of the backbone's tensors.
    pub backbone: String,
    /// Numbers that the backbone computes with; float32 in plans from before there was a choice.
    #[serde(default)]
    pub precision: Precision,
    /// How photos become squares.
    pub geometry: Geometry,
    /// Whether it was asked if more photos would help; a time limit may have left that out.
    #[serde(default = "yes")]
    pub curve: bool,
    /// Image side, in pixels, at which photos of one scene were looked for; none in plans from before that was done.
    #[serde(default)]
    pub look_px: Option<usize>,
    /// What is compared, in this order.
    pub candidates: Vec<CandidatePlan>,
}

impl Plan {
    /// The candidates with frozen features.
    pub fn frozen(&self) -> impl Iterator<Item = &CandidatePlan> {
        self.candidates.iter().filter(|c| c.tune.is_none())
    }

    /// Reads a plan for this backbone and checks its ranges.
    ///
    /// # Errors
    /// When the file can't be read, is not a plan, is from a newer version, or was made with another backbone.
    pub fn read(path: &Path, backbone: &Backbone) -> Result<Plan, Failure> {
        let not = |found: String| {
            Failure::new(
                exit::NOT_WHAT_IT_CLAIMS,
                format!("`{}` is not a plan", path.display()),
            )
            .found(found)
            .advice("give the `plan.json` of a finished run")
        };
        let text = std::fs::read_to_string(path).map_err(|e| Failure::io("reading", path, &e))?;
        let plan: Plan = serde_json::from_str(&text).map_err(|e| not(e.to_string()))?;
        if plan.schema > SCHEMA {
            return Err(not(format!(
                "schema {}, this version reads up to {SCHEMA}",
                plan.schema
            )));
        }
        if plan.look_px.is_some_and(|px| !(32..=1024).contains(&px)) {
            return Err(not(
                "it looks at photos at a size outside 32 to 1024 px".into()
            ));
        }
        if plan.candidates.is_empty()
            || !(2..=20).contains(&plan.folds)
            || !(1..=100).contains(&plan.repeats)
        {
            return Err(not(format!(
                "{} candidates, {} folds, {} repeats",
                plan.candidates.len(),
                plan.folds,
                plan.repeats
            )));
        }
        if let Some(c) = plan
            .candidates
            .iter()
            .find(|c| !(32..=1024).contains(&c.size_px) || c.stages.is_empty())
        {
            return Err(not(format!(
                "a candidate at {} px with {} stages",
                c.size_px,
                c.stages.len()
            )));
        }
        if plan.backbone != backbone.weights.digest() {
            return Err(Failure::new(
                exit::USAGE,
                "the plan was made with other weights than these",
            )
            .advice("give the same `--model` as for the run that the plan is from"));
        }
        let known = backbone.stage_sets();
        if let Some(c) = plan.candidates.iter().find(|c| !known.contains(&c.stages)) {
            return Err(not(format!(
                "a candidate with the stages `{}`",
                c.stages.join("+")
            )));
        }
        for recipe in plan.candidates.iter().filter_map(|c| c.tune.as_ref()) {
            recipe.check().map_err(|e| not(e.to_string()))?;
        }
        Ok(plan)
    }
}
