"""Twenty steps of training EfficientNet-Lite0 in PyTorch on drawn pictures, for `training_against_pytorch.rs`.

Made with torch 2.15.0, safetensors 0.8.0 and numpy 2.4 on a CPU, one thread. Run without arguments; writes
crates/handful-learn/tests/golden/training.safetensors and prints how far float32 is from float64.

The network is the embedded one, (u8 - 127) / 128 before it. Features `[n, 1280]` are the spatial mean of the last stage, then
z = (features - head.mean) * head.scale, which stay as they are, then logits = z @ head.weight + head.bias. The loss is the mean
cross-entropy of a batch: step s takes the images 4 s to 4 s + 3, modulo 16, in that order. Its rate is the variant's
* (s + 1) / 4 in the first four steps, then * (1 + cos(pi (s - 4) / 16)) / 2. The norm of all gradients together is cut to 1 by
the factor min(1, 1 / (norm + 1e-6)), before the optimiser.

AdamW: m and v with betas 0.9 and 0.999, corrected for their start; x -= rate * 0.01 * x for convolution weights and head.weight
(not for norms and head.bias), then x -= rate * m / (sqrt(v) + 1e-8). SGD: b = 0.9 b + g, from b = g in the first step;
x -= rate * P * (x - x at the start) for convolution weights, then x -= rate * (g + 0.9 b). P is 0.1, which float32 can't see at
this rate, and in `sgd_pulled` 100.

Tensors: `pixels` u8 `[16, 64, 64, 3]`, `labels` u8 `[16]`, `head.mean` and `head.scale` `[1280]`, `head.weight` `[1280, 4]`,
`head.bias` `[4]`, `rates` f64 `[20]` (without the variant's), and of each variant V of `VARIANTS`:

- `V.losses` `[20]`, before each step, and `V.gradient_norms` `[20]`, before cutting;
- `V.norms` and `V.distances`: for each trained tensor the length of its end, and of its end minus its start, in the order of the
  names in the file's metadata under `V`, separated by commas;
- `V.head.weight`, `V.head.bias`: their ends;
- where norms take the batch's statistics, `V.statistics.norms`: the lengths of the ends of the running means and variances, names
  in the metadata under `V.statistics`.

Each but the head's has two companions: `.f64` behind the name, from a run in float64, and `.spread`, f32: the largest distance
to that of four runs in float32, three of them from weights that are moved by about a rounding, 1e-7 of themselves. Training
multiplies such differences, so a spread is what a test has to allow for, with a margin. `adamw_all` and `adamw_batch` spread to
more than 0.1 after a few steps: all layers at this rate are chaotic on so little data, and a norm of four small maps divides by
small variances. Their first steps are of use; for whole runs there are `adamw_all_slow` and `adamw_batch_last2`. Norms that don't
learn keep their own statistics in all variants.

A bias that only convolutions of one pixel with norms of their batch read (`unseen`) has a gradient of 0: what float32 finds
there is rounding, which AdamW makes into steps as long as any other. So nothing can be said of its end, nor of the running
means behind.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file

from backbone import LEARN, load, stages

N_IMAGES, SIDE_PX, N_CLASSES, BATCH = 16, 64, 4, 4
STEPS, WARM_UP = 20, 4
MAX_NORM = 1.0
SEED = 16
# Features that hardly vary over 16 pictures would be blown up.
LEAST_STD = 0.3
# Grain of the pictures, in levels. Without it norms of the batch divide by next to nothing.
GRAIN, GRAIN_PX = 20, 2
# What weights are moved by to see how much a rounding matters, as a share of themselves, and how often.
ROUNDING, N_MOVED = 1e-7, 3
STATISTICS = ("running_mean", "running_var")


@dataclass
class Variant:
    optimiser: str
    rate: float
    # Prefixes of tensor names; the empty one is that of all.
    trained: tuple = ("",)
    of_batch: bool = False
    # Strength of the pull towards the start.
    pull: float = 0.0


LAST = ("blocks.6.", "conv_head.", "bn2.")
VARIANTS = {
    "adamw_all": Variant("adamw", 3e-4),
    "adamw_all_slow": Variant("adamw", 1e-5),
    "adamw_last2": Variant("adamw", 3e-4, LAST),
    "adamw_last3": Variant("adamw", 3e-4, ("blocks.5.", *LAST)),
    "sgd_all": Variant("sgd", 1e-4, pull=0.1),
    "sgd_pulled": Variant("sgd", 1e-3, pull=100.0),
    "adamw_batch": Variant("adamw", 3e-4, of_batch=True),
    "adamw_batch_last2": Variant("adamw", 3e-4, LAST, of_batch=True),
}


def drawn():
    """Waves with grain: each class has its frequency and its colour, each picture its phases, directions and contrast."""
    rng = np.random.default_rng(SEED)
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / SIDE_PX
    labels = np.arange(N_IMAGES) * 7 // 3 % N_CLASSES
    colours = np.array([[200, 90, 60], [70, 160, 90], [60, 90, 190], [170, 160, 70]])
    pixels = []
    for label in labels:
        wave = np.zeros((SIDE_PX, SIDE_PX, 3))
        for _ in range(4):
            angle, frequency = rng.uniform(0, 2 * np.pi), 1.5 ** label * rng.uniform(1, 2)
            along = frequency * (x * np.cos(angle) + y * np.sin(angle))
            phases = rng.uniform(0, 2 * np.pi) + rng.uniform(-0.6, 0.6, 3)
            wave += np.sin(2 * np.pi * along[..., None] + phases)
        colour = colours[label] + rng.normal(0, 25, 3)
        side = SIDE_PX // GRAIN_PX
        grain = rng.normal(0, GRAIN, (side, side, 3)).repeat(GRAIN_PX, 0).repeat(GRAIN_PX, 1)
        pixels.append(np.clip(colour + rng.uniform(12, 25) * wave + grain, 0, 255))
    return np.stack(pixels).round().astype(np.uint8), labels.astype(np.uint8)


def normalised(pixels):
    """u8 `[n, h, w, 3]` to `[n, 3, h, w]`; all values are exact in float32."""
    return (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - 127) / 128


def features(weights, images, of_batch=()):
    *_, (_, maps) = stages(weights, images, of_batch)
    return maps.mean((2, 3))


def rate(step):
    """Share of the variant's rate."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP))) / 2


