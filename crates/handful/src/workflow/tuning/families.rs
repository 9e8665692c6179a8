//! The networks that are trained in one run, each at its size: the run's backbone, and one that starts from nothing.

use handful_image::Geometry;
use handful_learn::Backbone;
use handful_stats::Seed;

use super::prepared::Prepared;
use super::proposals::Proposed;
use super::search::search;
use super::workbench::{Start, Workbench};
use crate::events::Events;
use crate::exit::Failure;
use crate::workflow::compare;
use crate::workflow::judge::Judged;
use crate::workflow::kept::Kept;
use crate::workflow::looks::{Look, Looks};
use crate::workflow::plan::CandidatePlan;
use crate::workflow::screen::Decision;
use crate::workflow::task::Task;
use crate::workflow::watch::Watch;

/// What was proposed, with the networks from nothing that it asks for.
pub struct Starts(Vec<(Proposed, Option<Backbone>)>);

/// All networks that are trained, with what their trainings have in common.
pub struct Families<'b>(Vec<(&'b Workbench<'b>, Prepared<'b>)>);

impl Starts {
    /// Networks from nothing get their first weights by the seed.
    ///
    /// # Errors
    /// When an architecture is not known.
    pub fn of(proposed: Vec<Proposed>, seed: Seed) -> Result<Starts, Failure> {
        let start = |proposed: Proposed| -> Result<(Proposed, Option<Backbone>), Failure> {
            let network = match &proposed.scratch {
                Some(name) => Some(Backbone::untrained(name, seed.0)?),
                None => None,
            };
            Ok((proposed, network))
        };
        Ok(Starts(
            proposed.into_iter().map(start).collect::<Result<_, _>>()?,
        ))
    }

    /// What the trainings of each network share. `seen` is a look at all photos, which tells them apart.
    ///
    /// # Errors
    /// As [`Workbench::of`].
    pub fn benches<'a>(
        &'a self,
        task: &'a Task,
        looks: &Looks<'a>,
        (geometry, seen): (Geometry, Look),
        kept: &Kept,
        events: &'a Events,
    ) -> Result<Vec<Workbench<'a>>, Failure> {
        let bench = |(proposed, network): &'a (Proposed, Option<Backbone>)| {
            let start = Start {
                untrained: network.as_ref(),
                geometry,
                size_px: proposed.size_px,
            };
            let look = match network {
                Some(_) => seen,
                None => Look::Backbone(geometry, proposed.size_px),
            };
            Workbench::of(task, looks, look, start, kept, events)
        };
        self.0.iter().map(bench).collect()
    }
}

impl<'b> Families<'b> {
    /// Tries what was proposed for each of `benches`, which are those of `starts`, as far as the time limit allows: the candidates,
    /// and why just these.
    ///
    /// # Errors
    /// When interrupted, or when the disk refuses.
    pub fn search(
        starts: &Starts,
        benches: &'b [Workbench<'b>],
        kept: &Kept,
        watch: &Watch,
    ) -> Result<(Families<'b>, Vec<Judged>, Vec<Decision>), Failure> {
        let mut families = Families(Vec::new());
        let (mut judged, mut decisions) = (Vec::new(), Vec::new());
        for ((proposed, _), bench) in starts.0.iter().zip(benches) {
            let mut prepared = Prepared::default();
            let searched = search(bench, proposed, &mut prepared, kept, watch)?;
            decisions.extend(searched.decisions);
            judged.extend(compare::trained(searched.trials, bench));
            families.0.push((bench, prepared));
        }
        Ok((families, judged, decisions))
    }

    /// What a candidate was trained with.
    ///
    /// # Panics
    /// If it was not.
    pub fn of(&self, plan: &CandidatePlan) -> (&'b Workbench<'b>, &Prepared<'b>) {
        let is_of = |bench: &Workbench| match &plan.scratch {
            Some(name) => !bench.is_pretrained && bench.network.card.name == *name,
            None => bench.is_pretrained,
        };
        let found = self.0.iter().find(|(bench, _)| is_of(bench));
        let (bench, prepared) = found.expect("it was trained in this run");
        (bench, prepared)
    }
}
