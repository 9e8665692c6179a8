//! `handful report`: the page of a finished run, drawn anew.

use std::path::PathBuf;

use handful_report::{ReportModel, render, words};
use serde_json::json;

use crate::events::Events;
use crate::exit::{self, Failure};
use crate::workflow::run_folder::write_whole;

/// Draw the report of a finished run again and say what it says
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  handful report runs/photos\n  handful report runs/photos --out for-the-team.html"
)]
pub struct Args {
    /// Folder of a finished run
    run: PathBuf,
    /// Where the page goes [default: report.html in the run]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Draws.
pub fn run(args: Args, events: &Events) -> Result<(), Failure> {
    let source = args.run.join("report.json");
    let text = std::fs::read_to_string(&source).map_err(|e| {
        Failure::io("reading", &source, &e)
            .advice("give the folder of a finished run, such as `runs/photos`")
    })?;
    let model: ReportModel = serde_json::from_str(&text).map_err(|e| {
        Failure::new(
            exit::NOT_WHAT_IT_CLAIMS,
            format!("`{}` is not the content of a report", source.display()),
        )
        .found(e.to_string())
        .advice("train again, or use the version of handful that wrote it")
    })?;
    let page = args.out.unwrap_or_else(|| args.run.join("report.html"));
    write_whole(&page, render(&model).as_bytes())?;
    if events.tone.json {
        events.print(
            &json!({ "report": page, "verdict": words::verdict(&model.verdict) }).to_string(),
        );
    } else {
        events.print(&words::verdict(&model.verdict));
        events.say(&format!("report: `{}`", page.display()));
    }
    Ok(())
}
