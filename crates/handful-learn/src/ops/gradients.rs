//! How the steps are differentiated: what each keeps, and where its gradients go.

use std::fmt::Debug;

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, NodeGuard, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, TensorMetadata};
use handful_kernel::{Attention, Size, Slide};

use super::backend::{
    Convolve, KernelGradients, Kernels, LayerNormPass, Maybe, NormPass, Normalise,
};

impl<B: Kernels + KernelGradients, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Maybe<Self>,
        added: Maybe<Self>,
        how: Convolve,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = parts::<B, C>(bias);
        let (added, added_node) = parts::<B, C>(added);
        let out = B::convolve(x.clone(), weight.clone(), bias, added, how);
        let kept = ConvolveStep {
            out: (!how.clamp.is_none()).then(|| out.clone()),
            x,
            weight,
            has_bias: bias_node.is_some(),
            how,
        };
        // The number of parents is a part of the type.
        match (bias_node, added_node) {
            (None, None) => finish::<_, B, C, 2>(Convolving, [x_node, weight_node], kept, out),
            (Some(node), None) | (None, Some(node)) => {
                finish::<_, B, C, 3>(Convolving, [x_node, weight_node, node], kept, out)
            }
            (Some(bias), Some(added)) => {
                finish::<_, B, C, 4>(Convolving, [x_node, weight_node, bias, added], kept, out)
            }
        }
    }

    fn rounded(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let step = AtOnce(|(), gradient| [B::widened(gradient)]);
        finish::<_, B, C, 1>(step, [node], (), B::rounded(x))
    }

    fn widened(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        let step = AtOnce(|(), gradient| [B::rounded(gradient)]);
        finish::<_, B, C, 1>(step, [node], (), B::widened(x))
    }

    fn scale_channels(weight: FloatTensor<Self>, gain: FloatTensor<Self>) -> FloatTensor<Self> {
        let (weight, weight_node) = weight.into_parts();
        let (gain, gain_node) = gain.into_parts();
        let out = B::scale_channels(weight.clone(), gain.clone());
        let step =
            AtOnce(|(weight, gain), gradient| B::scale_channels_gradients(weight, gain, gradient));
        finish::<_, B, C, 2>(step, [weight_node, gain_node], (weight, gain), out)
    }

    fn moments(x: FloatTensor<Self>) -> FloatTensor<Self> {
        FloatTensor::<Self>::new(B::moments(x.into_primitive()))
    }

    fn normalise(
        x: FloatTensor<Self>,
        moments: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        added: Maybe<Self>,
        how: Normalise,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let moments = moments.into_primitive();
        let (added, added_node) = parts::<B, C>(added);
        let out = B::normalise(
            x.clone(),
            moments.clone(),
            weight.clone(),
            bias.clone(),
            added,
            how,
        );
        let kept = NormaliseStep {
            pass: NormPass {
                x,
                moments,
                weight,
                bias,
                out: added_node.is_some().then(|| out.clone()),
            },
            how,
        };
        match added_node {
            None => finish::<_, B, C, 3>(Normalising, [x_node, weight_node, bias_node], kept, out),
            Some(added) => {
                let nodes = [x_node, weight_node, bias_node, added];
                finish::<_, B, C, 4>(Normalising, nodes, kept, out)
            }
        }
    }

    fn max_pool(x: FloatTensor<Self>, slide: Slide) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let out = B::max_pool(x.clone(), slide);
        let step = AtOnce(|(x, slide), gradient| [B::max_pool_gradient(x, gradient, slide)]);
        finish::<_, B, C, 1>(step, [x_node], (x, slide), out)
    }

    fn rows_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let out = B::rows_gelu(x.clone());
        let step = AtOnce(|x, gradient| [B::gelu_gradient(x, gradient)]);
        finish::<_, B, C, 1>(step, [x_node], x, out)
    }

    fn rows_softmax(x: FloatTensor<Self>, scale: f32) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let out = B::rows_softmax(x, scale);
        let step = AtOnce(|(out, scale), gradient| [B::softmax_gradient(out, gradient, scale)]);
        finish::<_, B, C, 1>(step, [x_node], (out.clone(), scale), out)
    }

    fn heads_attention(all: FloatTensor<Self>, shape: Attention) -> FloatTensor<Self> {
        let (all, node) = all.into_parts();
        let out = B::heads_attention(all.clone(), shape);
        let step = AtOnce(|(all, shape), gradient| [B::attention_gradient(all, gradient, shape)]);
        finish::<_, B, C, 1>(step, [node], (all, shape), out)
    }

    fn rows_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, x_node) = x.into_parts();
        let (weight, weight_node) = weight.into_parts();
        let (bias, bias_node) = bias.into_parts();
        let out = B::rows_layer_norm(x.clone(), weight.clone(), bias.clone(), epsilon);
        let kept = LayerNormPass {
            x,
            weight,
            bias,
            epsilon,
        };
        let step = AtOnce(B::layer_norm_gradients);
        finish::<_, B, C, 3>(step, [x_node, weight_node, bias_node], kept, out)
    }
}

