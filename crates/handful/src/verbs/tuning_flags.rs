//! What `train` is asked for of fine-tuning.

use handful_learn::train::Trains;

use crate::exit::{self, Failure};
use crate::workflow::tuning::{Strategy, Wishes};

/// How a network itself is trained.
#[derive(Debug, clap::Args)]
pub struct TuningFlags {
    /// What is tried: frozen features, or also training a network [default: auto]
    #[arg(long, value_enum, value_name = "NAME")]
    strategy: Option<StrategyFlag>,
    /// Training: how often each photo is learned from [default: by the number of photos; from nothing: 200]
    #[arg(long, value_name = "N", value_parser = positive)]
    epochs: Option<f64>,
    /// Training: learning rate at its highest [default: two or more are measured]
    #[arg(long, value_name = "RATE", value_parser = positive)]
    lr: Option<f64>,
    /// Training: images a step, 1 to 1024 [default: 32, or a quarter of the photos; from nothing: 10, or 32 from 1,000 photos on]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: Option<u16>,
    /// Fine-tuning: how many of the network's first stages stay as they are, or what is trained: `last` or `last-2`, the stages of
    /// the one or two coarsest resolutions, `norms`, `all` [default: last, last-2 and all, measured]
    #[arg(long, value_name = "N|NAME", value_parser = trains)]
    freeze: Option<Trains>,
    /// Training: stop after so many epochs without progress on a part of the training photos [default: never]
    #[arg(long, value_name = "EPOCHS", value_parser = clap::value_parser!(u16).range(1..))]
    patience: Option<u16>,
}

/// `--strategy`, as the command line spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum StrategyFlag {
    /// Frozen features, and fine-tuning where there are enough photos and it takes minutes
    Auto,
    /// Frozen features alone: the fastest
    Frozen,
    /// Fine-tuning beside frozen features, whatever it takes
    FineTune,
    /// A small network that starts from nothing beside frozen features, whatever it takes: a control
    Scratch,
}

impl TuningFlags {
    /// The same, as the workflow takes it.
    ///
    /// # Errors
    /// When flags contradict each other.
    pub fn wishes(&self) -> Result<Wishes, Failure> {
        if let (Some(StrategyFlag::Scratch), Some(trains)) = (self.strategy, self.freeze) {
            let what = format!("`--freeze {}` with `--strategy scratch`", trains.name());
            return Err(Failure::new(exit::USAGE, what)
                .found("a network that starts from nothing has nothing to freeze")
                .advice("leave one of both out"));
        }
        // Whoever says how to fine-tune wants it.
        let says_how = self.epochs.is_some()
            || self.lr.is_some()
            || self.batch.is_some()
            || self.freeze.is_some()
            || self.patience.is_some();
        Ok(Wishes {
            strategy: match self.strategy {
                Some(StrategyFlag::Auto) => Strategy::Auto,
                Some(StrategyFlag::Frozen) => Strategy::Frozen,
                Some(StrategyFlag::FineTune) => Strategy::FineTune,
                Some(StrategyFlag::Scratch) => Strategy::Scratch,
                None if says_how => Strategy::FineTune,
                None => Strategy::Auto,
            },
            epochs: self.epochs,
            learning_rate: self.lr,
            batch: self.batch.map(usize::from),
            trains: self.freeze,
            patience: self.patience.map(usize::from),
            recipe: None,
        })
    }
}

/// Reads a number above 0.
fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|n: &f64| n.is_finite() && *n > 0.0);
    number.ok_or_else(|| "write a number above 0".to_owned())
}

/// Reads `--freeze`.
fn trains(text: &str) -> Result<Trains, String> {
    match text {
        "norms" => Ok(Trains::Norms),
        "last" => Ok(Trains::Last),
        "last-2" => Ok(Trains::LastTwo),
        "all" => Ok(Trains::All),
        number => number.parse().map(Trains::From).map_err(|_| {
            "write a number of stages, or one of last, last-2, norms and all".to_owned()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_network_are_read() {
        assert_eq!(trains("last-2"), Ok(Trains::LastTwo));
        assert_eq!(trains("3"), Ok(Trains::From(3)));
        assert!(trains("first").is_err() && trains("-1").is_err());
    }

    #[test]
    fn rates_are_numbers_above_zero() {
        assert_eq!(positive("3e-4"), Ok(3e-4));
        for wrong in ["0", "-1", "nan", "inf", "fast"] {
            assert!(positive(wrong).is_err(), "{wrong}");
        }
    }
}
