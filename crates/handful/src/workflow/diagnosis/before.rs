//! What files, pixels and features say of the photos before anything is learnt: what is wrong, and what belongs together.

use handful_data::finding::{self, Finding, Pictures, Seen, find_in_pictures};
use handful_image::{FileFacts, Portrait};

use crate::events::Events;
use crate::exit::Failure;
use crate::photos::{Photo, Photos};
use crate::workflow::labelled::Labelled;
use crate::workflow::looks::{Look, Looks};

/// What the first part of a diagnosis looks at.
pub struct Before<'a> {
    /// All photos.
    pub photos: &'a Photos,
    /// How they look: portraits of those to learn from, signatures of all.
    pub looks: &'a Looks<'a>,
    /// The look whose features help to find what is alike; not all photos need to have it.
    pub look: Look,
    /// Where progress goes.
    pub events: &'a Events,
}

/// What it comes to.
#[derive(Clone, Debug, Default)]
pub struct FoundBefore {
    /// What was found, what matters most first.
    pub findings: Vec<Finding>,
    /// Rows of the photos to learn from that belong together: copies, near-copies and bursts.
    pub together: Vec<Vec<usize>>,
}

impl Before<'_> {
    /// Everything that can be said of readable photos to learn from and held-back ones.
    ///
    /// # Errors
    /// When interrupted.
    pub fn find(&self, learnt: &Labelled, held_back: &Labelled) -> Result<FoundBefore, Failure> {
        let mut rows: Vec<usize> = learnt.rows.iter().chain(&held_back.rows).copied().collect();
        rows.sort_unstable();
        let all = Labelled::of(self.photos, rows);
        let of = |position: &usize| &self.photos.list[*position];
        let paths = names(&all, self.photos);
        let splits: Vec<_> = all.rows.iter().map(|i| of(i).split).collect();
        let bytes: Vec<_> = all
            .rows
            .iter()
            .map(|i| of(i).key.expect("unread photos are not among the rows"))
            .collect();
        let mut findings = finding::find(&Seen {
            paths: &paths,
            labels: &all.labels,
            groups: &all.groups,
            splits: &splits,
            bytes: &bytes,
            classes: &self.photos.classes,
        });
        findings.extend(self.pictures(learnt));
        findings.sort_by_key(|finding| finding.severity);
        self.events.check_interrupted()?;
        Ok(FoundBefore {
            findings,
            together: Vec::new(),
        })
    }

    /// What is wrong with single pictures.
    fn pictures(&self, learnt: &Labelled) -> Vec<Finding> {
        let known = |&row: &usize| {
            let position = learnt.rows[row];
            let portrait = Portrait::from_vector(self.looks.vector(Look::Portrait, position)?)?;
            Some((row, facts_of(&self.photos.list[position])?, portrait))
        };
        let known: Vec<(usize, FileFacts, Portrait)> = (0..learnt.len())
            .collect::<Vec<_>>()
            .iter()
            .filter_map(known)
            .collect();
        let rows: Vec<usize> = known.iter().map(|(row, ..)| *row).collect();
        let part = learnt.subset(&rows);
        let (facts, portraits): (Vec<FileFacts>, Vec<Portrait>) = known
            .into_iter()
            .map(|(_, facts, portrait)| (facts, portrait))
            .unzip();
        find_in_pictures(&Pictures {
            paths: &names(&part, self.photos),
            labels: &part.labels,
            classes: &self.photos.classes,
            facts: &facts,
            portraits: &portraits,
        })
    }
}

fn names(photos: &Labelled, all: &Photos) -> Vec<String> {
    photos
        .rows
        .iter()
        .map(|&i| all.list[i].shown.clone())
        .collect()
}

/// What the file says, with the size of what is meant where that is a part of the picture.
fn facts_of(photo: &Photo) -> Option<FileFacts> {
    let (width_px, height_px) = photo.size_px()?;
    Some(FileFacts {
        width_px,
        height_px,
        ..photo.facts.clone()?
    })
}
