"""The work of `handful train` in PyTorch and scikit-learn on a CPU: `train_peer.py DATA --threads 2`.

Same weights, pixels, resolutions, stages, heads and folds. What is left out makes the peer's life easier, not harder: no
controls, no intervals, no report, no bundle. What is computed once in Handful and again for each fold here (scikit-learn
has no way to share a Gram matrix between folds) is part of what is compared.

Prints one JSON object: `metrics` (accuracies), `candidates`, `timing` (seconds of each part, images a second of
decode+resize and of the backbone, peak memory). Talk goes to stderr.
"""

import argparse
import csv
import json
import os
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of class folders, of train/val/test folders, or a CSV")
    parser.add_argument("--threads", type=int, default=2, help="threads of decoding, PyTorch and BLAS")
    parser.add_argument("--batch", type=int, default=32, help="images in a batch of the backbone")
    parser.add_argument("--images-160", type=int, default=0, metavar="N", help="also 160 px features, of N images (-1: all)")
    parser.add_argument("--images-224", type=int, default=0, metavar="N", help="also 224 px features, of N images (-1: all)")
    parser.add_argument("--stages", default="last,middle,both", help="feature sets that every head is fitted on")
    parser.add_argument("--heads", default="centroid,lda,ridge,logistic", help="which heads, cheapest first")
    parser.add_argument("--folds", type=Path, metavar="CSV", help="folds.csv of a run (default: StratifiedKFold)")
    parser.add_argument("--k", type=int, default=5, help="folds, where no file gives them")
    parser.add_argument("--repeats", type=int, default=1, help="repeats of the folds that are used")
    parser.add_argument("--seed", type=int, default=0, help="seed of folds and of the choice of images")
    parser.add_argument("--limit", type=int, metavar="N", help="only N images, drawn with the seed; for trying it out")
    parser.add_argument("--rates", type=int, default=256, metavar="N", help="images for the two rates; 0: don't measure")
    parser.add_argument("--save-features", type=Path, metavar="NPZ", help="keep the features for a warm run")
    parser.add_argument("--warm", type=Path, metavar="NPZ", help="features of an earlier run, instead of computing them")
    parser.add_argument("--out", type=Path, metavar="JSON", help="write the object there as well")
    return parser.parse_args()


# Folds run beside each other, each with one thread of BLAS: with two threads inside BLAS the heads were 3 to 70 times slower
# on a machine that had other work, and no faster on a free one. Read when the libraries load, so before the imports below.
# PyTorch has a pool of its own, sized in `main`.
ARGUMENTS = arguments()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import psutil  # noqa: E402
import sklearn  # noqa: E402
import torch  # noqa: E402
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # noqa: E402
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV  # noqa: E402
from sklearn.metrics import log_loss  # noqa: E402
from sklearn.model_selection import StratifiedKFold, train_test_split  # noqa: E402
from sklearn.neighbors import NearestCentroid  # noqa: E402
from sklearn.preprocessing import StandardScaler, normalize  # noqa: E402

import photos as reading  # noqa: E402
from lite0 import Lite0, normalised  # noqa: E402

SIZES_PX = (128, 160, 224)
# 25 ridge strengths, as many as Handful tries; features are standardised, so one range serves all sets.
ALPHAS = np.logspace(-2, 6, 25)
# Inverse strengths of the logistic head, chosen on a fifth of the training fold.
STRENGTHS = np.logspace(-4, 0, 5)
# L-BFGS iterations; enough for 1e-4 in the loss on these features.
MAX_ITERATIONS = 200


class Clock:
    """Seconds by part."""

    def __init__(self):
        self.seconds = {}

    def measure(self, part):
        clock, start = self, time.perf_counter()

        class Span:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                clock.seconds[part] = clock.seconds.get(part, 0.0) + time.perf_counter() - start

        return Span()


def pixels_of(photo, sizes):
    """One decode, every wanted size: `{size: u8 [size, size, 3]}`."""
    image = reading.decoded(photo.path)
    return {size: reading.prepared(image, size) for size in sizes}


