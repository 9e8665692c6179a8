"""Near-duplicates by perceptual hashes, as people search for them: `imagehash_duplicates.py PHOTOS --judged CSV`.

PHOTOS is what `cargo xtask bench duplicates` has planted: 5,000 files and `planted.csv`. Every photo is hashed as it is and
mirrored; a pair is found when the hashes of one differ from those of the other in at most so many bits. All pairs are
compared at once by NumPy, which is faster than the loop that the library's README shows. A pair is right when it was planted
or judged to show one scene; pairs that nobody has looked at count as wrong and are written to `PHOTOS/peer.csv`.

Prints Markdown: seconds, precision and recall for several thresholds of phash and dhash.
"""

import argparse
import csv
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image, ImageOps

# 8 to 10 bits of 64 are what tutorials advise for edited copies; 4 is strict.
THRESHOLDS = (4, 8, 10)
HASHES = {"phash": imagehash.phash, "dhash": imagehash.dhash}


def hashed(path):
    """`{hash: (plain, mirrored)}`, each a word of 64 bits."""
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image).convert("RGB")
    both = image, ImageOps.mirror(image)
    return {name: [int(str(hash_of(one)), 16) for one in both] for name, hash_of in HASHES.items()}


def near(words, mirrored, bits):
    """Pairs `(a, b)` with a < b of which some hashes differ in at most `bits`."""
    for a in range(len(words) - 1):
        rest = slice(a + 1, None)
        distance = np.minimum(np.bitwise_count(words[rest] ^ words[a]), np.bitwise_count(mirrored[rest] ^ words[a]))
        yield from ((a, a + 1 + b) for b in np.flatnonzero(distance <= bits))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path, help="folder with planted.csv")
    parser.add_argument("--judged", type=Path, required=True, help="pairs of the sets that somebody has looked at")
    parser.add_argument("--threads", type=int, default=2, help="processes that read and hash")
    options = parser.parse_args()

    with open(options.photos / "planted.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(options.judged, newline="") as file:
        scenes = {frozenset((row["a"], row["b"])) for row in csv.DictReader(file) if row["shows"] == "scene"}
    source = [row["source"] for row in rows]
    n_planted = sum(bool(row["edit"]) for row in rows)

    start = time.perf_counter()
    with ProcessPoolExecutor(options.threads) as pool:
        hashes = list(pool.map(hashed, (options.photos / row["file"] for row in rows), chunksize=50))
    hash_s = time.perf_counter() - start

    print("| hash, bits | pairs | precision | recall | seconds |\n|---|--:|--:|--:|--:|")
    unknown = set()
    for name in HASHES:
        words, mirrored = (np.array([hash_of[name][way] for hash_of in hashes], np.uint64) for way in (0, 1))
        for bits in THRESHOLDS:
            start = time.perf_counter()
            pairs = list(near(words, mirrored, bits))
            seconds = hash_s / len(HASHES) + time.perf_counter() - start
            planted = {(a, b) for a, b in pairs if source[a] == source[b]}
            others = [frozenset((source[a], source[b])) for a, b in pairs if (a, b) not in planted]
            right = len(planted) + sum(pair in scenes for pair in others)
            unknown.update((bits, *sorted(pair)) for pair in others if pair not in scenes)
            print(f"| {name} <= {bits} | {len(pairs)} | {100 * right / max(len(pairs), 1):.1f} "
                  f"| {100 * len(planted) / n_planted:.1f} | {seconds:.1f} |")
    with open(options.photos / "peer.csv", "w", newline="") as file:
        csv.writer(file).writerows([("bits", "a", "b"), *sorted(unknown)])


if __name__ == "__main__":
    main()
