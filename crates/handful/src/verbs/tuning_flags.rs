//! What `train` is asked for of the training of networks.

use handful_learn::train::Trains;

use crate::exit::{self, Failure};
use crate::workflow::augment::policies::{self, Augment, Overruled};
use crate::workflow::tuning::{Strategy, Wishes};

/// How a network itself is trained.
#[derive(Debug, clap::Args)]
pub struct TuningFlags {
    /// What is tried beside frozen features [default: auto]
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
    /// Training: what makes views of the photos: `auto`, which tries what they bear, `windows` alone, the name of a policy, or a
    /// file of one; operations that these photos don't bear are left out [default: auto]
    #[arg(long, value_name = "NAME|FILE")]
    augment: Option<String>,
    /// Training: operations that act although the photos don't bear them, or `all`
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = overruled)]
    allow: Vec<String>,
}

/// `--strategy`, as the command line spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum StrategyFlag {
    /// Fine-tuning where there are enough photos and it takes minutes, and each tuned network together with the best frozen features
    /// (an ensemble); nothing from scratch
    Auto,
    /// Nothing: the fastest
    Frozen,
    /// Fine-tuning and ensembles, whatever it takes
    FineTune,
    /// A small network that starts from nothing, whatever it takes: a control; no fine-tuning
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
        let said = self.said();
        if let (Some(StrategyFlag::Frozen), [first, ..]) = (self.strategy, &said[..]) {
            let what = format!("`{first}` with `--strategy frozen`");
            return Err(Failure::new(exit::USAGE, what)
                .found("no network is trained there, which is what the flag is about")
                .advice(format!(
                    "leave `--strategy` or `{}` out",
                    said.join("` and `")
                )));
        }
        // Whoever says how to fine-tune wants it.
        Ok(Wishes {
            strategy: match self.strategy {
                Some(StrategyFlag::Auto) => Strategy::Auto,
                Some(StrategyFlag::Frozen) => Strategy::Frozen,
                Some(StrategyFlag::FineTune) => Strategy::FineTune,
                Some(StrategyFlag::Scratch) => Strategy::Scratch,
                None if !said.is_empty() => Strategy::FineTune,
                None => Strategy::Auto,
            },
            epochs: self.epochs,
            learning_rate: self.lr,
            batch: self.batch.map(usize::from),
            trains: self.freeze,
            patience: self.patience.map(usize::from),
            augment: match self.augment.as_deref() {
                None | Some("auto") => Augment::Fitted,
                Some("windows") => Augment::Windows,
                Some(name) => Augment::By(policies::read(name)?),
            },
            overruled: overruled_by(&self.allow),
            recipe: None,
        })
    }

    /// The flags that say how a network is trained, as far as they were given.
    fn said(&self) -> Vec<&'static str> {
        let flags = [
            ("--epochs", self.epochs.is_some()),
            ("--lr", self.lr.is_some()),
            ("--batch", self.batch.is_some()),
            ("--freeze", self.freeze.is_some()),
            ("--patience", self.patience.is_some()),
            ("--augment", self.augment.is_some()),
            ("--allow", !self.allow.is_empty()),
        ];
        let given = flags.into_iter().filter(|(_, is_given)| *is_given);
        given.map(|(flag, _)| flag).collect()
    }
}

/// What `--allow` overrules.
pub fn overruled_by(allow: &[String]) -> Overruled {
    Overruled {
        all: allow.iter().any(|name| name == ALL),
        ops: allow.to_vec(),
    }
}

/// What `--allow` is given for every operation.
const ALL: &str = "all";

/// Reads the name of an operation, or `all`.
pub fn overruled(name: &str) -> Result<String, String> {
    if name == ALL || handful_expand::named(name).is_some() {
        return Ok(name.to_owned());
    }
    let known: Vec<&str> = handful_expand::OPS.iter().map(|op| op.name()).collect();
    Err(format!("write `all` or some of {}", known.join(", ")))
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

    fn of(strategy: Option<StrategyFlag>) -> TuningFlags {
        TuningFlags {
            strategy,
            epochs: None,
            lr: None,
            batch: None,
            freeze: None,
            patience: None,
            augment: None,
            allow: Vec::new(),
        }
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        let frozen = || of(Some(StrategyFlag::Frozen));
        assert_eq!(frozen().wishes().unwrap().strategy, Strategy::Frozen);
        let cases = [
            (
                "--epochs",
                TuningFlags {
                    epochs: Some(3.0),
                    ..frozen()
                },
            ),
            (
                "--lr",
                TuningFlags {
                    lr: Some(1e-3),
                    ..frozen()
                },
            ),
            (
                "--batch",
                TuningFlags {
                    batch: Some(8),
                    ..frozen()
                },
            ),
            (
                "--freeze",
                TuningFlags {
                    freeze: Some(Trains::All),
                    ..frozen()
                },
            ),
            (
                "--patience",
                TuningFlags {
                    patience: Some(4),
                    ..frozen()
                },
            ),
        ];
        for (flag, flags) in cases {
            let failure = flags.wishes().unwrap_err();
            assert_eq!(failure.code, exit::USAGE);
            assert!(failure.what.starts_with(&format!("`{flag}`")), "{failure}");
            assert!(failure.advice.unwrap().contains(flag));
            let free = TuningFlags {
                strategy: None,
                ..flags
            };
            assert_eq!(free.wishes().unwrap().strategy, Strategy::FineTune);
        }
        let nothing = TuningFlags {
            freeze: Some(Trains::Last),
            ..of(Some(StrategyFlag::Scratch))
        };
        assert!(nothing.wishes().is_err());
        assert_eq!(of(None).wishes().unwrap().strategy, Strategy::Auto);
    }

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
