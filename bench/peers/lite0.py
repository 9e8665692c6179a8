"""EfficientNet-Lite0 in PyTorch: the same network, from the same file, as the embedded backbone.

Norms are folded into the convolutions when the weights are loaded, as Handful does, and tensors are channels-last, which is
the fastest layout of PyTorch on a CPU. Padding is TensorFlow's SAME: the smaller half on top and left.
"""

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from lite0_shape import NORM_EPS, STAGES, WEIGHTS, same_padding

# The stage whose spatial mean is offered beside the last features.
MIDDLE_STAGE = 4


class Convolution(nn.Module):
    """Convolution with the norm folded in, TF-SAME padding and, where asked for, ReLU6."""

    def __init__(self, tensors, convolution, norm, stride=1, depthwise=False, relu6=True):
        super().__init__()
        weight = tensors[f"{convolution}.weight"].float()  # [out, in / groups, k, k]
        scale = tensors[f"{norm}.weight"] / torch.sqrt(tensors[f"{norm}.running_var"] + NORM_EPS)
        self.weight = nn.Parameter(weight * scale[:, None, None, None], requires_grad=False)
        bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.kernel, self.stride, self.relu6 = weight.shape[2], stride, relu6
        self.groups = weight.shape[0] if depthwise else 1

    def forward(self, x):  # [n, in, h, w] -> [n, out, ceil(h / stride), ceil(w / stride)]
        before_h, after_h = same_padding(x.shape[2], self.kernel, self.stride)
        before_w, after_w = same_padding(x.shape[3], self.kernel, self.stride)
        padding = (0, 0)
        if (before_h, before_w) == (after_h, after_w):
            padding = (before_h, before_w)  # symmetric padding costs no copy
        else:
            x = F.pad(x, (before_w, after_w, before_h, after_h))
        x = F.conv2d(x, self.weight, self.bias, self.stride, padding, groups=self.groups)
        return F.relu6(x, inplace=True) if self.relu6 else x


class Block(nn.Module):
    """Depthwise-separable (first stage) or inverted residual block."""

    def __init__(self, tensors, name, stride):
        super().__init__()
        if f"{name}.conv_pwl.weight" in tensors:
            self.layers = nn.Sequential(
                Convolution(tensors, f"{name}.conv_pw", f"{name}.bn1"),
                Convolution(tensors, f"{name}.conv_dw", f"{name}.bn2", stride, depthwise=True),
                Convolution(tensors, f"{name}.conv_pwl", f"{name}.bn3", relu6=False),
            )
        else:
            self.layers = nn.Sequential(
                Convolution(tensors, f"{name}.conv_dw", f"{name}.bn1", stride, depthwise=True),
                Convolution(tensors, f"{name}.conv_pw", f"{name}.bn2", relu6=False),
            )
        n_in = self.layers[0].weight.shape[0 if self.layers[0].groups > 1 else 1]
        self.adds_input = stride == 1 and n_in == self.layers[-1].weight.shape[0]

    def forward(self, x):
        return x + self.layers(x) if self.adds_input else self.layers(x)


class Lite0(nn.Module):
    """The trunk. `forward` gives the spatial means of a middle stage and of the last layer."""

    def __init__(self, path=WEIGHTS):
        super().__init__()
        tensors = load_file(path)
        self.stem = Convolution(tensors, "conv_stem", "bn1", stride=2)
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(tensors, f"blocks.{s}.{b}", stride if b == 0 else 1) for b in range(n_blocks)))
            for s, (_, stride, n_blocks) in enumerate(STAGES)
        )
        for stage, (kernel, _, _) in zip(self.stages, STAGES):
            depthwise = [layer for block in stage for layer in block.layers if layer.groups > 1]
            if any(layer.kernel != kernel for layer in depthwise):
                raise SystemExit(f"error: `{path}` is not EfficientNet-Lite0: a kernel has another size")
        self.head = Convolution(tensors, "conv_head", "bn2")
        self.to(memory_format=torch.channels_last).eval()

    def all_stages(self, images):
        """Spatial means by name: `stem`, `blocks.0` … `blocks.6`, `features`; `images` are `[n, 3, h, w]` in about -1..1."""
        x = self.stem(images.contiguous(memory_format=torch.channels_last))
        means = {"stem": x.mean((2, 3))}
        for idx, stage in enumerate(self.stages):
            x = stage(x)
            means[f"blocks.{idx}"] = x.mean((2, 3))
        means["features"] = self.head(x).mean((2, 3))
        return means

    def forward(self, images):
        x = self.stem(images.contiguous(memory_format=torch.channels_last))
        for idx, stage in enumerate(self.stages):
            x = stage(x)
            if idx == MIDDLE_STAGE:
                middle = x.mean((2, 3))  # [n, 112]
        return middle, self.head(x).mean((2, 3))  # and [n, 1280]


def normalised(pixels):
    """u8 `[n, h, w, 3]` to f32 `[n, 3, h, w]`, (u8 - 127) / 128; the memory stays channels-last."""
    return pixels.permute(0, 3, 1, 2).float().sub_(127.0).div_(128.0)
