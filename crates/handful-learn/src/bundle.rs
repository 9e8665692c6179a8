//! `model.handful`: everything that a prediction needs, as the bytes of one safetensors file.
//!
//! Tensors `backbone.*` (as they were shipped, so that a bundle can be fine-tuned later) and `head.*` (f64); one
//! metadata key with a JSON record. Equal models give equal bytes.

use std::collections::BTreeMap;

use handful_image::{Pixels, Preprocessing, SampleRange};
use handful_stats::{Conformal, Interval};
use serde::{Deserialize, Serialize};

use crate::backbone::{Card, Precision};
use crate::features::{Taps, Views, mean_over, pooled};
use crate::head::{Fitted, Neighbours};
use crate::weights::Stored;
use crate::{Backbone, LearnError, Weights};

/// Version of the record; a reader refuses a newer one.
pub const SCHEMA: u32 = 1;
const METADATA_KEY: &str = "handful";
/// The images that vote, and their classes, where the head asks them.
const NEIGHBOURS: &str = "head.neighbours";
const NEIGHBOUR_CLASSES: &str = "head.neighbour_classes";
/// More voters than any head asks for.
const MOST_NEIGHBOURS: f64 = 1_000.0;

/// The record beside the tensors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`SCHEMA`] of the writer.
    pub schema: u32,
    /// Version of handful that wrote it.
    pub version: String,
    /// Class names in the order of the probabilities.
    pub labels: Vec<String>,
    /// How pixels become the backbone's input.
    pub preprocessing: Preprocessing,
    /// Which raw values of deep pictures (16 bits, floating point) became black and white; none where there were none.
    #[serde(default)]
    pub sample_range: Option<SampleRange>,
    /// Names of the tapped stages.
    pub stages: Vec<String>,
    /// Which views of a photo its features are the mean of; the photo as it is in models from before there was a choice.
    #[serde(default, skip_serializing_if = "Views::is_as_is")]
    pub views: Views,
    /// Which numbers the features were computed with; float32 in models from before there was a choice.
    #[serde(default)]
    pub precision: Precision,
    /// The backbone's name, licence and provenance.
    pub backbone: Card,
    /// Name of the head, and the setting that was fitted for it.
    pub head: String,
    /// λ, ρ or the number of neighbours of the head, if it has one.
    pub setting: Option<f64>,
    /// Whether the head brings features to unit length.
    pub unit_length: bool,
    /// What the logits were divided by.
    pub temperature: f64,
    /// Sets of classes that hold the true one; none in models from before there were any.
    #[serde(default)]
    pub sets: Option<Conformal>,
    /// The out-of-fold accuracy that was claimed for this model.
    pub accuracy: Interval,
    /// Effective number of independent groups behind that accuracy.
    pub n_effective: f64,
    /// How many images it was trained on.
    pub n_images: usize,
    /// The seed of the run.
    pub seed: u64,
}

/// A model that is ready to predict.
#[derive(Debug)]
pub struct Bundle {
    /// The record.
    pub record: Record,
    /// The network.
    pub backbone: Backbone,
    /// The head on its features.
    pub head: Fitted,
}

