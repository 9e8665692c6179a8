//! `model.handful`: everything that a prediction needs, as the bytes of one safetensors file.
//!
//! Tensors `backbone.*` (as they were shipped, so that a bundle can be fine-tuned later) and `head.*` (f64), of an ensemble's second
//! member below `beside.`; one metadata key with a JSON record. Equal models give equal bytes.

use std::collections::BTreeMap;

use handful_image::{Pixels, Preprocessing, SampleRange};
use handful_stats::{Conformal, Interval, log_pool};
use serde::{Deserialize, Serialize};

use crate::backbone::{Card, Precision};
use crate::features::{Taps, Views, mean_over, pooled};
use crate::head::{Fitted, Neighbours};
use crate::weights::Stored;
use crate::{Backbone, LearnError, Weights};

/// Version of the record; a reader refuses a newer one. A model of one member is written as version 1, which knows no other.
pub const SCHEMA: u32 = 2;
const SCHEMA_OF_ONE: u32 = 1;
const METADATA_KEY: &str = "handful";
/// Where the tensors of the members begin.
const MEMBERS: [&str; 2] = ["", "beside."];
/// The images that vote, and their classes, where the head asks them.
const NEIGHBOURS: &str = "head.neighbours";
const NEIGHBOUR_CLASSES: &str = "head.neighbour_classes";
/// More voters than any head asks for.
const MOST_NEIGHBOURS: f64 = 1_000.0;

/// What a model says of itself as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of handful that wrote it.
    pub version: String,
    /// Class names in the order of the probabilities.
    pub labels: Vec<String>,
    /// Which raw values of deep pictures (16 bits, floating point) became black and white; none where there were none.
    #[serde(default)]
    pub sample_range: Option<SampleRange>,
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

/// A network, how it is shown a photo, and the head on its features.
#[derive(Debug)]
pub struct Member {
    /// How pixels become the backbone's input.
    pub preprocessing: Preprocessing,
    /// Names of the tapped stages.
    pub stages: Vec<String>,
    /// Which views of a photo its features are the mean of.
    pub views: Views,
    /// The network.
    pub backbone: Backbone,
    /// The head on its features.
    pub head: Fitted,
}

/// A model that is ready to predict.
#[derive(Debug)]
pub struct Bundle {
    /// The record.
    pub record: Record,
    /// One, or the two of an ensemble, whose probabilities are pooled.
    pub members: Vec<Member>,
}

/// A member in the record of the file.
#[derive(Serialize, Deserialize)]
struct MemberRecord {
    preprocessing: Preprocessing,
    stages: Vec<String>,
    /// The photo as it is in models from before there was a choice.
    #[serde(default, skip_serializing_if = "Views::is_as_is")]
    views: Views,
    /// Which numbers the features were computed with; float32 in models from before there was a choice.
    #[serde(default)]
    precision: Precision,
    /// The backbone's name, licence and provenance.
    backbone: Card,
    /// Name of the head.
    head: String,
    /// λ, ρ or the number of neighbours of the head, if it has one.
    setting: Option<f64>,
    /// Whether the head brings features to unit length.
    unit_length: bool,
    /// What the logits were divided by.
    temperature: f64,
}

/// The record of the file.
#[derive(Serialize, Deserialize)]
struct FileRecord {
    schema: u32,
    #[serde(flatten)]
    record: Record,
    #[serde(flatten)]
    first: MemberRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beside: Option<MemberRecord>,
}

