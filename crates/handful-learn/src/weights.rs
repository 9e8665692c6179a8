//! A table of named tensors, read from and written to safetensors bytes. Nothing is ever executed (no pickle).

use std::collections::BTreeMap;

use half::f16;
use half::slice::HalfFloatSliceExt;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::LearnError;

/// Number types that are read. Everything is computed in f32 (networks) or f64 (heads).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberType {
    /// IEEE half precision: convolution weights as they are shipped.
    F16,
    /// Single precision: norms and biases.
    F32,
    /// Double precision: heads.
    F64,
}

/// One tensor as it is stored: little-endian bytes, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its number type.
    pub number_type: NumberType,
    /// Its shape; a scalar has an empty one.
    pub shape: Vec<usize>,
    /// Its values, little-endian.
    pub bytes: Vec<u8>,
}

impl Stored {
    /// Keeps `values` in double precision.
    pub fn from_f64(shape: Vec<usize>, values: &[f64]) -> Stored {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Stored {
            number_type: NumberType::F64,
            shape,
            bytes,
        }
    }

    /// Keeps `values` in single precision.
    pub fn from_f32(shape: Vec<usize>, values: &[f32]) -> Stored {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Stored {
            number_type: NumberType::F32,
            shape,
            bytes,
        }
    }

    /// The values as f32 (halves widen exactly, doubles round).
    pub fn to_f32(&self) -> Vec<f32> {
        match self.number_type {
            NumberType::F16 => {
                let halves = self.bytes.as_chunks::<2>().0.iter();
                let halves: Vec<f16> = halves.map(|b| f16::from_le_bytes(*b)).collect();
                // All at once, because the machine does eight in one step.
                let mut values = vec![0.0; halves.len()];
                halves.convert_to_f32_slice(&mut values);
                values
            }
            NumberType::F32 => self
                .bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| f32::from_le_bytes(*b))
                .collect(),
            NumberType::F64 => self.to_f64().into_iter().map(|v| v as f32).collect(),
        }
    }

    /// The values as f64.
    pub fn to_f64(&self) -> Vec<f64> {
        match self.number_type {
            NumberType::F64 => self
                .bytes
                .as_chunks::<8>()
                .0
                .iter()
                .map(|b| f64::from_le_bytes(*b))
                .collect(),
            _ => self.to_f32().into_iter().map(f64::from).collect(),
        }
    }
}

/// Named tensors in the order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// The tensors by name.
    pub tensors: BTreeMap<String, Stored>,
    /// Text kept beside them, by key.
    pub metadata: BTreeMap<String, String>,
}

