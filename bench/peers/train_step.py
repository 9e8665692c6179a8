"""Times training steps (forward, cross-entropy, backward, SGD with momentum) of a network in PyTorch, channels-last.

    python bench/peers/train_step.py NETWORK PX BATCH TRAINED STATISTICS PRECISION STEPS

NETWORK lite0, resnet18 or vit_s16; TRAINED all, last-2 or last (stages, with the head; the rest computes no gradients), or
none: only a pass forwards;
STATISTICS batch (norms take those of the batch where they train) or frozen; PRECISION float32 or bfloat16 (autocast). The last
argument is the number of steps.
Prints the milliseconds of each step, one a line, then the peak of the process's memory in MB.
"""

import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lite0_shape import NORM_EPS, STAGES, same_padding

CLASSES = 10
# Of EfficientNet-Lite0; the shapes are all that matters for time.
CHANNELS = [16, 24, 40, 80, 112, 192, 320]
STEM, HEAD, EXPANSION = 32, 1280, 6


class ConvNorm(nn.Module):
    """Convolution, norm and, where asked for, ReLU6 or ReLU."""

    def __init__(self, n_in, n_out, kernel=1, stride=1, groups=1, act=None, same=True):
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, kernel, stride, 0, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(n_out, eps=NORM_EPS)
        self.act, self.same = act, same

    def fold(self):
        """Multiplies the norm into the convolution, for a part that doesn't learn."""
        self.conv, self.norm = fuse_conv_bn_eval(self.conv.eval(), self.norm.eval()), nn.Identity()

    def forward(self, x):
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        if self.same:
            top, bottom = same_padding(x.shape[2], kernel, stride)
            left, right = same_padding(x.shape[3], kernel, stride)
        else:
            top = bottom = left = right = kernel // 2
        padding = (top, left)
        if (top, left) != (bottom, right):
            x, padding = F.pad(x, (left, right, top, bottom)), (0, 0)
        x = F.conv2d(x, self.conv.weight, self.conv.bias, stride, padding, groups=self.conv.groups)
        x = self.norm(x)
        return self.act(x, inplace=True) if self.act else x


class Residual(nn.Module):
    """Inverted residual, or a basic block of a ResNet where `kernel` is None."""

    def __init__(self, n_in, n_out, stride, expansion=None, kernel=None):
        super().__init__()
        self.basic = kernel is None
        if self.basic:
            layers = [
                ConvNorm(n_in, n_out, 3, stride, act=F.relu, same=False), ConvNorm(n_out, n_out, 3, same=False),
            ]
            narrows = stride > 1 or n_in != n_out
            self.beside = ConvNorm(n_in, n_out, 1, stride, same=False) if narrows else nn.Identity()
        else:
            wide = n_in * expansion
            layers = [ConvNorm(n_in, wide, act=F.relu6)] if expansion > 1 else []
            layers += [ConvNorm(wide, wide, kernel, stride, wide, act=F.relu6), ConvNorm(wide, n_out)]
            self.beside = nn.Identity() if stride == 1 and n_in == n_out else None
        self.through = nn.Sequential(*layers)

    def forward(self, x):
        out = self.through(x)
        if self.beside is not None:
            out = out + self.beside(x)
        return F.relu(out, inplace=True) if self.basic else out


def lite0():
    """Stages of EfficientNet-Lite0, the last of which is the head."""
    stages, n_in = [ConvNorm(3, STEM, 3, 2, act=F.relu6)], STEM
    for (kernel, stride, blocks), n_out in zip(STAGES, CHANNELS):
        layers = []
        for block in range(blocks):
            expansion = EXPANSION if len(stages) > 1 else 1
            layers.append(Residual(n_in, n_out, stride if block == 0 else 1, expansion, kernel))
            n_in = n_out
        stages.append(nn.Sequential(*layers))
    return stages + [ConvNorm(n_in, HEAD, act=F.relu6)], HEAD


def resnet18():
    """Stages of ResNet-18."""
    stem = nn.Sequential(ConvNorm(3, 64, 7, 2, act=F.relu, same=False), nn.MaxPool2d(3, 2, 1))
    stages, n_in = [stem], 64
    for idx, n_out in enumerate([64, 128, 256, 512]):
        stages.append(nn.Sequential(Residual(n_in, n_out, 2 if idx else 1), Residual(n_out, n_out, 1)))
        n_in = n_out
    return stages, n_in


class VitBlock(nn.Module):
    """Attention and two linear layers, each behind a norm and beside its input."""

    def __init__(self, width=384, heads=6):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.query_key_value, self.attended = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        n, tokens, width = x.shape
        parts = self.query_key_value(self.norms[0](x)).view(n, tokens, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(n, tokens, width)
        x = x + self.attended(out)
        return x + self.narrow(F.gelu(self.widen(self.norms[1](x))))


class Vit(nn.Module):
    """ViT-S/16 with the mean over patches at the end, as maps of one pixel."""

    def __init__(self, px, width=384):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.position = nn.Parameter(0.02 * torch.randn(1, (px // 16) ** 2, width))
        self.blocks, self.norm = nn.Sequential(*(VitBlock() for _ in range(12))), nn.LayerNorm(width)

    def forward(self, images):
        x = self.patches(images).flatten(2).transpose(1, 2) + self.position
        return self.norm(self.blocks(x)).mean(1)[:, :, None, None]


def main(name, px, batch, trained, statistics, precision, steps):
    torch.set_num_threads(2)
    torch.manual_seed(1)
    if name == "vit_s16":
        stages, features = [Vit(int(px))], 384
    else:
        stages, features = {"lite0": lite0, "resnet18": resnet18}[name]()
    # "last" is the last stage of blocks; the 1x1 convolution behind it in Lite0 counts as a part of it.
    head = 1 if name == "lite0" else 0
    n_trained = {"last-2": 2 + head, "last": 1 + head}.get(trained, len(stages))
    frozen, learning = nn.Sequential(*stages[:-n_trained]), nn.Sequential(*stages[-n_trained:])
    classifier = nn.Linear(features, CLASSES)
    for part in (frozen, learning):
        part.to(memory_format=torch.channels_last)
    frozen.requires_grad_(False).eval()
    for layer in [module for module in frozen.modules() if isinstance(module, ConvNorm)]:
        layer.fold()
    frozen.to(memory_format=torch.channels_last)
    learning.train(statistics == "batch")
    optimiser = torch.optim.SGD([*learning.parameters(), *classifier.parameters()], lr=0.01, momentum=0.9)
    images = torch.rand(int(batch), 3, int(px), int(px)).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(int(batch)) % CLASSES
    for _ in range(int(steps)):
        start = time.perf_counter()
        if trained == "none":
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                assert classifier(learning(images).mean((2, 3))).isfinite().all()
            print(f"{1e3 * (time.perf_counter() - start):.4f}", flush=True)
            continue
        optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            with torch.no_grad():
                x = frozen(images)
            logits = classifier(learning(x).mean((2, 3)))
            loss = F.cross_entropy(logits, labels)
        loss.backward()
        optimiser.step()
        print(f"{1e3 * (time.perf_counter() - start):.4f}", flush=True)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
