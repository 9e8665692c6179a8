//! Numbers below the normal ones give what they should, and no number that is none.

use crate::reference::{Map, convolved, numbers};
use handful_kernel::{
    Clamp, Convolution, Depthwise, Folded, InputGradient, Isa, Moments, Norm, NormGradients,
    NormPass, Size, Slide, Surround, WeightGradient,
};

/// The largest of them is 1.2e-38.
const SCALE: f32 = 1e-39;

#[test]
fn denormals_stay_numbers() {
    let size = Size {
        height: 9,
        width: 7,
    };
    let slide = Slide {
        kernel: 3,
        stride: 2,
        surround: Surround::Same,
    };
    let x: Vec<f32> = numbers(2 * size.pixels() * 16, 1)
        .iter()
        .map(|x| x * SCALE)
        .collect();
    assert!(x.iter().any(|x| x.is_subnormal()));
    let weight = numbers(16 * 16 * 9, 2);
    let own = numbers(16 * 9, 3);
    let bias = vec![0.0; 16];
    let map = Map::of(&x, 2, size, 16);
    for isa in Isa::all() {
        // A sum may lose what is below the least number, never more.
        let same = |found: &[f32], expected: &[f64]| {
            let close = |(f, e): (&f32, &f64)| (f64::from(*f) - e).abs() < 1e-4 * e.abs() + 1e-42;
            assert!(found.iter().zip(expected).all(close), "{}", isa.name());
        };
        let weights = Folded {
            weight: &weight,
            bias: &bias,
        };
        let expected = convolved(&map, weights, 1, slide, Clamp::NONE);
        let mut out = vec![f32::NAN; expected.values.len()];
        Convolution::new(isa, weights, slide, Clamp::NONE).forward(&x, size, None, &mut out);
        same(&out, &expected.values);
        let weights = Folded {
            weight: &own,
            bias: &bias,
        };
        let expected = convolved(&map, weights, 16, slide, Clamp::NONE);
        Depthwise::new(isa, weights, slide, Clamp::NONE).forward(&x, size, &mut out);
        same(&out, &expected.values);
        let mut of_x = vec![f32::NAN; x.len()];
        InputGradient::new(isa, &weight, 16, slide).run(&out, size, &mut of_x);
        assert!(of_x.iter().all(|g| g.is_finite()));
        let mut of_weight = vec![f32::NAN; weight.len()];
        let gradient = WeightGradient {
            isa,
            slide,
            channels_in: 16,
            channels_out: 16,
        };
        gradient.run(&x, size, &out, &mut of_weight);
        assert!(of_weight.iter().all(|g| g.is_finite()));
    }
    let moments = Moments::of(&x, 16);
    let norm = Norm {
        moments: &moments,
        epsilon: 1e-3,
        weight: &bias,
        bias: &bias,
        clamp: Clamp::RELU6,
    };
    let mut out = vec![f32::NAN; x.len()];
    norm.forward(&x, None, &mut out);
    let (mut of_x, mut of_weight, mut of_bias) = (x.clone(), bias.clone(), bias.clone());
    let to = NormGradients {
        x: &mut of_x,
        weight: &mut of_weight,
        bias: &mut of_bias,
    };
    norm.gradients(
        NormPass {
            x: &x,
            out: None,
            gradient: &x,
        },
        to,
    );
    let all = [out, of_x, of_weight, of_bias];
    assert!(all.iter().flatten().all(|x| x.is_finite()));
}
