"""Is the peer's network and preprocessing the same as the reference? `check_golden.py SHARED`

Compares every stage with `SHARED/weights/efficientnet_lite0-golden.safetensors`. The measure is the largest
difference of a stage over the largest reference value of that stage. Pixels are compared on square pictures alone: on others
the reference was cropped by another rule (long side rounded, offset cut), which moves the picture by up to a pixel.
"""

import sys
from pathlib import Path

import torch
from safetensors import safe_open

import photos
from lite0 import Lite0, normalised

# What Handful itself promises. The same f16 weights in the same library come to a few millionths.
TOLERANCE = 2e-3
# Pillow's releases differ by a level at most.
PIXEL_TOLERANCE = 1


def main():
    shared = Path(sys.argv[1])
    network = Lite0()
    worst, worst_pixel = 0.0, 0
    with safe_open(shared / "weights/efficientnet_lite0-golden.safetensors", "pt") as golden, torch.inference_mode():
        files = golden.metadata()["files"].split("\n")
        for size in ["96", "128", "160", "224", "97x131"]:
            pixels = golden.get_tensor(f"pixels.{size}")  # [n, h, w, 3]
            if size != "97x131":  # an odd size for the padding, not a preprocessing
                for row, name in enumerate(files):
                    image = photos.decoded(shared / "data" / name)
                    if image.width == image.height:
                        ours = torch.from_numpy(photos.prepared(image, int(size)).copy())
                        worst_pixel = max(worst_pixel, (ours.int() - pixels[row].int()).abs().max().item())
            for stage, mean in network.all_stages(normalised(pixels)).items():
                reference = golden.get_tensor(f"{stage}.{size}")
                difference = ((mean - reference).abs().max() / reference.abs().max()).item()
                worst = max(worst, difference)
                if difference > TOLERANCE:
                    print(f"{stage} at {size}: {difference:.2e}")
    print(f"largest relative difference of a stage {worst:.2e} (limit {TOLERANCE}), of a pixel {worst_pixel} levels")
    return 0 if worst <= TOLERANCE and worst_pixel <= PIXEL_TOLERANCE else 1


if __name__ == "__main__":
    raise SystemExit(main())
