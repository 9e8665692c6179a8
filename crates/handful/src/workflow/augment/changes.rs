//! What a training learns of changes of its photos: by which views networks are trained, and which views join the features.

use handful_expand::{Op, named};
use handful_image::Geometry;
use handful_learn::features::{Over, Views};
use handful_learn::guard::Judged as Verdicts;

use super::guarded::{Guarded, guard, jury};
use super::policies::{self, Augment};
use super::sheet;
use super::told::{AugmentationMetrics, range_text, why};
use crate::exit::Failure;
use crate::workflow::judge::{BASELINE_HEAD, Judged};
use crate::workflow::labelled::Labelled;
use crate::workflow::looks::{Look, Looks};
use crate::workflow::plan::{CandidatePlan, Lead};
use crate::workflow::screen::{Comparison, Decision};
use crate::workflow::settle::Given;
use crate::workflow::tuning::{Proposed, Wishes};
use crate::workflow::watch::Watch;

/// Photos above which mirror images are not tried: they cost another look at each, and twice as many rows to fit.
const MOST_MIRRORED: usize = 1_000;
/// The same of windows, which cost five looks and six times as many rows: on 1,000 photos more than all else together.
const MOST_WINDOWS: usize = 500;
const MIRRORING: &str = "horizontal_flip";
/// Which heads learn from views: on their mean all but the votes and the class means, which were never the best on the development sets, on
/// each by itself those in closed form, for there are so many times as many rows.
const HEADS_OVER: &[(Over, &[&str])] = &[
    (Over::Mean, &["lda", BASELINE_HEAD, "logistic"]),
    (Over::Set, &["lda", BASELINE_HEAD]),
    (Over::Training, &["lda", BASELINE_HEAD]),
];

/// What the photos said, where they were asked.
pub struct Changes(Option<(Labelled, Guarded)>);

