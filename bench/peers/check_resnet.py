"""Are features of a ResNet-18 those of PyTorch? Weights and statistics are arbitrary, names of tensors are torchvision's.

    python bench/peers/check_resnet.py HANDFUL FOLDER

FOLDER holds a few photos in a folder each class. Prints the largest difference and the largest number.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from train_step import ConvNorm, resnet18

PX = 96
# torchvision's, of values from 0 to 255.
MEAN, STD = np.float32([123.675, 116.28, 103.53]), np.float32([58.395, 57.12, 57.375])
EPS = 1e-5


def arbitrary():
    """The network, and its tensors by torchvision's names."""
    torch.manual_seed(3)
    stages, _ = resnet18()
    network = torch.nn.Sequential(*stages).eval()
    for norm in (module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        norm.eps = EPS
        norm.running_mean.normal_(0, 0.3)
        norm.running_var.uniform_(0.5, 2)
        norm.weight.data.uniform_(0.5, 1.5)
        norm.bias.data.normal_(0, 0.2)
    tensors = {}

    def add(conv, norm, layer):
        tensors[f"{conv}.weight"] = layer.conv.weight.data
        for part in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{norm}.{part}"] = getattr(layer.norm, part).data

    add("conv1", "bn1", stages[0][0])
    for stage, blocks in enumerate(stages[1:], 1):
        for idx, block in enumerate(blocks):
            name = f"layer{stage}.{idx}"
            for part, layer in enumerate(block.through, 1):
                add(f"{name}.conv{part}", f"{name}.bn{part}", layer)
            if isinstance(block.beside, ConvNorm):
                add(f"{name}.downsample.0", f"{name}.downsample.1", block.beside)
    return network, {name: tensor.contiguous() for name, tensor in tensors.items()}


def main(handful, folder):
    network, tensors = arbitrary()
    photos = sorted(path for path in Path(folder).glob("*/*") if path.is_file())
    squares = [np.float32(Image.open(path).convert("RGB").resize((PX, PX), Image.BILINEAR)) for path in photos]
    images = torch.from_numpy((np.stack(squares) - MEAN) / STD).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = network(images).mean((2, 3)).numpy()
    with tempfile.TemporaryDirectory() as work:
        weights, out = Path(work, "resnet18.safetensors"), Path(work, "features.npy")
        save_file(tensors, weights)
        options = ["--imgsz", str(PX), "--geometry", "squash", "--no-cache", "-q"]
        subprocess.run([handful, "embed", folder, "--model", weights, "--out", out, *options], check=True)
        found = np.load(out)
    print(f"{np.abs(found - expected).max():.1e} of {np.abs(expected).max():.2f} in {found.shape} features")


if __name__ == "__main__":
    main(*sys.argv[1:])
