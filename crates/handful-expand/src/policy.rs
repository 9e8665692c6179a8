//! Which ops, how often and how far: data that people read, write and pass on.

mod built_in;

pub use built_in::{built_in, policy_named};

use std::collections::BTreeMap;

use handful_stats::Seed;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::border::Border;
use crate::error::ExpandError;
use crate::op::{OPS, Op, named};
use crate::resample::Interpolation;
use crate::view::View;

/// A way to draw views.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What it is called.
    pub name: String,
    /// What views show beyond the edge of a picture.
    #[serde(default)]
    pub border: Border,
    /// How values between pixels are found.
    #[serde(default)]
    pub interpolation: Interpolation,
    /// What is drawn, one step after the other.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
}

/// Ops that are drawn together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// How many of them.
    #[serde(default)]
    pub choose: Choose,
    /// Which ones.
    #[serde(rename = "op")]
    pub ops: Vec<Use>,
}

/// How many ops of a step a view has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Choose {
    /// All of them, each with its own probability.
    #[default]
    All,
    /// So many, any of them more than once.
    Some(usize),
    /// So many different ones.
    Different(usize),
}

/// An op in a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Use {
    /// Its name; `identity` does nothing.
    pub name: String,
    /// How often it acts where it is drawn, 0 to 1.
    #[serde(default = "always", skip_serializing_if = "is_always")]
    pub p: f64,
    /// Least and largest amount; without it as far as the op goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<[f32; 2]>,
    /// Amounts are drawn in so many steps from the one that changes nothing to either end; 1: the ends alone. Without it, any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<usize>,
}

fn always() -> f64 {
    1.0
}

fn is_always(p: &f64) -> bool {
    *p == 1.0
}

/// Does nothing: an op that policies draw from in order to leave some pictures as they are.
pub const IDENTITY: &str = "identity";

/// How far an op may go on somebody's photos.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cap {
    /// The least amount.
    pub low: f32,
    /// The largest amount.
    pub high: f32,
}

/// How far each op may go; one that isn't named may not act at all.
pub type Caps = BTreeMap<String, Cap>;

impl Policy {
    /// Draws nothing.
    pub fn none() -> Policy {
        Policy {
            name: "none".into(),
            border: Border::Reflect,
            interpolation: Interpolation::Bilinear,
            steps: Vec::new(),
        }
    }

    /// A policy from the text of a file, with every name and number looked at.
    ///
    /// # Errors
    /// [`ExpandError`] with what is wrong, where, and what may stand there.
    pub fn parse(text: &str) -> Result<Policy, ExpandError> {
        let policy: Policy = toml::from_str(text).map_err(|error| ExpandError::Syntax {
            found: error.to_string(),
        })?;
        policy.check()?;
        Ok(policy)
    }

