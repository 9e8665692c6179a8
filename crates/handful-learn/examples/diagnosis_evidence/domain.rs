//! Which sets are far from natural images?

use handful_learn::domain::domain_distance;

use crate::Folders;
use crate::set::Set;

/// Every development set as a whole.
pub fn distances(folders: &Folders) {
    println!(
        "| set | median share of natural images that are more usual | stranger than 99 % of them | far |\n|---|---|---|---|"
    );
    for name in [
        "clothing", "waste", "grocery", "hands", "cifar10", "omniglot",
    ] {
        let set = Set::read(&folders.features, &folders.data, name);
        let found = domain_distance(&set.features).expect("whole rows");
        println!(
            "| {name} | {:.3} | {:.0} % | {} |",
            found.median,
            100.0 * found.strange,
            found.is_far()
        );
    }
}
