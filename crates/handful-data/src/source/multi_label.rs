//! Does a column hold several labels in one cell? A comma alone is no proof: "Paris, France" is one place.

use std::collections::{BTreeMap, BTreeSet};

/// What people write between labels, and in names.
const COMMA: char = ',';
/// What people write between labels only.
const BARS: &[char] = &['|', ';'];

/// The first cell that holds several labels, if the column is of that kind.
///
/// Between bars (`|`, `;`) are labels, as soon as one of them occurs in another cell as well: no name has a bar. Between
/// commas they are when one of the parts after the first is also a label on its own, or when all of them occur in other
/// cells and one of them at another place: "cat,dog" beside "dog" or beside "bird,cat" and "dog,fox". Names that merely
/// contain a comma have parts of their own, or the same part always at the same place, or the plain name is their first
/// part: "pepper, green" beside "pepper".
pub(crate) fn several_labels<'a>(cells: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distinct = distinct(cells);
    let by_comma = || Column::cut(&distinct, COMMA).find(Column::holds_labels);
    let by_bar = |bar: &char| Column::cut(&distinct, *bar).find(Column::recurs);
    by_comma().or_else(|| BARS.iter().find_map(by_bar))
}

/// The first cell of a column without several labels that may still hold two answers: all parts of it occur in other
/// cells, always at the same place, as in "cat, big" beside "cat, small" and "dog, big".
pub(crate) fn two_answers<'a>(cells: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distinct = distinct(cells);
    Column::cut(&distinct, COMMA).find(|column, parts| column.all_recur(parts))
}

fn distinct<'a>(cells: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    cells.filter(|c| !c.is_empty()).collect()
}

/// The different cells of a column, cut at a separator.
struct Column<'a> {
    cells: Vec<(&'a str, Vec<&'a str>)>,
    /// Parts that are a cell on their own.
    whole: BTreeSet<&'a str>,
    /// At which places of how many cells each part is.
    places: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Column<'a> {
    fn cut(distinct: &BTreeSet<&'a str>, separator: char) -> Column<'a> {
        let cells: Vec<(&str, Vec<&str>)> = distinct
            .iter()
            .map(|cell| (*cell, parts(cell, separator)))
            .collect();
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
        Column {
            cells,
            whole,
            places,
        }
    }

    /// The first cell of several parts that a test holds for.
    fn find(&self, test: impl Fn(&Column<'a>, &[&str]) -> bool) -> Option<&'a str> {
        let mut cells = self.cells.iter();
        let found = cells.find(|(_, parts)| parts.len() > 1 && test(self, parts));
        found.map(|(cell, _)| *cell)
    }

    fn holds_labels(&self, parts: &[&str]) -> bool {
        let moves = |(place, part): (usize, &&str)| self.places[part].iter().any(|p| *p != place);
        parts[1..].iter().any(|part| self.whole.contains(part))
            || self.all_recur(parts) && parts.iter().enumerate().any(moves)
    }

    fn all_recur(&self, parts: &[&str]) -> bool {
        parts.iter().all(|part| self.places[part].len() > 1)
    }

    fn recurs(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.places[part].len() > 1)
    }
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
        assert!(is_multi(&["cat|big", "cat|small", "dog|big"]));
        assert!(is_multi(&["cat;big", "cat;small"]));
        assert!(is_multi(&["['cat', 'dog']", "['dog']"]));
    }

    #[test]
    fn two_answers_in_a_cell_are_suspected_where_all_parts_recur() {
        let suspected = |cells: &[&str]| two_answers(cells.iter().copied()).map(str::to_owned);
        let cells = ["cat,big", "cat,small", "dog,big"];
        assert!(!is_multi(&cells));
        assert_eq!(suspected(&cells).as_deref(), Some("cat,big"));
        let places = ["Paris, France", "Lyon, France", "Bonn, Germany"];
        assert_eq!(suspected(&places), None);
        assert!(!is_multi(&["cat|big", "dog|small"]));
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