    /// Its text, as [`Policy::parse`] reads it.
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("a policy is plain data")
    }

    /// Compares every name and number with what may stand there.
    ///
    /// # Errors
    /// As [`Policy::parse`].
    pub fn check(&self) -> Result<(), ExpandError> {
        for step in &self.steps {
            let n = step.ops.len();
            let (Choose::Some(most) | Choose::Different(most)) = step.choose else {
                step.ops.iter().try_for_each(Use::check)?;
                continue;
            };
            let limit = match step.choose {
                Choose::Different(_) => n,
                _ => 100,
            };
            if n == 0 || most == 0 || most > limit {
                return Err(ExpandError::OutOfRange {
                    op: "a step".into(),
                    name: "choose",
                    found: format!("{most} of {n}"),
                    range: format!("a number from 1 to {limit}, and at least one op"),
                });
            }
            step.ops.iter().try_for_each(Use::check)?;
        }
        Ok(())
    }

    /// The view of a sample in an epoch: the same for the same four, whatever else is drawn.
    ///
    /// # Panics
    /// When the policy does not pass [`Policy::check`].
    pub fn view(&self, seed: Seed, epoch: u64, sample: u64, size: [usize; 2]) -> View {
        let mut random = seed.derive("epoch", epoch).stream("augmented", sample);
        self.draw(size, &mut random)
    }

    /// A view of pictures of this width and height.
    ///
    /// # Panics
    /// When the policy does not pass [`Policy::check`].
    pub fn draw(&self, size: [usize; 2], random: &mut ChaCha8Rng) -> View {
        let mut view = View {
            border: self.border,
            interpolation: self.interpolation,
            ..View::default()
        };
        for step in &self.steps {
            let n = step.ops.len();
            let drawn: Vec<usize> = match step.choose {
                Choose::All => (0..n).collect(),
                Choose::Some(most) => (0..most).map(|_| random.random_range(0..n)).collect(),
                Choose::Different(most) => {
                    let mut all: Vec<usize> = (0..n).collect();
                    all.shuffle(random);
                    all.truncate(most);
                    all
                }
            };
            for idx in drawn {
                step.ops[idx].draw(size, random, &mut view);
            }
        }
        view
    }

    /// The same policy with no op further than its cap allows, and without those that have none. A step that chooses among ops goes on
    /// choosing among those that are left.
    pub fn within(&self, caps: &Caps) -> Policy {
        let capped = |used: &Use| {
            if used.name == IDENTITY {
                return Some(used.clone());
            }
            let cap = caps.get(&used.name)?;
            let [low, high] = used.range();
            let range = [low.clamp(cap.low, cap.high), high.clamp(cap.low, cap.high)];
            let neutral = named(&used.name)?.range().neutral;
            let does_nothing = range == [neutral; 2];
            (!does_nothing).then(|| Use {
                range: Some(range),
                ..used.clone()
            })
        };
        let steps = self.steps.iter().filter_map(|step| {
            let ops: Vec<Use> = step.ops.iter().filter_map(capped).collect();
            let choose = match step.choose {
                Choose::Different(most) => Choose::Different(most.min(ops.len())),
                other => other,
            };
            (!ops.is_empty()).then_some(Step { choose, ops })
        });
        Policy {
            steps: steps.collect(),
            ..self.clone()
        }
    }

    /// The same policy at a share of its strength, 0..=1: ranges shrink towards what changes nothing.
    pub fn at(&self, strength: f32) -> Policy {
        let mut weaker = self.clone();
        for used in weaker.steps.iter_mut().flat_map(|step| &mut step.ops) {
            let Some(op) = named(&used.name) else {
                continue;
            };
            let range = op.range();
            used.range = Some(used.range().map(|end| range.towards(end, strength)));
        }
        weaker
    }

    /// The ops that it uses, in the order of [`OPS`].
    pub fn ops(&self) -> Vec<&'static dyn Op> {
        let is_used = |op: &&&dyn Op| {
            let mut used = self.steps.iter().flat_map(|step| &step.ops);
            used.any(|used| used.name == op.name())
        };
        OPS.iter().filter(is_used).copied().collect()
    }
}

impl Use {
    /// An op as far as it goes, whenever it is drawn.
    pub fn new(name: &str) -> Use {
        Use {
            name: name.into(),
            p: 1.0,
            range: None,
            levels: None,
        }
    }

    /// The amounts that it draws from.
    ///
    /// # Panics
    /// When there is no op of this name.
    pub fn range(&self) -> [f32; 2] {
        let range = || {
            let op = named(&self.name).expect("names are checked");
            [op.range().low, op.range().high]
        };
        self.range.unwrap_or_else(range)
    }

    fn check(&self) -> Result<(), ExpandError> {
        let refuse = |name, found: String, range: String| {
            Err(ExpandError::OutOfRange {
                op: self.name.clone(),
                name,
                found,
                range,
            })
        };
        if !(0.0..=1.0).contains(&self.p) {
            return refuse("p", self.p.to_string(), "a probability, 0 to 1".into());
        }
        if self.levels == Some(0) {
            return refuse("levels", "0".into(), "a number from 1".into());
        }
        if self.name == IDENTITY {
            return Ok(());
        }
        let Some(op) = named(&self.name) else {
            let known: Vec<&str> = OPS.iter().map(|op| op.name()).collect();
            return Err(ExpandError::Unknown {
                what: "operation",
                name: self.name.clone(),
                known: known.join(", "),
            });
        };
        let range = op.range();
        match self.range {
            Some([low, high]) if !(low <= high && range.holds(low) && range.holds(high)) => refuse(
                "range",
                format!("[{low}, {high}]"),
                format!(
                    "two ascending numbers within {} to {} {}",
                    range.low, range.high, range.unit
                )
                .trim_end()
                .into(),
            ),
            _ => Ok(()),
        }
    }

    fn draw(&self, size: [usize; 2], random: &mut ChaCha8Rng, view: &mut View) {
        if self.p < 1.0 && !random.random_bool(self.p) {
            return;
        }
        if self.name == IDENTITY {
            return;
        }
        let op = named(&self.name).expect("names are checked");
        let amount = self.amount(op, random);
        let change = op.change(amount, size, random);
        if amount != op.range().neutral {
            view.push(op.name(), amount, change);
        }
    }

