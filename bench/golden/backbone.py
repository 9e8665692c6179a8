"""Stages of EfficientNet-Lite0 in PyTorch on drawn pictures, for `backbone_against_pytorch.rs`.

Made with torch 2.15.0, safetensors 0.8.0 and numpy 2.4 on a CPU. Run without arguments; writes
crates/handful-learn/tests/golden/backbone.safetensors.
"""

from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.numpy import save_file

LEARN = Path(__file__).parents[2] / "crates" / "handful-learn"
# Kernel, stride of the first block, number of blocks.
STAGES = [(3, 1, 1), (3, 2, 2), (5, 2, 2), (3, 2, 3), (5, 1, 3), (5, 2, 4), (3, 1, 1)]
SIZES = [(64, 64), (33, 50)]


def load():
    with safe_open(LEARN / "weights" / "efficientnet_lite0.safetensors", "pt") as file:
        return {name: file.get_tensor(name).float() for name in file.keys()}


def convolved(w, x, name, norm, stride=1, depthwise=False, active=True, of_batch=()):
    """Convolution, norm and ReLU6.

    Norms whose tensors start as one of `of_batch` take the batch's statistics and move their own by a tenth, in place.
    """
    weight = w[f"{name}.weight"]
    kernel = weight.shape[-1]

    def same(n):
        total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
        return total // 2, total - total // 2

    (top, bottom), (left, right) = same(x.shape[2]), same(x.shape[3])
    x = F.pad(x, (left, right, top, bottom))
    x = F.conv2d(x, weight, stride=stride, groups=weight.shape[0] if depthwise else 1)
    parts = [w[f"{norm}.{p}"] for p in ("running_mean", "running_var", "weight", "bias")]
    x = F.batch_norm(x, *parts, training=f"{norm}.".startswith(of_batch), momentum=0.1, eps=1e-3)
    return F.relu6(x) if active else x


def stages(w, x, of_batch=()):
    """Name and maps of each stage; `w` are the tensors by timm's names."""
    conv = partial(convolved, w, of_batch=of_batch)
    x = conv(x, "conv_stem", "bn1", stride=2)
    yield "stem", x
    for s, (_, stride, blocks) in enumerate(STAGES):
        for b in range(blocks):
            block, before, step = f"blocks.{s}.{b}", x, stride if b == 0 else 1
            if s == 0:
                x = conv(x, f"{block}.conv_dw", f"{block}.bn1", step, depthwise=True)
                x = conv(x, f"{block}.conv_pw", f"{block}.bn2", active=False)
            else:
                x = conv(x, f"{block}.conv_pw", f"{block}.bn1")
                x = conv(x, f"{block}.conv_dw", f"{block}.bn2", step, depthwise=True)
                x = conv(x, f"{block}.conv_pwl", f"{block}.bn3", active=False)
            if step == 1 and x.shape == before.shape:
                x = x + before
        yield f"blocks.{s}", x
    yield "features", conv(x, "conv_head", "bn2")


def drawn(height, width):
    """Three pictures: smooth colours, a checkerboard, noise."""
    y, x = np.mgrid[0:height, 0:width]
    smooth = np.stack([x * 255 / width, y * 255 / height, (x + y) * 127 / width], -1)
    board = np.where(((x // 8 + y // 8) % 2)[..., None] == 0, [250, 240, 30], [20, 40, 160])
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    return np.clip(np.stack([smooth, board, noise]), 0, 255).astype(np.uint8)


def main():
    weights, out = load(), {}
    for height, width in SIZES:
        name = str(height) if height == width else f"{height}x{width}"
        pixels = drawn(height, width)
        out[f"pixels.{name}"] = pixels
        x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128
        with torch.inference_mode():
            for stage, activations in stages(weights, x):
                out[f"{stage}.{name}"] = activations.mean((2, 3)).numpy()
    save_file(out, LEARN / "tests" / "golden" / "backbone.safetensors")


if __name__ == "__main__":
    main()
