"""Reference numbers for intervals, tests, metrics and fits: crates/handful-stats/tests/golden/stats.json.

Needs numpy, scipy, scikit-learn and statsmodels. Usage: python bench/golden/stats.py
"""

import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import scipy
import sklearn
import statsmodels
import statsmodels.api as sm
from scipy import stats
from scipy.optimize import least_squares, minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, f1_score, log_loss
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

OUT = Path(__file__).parents[2] / "crates/handful-stats/tests/golden/stats.json"


def wilson(hits, n, level):
    low, high = proportion_confint(hits, n, alpha=1 - level, method="wilson")
    return {"hits": hits, "n": n, "level": level, "low": low, "high": high}


def newcombe(a, n_a, b, n_b, level):
    low, high = confint_proportions_2indep(a, n_a, b, n_b, method="newcomb", compare="diff", alpha=1 - level)
    return {"a": a, "n_a": n_a, "b": b, "n_b": n_b, "level": level, "low": low, "high": high}


def claims(n_groups, k, n_repeats, means, seed):
    """Planned comparisons with a baseline of no loss: Nadeau and Bengio's t, Holm over all of them."""
    rng = np.random.default_rng(seed)
    size = n_groups // k
    assert size * k == n_groups
    # Folds of equal size; the repeats differ, which the ratio of sizes doesn't see.
    repeats = [np.roll(np.arange(n_groups) % k, r).tolist() for r in range(n_repeats)]
    j = k * n_repeats
    differences = [(m + 0.05 * rng.standard_normal(j)).round(6) for m in means]
    # Repeats count once for the variance, and below 200 groups for the degrees of freedom.
    factor, df = 1 / k + size / (n_groups - size), (j if n_groups >= 200 else k) - 1
    wide, power = stats.t.ppf(0.975, df), stats.t.ppf(0.8, df)
    strict = stats.t.ppf(1 - 0.05 / (2 * len(means)), df)
    rows = []
    for d in differences:
        se = math.sqrt(factor * d.var(ddof=1))
        rows.append({
            "losses": d.tolist(), "difference": d.mean(), "low": d.mean() - wide * se, "high": d.mean() + wide * se,
            "raw_p": 2 * stats.t.sf(abs(d.mean() / se), df), "detectable": (strict + power) * se,
        })  # fmt: skip
    _, adjusted, *_ = multipletests([r["raw_p"] for r in rows], method="holm")
    for row, p in zip(rows, adjusted, strict=True):
        row["p"] = p
    return {"k": k, "folds": repeats, "comparisons": rows}


def discordant(both, only_a, only_b, neither):
    p = mcnemar([[both, only_a], [only_b, neither]], exact=True).pvalue
    return {"both": both, "only_a": only_a, "only_b": only_b, "neither": neither, "p": float(p)}


