//! A comparison as `train` runs it, on features that are at hand.

use std::sync::atomic::AtomicBool;

use handful::events::{Events, Tone};
use handful::workflow::compare::Price;
use handful::workflow::judge::{Judged, Judgement, judge};
use handful::workflow::labelled::Labelled;
use handful::workflow::plan::CandidatePlan;
use handful::workflow::task::{OutOfFold, Task};
use handful_learn::head::{self, FeatureSet, Head};
use handful_stats::{Column, Seed, protocol};

static NEVER: AtomicBool = AtomicBool::new(false);

/// A stream of events that nobody reads.
pub fn silence() -> Events {
    let tone = Tone {
        json: false,
        quiet: true,
    };
    Events::new(tone, &NEVER)
}

/// Images by numbers alone.
pub fn labelled(labels: Vec<usize>, groups: Vec<usize>, n_classes: usize) -> Labelled {
    Labelled {
        rows: (0..labels.len()).collect(),
        labels,
        units: groups.clone(),
        groups,
        n_classes,
    }
}

/// One candidate: which of the feature sets, and the head on it.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    pub features: usize,
    pub head: &'static str,
}

/// What a comparison came to.
pub struct Compared {
    pub task: Task,
    pub judged: Vec<Judged>,
    pub judgement: Judgement,
}

impl Compared {
    /// Folds by the protocol, every candidate, the judgement; none for sets that `train` refuses.
    pub fn of(
        photos: Labelled,
        sets: &[FeatureSet],
        candidates: &[Candidate],
        seed: Seed,
    ) -> Option<Compared> {
        let events = silence();
        let standard = protocol(photos.n_groups());
        let folds = seed.derive("folds", 0);
        let task = Task::new(photos, standard.k, standard.repeats, folds, seed).ok()?;
        let mut judged = Vec::new();
        for (idx, features) in sets.iter().enumerate() {
            let own: Vec<&Candidate> = candidates.iter().filter(|c| c.features == idx).collect();
            let heads: Vec<_> = own
                .iter()
                .map(|c| head::named(c.head).expect("a head"))
                .collect();
            let progress = events.progress("comparing", 1);
            let outs = task.out_of_fold(features, &heads, &progress, &events);
            for (candidate, out) in own.iter().zip(outs.expect("finite features")) {
                judged.push(told(candidate, out, &task));
            }
        }
        // Sizes and stages of a small network, and most heads: nothing whose cost is felt.
        let price = |judged: &Judged| Price {
            keeps_images: head::named(candidate_of(judged).head).is_some_and(Head::keeps_images),
            ..Price::default()
        };
        let prices: Vec<Price> = judged.iter().map(price).collect();
        let judgement = judge(&judged, &prices, &task).expect("a judgement");
        Some(Compared {
            task,
            judged,
            judgement,
        })
    }

    /// Which candidate was chosen.
    pub fn chosen(&self) -> Candidate {
        candidate_of(&self.judged[self.judgement.chosen])
    }

    /// The best out-of-fold accuracy of all candidates: what is usually quoted.
    pub fn naive_best(&self) -> f64 {
        let of = |judged: &Judged| judged.column.mean_hit();
        self.judged.iter().map(of).fold(0.0, f64::max)
    }

    /// Accuracy on other images of the model that is returned: the chosen candidate, fitted on all images.
    pub fn truth(&self, own: &FeatureSet, others: &[f64], labels: &[usize]) -> f64 {
        self.truth_of(self.judgement.chosen, own, others, labels)
    }

    /// The same of another candidate.
    pub fn truth_of(&self, idx: usize, own: &FeatureSet, others: &[f64], labels: &[usize]) -> f64 {
        let head = head::named(candidate_of(&self.judged[idx]).head).expect("a head");
        let fitted = self.task.refit(own, head).expect("finite features");
        accuracy(
            &fitted.probabilities(others),
            labels,
            self.task.photos.n_classes,
        )
    }
}

/// Share of images whose largest probability is that of their class.
pub fn accuracy(probabilities: &[f64], labels: &[usize], n_classes: usize) -> f64 {
    Column::of_probabilities(probabilities, labels, n_classes).mean_hit()
}

fn told(candidate: &Candidate, out: OutOfFold, task: &Task) -> Judged {
    let head = head::named(candidate.head).expect("a head");
    let plan = CandidatePlan::frozen(candidate.features, &["simulated".into()], head);
    Judged {
        name: plan.name("features"),
        strategy: "frozen",
        column: task.column(&out),
        plan: Some(plan),
        out,
        trial: None,
    }
}

fn candidate_of(judged: &Judged) -> Candidate {
    let plan = judged.plan.as_ref().expect("no controls here");
    let head = head::named(&plan.head).expect("a head");
    Candidate {
        features: plan.size_px,
        head: head.name(),
    }
}
