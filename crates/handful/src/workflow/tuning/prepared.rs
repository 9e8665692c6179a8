//! What the learning part of a network sees of the photos, made once for all trainings that are cut at the same stage and see the same views.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use handful_expand::Policy;
use handful_learn::train::{Inputs, Recipe};

use super::workbench::Workbench;
use crate::exit::Failure;

/// Inputs of the trainings, made once for all that see the same.
#[derive(Default)]
pub struct Prepared<'b>(BTreeMap<Key, Inputs<'b>>);

/// The first stage that learns, the views of each photo that are kept, and the text of the policy that makes them.
type Key = (usize, usize, Option<String>);

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

    fn key(bench: &Workbench, recipe: &Recipe) -> Key {
        let views = match recipe.keeps_views(bench.network) {
            true => recipe.views,
            false => 0,
        };
        let policy = recipe.policy.as_ref().map(Policy::to_text);
        (recipe.trains.cut(bench.network), views, policy)
    }

    /// The inputs of a recipe that has been trained.
    ///
    /// # Panics
    /// If it has not.
    pub fn of(&self, bench: &Workbench, recipe: &Recipe) -> &Inputs<'b> {
        &self.0[&Self::key(bench, recipe)]
    }
}