def metrics(name, n, k, missing, sharp, seed):
    """All metrics of a table; `missing` classes have no image, but may be predicted."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(k - missing, n, p=rng.dirichlet(np.full(k - missing, 3.0)))
    p = softmax(rng.normal(size=(n, k)) + sharp * np.eye(k)[labels], axis=1)
    assert (np.sort(p, axis=1)[:, -1] > np.sort(p, axis=1)[:, -2]).all(), name
    predicted, occurring = p.argmax(1), np.unique(labels)
    known = np.isin(predicted, occurring)
    assert known.all() == (missing == 0), name
    recalls = [np.mean(predicted[labels == c] == c) for c in occurring]
    # scikit-learn warns about predicted classes that don't occur, and leaves them out as we do.
    balanced = balanced_accuracy_score(labels, predicted)
    assert abs(np.mean(recalls) - balanced) < 1e-12, name
    return {
        "name": name, "k": k, "labels": labels.tolist(), "probabilities": p.ravel().tolist(),
        "brier": brier_score_loss(labels, p, labels=range(k), scale_by_half=False),
        "log_loss": log_loss(labels, p, labels=range(k)),
        "balanced_accuracy": balanced,
        "macro_f1": f1_score(labels, predicted, average="macro", labels=occurring, zero_division=0),
    }  # fmt: skip


def temperature(n, k, scale, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    logits = (scale * (rng.normal(size=(n, k)) + np.eye(k)[labels])).round(6)
    # By ln T; the logits are far from all right, so that the least loss lies within the bounds.
    loss = lambda s: -log_softmax(logits / math.exp(s), axis=1)[np.arange(n), labels].mean()  # noqa: E731
    best = minimize_scalar(loss, bounds=(-3, 4), method="bounded", options={"xatol": 1e-12})
    # The minimum of a rounded function is known to the root of its rounding; the root of its slope is known better.
    slope = lambda s: ((softmax(logits / math.exp(s), axis=1) - np.eye(k)[labels]) * logits).sum()  # noqa: E731
    root = scipy.optimize.brentq(slope, best.x - 0.01, best.x + 0.01, xtol=1e-14)
    assert abs(root - best.x) < 1e-6
    return {"k": k, "labels": labels.tolist(), "logits": logits.ravel().tolist(), "temperature": math.exp(root)}


def lac(n, alpha, size, seed):
    """The largest score of each group, of which the right one in line."""
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(n), size))
    scores = rng.random(n * size).round(6)
    largest = np.array([scores[groups == g].max() for g in range(n)])
    rank = math.ceil((n + 1) * (1 - Fraction(str(alpha))))
    threshold = None
    if rank <= n:
        # Somewhat less than the place, so that rounding can't lift it to the next one.
        threshold = float(np.quantile(largest, max(0, (rank - 1) / (n - 1) - 1e-12), method="higher"))
        assert threshold == np.sort(largest)[rank - 1]
    return {"scores": scores.tolist(), "groups": groups.tolist(), "alpha": alpha, "threshold": threshold}


def curve(sizes, truth, noise, seed):
    """A power law fitted by scipy; without noise it is the truth."""
    rng = np.random.default_rng(seed)
    n = np.array(sizes, float)
    a, b, c = truth
    errors = (a + b * n**-c + noise * rng.standard_normal(len(n))).clip(0)
    weights = n / n.sum()
    residuals = lambda x: np.sqrt(weights) * (errors - x[0] - x[1] * n ** -x[2])  # noqa: E731
    fits = [
        least_squares(residuals, (errors.min() / 2, 1.0, start), bounds=([0, 0, 0.1], [1, 50, 1.5]),
                      xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale=(0.1, 1.0, 0.5), max_nfev=20_000)
        for start in (0.2, 0.5, 0.9, 1.3)
    ]  # fmt: skip
    found = min(fits, key=lambda fit: fit.cost).x
    if noise == 0:
        assert np.abs(found - truth).max() < 1e-6, found
        found = np.array(truth)
    return {
        "sizes": sizes, "errors": errors.tolist(), "weights": weights.tolist(),
        "a": found[0], "b": found[1], "c": found[2], "at_double": found[0] + found[1] * (2 * n[-1]) ** -found[2],
    }  # fmt: skip


def clustered(n, n_groups, seed):
    """The standard error of a mean of clustered differences, with the factor G/(G − 1)."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, n_groups, n)
    assert len(np.unique(groups)) == n_groups
    a = (rng.gamma(1.0, 0.5, n) + 0.3 * rng.random(n_groups)[groups]).round(6)
    b = rng.gamma(1.0, 0.5, n).round(6)
    # statsmodels' factor is G/(G − 1)·(n − 1)/(n − parameters), which is G/(G − 1) for a mean.
    fit = sm.OLS(a - b, np.ones(n)).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True})
    return {"a": a.tolist(), "b": b.tolist(), "groups": groups.tolist(), "mean": fit.params[0], "se": fit.bse[0]}


golden = {
    "versions": {m.__name__: m.__version__ for m in (np, scipy, sklearn, statsmodels)},
    "wilson": [wilson(*x) for x in [(24, 30, 0.95), (0, 7, 0.9), (7, 7, 0.95), (412, 500, 0.99), (1, 2, 0.5)]],
    "newcombe": [newcombe(*x) for x in [(56, 70, 48, 80, 0.95), (9, 10, 3, 10, 0.9), (0, 12, 1, 9, 0.95)]],
    "claims": [claims(50, 5, 2, [-0.1, -0.03, 0.001, 0.08], 1), claims(40, 10, 1, [-0.05, 0.05], 2), claims(30, 3, 1, [0.2], 3), claims(200, 5, 2, [-0.04, 0.03, 0.0], 4)],
    "mcnemar": [discordant(*x) for x in [(50, 9, 2, 7), (80, 5, 5, 0), (10, 0, 0, 3), (300, 60, 31, 20), (4, 0, 6, 1)]],
    "metrics": [metrics("five classes", 120, 5, 0, 1.5, 4), metrics("one missing", 80, 4, 1, 1.0, 5), metrics("two", 40, 2, 0, 1.0, 6)],
    "temperature": [temperature(90, 4, 1.0, 7), temperature(60, 3, 9.0, 8), temperature(150, 10, 0.1, 9)],
    "lac": [lac(n, alpha, size, 10 + n) for n, alpha, size in [(19, 0.1, 1), (9, 0.1, 3), (8, 0.1, 2), (60, 0.1, 4), (99, 0.05, 1), (20, 0.2, 2)]],
    "curves": [
        curve([20, 40, 80, 120, 160], (0.05, 1.2, 0.6), 0, 11),
        curve([12, 25, 50, 75, 100, 150], (0.1, 0.8, 0.35), 0, 12),
        curve([30, 60, 120, 240], (0.02, 4.0, 1.2), 0, 13),
        curve([20, 40, 80, 120, 160, 320], (0.05, 1.2, 0.6), 0.01, 14),
        curve([25, 50, 100, 150, 200], (0.1, 2.0, 0.7), 0.005, 15),
    ],
    "clustered": [clustered(80, 15, 16), clustered(40, 40 // 3, 17)],
}  # fmt: skip
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps(golden) + "\n")
print(f"wrote {OUT}")