def extract(network, photos, sizes_of, n_threads, n_batch):
    """`{(size, stage): (rows, f32 [n, d])}`; decoding runs ahead of the backbone in a pool of threads (Pillow frees the lock)."""
    waiting = {size: [] for size in SIZES_PX}
    rows = {size: [] for size in SIZES_PX}
    found = {size: [] for size in SIZES_PX}

    def forward(size):
        images = normalised(torch.from_numpy(np.stack(waiting[size])))  # [n, 3, size, size]
        found[size].append([mean.numpy() for mean in network(images)])
        waiting[size].clear()

    with ThreadPoolExecutor(n_threads) as pool, torch.inference_mode():
        ahead = []
        n_sent = 0
        for idx in range(len(photos)):
            # A few batches ahead, so that memory is flat in the number of images.
            while n_sent < min(len(photos), idx + 3 * n_batch):
                ahead.append(pool.submit(pixels_of, photos[n_sent], sizes_of[n_sent]))
                n_sent += 1
            for size, pixels in ahead.pop(0).result().items():
                waiting[size].append(pixels)
                rows[size].append(idx)
                if len(waiting[size]) == n_batch:
                    forward(size)
        for size in SIZES_PX:
            if waiting[size]:
                forward(size)
    features = {}
    for size in SIZES_PX:
        if rows[size]:
            middle, last = (np.concatenate(parts) for parts in zip(*found[size]))
            features[size, "middle"] = (np.array(rows[size]), middle)
            features[size, "last"] = (np.array(rows[size]), last)
    return features