impl Bundle {
    /// The bytes of `model.handful`.
    ///
    /// # Panics
    /// When there is no member, or there are more than two.
    pub fn to_bytes(&self) -> Vec<u8> {
        assert!((1..=MEMBERS.len()).contains(&self.members.len()));
        let mut tensors: BTreeMap<String, Stored> = BTreeMap::new();
        for (member, prefix) in self.members.iter().zip(MEMBERS) {
            member.put_tensors(prefix, &mut tensors);
        }
        let mut records = self.members.iter().map(Member::record);
        let record = FileRecord {
            schema: match self.members.len() {
                1 => SCHEMA_OF_ONE,
                _ => SCHEMA,
            },
            record: self.record.clone(),
            first: records.next().expect("there is a member"),
            beside: records.next(),
        };
        let record =
            serde_json::to_string(&record).expect("a record is plain data with string keys");
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
        let FileRecord {
            record,
            first,
            beside,
            ..
        } = serde_json::from_str(text).map_err(|e| not(e.to_string()))?;
        // A reader of schema 1 would silently use half of an ensemble.
        let of_members = match beside {
            None => SCHEMA_OF_ONE,
            Some(_) => SCHEMA,
        };
        if schema != u64::from(of_members) {
            return Err(not(format!(
                "it has schema {schema}, and what it holds is of schema {of_members}; get the file again from where it was made"
            )));
        }
        if let Some(range) = &record.sample_range {
            range.check().map_err(|e| not(e.to_string()))?;
        }
        if record.labels.len() < 2 {
            return Err(not(format!("{} classes", record.labels.len())));
        }
        let members = std::iter::once(first).chain(beside).zip(MEMBERS);
        let members = members.map(|(member, prefix)| Member::read(&file, prefix, member, &record));
        Ok(Bundle {
            members: members.collect::<Result<_, _>>()?,
            record,
        })
    }

    /// Calibrated probabilities of images `[n, classes]`, row-major, from what [`Member::prepare`] makes of them: for each member the
    /// views of all images, one image after the other.
    ///
    /// # Errors
    /// [`LearnError::UnknownStage`] for a member that was put together wrongly.
    ///
    /// # Panics
    /// When some views of an image, or those of a member, are missing.
    pub fn probabilities(&self, prepared: &[Vec<Pixels>]) -> Result<Vec<f64>, LearnError> {
        assert_eq!(prepared.len(), self.members.len(), "views of each member");
        let of_members = self.members.iter().zip(prepared);
        let tables: Result<Vec<Vec<f64>>, LearnError> = of_members
            .map(|(member, views)| member.probabilities(views))
            .collect();
        Ok(log_pool(&tables?, self.record.labels.len()))
    }
}

impl Member {
    fn record(&self) -> MemberRecord {
        MemberRecord {
            preprocessing: self.preprocessing,
            stages: self.stages.clone(),
            views: self.views,
            precision: self.backbone.precision(),
            backbone: self.backbone.card.clone(),
            head: self.head.head.clone(),
            setting: self.head.setting,
            unit_length: self.head.unit_length,
            temperature: self.head.temperature,
        }
    }

    fn put_tensors(&self, prefix: &str, tensors: &mut BTreeMap<String, Stored>) {
        for (name, tensor) in &self.backbone.weights.tensors {
            tensors.insert(format!("{prefix}backbone.{name}"), tensor.clone());
        }
        let (d, k) = (self.head.mean.len(), self.head.bias.len());
        for (name, shape, values) in [
            ("head.mean", vec![d], &self.head.mean),
            ("head.scale", vec![d], &self.head.scale),
            ("head.weights", vec![d, k], &self.head.weights),
            ("head.bias", vec![k], &self.head.bias),
        ] {
            tensors.insert(format!("{prefix}{name}"), Stored::from_f64(shape, values));
        }
        if let Some(neighbours) = &self.head.neighbours {
            let n = neighbours.classes.len();
            let classes: Vec<f64> = neighbours.classes.iter().map(|c| *c as f64).collect();
            let rows = Stored::from_f32(vec![n, d], &neighbours.rows);
            tensors.insert(format!("{prefix}{NEIGHBOURS}"), rows);
            let classes = Stored::from_f64(vec![n], &classes);
            tensors.insert(format!("{prefix}{NEIGHBOUR_CLASSES}"), classes);
        }
    }

