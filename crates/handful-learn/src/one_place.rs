//! Is there one place at the border of the pictures whose colour alone tells a class: a mark, a ruler, a table?
//!
//! A thing lies in the middle of its picture, and what lies at the border came along with it. A class that a single spot at
//! the border tells better than any spot in the middle was taken, cut or stamped in a way of its own.

use std::collections::BTreeSet;

use handful_stats::{Seed, SequentialTest, holm, stratified_subset};

use crate::signal::{ENOUGH, MOST_DRAWS, MOST_IMAGES, SIGNIFICANT};

/// Channels of a cell.
const CHANNELS: usize = 3;
/// From this balanced accuracy on a place is said to tell a class, and by so much more than the best place in the middle.
/// Chosen on six development sets, where without a mark nothing reaches both and is significant in 240 draws.
const TELLS: f64 = 0.75;
const CLEARLY_BETTER: f64 = 0.15;
/// Images of a class in the half that a place is chosen on.
const LEAST_IN_HALF: usize = 4;
/// Added to variances, in squared levels: no colour is known to better than 8 levels of 255 after JPEG compression.
const LEAST_VARIANCE: f64 = 64.0;

/// Pictures as small grids of colours.
#[derive(Clone, Copy, Debug)]
pub struct Grids<'a> {
    /// `[n, side, side, 3]`, levels 0..=255.
    pub levels: &'a [u8],
    /// Cells a side, 3 or more; the outermost are the border.
    pub side: usize,
}

/// A class that one place at the border tells.
#[derive(Clone, Debug, PartialEq)]
pub struct OnePlace {
    /// The class.
    pub class: usize,
    /// Row and column of the cell; none when both halves of the images chose another one.
    pub place: Option<(usize, usize)>,
    /// Balanced accuracy of the class against all others by the colour there, on images that neither chose nor fitted it.
    pub border: f64,
    /// The same of the best place in the middle.
    pub middle: f64,
    /// Chance of such a lead if neither were better (signs of groups flipped), adjusted by Holm for all classes.
    pub p: f64,
    /// Images that were used: at most 2,000.
    pub rows: Vec<usize>,
    /// Whether the place is right about each of them.
    pub is_right: Vec<bool>,
}

/// What was found for one class among some cells.
struct Told {
    /// The chosen cell of each half.
    cells: [usize; 2],
    is_right: Vec<bool>,
}

/// The class that a place at the border tells most clearly better than the middle does; none where no class is told in
/// 75 % and by 15 points better with p < 0.01. `labels` (below `n_classes`) and `groups` `[n]`.
///
/// Each half of the groups is judged by the place and the colours that the other half chose: two normal distributions of
/// its three channels, of the class and of the others.
///
/// # Panics
/// When there are not `side · side · 3` levels for every label.
pub fn one_place(
    grids: Grids,
    labels: &[usize],
    groups: &[usize],
    n_classes: usize,
    seed: Seed,
) -> Option<OnePlace> {
    let length = grids.side * grids.side * CHANNELS;
    assert_eq!(
        grids.levels.len(),
        labels.len() * length,
        "one grid an image"
    );
    let sample = seed.derive("sample", 0);
    let rows = stratified_subset(labels, groups, n_classes, MOST_IMAGES, sample);
    let halves = seed.derive("halves", 0);
    let in_first: Vec<bool> = rows
        .iter()
        .map(|&row| halves.key(groups[row] as u64) & 1 == 0)
        .collect();
    let cells = Cells::of(grids, &rows);
    let last = grids.side - 1;
    let is_border = |cell: &usize| {
        let (row, column) = (cell / grids.side, cell % grids.side);
        row == 0 || column == 0 || row == last || column == last
    };
    let (border, middle): (Vec<usize>, Vec<usize>) =
        (0..grids.side * grids.side).partition(is_border);

    let own_groups: Vec<usize> = rows.iter().map(|&row| groups[row]).collect();
    let classes: BTreeSet<usize> = rows.iter().map(|&row| labels[row]).collect();
    let mut found = Vec::new();
    for &class in &classes {
        let is_class: Vec<bool> = rows.iter().map(|&row| labels[row] == class).collect();
        let (Some(at_border), Some(in_middle)) = (
            cells.told(&border, &is_class, &in_first),
            cells.told(&middle, &is_class, &in_first),
        ) else {
            continue;
        };
        let share = |told: &Told| balanced(&told.is_right, &is_class);
        let (by_border, by_middle) = (share(&at_border), share(&in_middle));
        let is_clear = by_border >= TELLS && by_border >= by_middle + CLEARLY_BETTER;
        let [first, second] = at_border.cells;
        found.push(OnePlace {
            class,
            place: (first == second).then_some((first / grids.side, first % grids.side)),
            border: by_border,
            middle: by_middle,
            p: if is_clear {
                let leads = leads(&at_border.is_right, &in_middle.is_right, &is_class);
                by_flipped_signs(&leads, &own_groups, seed.derive("signs", class as u64))
            } else {
                1.0
            },
            rows: Vec::new(),
            is_right: at_border.is_right,
        });
    }
    let adjusted = holm(&found.iter().map(|f| f.p).collect::<Vec<_>>());
    found
        .into_iter()
        .zip(adjusted)
        .map(|(found, p)| OnePlace { p, ..found })
        .filter(|found| found.p < SIGNIFICANT)
        .max_by(|a, b| (a.border - a.middle).total_cmp(&(b.border - b.middle)))
        .map(|found| OnePlace { rows, ..found })
}