impl Weights {
    /// Reads safetensors bytes, copying the tensors out.
    ///
    /// Integer tensors (`num_batches_tracked` of older exports) are left out: nothing here uses them.
    ///
    /// # Errors
    /// [`LearnError::NotSafetensors`] for anything that is not a whole file (sizes are checked against the bytes
    /// before memory is taken), [`LearnError::NumberType`] for floating types that are not read,
    /// [`LearnError::NonFinite`] for NaN or infinity.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Weights, LearnError> {
        let broken = |e: safetensors::SafeTensorError| LearnError::NotSafetensors {
            detail: e.to_string(),
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
        let file = SafeTensors::deserialize(bytes).map_err(broken)?;
        let metadata = header
            .metadata()
            .clone()
            .unwrap_or_default()
            .into_iter()
            .collect();
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            let number_type = match view.dtype() {
                Dtype::F16 => NumberType::F16,
                Dtype::F32 => NumberType::F32,
                Dtype::F64 => NumberType::F64,
                Dtype::I64 | Dtype::I32 | Dtype::U8 | Dtype::BOOL => continue,
                other => {
                    return Err(LearnError::NumberType {
                        tensor: name,
                        found: format!("{other:?}"),
                    });
                }
            };
            let stored = Stored {
                number_type,
                shape: view.shape().to_vec(),
                bytes: view.data().to_vec(),
            };
            if !stored.to_f64().iter().all(|v| v.is_finite()) {
                return Err(LearnError::NonFinite {
                    what: format!("tensor `{name}`"),
                });
            }
            tensors.insert(name, stored);
        }
        Ok(Weights { tensors, metadata })
    }

    /// The same table as safetensors bytes; equal tables give equal bytes.
    ///
    /// At most one metadata key may be kept: safetensors holds them in a hash map, so that two keys would be written
    /// in a random order.
    pub fn to_safetensors(&self) -> Vec<u8> {
        assert!(
            self.metadata.len() <= 1,
            "more than one metadata key has no fixed order in safetensors"
        );
        let views: Vec<(&str, TensorView)> = self
            .tensors
            .iter()
            .map(|(name, t)| {
                let dtype = match t.number_type {
                    NumberType::F16 => Dtype::F16,
                    NumberType::F32 => Dtype::F32,
                    NumberType::F64 => Dtype::F64,
                };
                let view = TensorView::new(dtype, t.shape.clone(), &t.bytes)
                    .expect("the bytes of a stored tensor always fill its shape");
                (name.as_str(), view)
            })
            .collect();
        let metadata =
            (!self.metadata.is_empty()).then(|| self.metadata.clone().into_iter().collect());
        safetensors::serialize(views, metadata)
            .expect("names are unique in a map, and the header is small")
    }

    /// The tensors whose names start with `prefix`, with the prefix taken off.
    pub fn below(&self, prefix: &str) -> Weights {
        let tensors = self
            .tensors
            .iter()
            .filter_map(|(name, t)| Some((name.strip_prefix(prefix)?.to_owned(), t.clone())))
            .collect();
        Weights {
            tensors,
            metadata: BTreeMap::new(),
        }
    }

    /// BLAKE3 over names, types, shapes and values, as hexadecimal: the identity of a backbone in cache keys.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (name, t) in &self.tensors {
            hasher.update(format!("{name}\n{:?}\n{:?}\n", t.number_type, t.shape).as_bytes());
            hasher.update(&t.bytes);
        }
        hasher.finalize().to_hex().to_string()
    }

    /// How many numbers all tensors hold together.
    pub fn n_parameters(&self) -> usize {
        self.tensors
            .values()
            .map(|t| t.shape.iter().product::<usize>())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Weights {
        let mut w = Weights::default();
        w.tensors
            .insert("b".into(), Stored::from_f64(vec![2, 1], &[1.5, -2.0]));
        w.tensors.insert(
            "a".into(),
            Stored {
                number_type: NumberType::F16,
                shape: vec![2],
                bytes: [f16::from_f32(0.5), f16::from_f32(-3.0)]
                    .iter()
                    .flat_map(|h| h.to_le_bytes())
                    .collect(),
            },
        );
        w.metadata.insert("handful".into(), "{}".into());
        w
    }

    #[test]
    fn what_is_written_is_read_back_to_the_same_bytes() {
        let bytes = table().to_safetensors();
        let again = Weights::from_safetensors(&bytes).unwrap();
        assert_eq!(again, table());
        assert_eq!(again.to_safetensors(), bytes);
        assert_eq!(again.tensors["a"].to_f32(), [0.5, -3.0]);
    }

    #[test]
    fn a_cut_file_is_refused_at_every_length() {
        let bytes = table().to_safetensors();
        for end in 0..bytes.len() {
            assert!(matches!(
                Weights::from_safetensors(&bytes[..end]),
                Err(LearnError::NotSafetensors { .. })
            ));
        }
    }

    #[test]
    fn a_value_that_is_not_a_number_is_refused_by_name() {
        let mut w = table();
        w.tensors
            .insert("c".into(), Stored::from_f64(vec![1], &[f64::NAN]));
        let error = Weights::from_safetensors(&w.to_safetensors()).unwrap_err();
        assert!(error.to_string().contains("`c`"), "{error}");
    }

    #[test]
    fn the_digest_sees_names_and_values() {
        let mut other = table();
        let moved = other.tensors.remove("a").unwrap();
        other.tensors.insert("z".into(), moved);
        assert_ne!(other.digest(), table().digest());
    }
}
