//! `plan.json`: what a run did, so that it can be done again without measuring or watching the clock.

use std::path::Path;

use handful_image::Geometry;
use handful_learn::Backbone;
use handful_learn::backbone::Precision;
use handful_learn::features::{Over, Views};
use handful_learn::head::{self, Head, Logistic};
use handful_learn::train::Recipe;
use serde::{Deserialize, Serialize};

use super::looks::Look;
use crate::exit::{self, Failure};

/// Version of the file; a newer one is refused.
pub const SCHEMA: u32 = 1;

/// What stands between the halves in the name of an ensemble.
pub const AND: &str = " & ";

/// One thing that is compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidatePlan {
    /// Image side for the backbone, in pixels.
    pub size_px: usize,
    /// Names of the backbone's stages whose spatial means are the features.
    pub stages: Vec<String>,
    /// Which views of a photo its head learns from.
    #[serde(default, skip_serializing_if = "Views::is_as_is")]
    pub views: Views,
    /// How it learns from them, and what it is asked about.
    #[serde(default, skip_serializing_if = "Over::is_mean")]
    pub over: Over,
    /// Name of the head; the one that fine-tuning starts from.
    pub head: String,
    /// How the network is trained; none: it is frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tune: Option<Recipe>,
    /// Name of the architecture that learns from nothing; none: it is the run's backbone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch: Option<String>,
    /// Where its comparison with the baseline is the one that was planned for its strategy: how it came to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<Lead>,
    /// What stands beside it in an ensemble: frozen features and a head, whose probabilities are pooled with its own. Both are
    /// candidates by themselves, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Box<CandidatePlan>>,
}