impl Bundle {
    /// The bytes of `model.handful`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut tensors: BTreeMap<String, Stored> = self
            .backbone
            .weights
            .tensors
            .iter()
            .map(|(name, t)| (format!("backbone.{name}"), t.clone()))
            .collect();
        let (d, k) = (self.head.mean.len(), self.head.bias.len());
        for (name, shape, values) in [
            ("head.mean", vec![d], &self.head.mean),
            ("head.scale", vec![d], &self.head.scale),
            ("head.weights", vec![d, k], &self.head.weights),
            ("head.bias", vec![k], &self.head.bias),
        ] {
            tensors.insert(name.into(), Stored::from_f64(shape, values));
        }
        if let Some(neighbours) = &self.head.neighbours {
            let n = neighbours.classes.len();
            let classes: Vec<f64> = neighbours.classes.iter().map(|c| *c as f64).collect();
            let rows = Stored::from_f32(vec![n, d], &neighbours.rows);
            tensors.insert(NEIGHBOURS.into(), rows);
            let classes = Stored::from_f64(vec![n], &classes);
            tensors.insert(NEIGHBOUR_CLASSES.into(), classes);
        }
        let record =
            serde_json::to_string(&self.record).expect("a record is plain data with string keys");
        Weights {
            tensors,
            metadata: BTreeMap::from([(METADATA_KEY.into(), record)]),
        }
        .to_safetensors()
    }

    /// Reads the bytes of `model.handful`, checking every size before anything is computed.
    ///
    /// # Errors
    /// [`LearnError::NotABundle`] for other safetensors files, newer schemas and contradictory records;
    /// [`LearnError::NotSafetensors`] and [`LearnError::UnknownArchitecture`] for cut or foreign tensors.
    pub fn from_bytes(bytes: &[u8]) -> Result<Bundle, LearnError> {
        let not = |detail: String| LearnError::NotABundle { detail };
        let file = Weights::from_safetensors(bytes)?;
        let text = file
            .metadata
            .get(METADATA_KEY)
            .ok_or_else(|| not("its record is missing".into()))?;
        let schema = serde_json::from_str::<serde_json::Value>(text)
            .ok()
            .and_then(|v| v["schema"].as_u64())
            .ok_or_else(|| not("its record has no schema".into()))?;
        if schema > u64::from(SCHEMA) {
            return Err(not(format!(
                "it has schema {schema}, this version reads up to {SCHEMA}; use a newer handful"
            )));
        }
        let record: Record = serde_json::from_str(text).map_err(|e| not(e.to_string()))?;
        record
            .preprocessing
            .check()
            .map_err(|e| not(e.to_string()))?;
        if let Some(range) = &record.sample_range {
            range.check().map_err(|e| not(e.to_string()))?;
        }
        let backbone = Backbone::load(&file.below("backbone."), record.backbone.clone())?
            .in_precision(record.precision);
        let taps = Taps::new(&backbone, &record.stages)?;
        let tensor = |name: &str, expected: &[usize]| {
            let t = file
                .tensors
                .get(name)
                .ok_or_else(|| not(format!("`{name}` is missing")))?;
            if t.shape != expected {
                return Err(not(format!(
                    "`{name}` is {:?} instead of {expected:?}",
                    t.shape
                )));
            }
            Ok(t.to_f64())
        };
        let (d, k) = (taps.len(), record.labels.len());
        let temperature = record.temperature;
        if k < 2 || !(temperature.is_finite() && temperature > 0.0) {
            return Err(not(format!("{k} classes at temperature {temperature}")));
        }
        let neighbours = match file.tensors.get(NEIGHBOURS) {
            None => None,
            Some(rows) => {
                let n = rows.shape.first().copied().unwrap_or(0);
                tensor(NEIGHBOURS, &[n, d])?;
                let classes = tensor(NEIGHBOUR_CLASSES, &[n])?;
                let found = voters(record.setting, rows.to_f32(), &classes, k);
                Some(found.ok_or_else(|| {
                    not(format!(
                        "its {n} neighbours, or how many are asked, can't be"
                    ))
                })?)
            }
        };
        let head = Fitted {
            head: record.head.clone(),
            mean: tensor("head.mean", &[d])?,
            scale: tensor("head.scale", &[d])?,
            unit_length: record.unit_length,
            weights: tensor("head.weights", &[d, k])?,
            neighbours,
            bias: tensor("head.bias", &[k])?,
            temperature,
            setting: record.setting,
            n_images: record.n_images,
        };
        if [&head.mean, &head.scale, &head.weights]
            .iter()
            .any(|values| values.iter().any(|v| !v.is_finite()))
        {
            return Err(not(
                "its head holds a value that is not a finite number".into()
            ));
        }
        Ok(Bundle {
            record,
            backbone,
            head,
        })
    }

    /// The views of a decoded photo that the model looks at, as its network wants them.
    pub fn prepare(&self, photo: &Pixels) -> Vec<Pixels> {
        self.record.views.of(photo, &self.record.preprocessing)
    }

    /// Calibrated probabilities of images that were prepared by [`Bundle::prepare`], one after the other: `[n, classes]`, row-major.
    ///
    /// # Panics
    /// When some views of an image are missing.
    pub fn probabilities(&self, prepared: &[Pixels]) -> Result<Vec<f64>, LearnError> {
        let taps = Taps::new(&self.backbone, &self.record.stages)?;
        let of_views = pooled(&self.backbone, prepared, &self.record.preprocessing, &taps);
        let features = mean_over(self.record.views.count(), &of_views, taps.len());
        Ok(self.head.probabilities(&features))
    }
}

/// The images that vote, of which `asked` are asked; none where a number can't be what it says for `n_classes`.
fn voters(
    asked: Option<f64>,
    rows: Vec<f32>,
    classes: &[f64],
    n_classes: usize,
) -> Option<Neighbours> {
    let asked = asked.filter(|k| (1.0..=MOST_NEIGHBOURS).contains(k))?;
    let is_class = |c: &f64| c.fract() == 0.0 && (0.0..n_classes as f64).contains(c);
    let can_be =
        !classes.is_empty() && classes.iter().all(is_class) && rows.iter().all(|v| v.is_finite());
    can_be.then(|| Neighbours {
        k: asked as usize,
        rows,
        classes: classes.iter().map(|c| *c as usize).collect(),
    })
}
