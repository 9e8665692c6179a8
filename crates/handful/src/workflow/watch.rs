//! How long did the steps take, and is there time for one more? The only clock of a training.

use std::time::{Duration, Instant};

/// Steps and how long they took.
#[derive(Debug)]
pub struct Watch {
    started: Instant,
    last: Instant,
    limit: Option<Duration>,
    /// Seconds by step, in their order.
    pub steps: Vec<(String, f64)>,
}

impl Watch {
    /// Starts now; `limit` is what the person gave with `--time-limit`.
    pub fn start(limit: Option<Duration>) -> Watch {
        let now = Instant::now();
        Watch {
            started: now,
            last: now,
            limit,
            steps: Vec::new(),
        }
    }

    /// Ends a step.
    pub fn lap(&mut self, step: &str) {
        let now = Instant::now();
        let seconds = (now - self.last).as_secs_f64();
        self.steps.push((step.into(), seconds));
        self.last = now;
    }

    /// Seconds since the start.
    pub fn total_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Whether a step of about `seconds` would still end in time. Always, where no limit was given: then the clock
    /// decides nothing, and two runs do the same.
    pub fn has_time_for(&self, seconds: f64) -> bool {
        self.limit
            .is_none_or(|limit| self.total_s() + seconds <= limit.as_secs_f64())
    }
}