/// How a candidate came to stand for its strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lead {
    /// There was no choice.
    Only,
    /// By the held-out photos of the first fold, which therefore don't judge the claim.
    FirstFold,
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
            views: Views::AsIs,
            over: Over::Mean,
            head: head.name().to_owned(),
            tune: None,
            scratch: None,
            lead: None,
            beside: None,
        }
    }

    /// A network that is trained; a pretrained one from a logistic head on its last stage.
    pub fn trained(size_px: usize, network: &Backbone, recipe: &Recipe) -> CandidatePlan {
        let last = network.stages.last().expect("a network has stages");
        CandidatePlan {
            tune: Some(recipe.clone()),
            ..CandidatePlan::frozen(size_px, std::slice::from_ref(&last.name), &Logistic)
        }
    }

    /// Whether the heads of both are fitted on the same numbers, whatever they are asked about.
    pub fn has_rows_of(&self, other: &CandidatePlan) -> bool {
        let of_each_view = |plan: &CandidatePlan| !plan.over.is_mean();
        let of = |plan: &CandidatePlan| (plan.size_px, plan.views, of_each_view(plan));
        of(self) == of(other) && self.stages == other.stages
    }

    /// Whether the heads of both are fitted on the same numbers and asked about the same.
    pub fn has_features_of(&self, other: &CandidatePlan) -> bool {
        self.over == other.over && self.has_rows_of(other)
    }

    /// Which views of a photo are looked at in a prediction.
    pub fn views_asked(&self) -> Views {
        match self.over {
            Over::Mean | Over::Set => self.views,
            Over::Training => Views::AsIs,
        }
    }

    /// Over which views it is the one that stands for all candidates: the baseline's head on each view.
    pub fn stands_for_views(&self) -> Option<Views> {
        let stands = self.over == Over::Set && self.lead.is_some();
        stands.then_some(self.views)
    }

    /// How its features look at photos that it learns from.
    pub fn look(&self, geometry: Geometry) -> Look {
        Look::through(geometry, self.size_px, self.views)
    }

    /// How `candidates.csv` calls what it does.
    pub fn strategy(&self) -> &'static str {
        if self.beside.is_some() {
            return "ensemble";
        }
        match (&self.tune, &self.scratch) {
            (None, _) if !self.views_asked().is_as_is() => "views",
            (None, _) => "frozen",
            (Some(_), None) => "fine-tune",
            (Some(_), Some(_)) => "scratch",
        }
    }

    /// Whether a pretrained network is trained, alone or in an ensemble.
    pub fn is_fine_tuned(&self) -> bool {
        self.tune.is_some() && self.scratch.is_none()
    }

    /// Its network, without what stands beside it.
    pub fn alone(&self) -> CandidatePlan {
        CandidatePlan {
            beside: None,
            ..self.clone()
        }
    }

    /// Whether both are one candidate of a run, whatever they stand for.
    pub fn is_same(&self, other: &CandidatePlan) -> bool {
        self.name("") == other.name("")
    }

    /// Multiply-accumulates of a prediction, in millions; `backbone` is the run's.
    pub fn mega_macs(&self, backbone: &Backbone) -> f64 {
        let beside = self.beside.as_ref().map(|other| other.mega_macs(backbone));
        self.own_mega_macs(backbone) + beside.unwrap_or(0.0)
    }

    /// The same without what stands beside it.
    pub fn own_mega_macs(&self, backbone: &Backbone) -> f64 {
        match &self.scratch {
            None => {
                let one = backbone.cost_through(self.size_px, &self.stages).mega_macs;
                one * self.views_asked().count() as f64
            }
            Some(name) => {
                let cost = Backbone::cost_of(name, self.size_px);
                cost.expect("checked where the plan was read").mega_macs
            }
        }
    }

    /// `efficientnet_lite0/224/blocks.4+head/ridge`, `efficientnet_lite0/224/fine-tune/last@0.0003`,
    /// `resnet14/32/scratch/all@0.01`, or `efficientnet_lite0/128/fine-tune/last@0.0003 & 224/head/ridge`.
    pub fn name(&self, backbone: &str) -> String {
        if let Some(other) = &self.beside {
            let other = other.name(backbone);
            let known = format!("{backbone}/");
            let other = other.strip_prefix(&known).unwrap_or(&other);
            return format!("{}{AND}{other}", self.alone().name(backbone));
        }
        match &self.tune {
            Some(recipe) => {
                let network = self.scratch.as_deref().unwrap_or(backbone);
                let (size, strategy) = (self.size_px, self.strategy());
                format!("{network}/{size}/{strategy}/{}", recipe.name())
            }
            None => {
                let features = features_name(backbone, self.size_px, &self.stages);
                let views = match self.views {
                    Views::AsIs => "",
                    Views::Mirrored => "+mirrored",
                    Views::Windows => "+windows",
                };
                let over = match self.over {
                    Over::Mean => "",
                    Over::Set => "-set",
                    Over::Training => "-training",
                };
                format!("{features}{views}{over}/{}", self.head)
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
        for c in &plan.candidates {
            match &c.scratch {
                None if !known.contains(&c.stages) => {
                    let stages = c.stages.join("+");
                    return Err(not(format!("a candidate with the stages `{stages}`")));
                }
                Some(_) if c.tune.is_none() => {
                    return Err(not("a network from nothing that is not trained".into()));
                }
                Some(name) => {
                    Backbone::cost_of(name, c.size_px).map_err(|e| not(e.to_string()))?;
                }
                None => {}
            }
        }
        for c in &plan.candidates {
            let of_views = !c.views.is_as_is();
            let wrong = [
                (
                    c.tune.is_some() && of_views,
                    "a network that is trained on `views`",
                ),
                (!c.over.is_mean() && !of_views, "`over` without `views`"),
                (
                    !c.over.is_mean() && head::named(&c.head).is_some_and(|h| !h.is_affine()),
                    "a head on each view that is no affine map",
                ),
            ];
            if let Some((_, what)) = wrong.iter().find(|(is_wrong, _)| *is_wrong) {
                return Err(not(format!("a candidate with {what}")));
            }
        }
        for ensemble in plan.candidates.iter().filter(|c| c.beside.is_some()) {
            let lists = |part: &CandidatePlan| plan.candidates.iter().any(|c| c.is_same(part));
            let other = ensemble.beside.as_deref().expect("just asked");
            let is_frozen = other.tune.is_none() && other.views_asked().is_as_is();
            let is_pair = ensemble.is_fine_tuned() && is_frozen && other.beside.is_none();
            if !is_pair || !lists(&ensemble.alone()) || !lists(other) {
                return Err(not(
                    "an ensemble of other than a fine-tuned network and frozen features that are candidates, too".into(),
                ));
            }
        }
        for recipe in plan.candidates.iter().filter_map(|c| c.tune.as_ref()) {
            recipe.check().map_err(|e| not(e.to_string()))?;
        }
        Ok(plan)
    }
}
