//! A small grey picture that can be laid over another at any place: sums over rectangles come from tables.

use super::thumbnails::dot;

/// Where levels spread less than this share of the whole picture's spread, there is nothing to compare.
const LEAST_SPREAD: f64 = 0.01;

/// A grey picture with mean 0 and standard deviation 1 (or all 0).
#[derive(Clone, Debug)]
pub(super) struct Square {
    pub side: usize,
    /// `[side, side]`
    pub levels: Vec<f32>,
    /// Sums of levels above and left of each corner, `[side + 1, side + 1]`.
    sums: Vec<f64>,
    /// The same of their squares.
    squares: Vec<f64>,
}

/// A rectangle of pixels: `left..right` and `top..bottom`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rectangle {
    pub left: usize,
    pub right: usize,
    pub top: usize,
    pub bottom: usize,
}

impl Rectangle {
    /// What a square with its corner at `(x, y)` covers of another one.
    pub fn covered(side: usize, on_top: usize, [x, y]: [i32; 2]) -> Rectangle {
        let clip = |from: i32| {
            let to = from + on_top as i32;
            (from.max(0) as usize, to.clamp(0, side as i32) as usize)
        };
        let ((left, right), (top, bottom)) = (clip(x), clip(y));
        Rectangle {
            left,
            right,
            top,
            bottom,
        }
    }

    pub fn area(&self) -> usize {
        self.right.saturating_sub(self.left) * self.bottom.saturating_sub(self.top)
    }

    /// The same rectangle, seen from the square whose corner is at `(x, y)`.
    fn seen_from(&self, [x, y]: [i32; 2]) -> Rectangle {
        Rectangle {
            left: (self.left as i32 - x) as usize,
            right: (self.right as i32 - x) as usize,
            top: (self.top as i32 - y) as usize,
            bottom: (self.bottom as i32 - y) as usize,
        }
    }
}

impl Square {
    pub fn of(mut levels: Vec<f32>, side: usize) -> Square {
        let n = levels.len() as f64;
        let mean = levels.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        let centred = |v: f32| f64::from(v) - mean;
        let spread = (levels.iter().map(|v| centred(*v).powi(2)).sum::<f64>() / n).sqrt();
        let scale = if spread > 0.0 { 1.0 / spread } else { 0.0 };
        levels
            .iter_mut()
            .for_each(|v| *v = (centred(*v) * scale) as f32);
        Square {
            sums: table(&levels, side, |v| v),
            squares: table(&levels, side, |v| v * v),
            side,
            levels,
        }
    }

    pub fn mirrored(&self) -> Square {
        let rows = self.levels.chunks_exact(self.side);
        Square::of(
            rows.flat_map(|row| row.iter().rev().copied()).collect(),
            self.side,
        )
    }

    /// The same picture at a smaller side, by means of equal parts.
    pub fn scaled(&self, side: usize) -> Square {
        if side == self.side {
            return self.clone();
        }
        let shares = shares(self.side, side);
        let mut narrow = vec![0.0; self.side * side];
        for (row, out) in self
            .levels
            .chunks_exact(self.side)
            .zip(narrow.chunks_exact_mut(side))
        {
            for &(part, pixel, share) in &shares {
                out[part] += share * row[pixel];
            }
        }
        let mut small = vec![0.0; side * side];
        for (part, pixel, share) in shares {
            let row = &narrow[pixel * side..][..side];
            let out = &mut small[part * side..][..side];
            out.iter_mut()
                .zip(row)
                .for_each(|(out, level)| *out += share * level);
        }
        Square::of(small, side)
    }

    /// Normalised cross-correlation with a square whose corner lies at `corner`, over what it covers; 0 where one of them
    /// shows nothing there.
    pub fn correlation(&self, on_top: &Square, corner: [i32; 2]) -> f32 {
        let here = Rectangle::covered(self.side, on_top.side, corner);
        let there = here.seen_from(corner);
        let width = here.right - here.left;
        let mut products = 0.0;
        for row in 0..here.bottom - here.top {
            let below = &self.levels[(here.top + row) * self.side + here.left..][..width];
            let above = &on_top.levels[(there.top + row) * on_top.side + there.left..][..width];
            products += f64::from(dot(below, above));
        }
        let n = here.area() as f64;
        let ((a, aa), (b, bb)) = (self.moments(&here), on_top.moments(&there));
        let (variance_a, variance_b) = (aa / n - (a / n).powi(2), bb / n - (b / n).powi(2));
        if variance_a.min(variance_b) < LEAST_SPREAD.powi(2) {
            return 0.0;
        }
        ((products / n - a / n * (b / n)) / (variance_a * variance_b).sqrt()) as f32
    }

