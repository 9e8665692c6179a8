//! `handful cache`: what has been kept, and clearing it.

use clap::Subcommand;
use serde_json::json;

use crate::cache::{CACHE_DIR_VARIABLE, Cache};
use crate::events::Events;
use crate::exit::{self, Failure};

/// Show or clear the features that are kept between runs
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  handful cache\n  handful cache clear\n\n\
    HANDFUL_CACHE_DIR names another folder. The cache never grows over 2 GiB: what was not used for longest goes first.")]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Show where it is and how large (the default)
    Size,
    /// Delete all of it
    Clear,
}

/// Shows or clears.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    let cache = Cache::of_user().ok_or_else(|| {
        Failure::new(exit::IO, "this user has no cache folder").advice(format!(
            "name one with the environment variable {CACHE_DIR_VARIABLE}"
        ))
    })?;
    let (contents, verb) = match args.action {
        Some(Action::Clear) => (
            cache
                .clear()
                .map_err(|e| Failure::io("deleting", &cache.dir, &e))?,
            "cleared",
        ),
        _ => (cache.contents(), "holds"),
    };
    if events.tone.json {
        let object = json!({
            "dir": cache.dir, "bytes": contents.bytes, "packs": contents.packs,
            "limit_bytes": cache.limit_bytes, "cleared": matches!(args.action, Some(Action::Clear)),
        });
        events.print(&object.to_string());
    } else {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        events.print(&format!(
            "`{}` {verb} {:.1} MiB in {} packs (limit {:.0} MiB)",
            cache.dir.display(),
            mib(contents.bytes),
            contents.packs,
            mib(cache.limit_bytes)
        ));
    }
    Ok(())
}
