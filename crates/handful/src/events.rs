//! One stream of what happens: each event is a line of `events.jsonl`, a line on stdout with `--json`, or a sentence
//! on stderr for a person. Progress bars are the same stream for the impatient.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use handful_data::finding::Finding;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

use crate::exit::Failure;

/// Something that happened in a run.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A run began.
    Start {
        /// Version of handful.
        version: String,
        /// The folder or list.
        data: String,
        /// Seed of every random stream.
        seed: u64,
    },
    /// The folder has been read.
    Scan {
        /// Images for training.
        images: usize,
        /// Classes.
        classes: usize,
        /// Held-back test images.
        test_images: usize,
        /// Files that were skipped or read with a note.
        issues: usize,
    },
    /// A sentence for the person.
    Remark {
        /// The sentence.
        text: String,
    },
    /// A long step goes on (with `--json`, at most once a second).
    Progress {
        /// What is being done.
        step: String,
        /// Share done, 0 to 1.
        share: f64,
        /// Estimated seconds left.
        seconds_left: f64,
    },
    /// Something is wrong or remarkable in the photos.
    Finding(Finding),
    /// Something was decided by measurement.
    Decision {
        /// What about: `geometry`, `resolution`, `stages`.
        about: String,
        /// What was chosen.
        choice: String,
        /// The numbers behind it.
        why: String,
    },
    /// A look at a training of a network while it runs.
    Look {
        /// Name of the network.
        network: String,
        /// What is trained, and how fast: `last-2@0.0003`.
        recipe: String,
        /// Fold that is held out.
        fold: usize,
        /// Steps that have been made.
        step: usize,
        /// How often each photo has been learned from.
        epoch: f64,
        /// Mean loss of photos that are learned from, in nats.
        train_loss: f64,
        /// Their accuracy, 0 to 1.
        train_accuracy: f64,
        /// Mean loss of held-out photos, in nats.
        held_out_loss: f64,
        /// Their accuracy, 0 to 1.
        held_out_accuracy: f64,
    },
    /// A candidate has out-of-fold predictions.
    Candidate {
        /// Its name.
        name: String,
        /// Mean out-of-fold log-loss in nats.
        log_loss: f64,
        /// Out-of-fold accuracy, 0 to 1.
        accuracy: f64,
    },
    /// The command is done.
    Done {
        /// The run folder.
        run: String,
        /// The content of `metrics.json`.
        metrics: Value,
    },
    /// The command failed.
    Error {
        /// The exit code.
        code: u8,
        /// What is wrong.
        what: String,
        /// What was found.
        found: Option<String>,
        /// What to do.
        #[serde(rename = "do")]
        advice: Option<String>,
    },
}

/// How a command talks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tone {
    /// Events as JSON lines on stdout instead of text.
    pub json: bool,
    /// Nothing on stderr but errors.
    pub quiet: bool,
}

/// Where events go.
pub struct Events {
    /// How it talks.
    pub tone: Tone,
    file: Mutex<Option<File>>,
    interrupted: &'static AtomicBool,
}

impl Events {
    /// A stream that has no file yet; `interrupted` is set by Ctrl-C.
    pub fn new(tone: Tone, interrupted: &'static AtomicBool) -> Events {
        Events {
            tone,
            file: Mutex::new(None),
            interrupted,
        }
    }

    /// The same for work whose output on stdout is one object a line and nothing else: no progress, no remarks.
    pub fn silent(&self) -> Events {
        let tone = Tone {
            json: false,
            quiet: true,
        };
        Events::new(tone, self.interrupted)
    }

    /// From now on every event is also appended to this file.
    ///
    /// # Errors
    /// When the file can't be opened.
    pub fn record_in(&self, path: &Path) -> Result<(), Failure> {
        let file = File::options().create(true).append(true).open(path);
        *self.lock() = Some(file.map_err(|e| Failure::io("writing", path, &e))?);
        Ok(())
    }

    /// Closes the file, so that its folder can be renamed on every platform.
    pub fn close(&self) {
        *self.lock() = None;
    }

    /// Lets an event pass: to the file, to stdout with `--json`, or as a sentence to stderr.
    pub fn emit(&self, event: &Event) {
        let line = serde_json::to_string(event).expect("events are plain data");
        if !matches!(event, Event::Progress { .. })
            && let Some(file) = self.lock().as_mut()
        {
            // A full disk must not stop the run here: writing its results will say so.
            let _ = writeln!(file, "{line}");
        }
        if self.tone.json {
            self.print(&line);
        } else if let Event::Remark { text } = event {
            self.say(text);
        }
    }

    /// A sentence for the person, as an event.
    pub fn remark(&self, text: impl Into<String>) {
        self.emit(&Event::Remark { text: text.into() });
    }

    /// A line on stdout: results.
    pub fn print(&self, line: &str) {
        // A closed pipe (`handful … | head`) ends the talk, not the work.
        let _ = writeln!(anstream::stdout().lock(), "{line}");
    }

    /// A line on stderr: talk.
    pub fn say(&self, line: &str) {
        if !self.tone.quiet && !self.tone.json {
            let _ = writeln!(anstream::stderr().lock(), "{line}");
        }
    }

    /// # Errors
    /// [`Failure::interrupted`] once Ctrl-C was pressed; asked between units of work.
    pub fn check_interrupted(&self) -> Result<(), Failure> {
        if self.is_interrupted() {
            Err(Failure::interrupted())
        } else {
            Ok(())
        }
    }

    /// What is set when somebody interrupts, for work that knows no events.
    pub fn interruption(&self) -> &AtomicBool {
        self.interrupted
    }

    /// Whether Ctrl-C was pressed.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// A bar for a long step of `total` units of work.
    pub fn progress(&self, step: &str, total: u64) -> Progress<'_> {
        let visible = !self.tone.quiet && !self.tone.json && std::io::stderr().is_terminal();
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(total), target).with_message(step.to_owned());
        bar.set_style(
            ProgressStyle::with_template("{msg:34} {bar:28} {percent:>3} %  {eta} left")
                .expect("a fixed template")
                .progress_chars("━╸─"),
        );
        if visible {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Progress {
            events: self,
            step: step.to_owned(),
            total,
            bar,
            started: Instant::now(),
            told_s: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<File>> {
        self.file
            .lock()
            .expect("nothing panics while it writes a line")
    }
}

/// A long step that goes on.
pub struct Progress<'a> {
    events: &'a Events,
    step: String,
    total: u64,
    bar: ProgressBar,
    started: Instant,
    told_s: AtomicU64,
}

impl Progress<'_> {
    /// Adds finished units of work.
    pub fn advance(&self, units: u64) {
        self.bar.inc(units);
        let elapsed = self.started.elapsed().as_secs_f64();
        let second = elapsed as u64;
        if self.events.tone.json && self.told_s.fetch_max(second, Ordering::Relaxed) < second {
            let share = (self.bar.position() as f64 / self.total.max(1) as f64).min(1.0);
            let seconds_left = if share > 0.0 {
                elapsed * (1.0 - share) / share
            } else {
                0.0
            };
            self.events.emit(&Event::Progress {
                step: self.step.clone(),
                share,
                seconds_left,
            });
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
