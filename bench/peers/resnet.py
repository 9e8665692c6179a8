"""ResNets in PyTorch with the norms folded into the convolutions; arbitrary weights, because only their shapes matter for time.

The same as `crates/handful-kernel/examples/speed/network.rs`.
"""

import torch
import torch.nn.functional as F
from torch import nn

# Blocks of each stage, and whether a block is a bottleneck.
KINDS = {"resnet18": ([2, 2, 2, 2], False), "resnet50": ([3, 4, 6, 3], True)}
WIDENING = 4


class Block(nn.Module):
    """Two convolutions of 3x3, or three with a bottleneck, beside the input."""

    def __init__(self, channels, narrow, stride, bottleneck):
        super().__init__()
        wide = WIDENING * narrow if bottleneck else narrow
        if bottleneck:
            shapes = [(channels, narrow, 1, 1), (narrow, narrow, 3, stride), (narrow, wide, 1, 1)]
        else:
            shapes = [(channels, narrow, 3, stride), (narrow, narrow, 3, 1)]
        self.through = nn.ModuleList(nn.Conv2d(i, o, k, s, k // 2) for i, o, k, s in shapes)
        self.beside = nn.Conv2d(channels, wide, 1, stride) if stride > 1 or channels != wide else nn.Identity()
        self.channels = wide

    def forward(self, x):
        out = x
        for convolution in self.through[:-1]:
            out = F.relu(convolution(out))
        return F.relu(self.through[-1](out) + self.beside(x))


class ResNet(nn.Module):
    """Images `[n, 3, h, w]` to the mean of the last maps."""

    def __init__(self, kind):
        super().__init__()
        blocks, bottleneck = KINDS[kind]
        self.stem = nn.Conv2d(3, 64, 7, 2, 3)
        layers, channels = [], 64
        for stage, n in enumerate(blocks):
            for block in range(n):
                layers.append(Block(channels, 64 << stage, 2 if stage > 0 and block == 0 else 1, bottleneck))
                channels = layers[-1].channels
        self.layers = nn.Sequential(*layers)
        self.to(memory_format=torch.channels_last).eval()

    def forward(self, images):
        x = F.max_pool2d(F.relu(self.stem(images)), 3, 2, 1)
        return self.layers(x).mean((2, 3))