    /// Sum of levels and of their squares in a rectangle.
    fn moments(&self, of: &Rectangle) -> (f64, f64) {
        let at = |table: &[f64], y: usize, x: usize| table[y * (self.side + 1) + x];
        let sum = |table: &[f64]| {
            at(table, of.bottom, of.right)
                - at(table, of.top, of.right)
                - at(table, of.bottom, of.left)
                + at(table, of.top, of.left)
        };
        (sum(&self.sums), sum(&self.squares))
    }
}

/// `(part, pixel, share)` of a line of pixels in equal parts; the shares of a part sum to 1.
fn shares(pixels: usize, parts: usize) -> Vec<(usize, usize, f32)> {
    let length = pixels as f32 / parts as f32;
    let mut shares = Vec::new();
    for part in 0..parts {
        let (from, to) = (part as f32 * length, (part + 1) as f32 * length);
        for pixel in from as usize..pixels.min(to.ceil() as usize) {
            let inside = (to.min((pixel + 1) as f32) - from.max(pixel as f32)).max(0.0);
            shares.push((part, pixel, inside / length));
        }
    }
    shares
}

fn table(levels: &[f32], side: usize, value: impl Fn(f64) -> f64) -> Vec<f64> {
    let width = side + 1;
    let mut table = vec![0.0; width * width];
    for y in 0..side {
        let mut row = 0.0;
        for x in 0..side {
            row += value(f64::from(levels[y * side + x]));
            table[(y + 1) * width + x + 1] = table[y * width + x + 1] + row;
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(side: usize) -> Square {
        let level = |i: usize| ((i * i * 31 + i * 7) % 97) as f32;
        Square::of((0..side * side).map(level).collect(), side)
    }

    /// Rounding of a few hundred products in `f32`.
    const TOLERANCE: f32 = 1e-4;

    #[test]
    fn a_part_laid_where_it_was_cut_out_correlates_fully_even_when_it_overhangs() {
        let whole = square(20);
        let mut part = Vec::new();
        for y in 3..13 {
            part.extend_from_slice(&whole.levels[y * 20 + 5..][..10]);
        }
        let part = Square::of(part, 10);
        assert!((whole.correlation(&part, [5, 3]) - 1.0).abs() < TOLERANCE);
        assert!(whole.correlation(&part, [6, 3]) < 0.5);
        assert!((part.correlation(&whole, [-5, -3]) - 1.0).abs() < TOLERANCE);
    }

    #[test]
    fn the_tables_give_what_plain_sums_give() {
        let (a, b) = (square(9), square(9).mirrored());
        let rows = |s: &Square, top: usize, left: usize| -> Vec<f64> {
            (0..7)
                .flat_map(|y| (0..8).map(move |x| (top + y) * 9 + left + x))
                .map(|i| f64::from(s.levels[i]))
                .collect()
        };
        // Corner at (-1, 2): columns 0..8 and rows 2..9 of `a` on columns 1..9 and rows 0..7 of `b`.
        let (x, y) = (rows(&a, 2, 0), rows(&b, 0, 1));
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let (mx, my) = (mean(&x), mean(&y));
        let sum = |f: &dyn Fn(usize) -> f64| (0..x.len()).map(f).sum::<f64>();
        let covariance = sum(&|i| (x[i] - mx) * (y[i] - my));
        let norms = (sum(&|i| (x[i] - mx).powi(2)) * sum(&|i| (y[i] - my).powi(2))).sqrt();
        assert!((a.correlation(&b, [-1, 2]) - (covariance / norms) as f32).abs() < TOLERANCE);
    }

    #[test]
    fn one_level_correlates_with_nothing() {
        let flat = Square::of(vec![3.0; 64], 8);
        assert_eq!(flat.correlation(&square(8), [0, 0]), 0.0);
    }
}