def rates(network, photos, n_threads, n_batch):
    """Images a second of decode+resize and of the backbone, each alone, at 128 px (and the backbone at every size)."""
    with ThreadPoolExecutor(n_threads) as pool:
        start = time.perf_counter()
        pixels = list(pool.map(lambda photo: pixels_of(photo, SIZES_PX[:1])[SIZES_PX[0]], photos))
        result = {"decode_resize_per_s": len(photos) / (time.perf_counter() - start)}
    with torch.inference_mode():
        for size in SIZES_PX:
            images = normalised(torch.zeros(n_batch, size, size, 3, dtype=torch.uint8) + int(pixels[0].mean()))
            network(images)  # plans and buffers of this shape
            n_batches = max(1, len(photos) // n_batch // (size // SIZES_PX[0]) ** 2)
            start = time.perf_counter()
            for _ in range(n_batches):
                network(images)
            result[f"backbone_{size}_per_s"] = n_batches * n_batch / (time.perf_counter() - start)
    return result


def read_folds(path, photos):
    """`[repeat][photo] -> fold`, -1 where a photo is in no fold.

    Two layouts: a row a photo with a column of numbers for each repeat, or a row a photo and repeat (`path,repeat,fold`).
    """
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    index = {photo.shown: idx for idx, photo in enumerate(photos)}
    if {"path", "repeat", "fold"} <= rows[0].keys():
        names = sorted({row["repeat"] for row in rows}, key=int)
        folds = np.full((len(names), len(photos)), -1)
        cells = ((names.index(row["repeat"]), row["path"], row["fold"]) for row in rows)
    else:
        names = [name for name in rows[0] if name.startswith(("fold", "repeat"))]
        folds = np.full((len(names), len(photos)), -1)
        cells = ((column, row["path"], row[name]) for row in rows for column, name in enumerate(names))
    n_read = 0
    for repeat, name, fold in cells:
        if name in index and fold.strip().lstrip("-").isdigit():
            folds[repeat, index[name]] = int(fold)
            n_read += 1
    if n_read == 0:
        raise SystemExit(f"error: `{path}` gives no fold for any photo\nfound: columns {', '.join(rows[0])}\n"
                         "do: give the folds.csv of a run on the same folder")
    return folds


def made_folds(labels, is_test, k, n_repeats, seed):
    folds = np.full((n_repeats, len(labels)), -1)
    train = np.flatnonzero(~is_test)
    for repeat in range(n_repeats):
        splitter = StratifiedKFold(k, shuffle=True, random_state=seed + repeat)
        for fold, (_, held_out) in enumerate(splitter.split(train, labels[train])):
            folds[repeat, train[held_out]] = fold
    return folds


def fit_centroid(x, y, seed):
    center = x.mean(0)
    head = NearestCentroid().fit(normalize(x - center), y)
    return lambda new: (head.predict(normalize(new - center)), None)


def fit_lda(x, y, seed):
    head = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(x, y)
    return lambda new: (head.predict(new), head.predict_proba(new))


def fit_ridge(x, y, seed):
    head = RidgeClassifierCV(alphas=ALPHAS).fit(x, y)  # cv=None: exact leave-one-out
    return lambda new: (head.predict(new), None)


def fit_logistic(x, y, seed):
    counts = np.bincount(y)
    inner = train_test_split(np.arange(len(y)), test_size=0.2, random_state=seed,
                             stratify=y if counts[counts > 0].min() >= 2 else None)
    losses = []
    for strength in STRENGTHS:
        head = LogisticRegression(C=strength, max_iter=MAX_ITERATIONS).fit(x[inner[0]], y[inner[0]])
        held_out = np.isin(y[inner[1]], head.classes_)
        losses.append(log_loss(y[inner[1]][held_out], head.predict_proba(x[inner[1]][held_out]), labels=head.classes_))
    head = LogisticRegression(C=STRENGTHS[int(np.argmin(losses))], max_iter=MAX_ITERATIONS).fit(x, y)
    return lambda new: (head.predict(new), head.predict_proba(new))


HEADS = {"centroid": fit_centroid, "lda": fit_lda, "ridge": fit_ridge, "logistic": fit_logistic}


def fitted(head, x, y, seed):
    """The head on standardised features, as a function of new features."""
    scaler = StandardScaler().fit(x)
    predict = HEADS[head](scaler.transform(x), y, seed)
    return lambda new: predict(scaler.transform(new))


def out_of_fold(head, x, y, folds, n_threads, seed):
    """Mean accuracy and, where the head has probabilities, log-loss over all repeats; rows with fold -1 are always trained on."""
    n_classes = int(y.max()) + 1
    splits = [(fold_of, fold) for fold_of in folds for fold in np.unique(fold_of[fold_of >= 0])]

    def judged(split):
        fold_of, fold = split
        train, test = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        predicted, probabilities = fitted(head, x[train], y[train], seed)(x[test])
        losses = []
        if probabilities is not None and probabilities.shape[1] == n_classes:
            losses = -np.log(np.maximum(probabilities[np.arange(len(test)), y[test]], 1e-12))
        return predicted == y[test], losses

    with ThreadPoolExecutor(n_threads) as pool:  # NumPy and SciPy free Python's lock while they compute
        hits, losses = (np.concatenate(parts) for parts in zip(*pool.map(judged, splits)))
    return float(hits.mean()), float(losses.mean()) if len(losses) else None


def feature_sets(features, stages):
    """`(name, rows, x)` for each resolution and each set of stages."""
    for size in SIZES_PX:
        if (size, "last") in features:
            rows, last = features[size, "last"]
            parts = {"last": last, "middle": features[size, "middle"][1]}
            parts["both"] = np.concatenate([parts["last"], parts["middle"]], axis=1)
            for stage in stages:
                yield f"{size} px {stage}", rows, parts[stage].astype(np.float64)


def peak_rss_bytes():
    """Peak of this process; the current value where the system keeps no peak."""
    try:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    except ImportError:
        return psutil.Process().memory_info().rss


def main():
    options = ARGUMENTS
    torch.set_num_threads(options.threads)
    # L-BFGS that stops at its limit is as good as the limit; a thousand lines would hide real messages.
    warnings.filterwarnings("ignore", category=sklearn.exceptions.ConvergenceWarning)
    start, clock = time.perf_counter(), Clock()
    rng = np.random.default_rng(options.seed)

    with clock.measure("list"):
        photos = reading.listed(options.data)
        if options.limit and options.limit < len(photos):
            photos = [photos[idx] for idx in np.sort(rng.choice(len(photos), options.limit, replace=False))]
        classes = sorted({photo.label for photo in photos})
        labels = np.array([classes.index(photo.label) for photo in photos])
        is_test = np.array([photo.is_test for photo in photos])
    print(f"{len(photos)} photos, {len(classes)} classes, {is_test.sum()} for testing", file=sys.stderr)

    rate, not_counted_s = {}, 0.0
    if options.warm:
        with clock.measure("load_features"):
            stored = np.load(options.warm)
            features = {}
            for name in stored.files:
                size, stage, part = name.split("_")
                if part == "x":
                    features[int(size), stage] = (stored[f"{size}_{stage}_rows"], stored[name])
    else:
        with clock.measure("load_network"):
            network = Lite0()
        n_of = {128: len(photos), 160: options.images_160, 224: options.images_224}
        sizes_of = [[] for _ in photos]
        for size, n in n_of.items():
            n = len(photos) if n < 0 else min(n, len(photos))
            for idx in rng.permutation(len(photos))[:n]:
                sizes_of[idx].append(size)
        with clock.measure("features"):
            features = extract(network, photos, sizes_of, options.threads, options.batch)
        if options.save_features:
            with clock.measure("save_features"):
                parts = {}
                for (size, stage), (rows, x) in features.items():
                    parts[f"{size}_{stage}_rows"], parts[f"{size}_{stage}_x"] = rows, x
                np.savez(options.save_features, **parts)
        if options.rates:
            before = time.perf_counter()
            rate = rates(network, photos[: options.rates], options.threads, options.batch)
            not_counted_s = time.perf_counter() - before

    if options.folds:
        folds = read_folds(options.folds, photos)[: options.repeats]
    else:
        folds = made_folds(labels, is_test, options.k, options.repeats, options.seed)

    candidates = []
    for name, rows, x in feature_sets(features, options.stages.split(",")):
        train = ~is_test[rows]
        for head in options.heads.split(","):
            before = time.perf_counter()
            with clock.measure(head):
                y = labels[rows][train]
                accuracy, loss = out_of_fold(head, x[train], y, folds[:, rows[train]], options.threads, options.seed)
            candidates.append({"candidate": f"{head} {name}", "images": int(train.sum()), "accuracy": accuracy, "log_loss": loss,
                               "seconds": time.perf_counter() - before})
            print(f"{head} {name}: {accuracy:.4f}, {candidates[-1]['seconds']:.1f} s", file=sys.stderr)

    # Handful chooses by log-loss; two of these heads have no probabilities, so the peer takes the most accurate one of
    # those that were fitted on all photos.
    winner = max((c for c in candidates if c["images"] == (~is_test).sum()), key=lambda c: c["accuracy"])
    test = None
    with clock.measure("refit"):
        head, chosen = winner["candidate"].split(" ", 1)
        rows, x = next((rows, x) for name, rows, x in feature_sets(features, options.stages.split(",")) if name == chosen)
        train = ~is_test[rows]
        predict = fitted(head, x[train], labels[rows][train], options.seed)
        if is_test.any():
            hits = predict(x[~train])[0] == labels[rows][~train]
            test = {"images": int(hits.size), "accuracy": {"value": float(hits.mean())}}

    total_s = time.perf_counter() - start - not_counted_s
    report = {
        "metrics": {
            "images": int((~is_test).sum()),
            "classes": len(classes),
            "majority_accuracy": float(np.bincount(labels[~is_test]).max() / (~is_test).sum()),
            "accuracy": {"value": winner["accuracy"]},
            "winner": winner["candidate"],
            "test": test,
            "seed": options.seed,
        },
        "candidates": candidates,
        "timing": {
            "seconds": total_s,
            "parts": clock.seconds,
            "rates": rate,
            "rates_s_not_counted": not_counted_s,
            "peak_rss_bytes": peak_rss_bytes(),
            "threads": options.threads,
            "versions": {"torch": torch.__version__, "sklearn": sklearn.__version__, "numpy": np.__version__},
        },
    }
    text = json.dumps(report, indent=1)
    if options.out:
        options.out.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
