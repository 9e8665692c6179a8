//! Do a trained network and frozen features know more together? They see the photos differently, often at other sizes, and err
//! elsewhere: what both say is pooled.

use std::collections::BTreeSet;

use handful_learn::Backbone;
use handful_stats::log_pool;

use super::compare;
use super::judge::Judged;
use super::plan::{CandidatePlan, Plan};
use super::task::{OutOfFold, Task};
use crate::events::Events;

/// Each fine-tuned network together with the best of the frozen candidates, by what both said of photos that they had not seen; of a
/// `plan` the pairs that it lists.
///
/// Candidates whose prediction looks at several views, or whose model keeps its images, are left alone: they are dear already.
pub fn ensembles(
    judged: &[Judged],
    plan: Option<&Plan>,
    (task, backbone): (&Task, &Backbone),
    events: &Events,
) -> Vec<Judged> {
    let prices = compare::prices(judged, backbone);
    let loss = |judged: &Judged| judged.column.mean_loss();
    let best = (judged.iter().zip(&prices))
        .filter(|(candidate, price)| {
            let is_frozen = |plan: &CandidatePlan| plan.tune.is_none();
            let is_cheap = !price.looks_again && !price.keeps_images;
            candidate.plan.as_ref().is_some_and(is_frozen) && is_cheap
        })
        .map(|(candidate, _)| candidate)
        .min_by(|a, b| loss(a).total_cmp(&loss(b)));
    let named = |wanted: &CandidatePlan| {
        let is_it = |plan: &CandidatePlan| plan.is_same(wanted);
        judged.iter().find(|j| j.plan.as_ref().is_some_and(is_it))
    };
    let partners = |tuned: &CandidatePlan| -> Vec<&Judged> {
        let Some(plan) = plan else {
            return best.into_iter().collect();
        };
        let of_it = |c: &&CandidatePlan| c.alone().is_same(tuned);
        let ensembles = plan.candidates.iter().filter(of_it);
        let beside = ensembles.filter_map(|c| c.beside.as_deref());
        beside.filter_map(named).collect()
    };
    let tuned = judged.iter().filter_map(|candidate| {
        let plan = candidate
            .plan
            .as_ref()
            .filter(|plan| plan.is_fine_tuned())?;
        Some((candidate, plan))
    });
    let pairs =
        tuned.flat_map(|(candidate, plan)| partners(plan).into_iter().map(move |p| (candidate, p)));
    // A plan that lists a pair twice has it once.
    let mut known = BTreeSet::new();
    let is_new = |(a, b): &(&Judged, &Judged)| known.insert((a.name.clone(), b.name.clone()));
    let ensemble = |(tuned, frozen): (&Judged, &Judged)| {
        let beside = CandidatePlan {
            lead: None,
            ..frozen.plan.clone().expect("it is no control")
        };
        let plan = CandidatePlan {
            beside: Some(Box::new(beside)),
            lead: None,
            ..tuned.plan.clone().expect("it was trained by a plan")
        };
        let repeats = tuned.out.repeats.iter().zip(&frozen.out.repeats);
        let pool = |(a, b): (&Vec<f64>, &Vec<f64>)| {
            log_pool(&[a.clone(), b.clone()], task.photos.n_classes)
        };
        let out = OutOfFold {
            repeats: repeats.map(pool).collect(),
            fit_s: tuned.out.fit_s + frozen.out.fit_s,
        };
        Judged {
            trial: tuned.trial.clone(),
            ..compare::told(
                plan.name(&backbone.card.name),
                Some(plan),
                out,
                task,
                events,
            )
        }
    };
    pairs.filter(is_new).map(ensemble).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use handful_learn::backbone::EMBEDDED;
    use handful_learn::features::{Over, Views};
    use handful_learn::head::{Head, Knn, Lda, Ridge};
    use handful_learn::train::{Recipe, Trains};
    use handful_stats::Seed;

    use super::*;
    use crate::events::Tone;
    use crate::workflow::labelled::Labelled;
    use crate::workflow::plan::SCHEMA;

    const N: usize = 20;

    fn task() -> Task {
        Task::new(Labelled::of_two_classes(N), 5, 1, Seed(1), Seed(1)).unwrap()
    }

    /// A candidate that gives the true class this probability.
    fn candidate(task: &Task, plan: CandidatePlan, right: f64) -> Judged {
        Judged::giving(|_| right, plan, "efficientnet_lite0", task)
    }

    fn frozen(size_px: usize, head: &dyn Head) -> CandidatePlan {
        CandidatePlan::frozen(size_px, &["head".to_owned()], head)
    }

    /// Frozen candidates, of which the best may not stand in an ensemble, and two trained networks.
    fn judged(task: &Task) -> Vec<Judged> {
        let backbone = EMBEDDED.load();
        let tuned =
            |part| CandidatePlan::trained(128, &backbone, &Recipe::new(part, 1e-3, 150, 32));
        let looks_again = CandidatePlan {
            views: Views::Mirrored,
            over: Over::Set,
            ..frozen(128, &Ridge)
        };
        let scratch = CandidatePlan {
            scratch: Some("resnet14".into()),
            ..tuned(Trains::All)
        };
        vec![
            candidate(task, frozen(128, &Ridge), 0.6),
            candidate(task, frozen(224, &Lda), 0.7),
            candidate(task, frozen(224, &Knn), 0.9),
            candidate(task, looks_again, 0.95),
            candidate(task, tuned(Trains::Last), 0.8),
            candidate(task, tuned(Trains::LastTwo), 0.5),
            candidate(task, scratch, 0.5),
        ]
    }

    fn found(judged: &[Judged], plan: Option<&Plan>, task: &Task) -> Vec<Judged> {
        static INTERRUPTED: AtomicBool = AtomicBool::new(false);
        let events = Events::new(Tone::default(), &INTERRUPTED);
        ensembles(judged, plan, (task, &EMBEDDED.load()), &events)
    }

    #[test]
    fn each_tuned_network_stands_beside_the_best_cheap_frozen_candidate() {
        let task = task();
        let judged = judged(&task);
        let found = found(&judged, None, &task);
        let names: Vec<&str> = found.iter().map(|j| j.name.as_str()).collect();
        let expected = ["last", "last-2"]
            .map(|part| format!("efficientnet_lite0/128/fine-tune/{part}@0.001 & 224/head/lda"));
        assert_eq!(names, expected);
        assert_eq!(found[0].strategy, "ensemble");
        // Odds of 4 and 7/3 together.
        let odds = (4.0 * 7.0 / 3.0_f64).sqrt();
        let right = odds / (1.0 + odds);
        assert!((found[0].column.mean_loss() + right.ln()).abs() < 1e-12);
        assert_eq!(found[0].out.fit_s, 2.0);
        // A prediction takes what both take.
        let backbone = EMBEDDED.load();
        let macs = |judged: &Judged| judged.plan.as_ref().unwrap().mega_macs(&backbone);
        assert_eq!(macs(&found[0]), macs(&judged[4]) + macs(&judged[1]));
        // Where the first network is left out, so is what it stands in, and nothing else.
        let first = judged[4].plan.as_ref().unwrap();
        let out: Vec<bool> = (judged.iter().chain(&found))
            .map(|candidate| candidate.has_network_of(first))
            .collect();
        let expected = [false, false, false, false, true, false, false, true, false];
        assert_eq!(out, expected);
        let of_pair = found[0].plan.as_ref().unwrap();
        assert!(judged[4].has_network_of(of_pair), "from either of the two");
    }

    #[test]
    fn a_plan_repeats_the_pairs_that_it_lists() {
        let task = task();
        let mut judged = judged(&task);
        let [first, _] = &found(&judged, None, &task)[..] else {
            panic!("two ensembles");
        };
        let mut plan = Plan {
            schema: SCHEMA,
            version: "0".into(),
            seed: 1,
            folds: 5,
            repeats: 1,
            backbone: String::new(),
            precision: Default::default(),
            geometry: handful_image::Geometry::Squash,
            curve: false,
            look_px: None,
            candidates: judged.iter().filter_map(|j| j.plan.clone()).collect(),
        };
        assert!(found(&judged, Some(&plan), &task).is_empty());
        for _ in 0..2 {
            plan.candidates.extend(first.plan.clone());
        }
        // Another one is better now, and does not take its place.
        judged[0] = candidate(&task, frozen(128, &Ridge), 0.99);
        let again = found(&judged, Some(&plan), &task);
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].plan, first.plan);
    }
}