/// A tensor that may be there, and its node.
fn parts<B: Backend, C: CheckpointStrategy>(
    tensor: Maybe<Autodiff<B, C>>,
) -> (Maybe<B>, Option<NodeGuard>) {
    let (tensor, node) = tensor
        .into_option()
        .map(|tensor| tensor.into_parts())
        .unzip();
    (tensor.into(), node)
}

/// Enters a step into the graph if anything that goes into it wants a gradient.
fn finish<S, B, C, const N: usize>(
    step: S,
    nodes: [NodeGuard; N],
    kept: S::State,
    out: FloatTensor<B>,
) -> FloatTensor<Autodiff<B, C>>
where
    S: Backward<B, N>,
    B: Backend,
    C: CheckpointStrategy,
{
    match step.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prepared) => prepared.finish(kept, out),
        OpsKind::UnTracked(prepared) => prepared.finish(out),
    }
}

/// [`Kernels::convolve`], whose parents are x, its weight, and its bias and what is added where there are.
#[derive(Debug)]
struct Convolving;

#[derive(Clone, Debug)]
struct ConvolveStep<B: Backend> {
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    /// Where a clamp's gradient has to be told from it.
    out: Option<FloatTensor<B>>,
    has_bias: bool,
    how: Convolve,
}

impl<B: KernelGradients, const N: usize> Backward<B, N> for Convolving {
    type State = ConvolveStep<B>;

    fn backward(
        self,
        ops: Ops<ConvolveStep<B>, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let ConvolveStep {
            x,
            weight,
            out,
            has_bias,
            how,
        } = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let gradient = match out {
            Some(out) => B::clamp_gradient(out, gradient, how.clamp),
            None => gradient,
        };
        let mut parents = ops.parents.into_iter();
        let mut parent = || parents.next().flatten();
        let (of_x, of_weight) = (parent(), parent());
        let of_bias = if has_bias { parent() } else { None };
        let of_added = parent();
        let [_, height, width, _] = x.shape().dims();
        if let Some(node) = of_added {
            grads.register::<B>(node.id, gradient.clone());
        }
        if let Some(node) = of_bias {
            grads.register::<B>(node.id, B::bias_gradient(gradient.clone()));
        }
        if let Some(node) = of_weight {
            let of_weight = B::convolution_weight_gradient(x, gradient.clone(), how);
            grads.register::<B>(node.id, of_weight);
        }
        // Last, so that it may have the memory.
        if let Some(node) = of_x {
            let size = Size { height, width };
            grads.register::<B>(
                node.id,
                B::convolution_input_gradient(weight, gradient, size, how),
            );
        }
    }
}

/// [`Kernels::normalise`], whose parents are x, its weight, its bias, and what is added where there is something.
#[derive(Debug)]
struct Normalising;

#[derive(Clone, Debug)]
struct NormaliseStep<B: Backend> {
    pass: NormPass<B>,
    how: Normalise,
}

impl<B: KernelGradients, const N: usize> Backward<B, N> for Normalising {
    type State = NormaliseStep<B>;

    fn backward(
        self,
        ops: Ops<NormaliseStep<B>, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let NormaliseStep { pass, how } = ops.state;
        let gradient = grads.consume::<B>(&ops.node);
        let mut parents = ops.parents.into_iter();
        let mut parent = || parents.next().flatten().map(|node| node.id);
        let nodes = [parent(), parent(), parent()];
        if let Some(id) = parent() {
            let of_added = match &pass.out {
                Some(out) if !how.clamp.is_none() => {
                    B::clamp_gradient(out.clone(), gradient.clone(), how.clamp)
                }
                _ => gradient.clone(),
            };
            grads.register::<B>(id, of_added);
        }
        register::<B, 3>(grads, nodes, B::norm_gradients(pass, gradient, how));
    }
}

/// A step that computes the gradients of all its parents at once, from what it has kept and the gradient of its result.
#[derive(Debug)]
struct AtOnce<S, B: Backend, const N: usize>(fn(S, FloatTensor<B>) -> [FloatTensor<B>; N]);

impl<S, B, const N: usize> Backward<B, N> for AtOnce<S, B, N>
where
    S: Clone + Debug + Send + 'static,
    B: Backend,
{
    type State = S;

    fn backward(self, ops: Ops<S, N>, grads: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = grads.consume::<B>(&ops.node);
        let parents = ops.parents.map(|parent| parent.map(|node| node.id));
        register::<B, N>(grads, parents, (self.0)(ops.state, gradient));
    }
}

/// Hands gradients to those parents that want one.
fn register<B: Backend, const N: usize>(
    grads: &mut Gradients,
    parents: [Option<NodeId>; N],
    gradients: [FloatTensor<B>; N],
) {
    for (parent, gradient) in parents.into_iter().zip(gradients) {
        if let Some(id) = parent {
            grads.register::<B>(id, gradient);
        }
    }
}