    fn amount(&self, op: &dyn Op, random: &mut ChaCha8Rng) -> f32 {
        let range = op.range();
        let [low, high] = self.range();
        if range.is_switch() {
            // It acts whenever it is drawn: how often is said by `p`.
            return if high > range.neutral { high } else { low };
        }
        let Some(levels) = self.levels else {
            return match range.is_whole {
                true => random.random_range(low.round() as i32..=high.round() as i32) as f32,
                false => random.random_range(low..=high),
            };
        };
        let ends: Vec<f32> = [low, high]
            .into_iter()
            .filter(|&end| end != range.neutral)
            .collect();
        let end = match ends.len() {
            0 => return range.neutral,
            n => ends[random.random_range(0..n)],
        };
        let share = match levels {
            1 => 1.0,
            n => random.random_range(0..n) as f32 / (n - 1) as f32,
        };
        let amount = range.neutral + (end - range.neutral) * share;
        if range.is_whole {
            amount.round()
        } else {
            amount
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(text: &str) -> Result<Policy, ExpandError> {
        Policy::parse(text)
    }

    #[test]
    fn a_policy_survives_its_own_text() {
        let text = "name = 'mine'\n[[step]]\n[[step.op]]\nname = 'rotation'\np = 0.5\nrange = [-10.0, 10.0]\n";
        let mine = policy(text).unwrap();
        assert_eq!(policy(&mine.to_text()).unwrap(), mine);
        for built_in in built_in() {
            assert_eq!(policy(&built_in.to_text()).unwrap(), built_in);
        }
    }

    #[test]
    fn mistakes_are_named_with_what_may_stand_there() {
        let one = |op: &str| format!("name = 'x'\n[[step]]\n[[step.op]]\n{op}");
        let wrong = [
            (
                "name = 'rotate'",
                "no operation called `rotate`",
                "rotation",
            ),
            (
                "name = 'rotation'\np = 2.0",
                "`p` of `rotation` is 2",
                "0 to 1",
            ),
            (
                "name = 'rotation'\nrange = [-999.0, 0.0]",
                "`range` of `rotation`",
                "within -180 to 180 degrees",
            ),
            (
                "name = 'rotation'\nstrength = 1",
                "no policy",
                "--save-policy",
            ),
        ];
        for (op, what, advice) in wrong {
            let error = policy(&one(op)).unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.advice().contains(advice), "{}", error.advice());
        }
    }

    #[test]
    fn a_view_depends_on_its_four_numbers_alone() {
        let policy = Policy::parse(
            "name = 'x'\n[[step]]\n[[step.op]]\nname = 'rotation'\n[[step.op]]\nname = 'brightness'\n",
        )
        .unwrap();
        let told = |seed, epoch, sample| policy.view(Seed(seed), epoch, sample, [8, 8]).told;
        assert_eq!(told(1, 2, 3), told(1, 2, 3));
        assert_ne!(told(1, 2, 3), told(2, 2, 3));
        assert_ne!(told(1, 2, 3), told(1, 3, 3));
        assert_ne!(told(1, 2, 3), told(1, 2, 4));
    }

    #[test]
    fn nothing_goes_further_than_its_cap() {
        let wild = Policy::parse(
            "name = 'x'\n[[step]]\nchoose = { some = 1 }\n[[step.op]]\nname = 'rotation'\nlevels = 1\n\
             [[step.op]]\nname = 'horizontal_flip'\n[[step.op]]\nname = 'brightness'\n",
        )
        .unwrap();
        let caps = Caps::from([
            (
                "rotation".into(),
                Cap {
                    low: -20.0,
                    high: 5.0,
                },
            ),
            (
                "brightness".into(),
                Cap {
                    low: 1.0,
                    high: 1.0,
                },
            ),
        ]);
        let tame = wild.within(&caps);
        let names: Vec<&str> = tame.ops().iter().map(|op| op.name()).collect();
        assert_eq!(names, ["rotation"]);
        let amounts: std::collections::BTreeSet<String> = (0..50)
            .map(|i| tame.view(Seed(0), 0, i, [8, 8]).told[0].1.to_string())
            .collect();
        assert_eq!(amounts, ["-20".to_owned(), "5".to_owned()].into());
        let weaker = tame.at(0.5);
        assert_eq!(weaker.steps[0].ops[0].range, Some([-10.0, 2.5]));
    }
}
