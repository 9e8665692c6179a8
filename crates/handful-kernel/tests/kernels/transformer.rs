//! What transformers need, against its definition in f64; gradients against differences of the definition.

use crate::reference::{assert_same, config, numbers, of_pool};
use handful_kernel::{
    Attention, Isa, LayerNorm, LayerNormGradients, gelu, gelu_gradient, softmax, softmax_gradient,
};
use proptest::prelude::*;

const STEP: f64 = 1e-5;
const EPSILON: f32 = 1e-5;

/// The slope of Σ f(x) · gradient at every number of x.
fn slopes(x: &[f64], gradient: &[f32], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let loss = |x: &[f64]| -> f64 {
        let products = f(x)
            .into_iter()
            .zip(gradient)
            .map(|(y, g)| y * f64::from(*g));
        products.sum()
    };
    (0..x.len())
        .map(|i| {
            let moved = |by: f64| {
                let mut x = x.to_vec();
                x[i] += by;
                loss(&x)
            };
            (moved(STEP) - moved(-STEP)) / (2.0 * STEP)
        })
        .collect()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

fn softmax_of(x: &[f64], row: usize, scale: f64) -> Vec<f64> {
    let of_row = |x: &[f64]| {
        let most = x.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
        let all: Vec<f64> = x.iter().map(|x| (scale * (x - most)).exp()).collect();
        let sum: f64 = all.iter().sum();
        all.into_iter().map(move |e| e / sum).collect::<Vec<f64>>()
    };
    x.chunks_exact(row).flat_map(of_row).collect()
}

/// Φ by its series around zero, which anybody can check; enough terms for |x| < 5.
fn normal(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for k in 1..120 {
        term *= x * x / f64::from(2 * k + 1);
        sum += term;
    }
    0.5 + sum * (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

fn layer_norm_of(x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let row = weight.len();
    let of_row = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / row as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / row as f64;
        let deviation = (variance + f64::from(EPSILON)).sqrt();
        let normal = x.iter().map(|x| (x - mean) / deviation);
        let all = normal
            .zip(weight.iter().zip(bias))
            .map(|(x, (w, b))| x * w + b);
        all.collect::<Vec<f64>>()
    };
    x.chunks_exact(row).flat_map(of_row).collect()
}

fn attention_of(all: &[f64], shape: Attention) -> Vec<f64> {
    let Attention {
        tokens,
        heads,
        width,
    } = shape;
    let of_head = width / heads;
    let images = all.len() / (tokens * 3 * width);
    let mut out = vec![0.0; images * tokens * width];
    for image in 0..images {
        for head in 0..heads {
            let at = |token: usize, part: usize, i: usize| {
                all[((image * tokens + token) * 3 + part) * width + head * of_head + i]
            };
            for query in 0..tokens {
                let score = |key| (0..of_head).map(|i| at(query, 0, i) * at(key, 1, i)).sum();
                let scores: Vec<f64> = (0..tokens).map(score).collect();
                let weights = softmax_of(&scores, tokens, 1.0 / (of_head as f64).sqrt());
                for i in 0..of_head {
                    let sum: f64 = (0..tokens)
                        .map(|token| weights[token] * at(token, 2, i))
                        .sum();
                    out[(image * tokens + query) * width + head * of_head + i] = sum;
                }
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn gelu_is_its_definition(n in 0usize..200, seed in any::<u64>()) {
        let x: Vec<f32> = numbers(n, seed).iter().map(|x| 4.5 * x).collect();
        let gradient = numbers(n, seed ^ 1);
        let f = |x: &[f64]| x.iter().map(|x| x * normal(*x)).collect::<Vec<f64>>();
        assert_same(&of_pool(n, |out| gelu(&x, out)), &f(&wide(&x)), "gelu");
        let found = of_pool(n, |out| gelu_gradient(&x, &gradient, out));
        assert_same(&found, &slopes(&wide(&x), &gradient, f), "gradient");
    }

    #[test]
    fn a_softmax_is_its_definition(rows in 0usize..5, row in 1usize..40, scale in 0.1f32..9.0, seed in any::<u64>()) {
        let x = numbers(rows * row, seed);
        let gradient = numbers(x.len(), seed ^ 1);
        let f = |x: &[f64]| softmax_of(x, row, f64::from(scale));
        let y = of_pool(x.len(), |out| softmax(&x, row, scale, out));
        assert_same(&y, &f(&wide(&x)), "softmax");
        let found = of_pool(x.len(), |out| softmax_gradient(&y, row, scale, &gradient, out));
        assert_same(&found, &slopes(&wide(&x), &gradient, f), "gradient");
    }

    #[test]
    fn a_layer_norm_is_its_definition(rows in 1usize..6, row in 2usize..40, seed in any::<u64>()) {
        let x = numbers(rows * row, seed);
        let (weight, bias) = (numbers(row, seed ^ 1), numbers(row, seed ^ 2));
        let gradient = numbers(x.len(), seed ^ 3);
        let norm = LayerNorm { weight: &weight, bias: &bias, epsilon: EPSILON };
        let found = of_pool(x.len(), |out| norm.forward(&x, out));
        let (wide_weight, wide_bias) = (wide(&weight), wide(&bias));
        assert_same(&found, &layer_norm_of(&wide(&x), &wide_weight, &wide_bias), "layer norm");
        let all = of_pool(x.len() + 2 * row, |to| {
            let (to_x, to) = to.split_at_mut(x.len());
            let (weight, bias) = to.split_at_mut(row);
            norm.gradients(&x, &gradient, LayerNormGradients { x: to_x, weight, bias });
        });
        // Rows of two may be nearly alike: then slopes are steep.
        let close = |found: &[f32], expected: Vec<f64>| found.iter().zip(&expected).all(|(f, e)| {
            (f64::from(*f) - e).abs() < 2e-3 * e.abs().max(1.0)
        });
        let (of_x, rest) = all.split_at(x.len());
        let along_x = slopes(&wide(&x), &gradient, |x| layer_norm_of(x, &wide_weight, &wide_bias));
        prop_assert!(close(of_x, along_x));
        let along_weight = slopes(&wide_weight, &gradient, |w| layer_norm_of(&wide(&x), w, &wide_bias));
        prop_assert!(close(&rest[..row], along_weight));
        let along_bias = slopes(&wide_bias, &gradient, |b| layer_norm_of(&wide(&x), &wide_weight, b));
        prop_assert!(close(&rest[row..], along_bias));
    }

    #[test]
    fn attention_is_its_definition(
        images in 0usize..3, tokens in 1usize..8, heads in 1usize..4, of_head in 1usize..6, seed in any::<u64>(),
    ) {
        let shape = Attention { tokens, heads, width: heads * of_head };
        let all = numbers(images * tokens * 3 * shape.width, seed);
        let gradient = numbers(images * tokens * shape.width, seed ^ 1);
        let f = |all: &[f64]| attention_of(all, shape);
        for isa in Isa::all() {
            let found = of_pool(gradient.len(), |out| shape.forward(isa, &all, out));
            assert_same(&found, &f(&wide(&all)), isa.name());
            let found = of_pool(all.len(), |out| shape.gradient(isa, &all, &gradient, out));
            assert_same(&found, &slopes(&wide(&all), &gradient, f), isa.name());
        }
    }
}
