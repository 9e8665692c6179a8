//! Does a column hold several labels in one cell? A comma alone is no proof: "Paris, France" is one place.

use std::collections::{BTreeMap, BTreeSet};

/// What people write between labels.
const SEPARATORS: &[char] = &[',', '|', ';'];

/// The first cell that holds several labels, if the column is of that kind.
///
/// A cell counts when one of its parts after the first is also a label on its own, or when all of its parts occur in other cells and one
/// of them at another place: "cat,dog" beside "dog" or beside "bird,cat" and "dog,fox". Names that merely contain a
/// comma have parts of their own, or the same part always at the same place, or the plain name is their first part:
/// "pepper, green" beside "pepper".
pub(crate) fn several_labels<'a>(cells: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distinct: BTreeSet<&str> = cells.filter(|c| !c.is_empty()).collect();
    SEPARATORS.iter().find_map(|separator| {
        let cells: Vec<(&str, Vec<&str>)> = distinct
            .iter()
            .map(|cell| (*cell, parts(cell, *separator)))
            .collect();
        // Where each part occurs: as a whole cell, and at which places of how many cells.
        let mut whole: BTreeSet<&str> = BTreeSet::new();
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (_, parts) in &cells {
            if let [only] = parts[..] {
                whole.insert(only);
            }
            for (place, part) in parts.iter().enumerate() {
                places.entry(part).or_default().push(place);
            }
        }
        let holds_several = |parts: &[&str]| {
            let is_elsewhere = |part: &&str| places[part].len() > 1;
            let moves = |(place, part): (usize, &&str)| places[part].iter().any(|p| *p != place);
            parts.len() > 1
                && (parts[1..].iter().any(|part| whole.contains(part))
                    || parts.iter().all(is_elsewhere) && parts.iter().enumerate().any(moves))
        };
        cells
            .iter()
            .find(|(_, parts)| holds_several(parts))
            .map(|(cell, _)| *cell)
    })
}

/// The parts of a cell, without the brackets and quotes of lists written by programs.
fn parts(cell: &str, separator: char) -> Vec<&str> {
    cell.trim_matches(['[', ']', '(', ')'])
        .split(separator)
        .map(|part| part.trim().trim_matches(['\'', '"']))
        .filter(|part| !part.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_multi(cells: &[&str]) -> bool {
        several_labels(cells.iter().copied()).is_some()
    }

    #[test]
    fn lists_of_labels_are_recognised() {
        assert!(is_multi(&["cat", "dog", "cat,dog"]));
        assert!(is_multi(&["cat,dog", "dog,cat"]));
        assert!(is_multi(&["bird|cat", "bird|dog", "cat|dog"]));
        assert!(is_multi(&["cat; dog", "dog"]));
        assert!(is_multi(&["['cat', 'dog']", "['dog']"]));
    }

    #[test]
    fn names_with_a_comma_are_names() {
        assert!(!is_multi(&[
            "Paris, France",
            "Lyon, France",
            "Bonn, Germany"
        ]));
        assert!(!is_multi(&[
            "Paris, France",
            "Paris, Texas",
            "Lyon, France"
        ]));
        assert!(!is_multi(&["screw, short", "screw, long", "nail"]));
        assert!(!is_multi(&[
            "pepper",
            "pepper, green",
            "pepper, red",
            "nail"
        ]));
        assert!(!is_multi(&["cat", "dog", ""]));
    }
}
