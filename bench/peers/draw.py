"""Draws a few images a class for training and others for testing, as a CSV: for `finetune.py` and for Handful alike.

    python bench/peers/draw.py SET OUT.csv --images 20 --test 1500 --seed 0

SET is the folder of clothing, waste, hands or cifar10, by its name. Columns: path (relative to SET), label, part (train or test).
Testing: hands by other signers only, cifar10 from its test split, waste and clothing any others (so photos of one sender, or of
one object, can be on both sides). Standard library alone.
"""

import argparse
import csv
import random
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

ENDINGS = {".jpg", ".jpeg", ".png"}
# Neighbours in hands/groups.csv that have no digit in common and may be one person.
SAME_SIGNER = {
    "s024": "s023", "s076": "s075", "s088": "s087", "s100": "s099",
    "s115": "s114", "s151": "s150", "s157": "s156", "s217": "s216",
}  # fmt: skip


@dataclass
class Set:
    """How a set lists its images, and which of them may test."""

    table: str | None = None  # with path and label; without one, folders are classes
    kept_apart: str | None = None  # the column whose values are on one side only
    keeps_splits: bool = False


SETS = {
    "clothing": Set("groups.csv"),
    "waste": Set(),
    "hands": Set("groups.csv", kept_apart="signer_guess"),
    "cifar10": Set("list.csv", keeps_splits=True),
}


def listed(folder, how):
    """A row an image, sorted by path."""
    if how.table:
        with open(folder / how.table, newline="") as file:
            rows = list(csv.DictReader(file))
    else:
        files = (path for path in folder.glob("*/*") if path.suffix.lower() in ENDINGS)
        rows = [{"path": path.relative_to(folder).as_posix(), "label": path.parent.name} for path in files]
    for row in rows:
        group = row[how.kept_apart] if how.kept_apart else row["path"]
        row["group"] = SAME_SIGNER.get(group, group)
    return sorted(rows, key=lambda row: row["path"])


def drawn(rows, how, n_images, n_test, seed):
    """Rows for training and for testing; the test doesn't depend on anything but the training rows and the seed."""
    rng = random.Random(seed)
    by_class = defaultdict(list)
    for row in rows:
        if not how.keeps_splits or row["split"] == "train":
            by_class[row["label"]].append(row)
    train = []
    for label, of_class in sorted(by_class.items()):
        if len(of_class) < n_images:
            raise SystemExit(f"error: {len(of_class)} images of `{label}`, {n_images} are wanted\ndo: a lower `--images`")
        train += rng.sample(of_class, n_images)
    groups = {row["group"] for row in train}
    others = [row for row in rows if row["group"] not in groups and (not how.keeps_splits or row["split"] == "test")]
    return train, rng.sample(others, min(n_test, len(others)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path, help=f"folder of a set: {', '.join(SETS)}")
    parser.add_argument("out", type=Path, help="the CSV to write")
    parser.add_argument("--images", type=int, default=20, metavar="N", help="images a class for training")
    parser.add_argument("--test", type=int, default=1500, metavar="N", help="at most so many others for testing")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = options.set.resolve()
    if folder.name not in SETS:
        raise SystemExit(f"error: no rule for `{folder.name}`\nfound: rules for {', '.join(SETS)}")
    how = SETS[folder.name]
    train, test = drawn(listed(folder, how), how, options.images, options.test, options.seed)
    with open(options.out, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "label", "part"])
        for part, rows in [("train", train), ("test", test)]:
            for row in sorted(rows, key=lambda row: row["path"]):
                writer.writerow([row["path"], row["label"], part])
    counts = Counter(row["label"] for row in test)
    print(
        f"{len(train)} for training, {len(test)} for testing; of a class {min(counts.values())} to {max(counts.values())}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
