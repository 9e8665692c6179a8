//! Which policies are worth trying on photos that bear so much?

use handful_expand::{Cap, Caps, Choose, OPS, Policy, Step, Use, policy_named};

use crate::exit::{self, Failure};
use crate::workflow::labelled::Labelled;
use crate::workflow::tuning::proposals::median;

/// Photos below which policies are not compared, and windows stay what training sees. Small-data.md 1.4 says 200; but of 200 photos a fold
/// has 40, trainings of one recipe differ by two points from seed to seed, and no policy was better than windows on draws of 200
/// (BENCHMARKS.md, "Views").
const FEWEST_PHOTOS: usize = 500;
/// The same for photos of a class, in the median.
const FEWEST_OF_A_CLASS: usize = 20;
/// Share of what is safe that stronger policies draw from.
const SHARE: f32 = 2.0 / 3.0;

/// What is wanted of views in training.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Augment {
    /// What these photos bear, as far as it helps.
    #[default]
    Fitted,
    /// Windows alone.
    Windows,
    /// This policy, as far as the photos bear it.
    By(Policy),
}

/// Operations that act although the photos don't bear them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overruled {
    /// Every one.
    pub all: bool,
    /// These.
    pub ops: Vec<String>,
}

impl Overruled {
    /// What acts for this reason alone, for people.
    pub fn told(&self) -> Vec<String> {
        match self.all {
            true => vec!["every operation".into()],
            false => self.ops.clone(),
        }
    }

    /// The caps with those lifted that were overruled.
    pub fn lift(&self, caps: &Caps) -> Caps {
        let is_lifted = |name: &str| self.all || self.ops.iter().any(|op| op == name);
        let mut lifted = caps.clone();
        for op in OPS.iter().filter(|op| is_lifted(op.name())) {
            let range = op.range();
            let whole = Cap {
                low: range.low,
                high: range.high,
            };
            lifted.insert(op.name().into(), whole);
        }
        lifted
    }
}

/// The mildest policy, as far as photos bear it, and every pose that they do.
pub fn mild(caps: &Caps) -> Policy {
    let mut policy = built_in("safe");
    let others = POSES.into_iter().filter(|name| *name != "horizontal_flip");
    if let Some(step) = policy.steps.first_mut() {
        step.ops.extend(others.map(pose));
    }
    policy.within(caps)
}

/// Changes from one pose to another; where all are safe, they are the eight of a square.
const POSES: [&str; 3] = ["horizontal_flip", "vertical_flip", "quarter_turns"];

fn pose(name: &str) -> Use {
    Use {
        p: 0.5,
        ..Use::new(name)
    }
}

/// Whether so many photos can tell policies apart.
pub fn can_tell(photos: &Labelled) -> bool {
    photos.len() >= FEWEST_PHOTOS && median(&photos.class_counts()) >= FEWEST_OF_A_CLASS
}

/// What may be tried on photos that bear `caps`, mildest first.
pub fn fitted(caps: &Caps) -> Vec<Policy> {
    let all = [mild(caps), one_of_all(caps), two_of_all(caps)];
    all.into_iter().filter(|p| !p.steps.is_empty()).collect()
}

/// Operations that the fitted policies above the mildest draw from: those of TrivialAugment, with flips and turns.
pub fn drawn_from() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = POSES.to_vec();
    let trivial = built_in("trivial_augment_wide");
    names.extend(trivial.ops().iter().map(|op| op.name()));
    names.extend(built_in("safe").ops().iter().map(|op| op.name()));
    let all = OPS.iter().map(|op| op.name());
    all.filter(|name| names.contains(name)).collect()
}

fn built_in(name: &str) -> Policy {
    policy_named(name).expect("a built-in policy")
}

/// The poses that photos bear, and then operations of TrivialAugment among those that are safe, to two thirds of their caps.
fn of_all(caps: &Caps, name: &str, choose: Choose) -> Policy {
    let poses = Step {
        choose: Choose::All,
        ops: POSES.into_iter().map(pose).collect(),
    };
    let other = drawn_from().into_iter().filter(|op| !POSES.contains(op));
    let mut ops: Vec<Use> = vec![Use::new(handful_expand::IDENTITY)];
    ops.extend(other.map(Use::new));
    let all = Policy {
        name: name.into(),
        steps: vec![poses, Step { choose, ops }],
        ..Policy::none()
    };
    let mut within = all.within(caps).at(SHARE);
    // A step that is left with nothing to do draws nothing.
    within.steps.retain(|step| {
        step.ops
            .iter()
            .any(|used| used.name != handful_expand::IDENTITY)
    });
    within
}

fn one_of_all(caps: &Caps) -> Policy {
    of_all(caps, "one", Choose::Some(1))
}

fn two_of_all(caps: &Caps) -> Policy {
    of_all(caps, "two", Choose::Some(2))
}

/// Reads a policy by its name or from a file.
///
/// # Errors
/// When there is neither, or the file is no policy.
pub fn read(name: &str) -> Result<Policy, Failure> {
    if let Ok(policy) = policy_named(name) {
        return Ok(policy);
    }
    let path = std::path::Path::new(name);
    if !path.exists() {
        let known: Vec<String> = handful_expand::built_in()
            .into_iter()
            .map(|p| p.name)
            .collect();
        return Err(
            Failure::new(exit::USAGE, format!("there is no policy `{name}`"))
                .found(format!("neither a file nor one of {}", known.join(", ")))
                .advice("`handful augment DIR --save-policy FILE` writes one that fits"),
        );
    }
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("reading", path, &e))?;
    Policy::parse(&text).map_err(|error| {
        Failure::new(exit::USAGE, format!("`{name}`: {error}")).advice(error.advice())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_draw_from_what_is_safe_alone() {
        let caps = Caps::from([
            (
                "rotation".into(),
                Cap {
                    low: -30.0,
                    high: 30.0,
                },
            ),
            (
                "horizontal_flip".into(),
                Cap {
                    low: 0.0,
                    high: 1.0,
                },
            ),
        ]);
        let all = fitted(&caps);
        assert_eq!(all.len(), 3);
        for policy in &all {
            let names: Vec<&str> = policy.ops().iter().map(|op| op.name()).collect();
            assert!(
                names.iter().all(|name| caps.contains_key(*name)),
                "{names:?}"
            );
        }
        let turn = all[1].steps[1].ops.iter().find(|u| u.name == "rotation");
        assert_eq!(turn.and_then(|u| u.range), Some([-20.0, 20.0]));
        let turns = Cap {
            low: 0.0,
            high: 3.0,
        };
        let upright: Vec<&str> = all[0].ops().iter().map(|op| op.name()).collect();
        assert_eq!(upright, ["horizontal_flip"]);
        let anyhow = mild(&Caps::from([("quarter_turns".into(), turns)]));
        assert_eq!(anyhow.ops()[0].name(), "quarter_turns");
        assert!(fitted(&Caps::new()).is_empty());
        assert!(
            can_tell(&Labelled::of_two_classes(500)) && !can_tell(&Labelled::of_two_classes(499))
        );
    }

    #[test]
    fn what_is_overruled_goes_all_the_way() {
        let caps = Overruled {
            all: false,
            ops: vec!["vertical_flip".into()],
        };
        let lifted = caps.lift(&Caps::new());
        assert_eq!(lifted.keys().collect::<Vec<_>>(), ["vertical_flip"]);
    }
}
