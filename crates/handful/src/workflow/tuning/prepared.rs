//! What the learning part of a network sees of the photos, made once for all trainings that are cut at the same stage.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use handful_learn::train::{Inputs, Recipe};

use super::workbench::Workbench;
use crate::exit::Failure;

/// Inputs of the trainings, made once for all that are cut at the same stage and see as many views.
#[derive(Default)]
pub struct Prepared<'b>(BTreeMap<(usize, usize), Inputs<'b>>);

impl<'b> Prepared<'b> {
    /// The inputs for a recipe, which stay.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn kept<'m>(
        &'m mut self,
        bench: &'b Workbench,
        recipe: &Recipe,
    ) -> Result<&'m Inputs<'b>, Failure> {
        Ok(match self.0.entry(Self::key(bench, recipe)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(bench.inputs(recipe)?),
        })
    }

    /// The first stage that learns, and the views of each photo that are kept.
    fn key(bench: &Workbench, recipe: &Recipe) -> (usize, usize) {
        let views = match recipe.keeps_views(bench.network) {
            true => recipe.views,
            false => 0,
        };
        (recipe.trains.cut(bench.network), views)
    }

    /// The inputs of a recipe that has been trained.
    ///
    /// # Panics
    /// If it has not.
    pub fn of(&self, bench: &Workbench, recipe: &Recipe) -> &Inputs<'b> {
        &self.0[&Self::key(bench, recipe)]
    }
}
