//! The program: parse, do, end with a documented exit code.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Parser;
use handful::events::{Event, Events};
use handful::exit;
use handful::verbs::Cli;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let cli = Cli::parse_from(&typed);
    // The first signal asks the work to stop at the next safe point, the second ends it.
    let handler = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(exit::INTERRUPTED));
        }
    });
    if let Err(e) = handler {
        eprintln!("warning: Ctrl-C will end the program at once ({e})");
    }
    let events = Events::new(cli.tone(), &INTERRUPTED);
    match cli.run(&typed, &events) {
        Ok(()) => ExitCode::from(exit::DONE),
        Err(failure) => {
            if events.tone.json {
                events.emit(&Event::Error {
                    code: failure.code,
                    what: failure.what.clone(),
                    found: failure.found.clone(),
                    advice: failure.advice.clone(),
                });
            }
            anstream::eprintln!("{failure}");
            ExitCode::from(failure.code)
        }
    }
}
