"""Golden files of handful-expand: what torchvision makes of a picture that this script draws itself.

    python3 -m venv venv && venv/bin/pip install -r bench/golden/requirements.txt
    venv/bin/python bench/golden/augment.py            # from the root of the repository

Writes into crates/handful-expand/tests/golden/:

    picture.png           the picture before
    OPERATION.N.png       the same afterwards
    list.csv              file, operation, amount: in the units of handful-expand
    versions.txt          what computed all that
"""

import csv
import math
import platform
import shutil
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as F

OUT = Path("crates/handful-expand/tests/golden")
WIDTH, HEIGHT = 48, 40


def picture():
    """Slopes, edges, a saturated patch and some noise."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    noise = np.random.default_rng(7).integers(0, 12, (HEIGHT, WIDTH, 3))
    rgb = np.stack([30 + 3 * x, 20 + 4 * y, 200 - 2 * x - y], axis=2)
    rgb[8:20, 10:26] = [220, 40, 60]
    rgb[24:34, 22:42] = [30, 180, 200]
    rgb[(x + y) % 17 == 0] += 35
    return torch.from_numpy(np.clip(rgb + noise, 0, 255).astype(np.uint8)).permute(2, 0, 1)


def affine(image, angle=0.0, translate=(0, 0), scale=1.0, shear=(0.0, 0.0)):
    bilinear = InterpolationMode.BILINEAR
    return F.affine(image, angle, list(translate), scale, list(shear), interpolation=bilinear, fill=[0, 0, 0])


def degrees(slant):
    return math.degrees(math.atan(slant))


def blurred(image, sigma_px):
    size = 2 * math.ceil(3 * sigma_px) + 1
    return F.gaussian_blur(image, [size, size], [sigma_px, sigma_px])


def views(image):
    """Operation, amount in our units, and what torchvision makes of the picture."""
    yield "horizontal_flip", 1, F.horizontal_flip(image)
    yield "vertical_flip", 1, F.vertical_flip(image)
    for angle in (-70.0, 12.0, 33.0):
        yield "rotation", angle, affine(image, angle=angle)
    yield "translate_x", 0.25, affine(image, translate=(12, 0))
    yield "translate_y", -0.1, affine(image, translate=(0, -4))
    for scale in (0.7, 1.6):
        yield "zoom", scale, affine(image, scale=scale)
    for slant in (-0.3, 0.6):
        yield "shear_x", slant, affine(image, shear=(degrees(slant), 0.0))
        yield "shear_y", slant, affine(image, shear=(0.0, degrees(slant)))
    for factor in (0.3, 1.7):
        yield "brightness", factor, F.adjust_brightness(image, factor)
        yield "contrast", factor, F.adjust_contrast(image, factor)
        yield "saturation", factor, F.adjust_saturation(image, factor)
        yield "sharpness", factor, F.adjust_sharpness(image, factor)
    for turn in (-0.3, 0.1, 0.5):
        yield "hue", turn, F.adjust_hue(image, turn)
    for stops in (-1.0, 1.0):
        yield "gamma", stops, F.adjust_gamma(image, 2.0**stops)
    for bits in (2, 5):
        yield "posterize", bits, F.posterize(image, bits)
    for threshold in (64, 160):
        yield "solarize", threshold, F.solarize(image, threshold)
    yield "autocontrast", 1, F.autocontrast(image)
    yield "equalize", 1, F.equalize(image)
    yield "grayscale", 1, F.rgb_to_grayscale(image, num_output_channels=3)
    for sigma_px in (0.8, 1.6):
        yield "gaussian_blur", 100 * sigma_px / HEIGHT, blurred(image, sigma_px)
    for quality in (95, 52, 20):
        yield "jpeg", 100 - quality, F.jpeg(image, quality)


def save(image, path):
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(path, optimize=True)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    image = picture()
    save(image, OUT / "picture.png")
    with open(OUT / "list.csv", "w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", "operation", "amount"])
        for n, (operation, amount, view) in enumerate(views(image)):
            name = f"{operation}.{n}.png"
            save(view, OUT / name)
            rows.writerow([name, operation, amount])
    versions = f"Python {platform.python_version()}, torch {torch.__version__}, torchvision {torchvision.__version__}\n"
    (OUT / "versions.txt").write_text(versions)


if __name__ == "__main__":
    main()
