//! Which bytes are the embedded backbone: EfficientNet-Lite0 without its classifier, and what is kept of its features of
//! 1,000 natural images.
//!
//! Convolutions stay in f16 (half the download, at most 5e-4 of a tensor's largest weight) and norm vectors in f32,
//! because a rounded variance near zero would be divided by. The output depends on the input alone: tensors are
//! ordered by element type, then name (the writer's rule), and there is one metadata key, so no map order can leak.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use safetensors::{Dtype, SafeTensors};

use crate::failure::{Failure, Outcome};

/// The full file, below the folder that the user names.
const SOURCE: &str = "weights/efficientnet_lite0.safetensors";
/// The cut file, below the repository's root.
pub const TARGET: &str = "crates/handful-learn/weights/efficientnet_lite0.safetensors";
/// Features of natural images, below the folder that the user names.
const NATURAL_SOURCE: &str = "weights/efficientnet_lite0-imagenet-features.safetensors";
/// What is distilled from them, below the repository's root.
pub const NATURAL_TARGET: &str = "crates/handful-learn/weights/natural_images.safetensors";
/// The only metadata key that is kept; it names the row of the backbone table.
const ARCHITECTURE_KEY: &str = "architecture";

/// Cuts the weights, writes them into handful-learn and prints size and BLAKE3.
pub fn cut(root: &Path, shared: &Path) -> Result<Outcome, Failure> {
    let source = shared.join(SOURCE);
    let bytes = std::fs::read(&source).map_err(Failure::reading(&source))?;
    let cut = without_classifier(&bytes).map_err(|found| {
        Failure::new(
            format!("cannot cut `{}`", source.display()),
            found,
            "fetch the file again",
        )
    })?;
    let target = root.join(TARGET);
    std::fs::write(&target, &cut.bytes).map_err(Failure::writing(&target))?;
    println!(
        "{TARGET}: {} tensors ({} left out), {} bytes, BLAKE3 {}",
        cut.n_kept,
        cut.n_dropped,
        cut.bytes.len(),
        blake3::hash(&cut.bytes).to_hex()
    );
    distil(root, shared)
}

/// Distils the natural images by an example of handful-learn, which has the algebra for it, and prints size and BLAKE3.
/// The bytes are the same on processors of one kind; on others the last bits of the decomposition may differ.
fn distil(root: &Path, shared: &Path) -> Result<Outcome, Failure> {
    let (source, target) = (shared.join(NATURAL_SOURCE), root.join(NATURAL_TARGET));
    let source = std::fs::canonicalize(&source).map_err(Failure::reading(&source))?;
    if !target.exists() {
        // The crate embeds the file, so that there must be one before its first example runs.
        std::fs::write(&target, []).map_err(Failure::writing(&target))?;
    }
    let status = Command::new(env!("CARGO"))
        .args(["run", "--release", "--quiet", "-p", "handful-learn"])
        .args(["--example", "distil_natural_images", "--"])
        .args([&source, &target])
        .current_dir(root)
        .status()
        .map_err(|error| Failure::new("cannot start `cargo`", error, "put it on the `PATH`"))?;
    if !status.success() {
        return Ok(Outcome::Failed);
    }
    let bytes = std::fs::read(&target).map_err(Failure::reading(&target))?;
    println!(
        "{NATURAL_TARGET}: {} bytes, BLAKE3 {}",
        bytes.len(),
        blake3::hash(&bytes).to_hex()
    );
    Ok(Outcome::Done)
}

/// The cut file and what was counted on the way.
struct Cut {
    bytes: Vec<u8>,
    n_kept: usize,
    n_dropped: usize,
}

/// Drops `classifier.*` and everything of the metadata but the architecture's name.
///
/// # Errors
/// A sentence when the file isn't safetensors, names no architecture, or holds a tensor that is neither an f16
/// convolution (4 axes) nor an f32 vector (1 axis).
fn without_classifier(bytes: &[u8]) -> Result<Cut, String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let architecture = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(ARCHITECTURE_KEY))
        .ok_or_else(|| format!("no metadata key `{ARCHITECTURE_KEY}`"))?;

    let mut kept: Vec<_> = tensors
        .iter()
        .filter(|(name, _)| !name.starts_with("classifier."))
        .collect();
    kept.sort_by_key(|(name, _)| *name);
    for (name, tensor) in &kept {
        match (tensor.shape().len(), tensor.dtype()) {
            (4, Dtype::F16) | (1, Dtype::F32) => {}
            (n_axes, dtype) => {
                return Err(format!("tensor `{name}` has {n_axes} axes of {dtype:?}"));
            }
        }
    }
    let metadata = HashMap::from([(ARCHITECTURE_KEY.to_owned(), architecture.clone())]);
    let n_kept = kept.len();
    let bytes = safetensors::serialize(kept, Some(metadata)).map_err(|error| error.to_string())?;
    Ok(Cut {
        bytes,
        n_kept,
        n_dropped: tensors.len() - n_kept,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::TensorView;

    fn file(with_odd_tensor: bool) -> Vec<u8> {
        let data = [0_u8; 16];
        let mut tensors = vec![
            (
                "conv_stem.weight",
                TensorView::new(Dtype::F16, vec![2, 1, 1, 4], &data).expect("16 bytes"),
            ),
            (
                "bn1.bias",
                TensorView::new(Dtype::F32, vec![4], &data).expect("16 bytes"),
            ),
            (
                "classifier.weight",
                TensorView::new(Dtype::F16, vec![2, 4], &data).expect("16 bytes"),
            ),
        ];
        if with_odd_tensor {
            tensors.push((
                "bn1.counter",
                TensorView::new(Dtype::I64, vec![2], &data).expect("16 bytes"),
            ));
        }
        let metadata = HashMap::from([
            ("architecture".to_owned(), "tiny".to_owned()),
            ("format".into(), "pt".into()),
        ]);
        safetensors::serialize(tensors, Some(metadata)).expect("views are valid")
    }

    #[test]
    fn the_classifier_is_left_out_and_the_rest_is_kept() {
        let cut = without_classifier(&file(false)).expect("the file is sound");
        let tensors = SafeTensors::deserialize(&cut.bytes).expect("the cut file is safetensors");
        let mut names = tensors.names();
        names.sort_unstable();
        assert_eq!(names, ["bn1.bias", "conv_stem.weight"]);
        assert_eq!((cut.n_kept, cut.n_dropped), (2, 1));
        let (_, header) = SafeTensors::read_metadata(&cut.bytes).expect("has a header");
        assert_eq!(header.metadata().as_ref().expect("has metadata").len(), 1);
    }

    #[test]
    fn cutting_twice_gives_the_same_bytes() {
        let once = without_classifier(&file(false))
            .expect("the file is sound")
            .bytes;
        assert_eq!(
            without_classifier(&file(false))
                .expect("the file is sound")
                .bytes,
            once
        );
        assert_eq!(
            without_classifier(&once)
                .expect("a cut file can be cut")
                .bytes,
            once
        );
    }

    #[test]
    fn a_tensor_that_is_neither_convolution_nor_norm_is_refused() {
        let message = without_classifier(&file(true))
            .err()
            .expect("an i64 counter is refused");
        assert!(message.contains("bn1.counter"), "{message}");
    }
}
