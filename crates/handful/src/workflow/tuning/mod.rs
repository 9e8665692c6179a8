//! Does it help to train the network itself? Fine-tuning is tried as candidates beside the frozen ones, on the same folds.
//!
//! Reading order: [`proposals`] (which trainings are worth trying on so many photos), [`workbench`] (what all of them share),
//! [`trial`] (one recipe on all folds), [`blend`] (how far from the start, and how sure), [`search`] (which of them go all the
//! way), [`story`] (what the person is told of the winner).

pub mod blend;
pub mod proposals;
pub mod search;
pub mod story;
pub mod trial;
pub mod workbench;

pub use proposals::{Proposed, Strategy, Wishes};
pub use search::{Searched, search};
pub use story::story;
pub use trial::Trial;
pub use workbench::{Prepared, Workbench, refit};