impl OnePlace {
    /// Balanced accuracy of guessing.
    pub const CHANCE: f64 = 0.5;
}

/// Colours `[cells, n]` of some images.
struct Cells {
    colours: Vec<Vec<[f64; CHANNELS]>>,
}

impl Cells {
    fn of(grids: Grids, rows: &[usize]) -> Cells {
        let n_cells = grids.side * grids.side;
        let colour = |row: usize, cell: usize| {
            let at = (row * n_cells + cell) * CHANNELS;
            [0, 1, 2].map(|channel| f64::from(grids.levels[at + channel]))
        };
        let of_cell = |cell: usize| rows.iter().map(|&row| colour(row, cell)).collect();
        Cells {
            colours: (0..n_cells).map(of_cell).collect(),
        }
    }

    /// What the best of these cells says of the class, each half by the choice of the other; none where a half has too few
    /// images of the class or of the others.
    fn told(&self, cells: &[usize], is_class: &[bool], in_first: &[bool]) -> Option<Told> {
        let mut told = Told {
            cells: [0; 2],
            is_right: vec![false; is_class.len()],
        };
        for (half, choosing) in [true, false].into_iter().enumerate() {
            let chooses = |i: usize, side: bool| in_first[i] == choosing && is_class[i] == side;
            let of = |side: bool| (0..is_class.len()).filter(|&i| chooses(i, side)).collect();
            let (own, others): (Vec<usize>, Vec<usize>) = (of(true), of(false));
            if own.len() < LEAST_IN_HALF || others.len() < LEAST_IN_HALF {
                return None;
            }
            let fits = cells.iter().map(|&cell| {
                let colours = &self.colours[cell];
                let both = [&own, &others].map(|rows| Normal::of(colours, rows));
                let is = |i: &&usize| says(&both, colours[**i]);
                let right_own = own.iter().filter(is).count() as f64 / own.len() as f64;
                let wrong = others.iter().filter(is).count() as f64 / others.len() as f64;
                (right_own - wrong, cell, both)
            });
            // Of equally good ones the first.
            let (_, cell, both) = fits.reduce(|a, b| if b.0 > a.0 { b } else { a })?;
            told.cells[half] = cell;
            for i in (0..is_class.len()).filter(|&i| in_first[i] != choosing) {
                told.is_right[i] = says(&both, self.colours[cell][i]) == is_class[i];
            }
        }
        Some(told)
    }
}

/// Whether a colour is likelier under the first of two distributions.
fn says([class, others]: &[Normal; 2], colour: [f64; CHANNELS]) -> bool {
    class.log_density(colour) > others.log_density(colour)
}

/// A normal distribution of colours.
struct Normal {
    mean: [f64; CHANNELS],
    /// Lower triangle of the Cholesky factor of the covariance.
    factor: [[f64; CHANNELS]; CHANNELS],
}

impl Normal {
    fn of(colours: &[[f64; CHANNELS]], rows: &[usize]) -> Normal {
        let n = rows.len() as f64;
        let mean = [0, 1, 2].map(|k| rows.iter().map(|&i| colours[i][k]).sum::<f64>() / n);
        let covariance = |j: usize, k: usize| {
            let products = rows
                .iter()
                .map(|&i| (colours[i][j] - mean[j]) * (colours[i][k] - mean[k]));
            products.sum::<f64>() / n + if j == k { LEAST_VARIANCE } else { 0.0 }
        };
        let mut factor = [[0.0; CHANNELS]; CHANNELS];
        for j in 0..CHANNELS {
            for k in 0..=j {
                let known: f64 = (0..k).map(|m| factor[j][m] * factor[k][m]).sum();
                let rest = covariance(j, k) - known;
                factor[j][k] = if j == k {
                    rest.sqrt()
                } else {
                    rest / factor[k][k]
                };
            }
        }
        Normal { mean, factor }
    }

    /// But for a constant.
    fn log_density(&self, colour: [f64; CHANNELS]) -> f64 {
        let mut solved = [0.0; CHANNELS];
        let mut density = 0.0;
        for j in 0..CHANNELS {
            let known: f64 = (0..j).map(|k| self.factor[j][k] * solved[k]).sum();
            solved[j] = (colour[j] - self.mean[j] - known) / self.factor[j][j];
            density -= 0.5 * solved[j] * solved[j] + self.factor[j][j].ln();
        }
        density
    }
}

/// Mean of the shares that are right, of the class and of the others.
fn balanced(is_right: &[bool], is_class: &[bool]) -> f64 {
    let share = |side: bool| {
        let of_side = || is_right.iter().zip(is_class).filter(|(_, c)| **c == side);
        of_side().filter(|(right, _)| **right).count() as f64 / of_side().count() as f64
    };
    (share(true) + share(false)) / 2.0
}