def optimiser_of(variant, trained):
    decayed = [tensor for name, tensor in trained.items() if tensor.dim() > 1]
    others = [tensor for name, tensor in trained.items() if tensor.dim() == 1]
    if variant.optimiser == "sgd":
        return torch.optim.SGD(decayed + others, lr=variant.rate, momentum=0.9, nesterov=True)
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=variant.rate, betas=(0.9, 0.999), eps=1e-8)


def trained_by(variant, start, pixels, labels, dtype):
    """The run of a variant: its losses and gradient norms, the names of what it trained, and all tensors at the end."""
    tensors = {name: tensor.to(dtype, copy=True) for name, tensor in start.items()}
    trained = {}
    for name, tensor in sorted(tensors.items()):
        is_chosen = name.startswith(variant.trained) and not name.startswith("head.") and not name.endswith(STATISTICS)
        if is_chosen or name in ("head.weight", "head.bias"):
            trained[name] = tensor.requires_grad_()
    optimiser = optimiser_of(variant, trained)
    pulled = [name for name in trained if trained[name].dim() == 4] if variant.pull else []
    images, labels = normalised(pixels).to(dtype), torch.from_numpy(labels).long()
    losses, gradient_norms = [], []
    for step in range(STEPS):
        batch = (BATCH * step + torch.arange(BATCH)) % N_IMAGES
        x = features(tensors, images[batch], variant.trained if variant.of_batch else ())
        z = (x - tensors["head.mean"]) * tensors["head.scale"]
        loss = F.cross_entropy(z @ tensors["head.weight"] + tensors["head.bias"], labels[batch])
        optimiser.zero_grad()
        loss.backward()
        losses.append(loss.item())
        gradient_norms.append(torch.nn.utils.clip_grad_norm_(trained.values(), MAX_NORM).item())
        for group in optimiser.param_groups:
            group["lr"] = variant.rate * rate(step)
        with torch.no_grad():
            for name in pulled:
                tensor = trained[name]
                tensor -= variant.rate * rate(step) * variant.pull * (tensor - start[name].to(dtype))
        optimiser.step()
    ends = {name: tensor.detach() for name, tensor in tensors.items()}
    return losses, gradient_norms, list(trained), ends


def unseen(name):
    """Biases that only convolutions of one pixel read, each with a norm of its own behind, and the means of those norms."""
    if name == "bn2.running_mean":
        return True
    _, stage, _, *part = name.split(".") if name.startswith("blocks.") else ["", "", ""]
    is_first = stage == "0"
    return part == ["bn2" if is_first else "bn3", "bias"] or (part == ["bn1", "running_mean"] and not is_first)


def lengths(ends, names, start=None):
    """Length of each tensor, or of what it moved by, summed in float64."""
    return np.array([(ends[name].double() - (start[name].double() if start else 0.0)).norm().item() for name in names])


