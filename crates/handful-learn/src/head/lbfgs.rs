//! Minimising a smooth convex function: limited-memory BFGS with a line search for the strong Wolfe conditions.

use std::collections::VecDeque;

use crate::algebra::dot;

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 10;
/// Sufficient decrease and curvature of the line search.
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
const MOST_TRIALS: usize = 30;

/// Brings `x` to where the largest component of the gradient is below `tolerance`, or as near as `most_steps` steps
/// get; returns the number of steps. `value` returns f(x) and fills the gradient.
///
/// # Source
/// J. Nocedal, S. Wright, Numerical Optimization (2nd ed.), algorithms 7.4, 3.5 and 3.6.
pub(super) fn minimise(
    x: &mut [f64],
    tolerance: f64,
    most_steps: usize,
    value: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
) -> usize {
    let mut gradient = vec![0.0; x.len()];
    let mut f = value(x, &mut gradient);
    let mut pairs: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    for step in 0..most_steps {
        let largest = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
        if largest < tolerance {
            return step;
        }
        let mut direction = descent(&gradient, &pairs);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            // Rounding has spoilt the memory; start again from the steepest descent.
            pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = dot(&direction, &gradient);
        }
        let start = Start {
            x,
            f,
            slope,
            direction: &direction,
        };
        let first = if pairs.is_empty() {
            (1.0 / slope.abs().sqrt()).min(1.0)
        } else {
            1.0
        };
        let Some(found) = search(&start, first, value) else {
            return step;
        };
        let change: Vec<f64> = found
            .gradient
            .iter()
            .zip(&gradient)
            .map(|(new, old)| new - old)
            .collect();
        let moved: Vec<f64> = direction.iter().map(|d| found.length * d).collect();
        let curvature = dot(&moved, &change);
        x.iter_mut().zip(&moved).for_each(|(x, m)| *x += m);
        f = found.f;
        gradient = found.gradient;
        if curvature > f64::EPSILON * dot(&change, &change) {
            if pairs.len() == MEMORY {
                pairs.pop_front();
            }
            pairs.push_back(Pair {
                moved,
                change,
                inverse: 1.0 / curvature,
            });
        }
    }
    most_steps
}

struct Pair {
    moved: Vec<f64>,
    change: Vec<f64>,
    inverse: f64,
}

struct Start<'a> {
    x: &'a [f64],
    f: f64,
    slope: f64,
    direction: &'a [f64],
}

struct Point {
    length: f64,
    f: f64,
    slope: f64,
    gradient: Vec<f64>,
}

/// −H·gradient by the two-loop recursion.
fn descent(gradient: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut weights = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let weight = pair.inverse * dot(&pair.moved, &q);
        q.iter_mut()
            .zip(&pair.change)
            .for_each(|(q, c)| *q -= weight * c);
        weights.push(weight);
    }
    if let Some(last) = pairs.back() {
        let scale = 1.0 / (last.inverse * dot(&last.change, &last.change));
        q.iter_mut().for_each(|q| *q *= scale);
    }
    for (pair, weight) in pairs.iter().zip(weights.iter().rev()) {
        let correction = weight - pair.inverse * dot(&pair.change, &q);
        q.iter_mut()
            .zip(&pair.moved)
            .for_each(|(q, m)| *q += correction * m);
    }
    q
}

/// A length that satisfies the strong Wolfe conditions; the best one found when rounding hides them, `None` when none
/// is better than staying.
fn search(
    start: &Start,
    first: f64,
    value: &mut dyn FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<Point> {
    let mut at = |length: f64| {
        let x: Vec<f64> = start
            .x
            .iter()
            .zip(start.direction)
            .map(|(x, d)| x + length * d)
            .collect();
        let mut gradient = vec![0.0; x.len()];
        let f = value(&x, &mut gradient);
        Point {
            length,
            f,
            slope: dot(&gradient, start.direction),
            gradient,
        }
    };
    let is_low_enough = |p: &Point| p.f <= start.f + DECREASE * p.length * start.slope;
    let is_flat_enough = |p: &Point| p.slope.abs() <= CURVATURE * start.slope.abs();

    // `low` satisfies the decrease and has the least value so far; the minimum lies between it and `high`.
    let mut low: Option<Point> = None;
    let mut high: Option<(f64, f64, f64)> = None;
    let mut length = first;
    for _ in 0..MOST_TRIALS {
        let point = at(length);
        let low_f = low.as_ref().map_or(start.f, |l| l.f);
        if !point.f.is_finite() || !is_low_enough(&point) || point.f >= low_f {
            high = Some((point.length, point.f, point.slope));
        } else if is_flat_enough(&point) {
            return Some(point);
        } else {
            let low_length = low.as_ref().map_or(0.0, |l| l.length);
            let goes_to_high = high.map_or(1.0, |h| h.0 - low_length);
            if point.slope * goes_to_high >= 0.0 {
                let (f, slope) = low
                    .as_ref()
                    .map_or((start.f, start.slope), |l| (l.f, l.slope));
                high = Some((low_length, f, slope));
            }
            low = Some(point);
        }
        let (low_length, low_f, low_slope) = low
            .as_ref()
            .map_or((0.0, start.f, start.slope), |l| (l.length, l.f, l.slope));
        length = match high {
            None => 2.0 * length,
            Some((high_length, high_f, _)) => {
                // The minimum of the parabola through the value and slope at `low` and the value at `high`, kept inside.
                let width = high_length - low_length;
                let parabola =
                    -low_slope * width * width / (2.0 * (high_f - low_f - low_slope * width));
                let inside = if parabola.is_finite() {
                    (parabola / width).clamp(0.1, 0.9)
                } else {
                    0.5
                };
                low_length + inside * width
            }
        };
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_followed_to_its_end() {
        let mut x = [-1.2, 1.0];
        let steps = minimise(&mut x, 1e-9, 200, &mut |x, g| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            g[0] = -2.0 * a - 400.0 * x[0] * b;
            g[1] = 200.0 * b;
            a * a + 100.0 * b * b
        });
        assert!(
            (x[0] - 1.0).abs() < 1e-8 && (x[1] - 1.0).abs() < 1e-8,
            "{x:?}"
        );
        assert!(steps < 80, "{steps}");
    }

    #[test]
    fn a_minimum_is_not_left() {
        let mut x = [0.0, 0.0];
        assert_eq!(
            minimise(&mut x, 1e-9, 10, &mut |x, g| {
                g.copy_from_slice(x);
                0.5 * dot(x, x)
            }),
            0
        );
        assert_eq!(x, [0.0, 0.0]);
    }
}
