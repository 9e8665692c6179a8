//! `handful models`: which backbones there are, and what is known about them.

use std::path::PathBuf;

use handful_image::Geometry;
use handful_learn::Backbone;
use serde_json::{Value, json};

use crate::events::Events;
use crate::exit::Failure;
use crate::workflow::backbone::load_backbone;

/// Show the backbones that can be used: size, licence, provenance, measured quality
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  handful models\n  handful models efficientnet_lite2.safetensors --json"
)]
pub struct Args {
    /// Weights in files, to be described like the embedded one
    files: Vec<PathBuf>,
}

/// Describes the embedded backbone and those in files.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    let mut all: Vec<Value> = Vec::new();
    #[cfg(feature = "embedded-backbone")]
    {
        let embedded = &handful_learn::backbone::EMBEDDED;
        let backbone = load_backbone(None)?;
        all.push(describe(
            &backbone,
            "embedded",
            embedded.bytes.len() as u64,
            embedded.quality,
        ));
    }
    for path in &args.files {
        let backbone = load_backbone(Some(path))?;
        let bytes = std::fs::metadata(path)
            .map_err(|e| Failure::io("reading", path, &e))?
            .len();
        all.push(describe(
            &backbone,
            &path.display().to_string(),
            bytes,
            "not measured",
        ));
    }
    for model in &all {
        if events.tone.json {
            events.print(&model.to_string());
        } else {
            let text = |key: &str| {
                model[key]
                    .as_str()
                    .map_or_else(|| model[key].to_string(), str::to_owned)
            };
            events.print(&text("name"));
            for key in [
                "where",
                "bytes",
                "parameters",
                "trained_px",
                "features",
                "mega_macs",
                "licence",
                "provenance",
                "quality",
            ] {
                events.print(&format!("  {key:<11} {}", text(key)));
            }
        }
    }
    if all.is_empty() {
        events.say("this build embeds no backbone; give `--model FILE` to `handful train`");
    }
    Ok(())
}

fn describe(backbone: &Backbone, place: &str, bytes: u64, quality: &str) -> Value {
    let preprocessing = backbone.preprocessing(Geometry::CenterCrop, backbone.trained_px);
    json!({
        "name": backbone.card.name,
        "where": place,
        "bytes": bytes,
        "parameters": backbone.weights.n_parameters(),
        "trained_px": backbone.trained_px,
        "features": backbone.stages.last().map(|s| s.channels),
        "mega_macs": backbone.cost(backbone.trained_px).mega_macs.round(),
        "licence": backbone.card.licence,
        "provenance": backbone.card.provenance,
        "quality": quality,
        "preprocessing": preprocessing,
    })
}