impl Changes {
    /// Asks the photos: of all that policies draw from where networks are trained, else of mirroring alone, and of nothing where neither
    /// is wanted or a plan says it all.
    ///
    /// # Errors
    /// When interrupted, or when a photo can't be read any more.
    pub fn judged(
        given: Given,
        learnt: &Labelled,
        (geometry, size_px): (Geometry, usize),
        looks: &Looks,
        proposed: &[Proposed],
    ) -> Result<Changes, Failure> {
        let wishes = &given.settings.wishes;
        let is_settled = given.plan.is_some() || wishes.recipe.is_some();
        if is_settled || wishes.augment == Augment::Windows {
            return Ok(Changes(None));
        }
        let of = |names: &[&str]| -> Vec<&'static dyn Op> {
            names.iter().copied().filter_map(named).collect()
        };
        let (is_trained, can_tell) = (!proposed.is_empty(), policies::can_tell(learnt));
        if is_trained && wishes.augment == Augment::Fitted && !can_tell {
            given.events.remark(
                "training sees windows of the photos: so few can't tell other views apart; `--augment usual` takes some unasked",
            );
        }
        let (ops, is_thorough) = match &wishes.augment {
            Augment::By(policy) if is_trained => (policy.ops(), true),
            Augment::Fitted if is_trained && can_tell => (of(&policies::drawn_from()), true),
            _ if learnt.len() <= MOST_MIRRORED => (of(&[MIRRORING]), false),
            _ => return Ok(Changes(None)),
        };
        let jury = jury(learnt, given.seed);
        // Where nothing can be held out, the comparison says so better.
        if jury.n_groups() < 2 || ops.is_empty() {
            return Ok(Changes(None));
        }
        let asked = (&ops[..], is_thorough);
        let at = (geometry, size_px);
        let guarded = guard(asked, &jury, looks, at, given.seed, given.events)?;
        Ok(Changes(Some((jury, guarded))))
    }

    /// Trainings with views made as wished, as far as the photos bear them.
    pub fn augmented(
        &self,
        proposed: Vec<Proposed>,
        learnt: &Labelled,
        wishes: &Wishes,
    ) -> Vec<Proposed> {
        // Photos that were asked of nothing bear nothing; a policy without any change has no question.
        let caps = self.0.as_ref().map(|(_, guarded)| guarded.caps());
        let caps = caps.unwrap_or_default();
        let by = |proposed: Proposed| proposed.augmented(learnt, &caps, wishes);
        proposed.into_iter().map(by).collect()
    }

    /// Lets heads that learn from several views of each of few photos join the comparison, on the stages that go first. Windows are parts
    /// of the photo and need no leave; mirror images join where mirroring is safe.
    ///
    /// # Errors
    /// When interrupted.
    pub fn join(
        &self,
        given: Given,
        comparison: &mut Comparison,
        looks: &mut Looks,
        learnt: &Labelled,
        watch: &Watch,
    ) -> Result<(), Failure> {
        let is_settled = given.plan.is_some() || given.settings.wishes.recipe.is_some();
        if is_settled || learnt.len() > MOST_MIRRORED {
            return Ok(());
        }
        let mut mirroring = self.of_mirroring(&given.photos.classes);
        let is_safe = self
            .verdict_on_mirroring()
            .is_some_and(|judged| judged.safe.is_some());
        // The cheaper ones first: those that there is no time for are the last.
        let mut several = Vec::new();
        several.extend(is_safe.then_some(Views::Mirrored));
        several.extend((learnt.len() <= MOST_WINDOWS).then_some(Views::Windows));
        let first = comparison.candidates[0].clone();
        let with = |views: Views, over: Over, head: &str| CandidatePlan {
            views,
            over,
            head: head.to_owned(),
            // It differs from a ridge on the photos alone in nothing but its views.
            lead: (over == Over::Set && head == BASELINE_HEAD).then_some(Lead::Only),
            ..first.clone()
        };
        for views in several {
            let seconds = looks.seconds(first.size_px, views.count() * learnt.len());
            if !watch.has_time_for(seconds) {
                let remark = format!("the time limit leaves out {}", views.name());
                given.events.remark(remark);
                mirroring = mirroring.filter(|_| views != Views::Mirrored);
                break;
            }
            let look = Look::through(comparison.geometry, first.size_px, views);
            looks.ensure("looking at views of the photos", &[(look, &learnt.rows)])?;
            let of = |(over, heads): &(Over, &[&str])| -> Vec<CandidatePlan> {
                heads.iter().map(|head| with(views, *over, head)).collect()
            };
            comparison.candidates.extend(HEADS_OVER.iter().flat_map(of));
        }
        comparison.decisions.extend(mirroring);
        Ok(())
    }

    /// What the photos said of mirroring; none where they were not asked.
    fn verdict_on_mirroring(&self) -> Option<&Verdicts> {
        let (_, guarded) = self.0.as_ref()?;
        (guarded.judged.iter()).find(|judged| judged.operation == MIRRORING)
    }

    /// Whether mirror images join, and why; none where the photos were not asked.
    fn of_mirroring(&self, classes: &[String]) -> Option<Decision> {
        let (_, guarded) = self.0.as_ref()?;
        let judged = self.verdict_on_mirroring()?;
        Some(Decision {
            topic: "mirror images".into(),
            choice: match judged.safe {
                Some(_) => "tried",
                None => "left out",
            }
            .into(),
            why: format!(
                "{} by {} photos ({}): {}",
                judged.decisive().verdict.name(),
                guarded.n_photos,
                range_text(judged),
                why(judged.decisive(), classes)
            ),
        })
    }

    /// What the photos said, and what the chosen network saw of them; the mildest policy where it is frozen. None where they were asked
    /// of mirroring alone.
    ///
    /// # Errors
    /// When interrupted, or when a photo can't be read any more.
    pub fn shown(
        &self,
        given: Given,
        chosen: &Judged,
        looks: &Looks,
        geometry: Geometry,
    ) -> Result<Option<(AugmentationMetrics, handful_report::Augmentation)>, Failure> {
        let Some((jury, guarded)) = &self.0 else {
            return Ok(None);
        };
        if guarded.thorough.is_none() {
            return Ok(None);
        }
        let overruled = &given.settings.wishes.overruled;
        let tune = chosen.plan.as_ref().and_then(|plan| plan.tune.as_ref());
        let policy = tune.and_then(|recipe| recipe.policy.clone());
        let name = policy.as_ref().map(|policy| policy.name.clone());
        let policy = policy.unwrap_or_else(|| policies::mild(&overruled.lift(&guarded.caps())));
        let shown = sheet::photos(jury, looks, geometry, given.seed)?;
        let classes = &given.photos.classes;
        let views = (&policy, name.is_some());
        let page = sheet::augmentation(guarded, classes, &shown, views, overruled, given.seed);
        let metrics = AugmentationMetrics::of(guarded, name, overruled.told());
        Ok(Some((metrics, page)))
    }
}
