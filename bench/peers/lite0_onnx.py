"""EfficientNet-Lite0 as an ONNX graph, from the file of the embedded backbone, with the norms folded into the convolutions.

Built node by node and not exported from PyTorch, so that nothing but convolutions, Clip and Add is in it.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from lite0_shape import NORM_EPS, STAGES, WEIGHTS, same_padding


class Graph:
    """Nodes and weights that a network adds up."""

    def __init__(self, tensors):
        self.tensors, self.nodes, self.initializers = tensors, [], []
        for name, value in [("zero", 0.0), ("six", 6.0)]:
            self.initializers.append(numpy_helper.from_array(np.array(value, np.float32), name))

    def convolution(self, x, side, convolution, norm, stride=1, depthwise=False, relu6=True):
        """Adds a convolution; returns the name of its result and its side in pixels."""
        weight = self.tensors[f"{convolution}.weight"].astype(np.float32)
        scale = self.tensors[f"{norm}.weight"] / np.sqrt(self.tensors[f"{norm}.running_var"] + NORM_EPS)
        bias = self.tensors[f"{norm}.bias"] - self.tensors[f"{norm}.running_mean"] * scale
        kernel = weight.shape[2]
        weight = (weight * scale[:, None, None, None]).astype(np.float32)
        for part, value in [("w", weight), ("b", bias.astype(np.float32))]:
            self.initializers.append(numpy_helper.from_array(value, f"{convolution}.{part}"))
        before, after = same_padding(side, kernel, stride)
        self.nodes.append(
            helper.make_node(
                "Conv", [x, f"{convolution}.w", f"{convolution}.b"], [convolution],
                kernel_shape=[kernel, kernel], strides=[stride, stride], pads=[before, before, after, after],
                group=weight.shape[0] if depthwise else 1,
            )
        )
        if relu6:
            self.nodes.append(helper.make_node("Clip", [convolution, "zero", "six"], [f"{convolution}.relu6"]))
        return (f"{convolution}.relu6" if relu6 else convolution), -(-side // stride)


def lite0(size_px):
    """The serialised model: `images` `[n, 3, size, size]` to `features` `[n, 1280]`."""
    graph = Graph(load_file(WEIGHTS))
    x, side = graph.convolution("images", size_px, "conv_stem", "bn1", stride=2)
    for stage, (_, stride, blocks) in enumerate(STAGES):
        for block in range(blocks):
            name, step = f"blocks.{stage}.{block}", stride if block == 0 else 1
            before = x
            if f"{name}.conv_pwl.weight" in graph.tensors:
                x, side = graph.convolution(x, side, f"{name}.conv_pw", f"{name}.bn1")
                x, side = graph.convolution(x, side, f"{name}.conv_dw", f"{name}.bn2", step, depthwise=True)
                x, side = graph.convolution(x, side, f"{name}.conv_pwl", f"{name}.bn3", relu6=False)
            else:
                x, side = graph.convolution(x, side, f"{name}.conv_dw", f"{name}.bn1", step, depthwise=True)
                x, side = graph.convolution(x, side, f"{name}.conv_pw", f"{name}.bn2", relu6=False)
            if block > 0:
                graph.nodes.append(helper.make_node("Add", [x, before], [f"{name}.sum"]))
                x = f"{name}.sum"
    x, side = graph.convolution(x, side, "conv_head", "bn2")
    graph.nodes.append(helper.make_node("GlobalAveragePool", [x], ["mean"]))
    graph.nodes.append(helper.make_node("Flatten", ["mean"], ["features"]))
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, size_px, size_px])
    features = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 1280])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "lite0", [images], [features], graph.initializers),
        opset_imports=[helper.make_opsetid("", 17)], ir_version=9,
    )
    onnx.checker.check_model(model)
    return model.SerializeToString()
