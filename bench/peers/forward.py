"""Times whole passes of networks: ours, ONNX Runtime and PyTorch in turns, on the same number of threads.

    cargo build --release -p handful-kernel --example speed
    python bench/peers/forward.py target/release/examples/speed

Prints a Markdown table: median milliseconds of a pass, how many times as fast ours is, and the same of our bfloat16 against our
float32.
"""

import io
import os
import statistics
import subprocess
import sys
import time

THREADS = 2
# Network, side in pixels, images a batch.
CASES = [
    ("lite0", 224, 16), ("lite0", 224, 1), ("lite0", 128, 16), ("lite0", 128, 1), ("resnet18", 224, 16),
    ("resnet50", 224, 16),
]
TURNS = 7
# A turn of one peer takes about so long.
TURN_S = 1.0
WARM_UP = 2


def onnx_session(name, px):
    """ONNX Runtime's session of a network."""
    import onnxruntime

    if name == "lite0":
        from lite0_onnx import lite0

        model = lite0(px)
    else:
        import torch
        from resnet import ResNet

        buffer = io.BytesIO()
        torch.onnx.export(
            ResNet(name), (torch.zeros(1, 3, px, px),), buffer, dynamo=False, input_names=["images"],
            dynamic_axes={"images": {0: "n"}},
        )
        model = buffer.getvalue()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def torch_network(name):
    """PyTorch's module of a network, channels-last."""
    if name == "lite0":
        from lite0 import Lite0

        return Lite0()
    from resnet import ResNet

    return ResNet(name)


def timed(run, passes):
    """Milliseconds of each pass but the first ones."""
    times = []
    for _ in range(passes + WARM_UP):
        start = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - start))
    return times[WARM_UP:]


def ours(binary, name, px, batch, passes, precision="float32"):
    """The same of our binary, which prints them."""
    command = [binary, name, str(px), str(batch), str(passes + WARM_UP), precision]
    environment = {**os.environ, "RAYON_NUM_THREADS": str(THREADS)}
    out = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return [float(line) for line in out.split()][WARM_UP:]


def main(binary):
    import numpy as np
    import torch

    torch.set_num_threads(THREADS)
    print(
        "| network | px | batch | Handful, ms | ONNX Runtime, ms | PyTorch, ms | × ONNX Runtime | × PyTorch "
        "| Handful bfloat16, ms | × its float32 |"
    )
    print("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |")
    for name, px, batch in CASES:
        images = np.random.default_rng(1).random((batch, 3, px, px), dtype=np.float32)
        session, network = onnx_session(name, px), torch_network(name)
        tensor = torch.from_numpy(images).contiguous(memory_format=torch.channels_last)

        def in_torch():
            with torch.inference_mode():
                network(tensor)

        peers = {
            "ours": lambda passes: ours(binary, name, px, batch, passes),
            "onnx": lambda passes: timed(lambda: session.run(None, {"images": images}), passes),
            "torch": lambda passes: timed(in_torch, passes),
            "half": lambda passes: ours(binary, name, px, batch, passes, "bfloat16"),
        }
        passes = {peer: max(2, int(1e3 * TURN_S / statistics.median(run(2)))) for peer, run in peers.items()}
        times = {peer: [] for peer in peers}
        for _ in range(TURNS):
            for peer, run in peers.items():
                times[peer].append(statistics.median(run(passes[peer])))
        a, b, c, d = (statistics.median(times[peer]) for peer in peers)
        print(
            f"| {name} | {px} | {batch} | {a:.2f} | {b:.2f} | {c:.2f} | {b / a:.2f} | {c / a:.2f} | {d:.2f} | {a / d:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1])