    fn read(
        file: &Weights,
        prefix: &str,
        member: MemberRecord,
        record: &Record,
    ) -> Result<Member, LearnError> {
        let MemberRecord {
            preprocessing,
            stages,
            views,
            temperature,
            setting,
            ..
        } = member;
        preprocessing.check().map_err(|e| not(e.to_string()))?;
        let tensors = file.below(&format!("{prefix}backbone."));
        let backbone = Backbone::load(&tensors, member.backbone)?.in_precision(member.precision);
        let taps = Taps::new(&backbone, &stages)?;
        let stored = |name: &str| file.tensors.get(&format!("{prefix}{name}"));
        let tensor = |name: &str, expected: &[usize]| {
            let t = stored(name).ok_or_else(|| not(format!("`{prefix}{name}` is missing")))?;
            if t.shape != expected {
                return Err(not(format!(
                    "`{prefix}{name}` is {:?} instead of {expected:?}",
                    t.shape
                )));
            }
            Ok(t.to_f64())
        };
        let (d, k) = (taps.len(), record.labels.len());
        if !(temperature.is_finite() && temperature > 0.0) {
            return Err(not(format!("{k} classes at temperature {temperature}")));
        }
        let neighbours = match stored(NEIGHBOURS) {
            None => None,
            Some(rows) => {
                let n = rows.shape.first().copied().unwrap_or(0);
                tensor(NEIGHBOURS, &[n, d])?;
                let classes = tensor(NEIGHBOUR_CLASSES, &[n])?;
                let found = voters(setting, rows.to_f32(), &classes, k);
                Some(found.ok_or_else(|| {
                    not(format!(
                        "its {n} neighbours, or how many are asked, can't be"
                    ))
                })?)
            }
        };
        let head = Fitted {
            head: member.head,
            mean: tensor("head.mean", &[d])?,
            scale: tensor("head.scale", &[d])?,
            unit_length: member.unit_length,
            weights: tensor("head.weights", &[d, k])?,
            neighbours,
            bias: tensor("head.bias", &[k])?,
            temperature,
            setting,
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
        Ok(Member {
            preprocessing,
            stages,
            views,
            backbone,
            head,
        })
    }

    /// The views of a decoded photo that it looks at, as its network wants them.
    pub fn prepare(&self, photo: &Pixels) -> Vec<Pixels> {
        self.views.of(photo, &self.preprocessing)
    }

    /// Calibrated probabilities `[n, classes]` of images, row-major, from their prepared views one after the other.
    fn probabilities(&self, prepared: &[Pixels]) -> Result<Vec<f64>, LearnError> {
        let taps = Taps::new(&self.backbone, &self.stages)?;
        let of_views = pooled(&self.backbone, prepared, &self.preprocessing, &taps);
        let features = mean_over(self.views.count(), &of_views, taps.len());
        Ok(self.head.probabilities(&features))
    }
}

fn not(detail: String) -> LearnError {
    LearnError::NotABundle { detail }
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

#[cfg(test)]
mod tests {
    use handful_image::Geometry;

    use super::*;

    const SIDES_PX: [usize; 2] = [32, 48];

    fn photo(seed: usize) -> Pixels {
        Pixels {
            width: 64,
            height: 64,
            data: (0..3 * 64 * 64)
                .map(|i| ((i + seed) * i / 7 % 251) as u8)
                .collect(),
        }
    }

    /// An untrained network with a head of arbitrary numbers for two classes.
    fn member(side_px: usize, views: Views) -> Member {
        let backbone = Backbone::untrained("resnet14", side_px as u64).unwrap();
        let last = backbone.stages.last().unwrap();
        let d = last.channels;
        let numbers =
            |n: usize| -> Vec<f64> { (0..n).map(|i| ((i * 13) % 7) as f64 - 3.0).collect() };
        Member {
            preprocessing: backbone.preprocessing(Geometry::Squash, side_px),
            stages: vec![last.name.clone()],
            views,
            head: Fitted {
                head: "ridge".into(),
                mean: vec![0.0; d],
                scale: vec![0.1; d],
                unit_length: false,
                weights: numbers(2 * d),
                neighbours: None,
                bias: vec![0.5, 0.0],
                temperature: 3.0,
                setting: Some(0.1),
                n_images: 20,
            },
            backbone,
        }
    }

    fn bundle(members: Vec<Member>) -> Bundle {
        let accuracy = Interval {
            value: 0.8,
            low: 0.7,
            high: 0.9,
        };
        Bundle {
            record: Record {
                version: "0".into(),
                labels: vec!["a".into(), "b".into()],
                sample_range: None,
                sets: None,
                accuracy,
                n_effective: 20.0,
                n_images: 20,
                seed: 0,
            },
            members,
        }
    }

    fn prepared(model: &Bundle) -> Vec<Vec<Pixels>> {
        let of = |member: &Member| (0..3).flat_map(|i| member.prepare(&photo(i))).collect();
        model.members.iter().map(of).collect()
    }

    fn schema_of(bytes: &[u8]) -> u64 {
        let file = Weights::from_safetensors(bytes).unwrap();
        let record: serde_json::Value = serde_json::from_str(&file.metadata[METADATA_KEY]).unwrap();
        record["schema"].as_u64().unwrap()
    }

    #[test]
    fn two_members_survive_their_file_and_answer_together() {
        let [small, large] = SIDES_PX;
        let of_members = || [member(small, Views::AsIs), member(large, Views::Mirrored)];
        let both = bundle(of_members().into());
        let bytes = both.to_bytes();
        assert_eq!(schema_of(&bytes), 2, "an older reader would see one half");
        let read = Bundle::from_bytes(&bytes).unwrap();
        assert_eq!(read.record, both.record);
        assert_eq!(read.to_bytes(), bytes);
        let found = read.probabilities(&prepared(&read)).unwrap();
        let alone = of_members().map(|member| {
            let model = bundle(vec![member]);
            model.probabilities(&prepared(&model)).unwrap()
        });
        assert_ne!(alone[0], alone[1]);
        // Of two classes the geometric means of the odds.
        for (photo, p) in found.chunks_exact(2).enumerate() {
            let odds = |p: &[f64]| (p[2 * photo] / p[2 * photo + 1]).ln();
            let expected = 0.5 * (odds(&alone[0]) + odds(&alone[1]));
            assert!(
                ((p[0] / p[1]).ln() - expected).abs() < 1e-9,
                "photo {photo}"
            );
        }
    }

    #[test]
    fn one_member_is_written_as_it_always_was() {
        let one = bundle(vec![member(SIDES_PX[0], Views::AsIs)]);
        let bytes = one.to_bytes();
        assert_eq!(schema_of(&bytes), 1);
        let file = Weights::from_safetensors(&bytes).unwrap();
        let is_known = |name: &String| name.starts_with("backbone.") || name.starts_with("head.");
        assert!(file.tensors.keys().all(is_known));
        let record: serde_json::Value = serde_json::from_str(&file.metadata[METADATA_KEY]).unwrap();
        for key in [
            "preprocessing",
            "stages",
            "precision",
            "backbone",
            "head",
            "temperature",
        ] {
            assert!(!record[key].is_null(), "{key}");
        }
        assert!(record["beside"].is_null());
        assert_eq!(Bundle::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    }

    #[test]
    fn a_schema_that_knows_other_members_than_there_are_is_refused() {
        let members = || SIDES_PX.map(|px| member(px, Views::AsIs));
        let one = bundle(vec![member(SIDES_PX[0], Views::AsIs)]);
        for (model, wrong) in [(one, 2), (bundle(members().into()), 1)] {
            let mut file = Weights::from_safetensors(&model.to_bytes()).unwrap();
            let record = file.metadata.get_mut(METADATA_KEY).unwrap();
            let mut fields: serde_json::Value = serde_json::from_str(record).unwrap();
            fields["schema"] = wrong.into();
            *record = fields.to_string();
            let error = Bundle::from_bytes(&file.to_safetensors()).unwrap_err();
            let expected = format!(
                "it has schema {wrong}, and what it holds is of schema {}",
                3 - wrong
            );
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }

    #[test]
    fn a_second_member_that_is_cut_off_is_named() {
        let members = SIDES_PX.map(|px| member(px, Views::AsIs));
        let mut file = Weights::from_safetensors(&bundle(members.into()).to_bytes()).unwrap();
        file.tensors.remove("beside.head.bias").unwrap();
        let error = Bundle::from_bytes(&file.to_safetensors()).unwrap_err();
        assert!(error.to_string().contains("beside.head.bias"), "{error}");
    }
}
