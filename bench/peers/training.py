"""Times training steps, ours and PyTorch's in turns, on the same number of threads.

    cargo build --release -p handful-learn --example training_step
    python bench/peers/training.py target/release/examples/training_step [float32|bfloat16]

Prints a Markdown table: milliseconds of a step (the median of turns, and their least and most), how many times as fast ours is (the
median of neighbouring turns' ratios, and their least and most), and the peak memory of each process. In bfloat16 ours keeps maps and
their gradients in it, and PyTorch runs under autocast; parameters are float32 in both.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

THREADS = 2
# Network, side in pixels, images a batch, what is trained ("none": a pass forwards), statistics of norms, precision.
CASES = [
    ("lite0", 128, 16, "all", "batch", "float32"), ("lite0", 128, 16, "all", "frozen", "float32"),
    ("lite0", 128, 16, "last-2", "frozen", "float32"), ("lite0", 128, 16, "last", "frozen", "float32"),
    ("lite0", 128, 16, "all", "batch", "bfloat16"), ("lite0", 128, 16, "last-2", "frozen", "bfloat16"),
    ("resnet18", 128, 16, "all", "batch", "float32"), ("resnet18", 224, 16, "all", "batch", "float32"),
    ("resnet18", 128, 16, "last-2", "frozen", "float32"), ("resnet18", 128, 16, "last", "frozen", "float32"),
    ("resnet18", 128, 16, "all", "batch", "bfloat16"), ("resnet18", 128, 16, "last-2", "frozen", "bfloat16"),
    ("vit_s16", 224, 16, "none", "batch", "float32"), ("vit_s16", 224, 16, "all", "batch", "float32"),
]
OURS = {"lite0": "efficientnet_lite0"}
TURNS = 5
# A turn of one peer takes about so long.
TURN_S = 1.5
# The first steps take memory and choose kernels.
WARM_UP = 3
LEAST_STEPS = 3
PEER = Path(__file__).with_name("train_step.py")


def turn(command, steps):
    """Milliseconds of each step but the first ones, and the peak of memory in MB."""
    environment = {**os.environ, "RAYON_NUM_THREADS": str(THREADS)}
    command = [*map(str, command), str(steps + WARM_UP)]
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    *times, peak = map(float, out.split())
    return times[WARM_UP:], peak


def main(binary, only=None):
    print("| network | px | trained | statistics | precision | Handful, ms | PyTorch, ms | × PyTorch | MB | PyTorch's MB |")
    print("| --- | --: | --- | --- | --- | --: | --: | --: | --: | --: |")
    for name, px, batch, trained, norms, precision in CASES:
        if only not in (None, precision):
            continue
        setting = (px, batch, trained, norms, precision)
        commands = {
            "ours": [binary, OURS.get(name, name), *setting],
            "torch": [sys.executable, PEER, name, *setting],
        }
        steps, times, peaks = {}, {peer: [] for peer in commands}, {}
        for peer, command in commands.items():
            first, _ = turn(command, 1)
            steps[peer] = max(LEAST_STEPS, int(1e3 * TURN_S / first[0]))
        for _ in range(TURNS):
            for peer, command in commands.items():
                found, peak = turn(command, steps[peer])
                times[peer].append(statistics.median(found))
                peaks[peer] = max(peak, peaks.get(peer, 0))
        ours, theirs = (statistics.median(times[peer]) for peer in commands)
        ratios = [torch / own for own, torch in zip(times["ours"], times["torch"], strict=True)]
        spread = {peer: f"{min(times[peer]):.0f} to {max(times[peer]):.0f}" for peer in commands}
        print(
            f"| {name} | {px} | {trained} | {'–' if name == 'vit_s16' else norms} | {precision} | {ours:.1f} ({spread['ours']}) "
            f"| {theirs:.1f} ({spread['torch']}) | {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) | {peaks['ours']:.0f} | {peaks['torch']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
