"""Fine-tunes EfficientNet-Lite0 on a few images in PyTorch and scikit-learn on a CPU: the peer of our own training.

    python bench/peers/draw.py DATA/hands hands.csv
    python bench/peers/finetune.py --images hands.csv --root DATA/hands --views --json

First a logistic head on frozen, standardised features of the plain images (short side to SIZE, middle square; scikit-learn, its
strength by five folds), which is then tuned together with the trained stages: AdamW, norms with the statistics that they have but
trained scales and shifts, linear warm-up, then a cosine to 0, tensors channels-last, weight decay on convolutions and the head's
weight. Everything is tested on plain images.

TRAINED counts stages of blocks; the 1x1 convolution behind them counts as a part of the last. What isn't trained has its norms
folded in and computes no gradients; with --cached its results are computed once, for a few windows of each photo.

Prints accuracies on the test images and seconds: `features` decodes the training images and computes their frozen features,
`cache` is the frozen part's work on all windows, `training` is all steps, with the choice of windows and without testing;
`seconds_per_epoch` is training for as many images as there are. `peak_rss` is in bytes, and has the decoded test images in it.
"""

import argparse
import csv
import json
import math
import resource
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import nn

from lite0 import normalised
from lite0_shape import WEIGHTS
from photos import decoded, prepared
from train_step import ConvNorm, lite0

# Windows are taken from an image so much larger than they are.
MARGIN = 9 / 8
# Windows of each photo whose way through the frozen stages is kept.
CACHED_VIEWS = 8
# First trained of the stages stem, blocks.0 to blocks.6, head.
FIRST_TRAINED = {"all": 0, "last-2": 6, "last": 7}
# Inverse strengths of the logistic head, and how many folds choose among them.
STRENGTHS, FOLDS = np.logspace(-4, 0, 5), 5
MAX_ITERATIONS = 200
TEST_BATCH = 32


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, required=True, metavar="CSV", help="columns path, label, part (train or test)")
    parser.add_argument("--root", type=Path, required=True, help="the folder that paths are relative to")
    parser.add_argument("--size", type=int, default=128, help="side of the network's input in pixels")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--warmup", type=int, default=40, help="steps in which the rate rises")
    parser.add_argument("--lr", type=float, default=3e-4, help="highest rate")
    parser.add_argument("--wd", type=float, default=0.01, help="weight decay, decoupled")
    parser.add_argument("--clip", type=float, default=math.inf, metavar="NORM", help="longest gradient (default: any)")
    parser.add_argument("--train", choices=FIRST_TRAINED, default="all", metavar="TRAINED", help="all, last-2 or last")
    parser.add_argument("--views", action="store_true", help="random windows of the 9/8 larger image instead of plain images")
    parser.add_argument("--cached", action="store_true", help=f"the frozen part once, on {CACHED_VIEWS} windows of each photo")
    parser.add_argument("--seed", type=int, default=0, help="seed of windows and batches")
    parser.add_argument("--threads", type=int, default=2, help="threads of decoding and PyTorch")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a line a number")
    options = parser.parse_args()
    if options.cached and options.train == "all":
        parser.error("nothing is frozen with `--train all`, so there is nothing to cache")
    return options


def loaded():
    """The stages of Lite0 with the embedded weights."""
    stages, _ = lite0()
    tensors = load_file(WEIGHTS)

    def fill(layer, convolution, norm):
        layer.conv.load_state_dict({"weight": tensors[f"{convolution}.weight"].float()})
        parts = ("weight", "bias", "running_mean", "running_var")
        layer.norm.load_state_dict({part: tensors[f"{norm}.{part}"] for part in parts}, strict=False)

    fill(stages[0], "conv_stem", "bn1")
    for s, stage in enumerate(stages[1:-1]):
        convolutions = ["conv_pw", "conv_dw", "conv_pwl"] if s else ["conv_dw", "conv_pw"]
        for b, block in enumerate(stage):
            for idx, (layer, convolution) in enumerate(zip(block.through, convolutions, strict=True)):
                fill(layer, f"blocks.{s}.{b}.{convolution}", f"blocks.{s}.{b}.bn{idx + 1}")
    fill(stages[-1], "conv_head", "bn2")
    return stages


def split(stages, trained):
    """The frozen part, folded, and the part that learns, both for channels-last and with the statistics that they have."""
    first = FIRST_TRAINED[trained]
    frozen, learning = nn.Sequential(*stages[:first]), nn.Sequential(*stages[first:])
    frozen.requires_grad_(False).eval()
    for layer in [module for module in frozen.modules() if isinstance(module, ConvNorm)]:
        layer.fold()
    return frozen.to(memory_format=torch.channels_last), learning.to(memory_format=torch.channels_last).eval()


class Head(nn.Module):
    """Standardisation, which stays, and a linear layer that starts as a logistic regression."""

    def __init__(self, scaler, logistic):
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(scaler.mean_).float())
        self.register_buffer("scale", torch.from_numpy(1 / scaler.scale_).float())
        weight, bias = logistic.coef_, logistic.intercept_
        if len(weight) == 1:  # two classes, one logit: that of the second
            weight, bias = np.concatenate([0 * weight, weight]), np.concatenate([0 * bias, bias])
        self.linear = nn.Linear(weight.shape[1], len(weight))
        self.linear.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})

    def forward(self, maps):  # [n, 1280, h, w] -> [n, classes]
        return self.linear((maps.mean((2, 3)) - self.mean) * self.scale)


def batched(network, pixels):
    """The network's results on u8 `[n, h, w, 3]`, joined."""
    with torch.inference_mode():
        return torch.cat([network(normalised(part)) for part in pixels.split(TEST_BATCH)])


