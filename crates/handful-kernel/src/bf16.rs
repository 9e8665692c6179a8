//! The upper half of a float32: 8 bits of exponent, 8 of precision with the one that isn't stored.
//!
//! Numbers near zero *are* zero here, so that no sum is ever subnormal: every activation is a multiple of 2⁻⁷⁰ and every weight
//! one of 2⁻⁵⁶, their products and all sums of them are multiples of 2⁻¹²⁶. Instructions that take subnormal numbers for zero,
//! as those for bfloat16 do, then give the same bits as others, and nobody has to ask.

/// A bfloat16.
#[derive(Clone, Copy, Debug, Default)]
#[repr(transparent)]
pub struct Bf16(u16);

/// Those nearer to zero than 2⁻⁶³ have none of these bits: the upper two of the exponent.
pub(crate) const NOT_SMALL: u16 = 0x6000;
/// Weights nearer to zero are zero: 2⁻⁴⁹.
const LEAST_WEIGHT: f32 = f32::from_bits((127 - 49) << 23);
/// Its upper half.
const LEAST_WEIGHT_BITS: u16 = (LEAST_WEIGHT.to_bits() >> 16) as u16;
/// All bits but the sign.
const ABSOLUTE: u16 = 0x7FFF;
/// What is added to sums is zero when it is nearer: 2⁻¹⁰⁰, whose last bit counts 2⁻¹²³.
const LEAST_BIAS: f32 = f32::from_bits((127 - 100) << 23);
/// Added before the lower half is cut off, together with the last bit that stays: to the nearest, and to the even one of two.
pub(crate) const HALF: u32 = 0x7FFF;
/// What makes a quiet one of whatever is no number.
pub(crate) const QUIET: u32 = 0x40;

impl Bf16 {
    /// Zero.
    pub const ZERO: Bf16 = Bf16(0);

    /// The nearest one, the even one of two; zero where that is nearer to zero than 2⁻⁶³. Without a branch, so that several are
    /// rounded at a time.
    #[inline]
    pub fn from_f32(x: f32) -> Bf16 {
        let found = Bf16::nearest(x);
        Bf16(if found & NOT_SMALL == 0 { 0 } else { found })
    }

    /// Bits of the nearest one, of whatever size.
    #[inline(always)]
    fn nearest(x: f32) -> u16 {
        let bits = x.to_bits();
        let upper = bits >> 16;
        let rounded = bits.wrapping_add(HALF + (upper & 1)) >> 16;
        (if x.is_nan() { upper | QUIET } else { rounded }) as u16
    }

    /// Numbers whose bits these are, as any crate for bfloat16 has them. Sums are the same on every machine where none of them is
    /// nearer to zero than 2⁻⁶³, but zero itself.
    pub fn of_bits(bits: &[u16]) -> &[Bf16] {
        // SAFETY: a Bf16 is a u16 of any value.
        unsafe { std::slice::from_raw_parts(bits.as_ptr().cast(), bits.len()) }
    }

    /// The same, to be written to.
    pub fn of_bits_mut(bits: &mut [u16]) -> &mut [Bf16] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(bits.as_mut_ptr().cast(), bits.len()) }
    }

    /// Exactly.
    pub fn to_f32(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }

    /// As a weight. Without a branch, so that several are rounded at a time.
    #[inline(always)]
    pub(crate) fn weight(x: f32) -> Bf16 {
        let found = Bf16::nearest(x);
        Bf16(if x.abs() < LEAST_WEIGHT { 0 } else { found })
    }

    /// A number of a map as a weight.
    pub(crate) fn as_weight(self) -> Bf16 {
        match self.0 & ABSOLUTE < LEAST_WEIGHT_BITS {
            true => Bf16::ZERO,
            false => self,
        }
    }
}

/// What may be added to sums.
pub(crate) fn bias(x: f32) -> f32 {
    if x.abs() < LEAST_BIAS { 0.0 } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(x: f32) -> f32 {
        Bf16::from_f32(x).to_f32()
    }

    #[test]
    fn numbers_go_to_the_nearest_and_halves_to_the_even() {
        let step = 1.0 / 128.0;
        for (x, expected) in [
            (1.0, 1.0),
            (1.0 + 0.49 * step, 1.0),
            (1.0 + 0.5 * step, 1.0),
            (1.0 + 1.5 * step, 1.0 + 2.0 * step),
            (-1.0 - 0.51 * step, -1.0 - step),
            (f32::MAX, f32::INFINITY),
            (f32::NEG_INFINITY, f32::NEG_INFINITY),
        ] {
            assert_eq!(there_and_back(x), expected, "{x}");
        }
        assert!(there_and_back(f32::NAN).is_nan());
        assert!(there_and_back(f32::from_bits(0x7F80_0001)).is_nan());
    }

    #[test]
    fn what_is_near_zero_is_zero() {
        let least = 2.0f32.powi(-63);
        assert_eq!(there_and_back(least), least);
        assert_eq!(there_and_back(-least * 0.99), 0.0);
        assert_eq!(there_and_back(-least * 0.999), -least);
        assert_eq!(Bf16::weight(2.0f32.powi(-50)).to_f32(), 0.0);
        assert_eq!(bias(-2.0f32.powi(-101)), 0.0);
        for x in [2.0f32.powi(-49), -2.0f32.powi(-48), 1.0, f32::INFINITY] {
            let (x, smaller) = (Bf16::from_f32(x), Bf16::from_f32(x * 0.99));
            assert_eq!(x.as_weight().to_f32(), x.to_f32());
            assert_eq!(
                smaller.as_weight().to_f32(),
                Bf16::weight(smaller.to_f32()).to_f32()
            );
        }
        assert_eq!(Bf16::from_f32(-2.0f32.powi(-50)).as_weight().to_f32(), 0.0);
        for x in [
            f32::NAN,
            -f32::NAN,
            f32::INFINITY,
            f32::MAX,
            0.3,
            -1.0 - 2.0f32.powi(-8),
        ] {
            let (found, expected) = (Bf16::weight(x), Bf16::from_f32(x));
            assert_eq!(found.to_f32().to_bits(), expected.to_f32().to_bits());
        }
        assert!(Bf16::from_f32(f32::NAN).as_weight().to_f32().is_nan());
        assert_eq!(there_and_back(f32::MIN_POSITIVE / 2.0), 0.0);
    }

    #[test]
    fn bits_are_those_of_the_upper_half() {
        let mut bits = [0x3F80, 0xC000];
        assert_eq!(Bf16::of_bits(&bits)[1].to_f32(), -2.0);
        Bf16::of_bits_mut(&mut bits)[0] = Bf16::from_f32(0.5);
        assert_eq!(bits[0], 0x3F00);
    }

    #[test]
    fn no_product_is_subnormal() {
        let last_bit = 2.0f32.powi(-7);
        let (x, w) = (2.0f32.powi(-63), LEAST_WEIGHT);
        assert!(x * last_bit * (w * last_bit) >= f32::MIN_POSITIVE);
    }
}
