"""Features of photos by Pillow and ONNX Runtime, the obvious way: the peer of `handful embed`.

    python bench/peers/embed.py FOLDER N SIZE OUT.npy

Takes the first N JPEGs by path. Two threads decode, resize (short side, bilinear) and crop a batch while two threads of ONNX
Runtime run the one before it.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from lite0_onnx import lite0
from PIL import Image

THREADS = 2
BATCH = 16


def prepared(path, size):
    """A photo as `[3, size, size]` in about -1..1."""
    with Image.open(path) as image:
        image = image.convert("RGB")
        scale = size / min(image.size)
        width, height = (max(size, round(side * scale)) for side in image.size)
        left, top = (width - size) // 2, (height - size) // 2
        # The part of the photo that the crop shows, so that nothing else is computed.
        box = (left / scale, top / scale, min((left + size) / scale, image.width), min((top + size) / scale, image.height))
        pixels = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box), np.float32)
    return ((pixels - 127.0) / 128.0).transpose(2, 0, 1)


def main(folder, n, size, out):
    paths = sorted(Path(folder).rglob("*.jpg"))[:n]
    if len(paths) < n:
        raise SystemExit(f"error: `{folder}` has only {len(paths)} JPEGs")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(lite0(size), options, providers=["CPUExecutionProvider"])
    features = []
    with ThreadPoolExecutor(THREADS) as pool:
        batches = [paths[i : i + BATCH] for i in range(0, n, BATCH)]
        coming = pool.map(lambda path: prepared(path, size), batches[0])
        for following in batches[1:] + [[]]:
            images = np.stack(list(coming))
            coming = pool.map(lambda path: prepared(path, size), following)
            features.append(session.run(None, {"images": images})[0])
    np.save(out, np.concatenate(features))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