def window(size, image, rng):
    """A random square of a u8 `[h, w, 3]`."""
    top, left = (int(rng.integers(side - size + 1)) for side in image.shape[:2])
    return image[top : top + size, left : left + size]


def rate(step, options):
    """Of a step from 0: rises to 1, then falls to 0 as a cosine."""
    if step < options.warmup:
        return (step + 1) / options.warmup
    return (1 + math.cos(math.pi * (step - options.warmup) / (options.steps - options.warmup))) / 2


def batches(n, options, rng):
    """Images of each step: one order of all after another, cut into batches."""
    n_wanted = options.steps * options.batch
    orders = [rng.permutation(n) for _ in range(-(-n_wanted // n))]
    return np.concatenate(orders)[:n_wanted].reshape(-1, options.batch)


def tune(inputs, labels, frozen, learning, head, options, rng):
    """All steps; `inputs` gives the frozen part's input of some images, or with a cache its result."""
    parameters = [*learning.parameters(), *head.parameters()]
    decayed, others = ([p for p in parameters if (p.dim() > 1) == is_decayed] for is_decayed in (True, False))
    groups = [{"params": decayed, "weight_decay": options.wd}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=options.lr)
    losses = []
    for step, images in enumerate(batches(len(labels), options, rng)):
        for group in optimiser.param_groups:
            group["lr"] = options.lr * rate(step, options)
        x = inputs(images)
        if not options.cached:
            with torch.no_grad():
                x = frozen(normalised(x))
        loss = F.cross_entropy(head(learning(x)), labels[images])
        optimiser.zero_grad()
        loss.backward()
        if options.clip < math.inf:
            nn.utils.clip_grad_norm_(parameters, options.clip)
        optimiser.step()
        losses.append(loss.item())
    return losses


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    # L-BFGS that stops at its limit is as good as the limit.
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    rng, seconds = np.random.default_rng(options.seed), {}
    with open(options.images, newline="") as file:
        rows = list(csv.DictReader(file))
    classes = sorted({row["label"] for row in rows})
    train, test = ([row for row in rows if row["part"] == part] for part in ("train", "test"))
    y, y_test = (torch.tensor([classes.index(row["label"]) for row in part]) for part in (train, test))
    large_px = round(options.size * MARGIN)
    pool = ThreadPoolExecutor(options.threads)

    def read(part, sizes):
        """u8 `[n, size, size, 3]` of each size, from one decoding."""

        def sized(row):
            image = decoded(options.root / row["path"])
            return [prepared(image, size) for size in sizes]

        return [torch.from_numpy(np.stack(images)) for images in zip(*pool.map(sized, part))]

    frozen, learning = split(loaded(), options.train)
    features_of = lambda pixels: batched(lambda x: learning(frozen(x)).mean((2, 3)), pixels).double().numpy()

    start = time.perf_counter()
    plain, large = read(train, [options.size, large_px])
    features = features_of(plain)
    seconds["features"] = time.perf_counter() - start
    start = time.perf_counter()
    scaler = StandardScaler().fit(features)
    logistic = LogisticRegressionCV(
        Cs=STRENGTHS, cv=FOLDS, scoring="neg_log_loss", max_iter=MAX_ITERATIONS, l1_ratios=(0,), use_legacy_attributes=False
    )
    with threadpool_limits(1):  # two threads of BLAS were 15 times slower than one on a machine that had other work
        logistic.fit(scaler.transform(features), y.numpy())
    seconds["head"] = time.perf_counter() - start

    head = Head(scaler, logistic)
    (test_pixels,) = read(test, [options.size])

    def accuracy():
        logits = batched(lambda x: head(learning(frozen(x))), test_pixels)
        return (logits.argmax(1) == y_test).double().mean().item()

    frozen_accuracy = accuracy()

    start = time.perf_counter()
    if options.cached:
        views = np.stack([window(options.size, image, rng) for _ in range(CACHED_VIEWS) for image in large.numpy()])
        cache = batched(frozen, torch.from_numpy(views))  # [views * n, c, h, w]
        cache = cache.clone(memory_format=torch.channels_last)  # a tensor that gradients may pass
        inputs = lambda images: cache[torch.from_numpy(rng.integers(CACHED_VIEWS, size=len(images)) * len(train) + images)]
        seconds["cache"] = time.perf_counter() - start
    elif options.views:
        inputs = lambda images: torch.from_numpy(np.stack([window(options.size, large[i].numpy(), rng) for i in images]))
    else:
        inputs = lambda images: plain[images]
    start = time.perf_counter()
    losses = tune(inputs, y, frozen, learning, head, options, rng)
    seconds["training"] = time.perf_counter() - start
    start = time.perf_counter()
    tuned_accuracy = accuracy()
    seconds["testing"] = time.perf_counter() - start

    report = {
        "set": options.root.name,
        "train": len(train),
        "test": len(test),
        "classes": len(classes),
        "trained": options.train,
        "strength": float(np.ravel(logistic.C_)[0]),
        "frozen_accuracy": frozen_accuracy,
        "accuracy": tuned_accuracy,
        "first_loss": losses[0],
        "last_loss": float(np.mean(losses[-10:])),
        **{f"seconds_{part}": value for part, value in seconds.items()},
        "seconds_per_epoch": seconds["training"] / options.steps / options.batch * len(train),
        "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "options": {name: value for name, value in vars(options).items() if isinstance(value, int | float) and value != math.inf},
        "versions": {"torch": torch.__version__, "numpy": np.__version__},
    }
    if options.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")


if __name__ == "__main__":
    main()
