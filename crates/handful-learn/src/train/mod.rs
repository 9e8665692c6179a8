//! How does a network learn from a few photos without losing what it knew?
//!
//! It starts from a head that is fitted on its frozen features and never from a random one (LP-FT), a recipe says which of its
//! stages learn, and what was tuned can be blended with what was there before (WiSE).
//!
//! Reading order: [`recipe`] (everything that decides a training, as data), [`norms`] (which statistics norms go by), [`squares`] (the photos, and views of them), [`mixing`] (two photos in one),
//! [`inputs`] (what the learning part sees: pixels, or the kept outputs of a frozen prefix) and [`halves`] (where those lie), [`learner`] (the learning part and its
//! parameters), [`optimiser`] (how a parameter moves), [`mod@fit`] (the loop), [`checkpoint`] and [`stopping`] (how it is
//! interrupted, and when it ends), [`model`] (what comes out), [`mod@rate_test`] (which rate?).
//!
//! Sources: A. Kumar et al., "Fine-tuning can distort pretrained features and underperform out-of-distribution" (ICLR 2022);
//! M. Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022); X. Li et al., "Explicit inductive bias for transfer
//! learning with convolutional networks" (ICML 2018).

pub mod checkpoint;
pub mod fit;
pub mod halves;
pub mod inputs;
pub mod learner;
pub mod mixing;
pub mod model;
pub mod norms;
pub mod optimiser;
pub mod rate_test;
pub mod recipe;
pub mod squares;
pub mod stopping;
#[cfg(test)]
mod tests;

pub use checkpoint::Checkpoint;
pub use fit::{Examples, Now, Training, fit};
pub use halves::Place;
pub use inputs::{Inputs, Shelf};
pub use mixing::Mixing;
pub use model::Model;
pub use norms::Norms;
pub use optimiser::Optimiser;
pub use rate_test::{RateRange, RateTest, RateTestEnd, Suggestion, TriedRate, rate_test, suggest};
pub use recipe::{Balance, Coarse, Recipe, Schedule, Trains};
pub use squares::Squares;
pub use stopping::Stopping;
