//! A convolution out of a table of tensors, with the norm behind it multiplied in.

use handful_kernel::Folded;

use crate::weights::Weights;

/// Weights and bias of a convolution that does what convolution and norm do.
///
/// A norm with frozen statistics is γ·(x − μ)/√(σ² + ε) + β = gain·x + bias with gain = γ/√(σ² + ε) and
/// bias = β − μ·gain, computed in f64.
pub(super) struct ConvNorm {
    /// `[channels out, channels in / groups, kernel, kernel]`
    weight: Vec<f32>,
    /// `[channels out]`
    bias: Vec<f32>,
}

impl ConvNorm {
    /// Takes `{conv}.weight` and `{norm}.{weight,bias,running_mean,running_var}` out of a table whose shapes have been
    /// checked before.
    pub fn load(weights: &Weights, conv: &str, norm: &str, epsilon: f64) -> ConvNorm {
        let of_norm = |part: &str| weights.tensors[&format!("{norm}.{part}")].to_f64();
        let (gamma, beta) = (of_norm("weight"), of_norm("bias"));
        let (mean, variance) = (of_norm("running_mean"), of_norm("running_var"));
        let gains = gamma.iter().zip(&variance);
        let gain: Vec<f64> = gains.map(|(g, v)| g / (v + epsilon).sqrt()).collect();
        let left = beta.iter().zip(&mean).zip(&gain);
        let mut weight = weights.tensors[&format!("{conv}.weight")].to_f32();
        let a_channel = weight.len() / gain.len();
        for (channel, g) in weight.chunks_exact_mut(a_channel).zip(&gain) {
            for w in channel {
                *w = (f64::from(*w) * g) as f32;
            }
        }
        ConvNorm {
            weight,
            bias: left.map(|((b, m), g)| (b - m * g) as f32).collect(),
        }
    }

    /// As the kernels take it.
    pub fn folded(&self) -> Folded<'_> {
        Folded {
            weight: &self.weight,
            bias: &self.bias,
        }
    }
}
