//! Does it help to train the network itself? Fine-tuning is tried as candidates beside the frozen ones, on the same folds.
//!
//! Reading order: [`proposals`] (which trainings are worth trying on so many photos) and [`scratch`] (those of a network that starts
//! from nothing), [`workbench`] (what all trainings of one network share) and [`prepared`] (what they see), [`one_fold`] (one training on one fold) and [`kept_fold`] (what an interrupted run has of it), [`trial`] (one recipe on all folds), [`blend`] (how far
//! from the start, and how sure), [`search`] (which of them go all the way), [`policy_round`] (by which views), [`families`] (all networks that are trained in a run), [`mod@refit`] (the winner on all photos),
//! [`probes`] (how far each stage gets by itself), [`story`] (what the person is told of the winner).

pub mod blend;
pub mod families;
pub mod kept_fold;
pub mod one_fold;
mod policy_round;
pub mod prepared;
pub mod probes;
pub mod proposals;
pub mod refit;
pub mod scratch;
pub mod search;
pub mod story;
pub mod trial;
pub mod workbench;

pub use families::{Families, Starts};
pub use proposals::{Proposed, Strategy, Wishes, prefix_mega_macs, training_mega_macs};
pub use refit::{OnAll, refit};
pub use story::story;
pub use trial::Trial;
pub use workbench::Workbench;