def moved(start, seed):
    """The start, but convolution weights and norms are moved by about a rounding."""
    generator = torch.Generator().manual_seed(seed)
    noise = lambda tensor: 1 + ROUNDING * torch.randn(tensor.shape, generator=generator)
    return {name: tensor if name.startswith("head.") else tensor * noise(tensor) for name, tensor in start.items()}


def reference(name, variant, start, pixels, labels):
    """Tensors and metadata of a variant."""

    def run(start, dtype):
        losses, gradient_norms, names, ends = trained_by(variant, start, pixels, labels, dtype)
        statistics = sorted(name for name in ends if name.endswith(STATISTICS)) if variant.of_batch else []
        numbers = {
            "losses": np.array(losses),
            "gradient_norms": np.array(gradient_norms),
            "norms": lengths(ends, names),
            "distances": lengths(ends, names, start),
        }
        if statistics:
            numbers["statistics.norms"] = lengths(ends, statistics)
        return numbers, names, statistics, ends

    single, names, statistics, ends = run(start, torch.float32)
    double, *_ = run(start, torch.float64)
    others = [run(moved(start, seed), torch.float32)[0] for seed in range(N_MOVED)]
    out, metadata = {}, {name: ",".join(names)}
    if statistics:
        metadata[f"{name}.statistics"] = ",".join(statistics)
    spreads = {}
    for kind, values in single.items():
        spreads[kind] = np.max([np.abs(run[kind] - double[kind]) for run in [single, *others]], 0)
        out[f"{name}.{kind}"] = values.astype(np.float32)
        out[f"{name}.{kind}.f64"] = double[kind]
        out[f"{name}.{kind}.spread"] = spreads[kind].astype(np.float32)
    out |= {f"{name}.{part}": ends[part].numpy() for part in ("head.weight", "head.bias")}
    report(name, variant, names, statistics, single, double, spreads)
    return out, metadata


def report(title, variant, names, statistics, single, double, spreads):
    """How far float32 is from float64, and its spread."""
    print(f"\n{title}")
    row = lambda values, form: " ".join(f"{value:{form}}" for value in values)
    print(f"  losses         {row(double['losses'], '7.4f')}")
    print(f"  apart          {row(np.abs(single['losses'] - double['losses']), '7.0e')}")
    print(f"  spread         {row(spreads['losses'], '7.0e')}")
    print(f"  gradient norms {row(double['gradient_norms'], '7.3g')}")
    print(f"  spread         {row(spreads['gradient_norms'], '7.0e')}")
    kinds = [("norms", names), ("distances", names)] + [("statistics.norms", statistics)] * bool(statistics)
    for kind, of in kinds:
        parts = {"": [not (variant.of_batch and unseen(name)) for name in of]}
        parts[" of what float32 can't know"] = [not seen for seen in parts[""]]
        for which, chosen in parts.items():
            if any(chosen):
                scale = np.maximum(np.abs(double[kind][chosen]), 1e-12)
                apart = np.abs(single[kind] - double[kind])[chosen] / scale
                spread = spreads[kind][chosen] / scale
                worst = f"{spread.max():.0e} ({np.array(of)[chosen][spread.argmax()]})"
                print(f"  {kind}{which}: share apart {apart.max():.0e}, spread {worst}, median {np.median(spread):.0e}")


def main():
    torch.set_num_threads(1)
    pixels, labels = drawn()
    start = load()
    with torch.no_grad():
        before = features(start, normalised(pixels)).double()
    std = before.std(0, correction=0)
    print(f"{(std < LEAST_STD).sum()} of {len(std)} features vary by less than {LEAST_STD}")
    rng = np.random.default_rng(SEED)
    head = {
        "head.mean": before.mean(0).float(),
        "head.scale": (1 / std.clamp(min=LEAST_STD)).float(),
        "head.weight": torch.from_numpy(0.01 * rng.normal(size=(before.shape[1], N_CLASSES))).float(),
        "head.bias": torch.from_numpy(0.01 * rng.normal(size=N_CLASSES)).float(),
    }
    start |= head
    out = {"pixels": pixels, "labels": labels, "rates": np.array([rate(step) for step in range(STEPS)])}
    out |= {name: tensor.numpy() for name, tensor in head.items()}
    metadata = {}
    for name, variant in VARIANTS.items():
        tensors, names = reference(name, variant, start, pixels, labels)
        out |= tensors
        metadata |= names
    path = LEARN / "tests" / "golden" / "training.safetensors"
    save_file({name: np.ascontiguousarray(values) for name, values in out.items()}, path, metadata)
    print(f"\nwrote {path}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
