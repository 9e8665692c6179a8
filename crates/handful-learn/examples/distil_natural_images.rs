//! What ships of the natural images that photos are compared with?
//!
//! `cargo run --release -p handful-learn --example distil_natural_images -- FEATURES.safetensors OUT.safetensors`
//!
//! Reads the tensor `features.128` `[1000, 1280]`; `cargo xtask weights` runs it.

use std::{env, fs};

use handful_learn::Weights;
use handful_learn::domain::NaturalImages;

fn main() {
    let files: Vec<String> = env::args().skip(1).collect();
    let [source, target] = &files[..] else {
        panic!("two files are needed: features to read, the file to write");
    };
    let bytes = fs::read(source).expect("the features can be read");
    let features = &Weights::from_safetensors(&bytes)
        .expect("the features are safetensors")
        .tensors["features.128"];
    let natural = NaturalImages::distil(&features.to_f32(), features.shape[1])
        .expect("a thousand whole rows");
    fs::write(target, natural.to_weights().to_safetensors()).expect("the file can be written");
}
