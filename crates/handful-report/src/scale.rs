//! Where does a number lie in a drawing, and which numbers stand beside it?

/// About so many steps of a scale.
const STEPS: f64 = 5.0;

/// From where to where, with labels at round numbers.
pub(crate) struct Scale {
    low: f64,
    high: f64,
    step: f64,
    /// Where its labels are.
    pub(crate) ticks: Vec<f64>,
}

impl Scale {
    /// From a round number to a round number, around all values.
    pub(crate) fn around(values: impl Iterator<Item = f64>) -> Scale {
        let (low, high) = ends(values);
        let step = round_step(high - low);
        let (first, last) = ((low / step).floor(), (high / step).ceil());
        let ticks = multiples(first, last.max(first + 1.0), step);
        Scale {
            low: ticks[0],
            high: ticks[ticks.len() - 1],
            step,
            ticks,
        }
    }

    /// From the first to the last value, with labels at the round numbers between.
    pub(crate) fn within(values: &[f64]) -> Scale {
        let (low, high) = ends(values.iter().copied());
        let step = round_step(high - low);
        let ticks = multiples((low / step).ceil(), (high / step).floor(), step);
        Scale {
            low,
            high,
            step,
            ticks,
        }
    }

    /// Where a value lies, in 0..=1.
    pub(crate) fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Decimals that its labels need when they are said `factor` times as large.
    pub(crate) fn decimals(&self, factor: f64) -> usize {
        // The step is one, two or five times a power of ten, give or take a last bit.
        (-(factor * self.step * (1.0 + 1e-9)).log10().floor()).max(0.0) as usize
    }
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let start = (f64::INFINITY, f64::NEG_INFINITY);
    values.fold(start, |(low, high), v| (low.min(v), high.max(v)))
}

/// One, two or five times a power of ten, so that about [`STEPS`] of them make the range.
fn round_step(range: f64) -> f64 {
    let raw = match range > 0.0 {
        true => range / STEPS,
        false => 0.1, // All values are one: any scale will do.
    };
    let power = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|f| f * power >= raw * (1.0 - 1e-9));
    factor.unwrap_or(10.0) * power
}

fn multiples(first: f64, last: f64, step: f64) -> Vec<f64> {
    let n = (last - first).max(0.0) as usize;
    (0..=n).map(|i| (first + i as f64) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_labelled_within_what_was_trained() {
        let ticks = |epochs: &[f64]| Scale::within(epochs).ticks;
        assert_eq!(ticks(&[0.0, 12.0]), [0.0, 5.0, 10.0]);
        assert_eq!(ticks(&[1.0, 2.0, 5.0]), [1.0, 2.0, 3.0, 4.0, 5.0]);
    }
}
