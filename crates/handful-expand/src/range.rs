//! How far may an operation go? One number of each operation is its amount; everything else about it is drawn.

/// The amounts of an operation: the one that changes nothing, and the furthest on both sides of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The amount that changes nothing.
    pub neutral: f32,
    /// The furthest below; equal to `neutral` where there is nothing below.
    pub low: f32,
    /// The furthest above; equal to `neutral` where there is nothing above.
    pub high: f32,
    /// What it is measured in.
    pub unit: &'static str,
    /// Whether only whole numbers mean something, as for quarters of a turn.
    pub is_whole: bool,
}

impl Range {
    /// From `-most` to `most`; 0 changes nothing.
    pub const fn both(most: f32, unit: &'static str) -> Range {
        Range {
            neutral: 0.0,
            low: -most,
            high: most,
            unit,
            is_whole: false,
        }
    }

    /// From `1 - most` to `1 + most`; 1 changes nothing.
    pub const fn factor(most: f32) -> Range {
        Range {
            neutral: 1.0,
            low: 1.0 - most,
            high: 1.0 + most,
            unit: "times",
            is_whole: false,
        }
    }

    /// From nothing to `most`.
    pub const fn up_to(most: f32, unit: &'static str) -> Range {
        Range {
            neutral: 0.0,
            low: 0.0,
            high: most,
            unit,
            is_whole: false,
        }
    }

    /// Done or not: 0 or 1.
    pub const fn switch() -> Range {
        Range {
            is_whole: true,
            ..Range::up_to(1.0, "")
        }
    }

    /// Whether it is done or not, and nothing in between.
    pub fn is_switch(&self) -> bool {
        self.is_whole && self.high - self.low == 1.0
    }

    /// The sides of the neutral amount that there are.
    pub fn ends(&self) -> impl Iterator<Item = f32> + use<> {
        let neutral = self.neutral;
        [self.low, self.high]
            .into_iter()
            .filter(move |&end| end != neutral)
    }

    /// The amount at this share of the way from nothing to an end; whole where only whole numbers mean something, and then never
    /// nothing unless the share is 0.
    pub fn towards(&self, end: f32, strength: f32) -> f32 {
        let way = (end - self.neutral) * strength;
        match self.is_whole {
            false => self.neutral + way,
            true if way > 0.0 => self.neutral + way.ceil(),
            true => self.neutral + way.floor(),
        }
    }

    /// Whether an amount lies within it; what people write with two digits may be off by rounding.
    pub fn holds(&self, amount: f32) -> bool {
        const ROUNDING: f32 = 1e-5;
        (self.low - ROUNDING..=self.high + ROUNDING).contains(&amount)
    }

    /// This share of the range on both sides.
    pub fn at(&self, strength: f32) -> [f32; 2] {
        [self.low, self.high].map(|end| self.towards(end, strength))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_scales_both_sides() {
        assert_eq!(Range::both(30.0, "degrees").at(0.5), [-15.0, 15.0]);
        assert_eq!(Range::factor(0.5).at(1.0), [0.5, 1.5]);
        assert_eq!(Range::up_to(4.0, "px").at(0.25), [0.0, 1.0]);
        assert_eq!(Range::switch().at(0.3), [0.0, 1.0]);
        assert_eq!(Range::switch().at(0.0), [0.0, 0.0]);
        let bits = Range {
            neutral: 8.0,
            low: 2.0,
            high: 8.0,
            unit: "bits",
            is_whole: true,
        };
        assert_eq!(bits.at(0.5), [5.0, 8.0]);
        assert_eq!(bits.ends().collect::<Vec<f32>>(), [2.0]);
    }
}