/// What each image adds to the difference of two balanced accuracies.
fn leads(first: &[bool], second: &[bool], is_class: &[bool]) -> Vec<f64> {
    let n_class = is_class.iter().filter(|c| **c).count() as f64;
    let n_others = is_class.len() as f64 - n_class;
    let rights = first.iter().zip(second).zip(is_class);
    rights
        .map(|((&first, &second), &is_class)| {
            let lead = f64::from(i8::from(first) - i8::from(second));
            0.5 * lead / if is_class { n_class } else { n_others }
        })
        .collect()
}

/// Chance of so large a sum if every group's part could as well have had the other sign.
fn by_flipped_signs(leads: &[f64], groups: &[usize], seed: Seed) -> f64 {
    let observed: f64 = leads.iter().sum();
    let mut test = SequentialTest::new(observed, MOST_DRAWS, ENOUGH);
    let mut draw = 0;
    while !test.is_over() {
        let signs = seed.derive("draw", draw);
        let flipped = |(lead, group): (&f64, &usize)| match *lead {
            0.0 => 0.0,
            lead if signs.key(*group as u64) & 1 == 0 => lead,
            lead => -lead,
        };
        test.take(leads.iter().zip(groups).map(flipped).sum());
        draw += 1;
    }
    test.p()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 4;

    /// Random colours; `paint` may change the cells of an image.
    fn grids(n: usize, paint: impl Fn(usize, &mut [u8])) -> Vec<u8> {
        let mut levels: Vec<u8> = (0..(n * SIDE * SIDE * CHANNELS) as u64)
            .map(|i| Seed(3).key(i) as u8)
            .collect();
        let images = levels.chunks_exact_mut(SIDE * SIDE * CHANNELS);
        images.enumerate().for_each(|(i, image)| paint(i, image));
        levels
    }

    fn found(levels: &[u8], labels: &[usize], groups: &[usize]) -> Option<OnePlace> {
        let grids = Grids { levels, side: SIDE };
        one_place(grids, labels, groups, 3, Seed(5))
    }

    fn cell(image: &mut [u8], row: usize, column: usize) -> &mut [u8] {
        &mut image[(row * SIDE + column) * CHANNELS..][..CHANNELS]
    }

    fn thirds(n: usize) -> (Vec<usize>, Vec<usize>) {
        ((0..n).map(|i| i % 3).collect(), (0..n).collect())
    }

    #[test]
    fn a_mark_in_a_corner_of_most_photos_of_a_class_is_found() {
        let (labels, alone) = thirds(120);
        let marked = grids(120, |i, image| {
            if i % 3 == 1 && i % 10 != 0 {
                cell(image, 3, 3).copy_from_slice(&[230, 40, 40]);
            }
        });
        let found = found(&marked, &labels, &alone).expect("the mark");
        assert_eq!((found.class, found.place), (1, Some((3, 3))));
        assert!(found.border > 0.9 && found.p < 0.01, "{found:?}");
        assert!(found.border >= found.middle + CLEARLY_BETTER, "{found:?}");
    }

    #[test]
    fn the_colour_of_the_thing_itself_is_no_mark() {
        let (labels, alone) = thirds(120);
        let coloured = grids(120, |i, image| {
            if i % 3 == 1 {
                cell(image, 1, 2).copy_from_slice(&[250, 220, 10]);
                cell(image, 0, 2).copy_from_slice(&[250, 220, 10]);
            }
        });
        assert_eq!(found(&coloured, &labels, &alone), None);
        assert_eq!(found(&grids(120, |_, _| ()), &labels, &alone), None);
    }

    #[test]
    fn three_scenes_are_no_evidence_however_many_photos_they_have() {
        let labels: Vec<usize> = (0..120).map(|i| i / 40).collect();
        let scenes: Vec<usize> = (0..120).map(|i| i / 20).collect();
        let marked = grids(120, |i, image| {
            if i / 40 == 1 {
                cell(image, 3, 3).copy_from_slice(&[230, 40, 40]);
            }
        });
        assert_eq!(found(&marked, &labels, &scenes), None);
    }

    #[test]
    fn a_density_of_a_sphere_is_known() {
        // Variances of 100 without the least one: (±10·√(3/2)) on each axis in turn.
        let a = 10.0 * 1.5f64.sqrt();
        let colours: Vec<[f64; 3]> = (0..3)
            .flat_map(|k| {
                [a, -a].map(|v| [0, 1, 2].map(|j| if j == k { v * 2f64.sqrt() } else { 0.0 }))
            })
            .collect();
        let normal = Normal::of(&colours, &[0, 1, 2, 3, 4, 5]);
        let sd = (100.0 + LEAST_VARIANCE).sqrt();
        let expected = -3.0 * sd.ln() - 0.5 * (2.0 / sd).powi(2);
        assert!((normal.log_density([2.0, 0.0, 0.0]) - expected).abs() < 1e-9);
    }
}
