"""Does a network see the same in large JPEGs that are decoded at a fraction of their sides, and what does that save?

    python bench/peers/large_photos.py SET OUT HANDFUL --images 30 --side 2104

Enlarges the first photos of each class of SET (class folders, or splits of them) to SIDE on the shorter side, with noise as a camera has, and
stores each in OUT as JPEG and, of the JPEG's own pixels, as PNG, which is decoded as a whole. HANDFUL embeds both folders; a logistic
regression is judged in folds on features of whole photos, of reduced ones, and learnt from whole and asked of reduced ones.
"""

import argparse
import os
import subprocess
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from photos import listed
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

QUALITY = 90
# Levels of noise in brightness and in each channel.
NOISE = (5.0, 2.0)
REPEATS = 3
Z95 = 1.96


def enlarge(photo, number, side, out):
    rng = np.random.default_rng(number)
    image = Image.open(photo.path).convert("RGB")
    scale = side / min(image.size)
    # Sides of cameras divide by 8.
    image = image.resize([8 * round(length * scale / 8) for length in image.size], Image.Resampling.BICUBIC)
    pixels = np.asarray(image, np.float32)
    pixels = pixels + rng.normal(0, NOISE[0], (*pixels.shape[:2], 1)) + rng.normal(0, NOISE[1], pixels.shape)
    jpeg = out / "jpeg" / photo.label / f"{number:04}.jpg"
    png = out / "png" / photo.label / f"{number:04}.png"
    for path in (jpeg, png):
        path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(jpeg, quality=QUALITY)
    Image.open(jpeg).save(png, compress_level=1)


def embedded(handful, folder):
    """Features by Handful in the order of the paths, classes, and seconds."""
    started = time.time()
    out = folder.with_suffix(".npy")
    subprocess.run([handful, "embed", folder, "--out", out, "--no-cache", "--quiet"], check=True)
    seconds = time.time() - started
    features = np.load(out)
    paths = out.with_suffix(".paths.txt").read_text().split("\n")[: len(features)]
    order = np.argsort([os.path.splitext(path)[0] for path in paths])
    return features[order], np.array([Path(paths[row]).parent.name for row in order]), seconds


def judged(learnt, asked, labels):
    """Hits and log-losses of each photo, means over repeats."""
    hits, losses = np.zeros(len(labels)), np.zeros(len(labels))
    for seed in range(REPEATS):
        for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(learnt, labels):
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
            model.fit(learnt[train], labels[train])
            probabilities = model.predict_proba(asked[test])
            own = np.searchsorted(model.classes_, labels[test])
            hits[test] += (probabilities.argmax(1) == own) / REPEATS
            losses[test] -= np.log(probabilities[np.arange(len(test)), own]) / REPEATS
    return hits, losses


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("out", type=Path, help="a new folder")
    parser.add_argument("handful", type=Path, help="the program")
    parser.add_argument("--images", type=int, default=30, metavar="N", help="photos of a class")
    parser.add_argument("--side", type=int, default=2104, metavar="PX", help="of the shorter side")
    options = parser.parse_args()
    by_class = defaultdict(list)
    for photo in listed(options.set):
        if not photo.is_test:
            by_class[photo.label].append(photo)
    chosen = [photo for label in sorted(by_class) for photo in by_class[label][: options.images]]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda job: enlarge(job[1], job[0], options.side, options.out), enumerate(chosen)))
    whole, labels, _ = embedded(options.handful, options.out / "png")
    reduced, same, seconds = embedded(options.handful, options.out / "jpeg")
    assert (labels == same).all()
    cosine = (whole * reduced).sum(1) / np.linalg.norm(whole, axis=1) / np.linalg.norm(reduced, axis=1)
    print(f"{len(labels)} JPEGs in {seconds:.1f} s; cosine of features: mean {cosine.mean():.4f}, least {cosine.min():.4f}")
    reference = judged(whole, whole, labels)
    print(f"whole photos: {100 * reference[0].mean():.1f} % right, log-loss {reference[1].mean():.4f}")
    for name, learnt in [("reduced", reduced), ("reduced, learnt from whole", whole)]:
        for what, found, of_whole in zip(["right", "log-loss"], judged(learnt, reduced, labels), reference):
            difference = found - of_whole
            half = Z95 * difference.std(ddof=1) / np.sqrt(len(labels))
            print(f"{name}: {what} {found.mean():.4f}, {difference.mean():+.4f} ± {half:.4f}")


if __name__ == "__main__":
    main()
