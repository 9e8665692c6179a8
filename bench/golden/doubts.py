"""Reference numbers for labels in doubt and for Holm's rule: crates/handful-stats/tests/golden/doubts.json.

Needs numpy, cleanlab and statsmodels. Usage: python bench/golden/doubts.py
"""

import json
from pathlib import Path

import cleanlab
import numpy as np
import statsmodels
from cleanlab.count import compute_confident_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_normalized_margin_for_each_label
from statsmodels.stats.multitest import multipletests

OUT = Path(__file__).parents[2] / "crates/handful-stats/tests/golden/doubts.json"


def noisy(name, n, k, wrong, sharp, seed):
    """Labels of which a share is wrong, and probabilities as a decent model would give them."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(k), rng.choice(k, n - k, p=rng.dirichlet(np.full(k, 3.0)))])
    logits = rng.normal(size=(n, k)) + sharp * np.eye(k)[truth]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    p = p.round(6)
    labels = np.where(rng.random(n) < wrong, (truth + rng.integers(1, k, n)) % k, truth)
    # Classes of fewer than five images are ours to leave out.
    assert np.bincount(labels, minlength=k).min() >= 5, name
    confident = p >= get_confident_thresholds(labels, p) - 1e-6
    by_paper = np.where(confident, p, -1).argmax(1)
    # cleanlab takes the most probable of all classes where several are confident; here that is the paper's one.
    assert (by_paper == p.argmax(1))[confident.sum(1) > 1].all(), name
    issues = find_label_issues(labels, p, filter_by="both", return_indices_ranked_by="normalized_margin", n_jobs=1)
    return {
        "name": name, "k": k, "labels": labels.tolist(), "probabilities": p.ravel().tolist(),
        "counts": compute_confident_joint(labels, p).ravel().tolist(),
        "issues": issues.tolist(),
        "margins": get_normalized_margin_for_each_label(labels, p)[issues].tolist(),
    }  # fmt: skip


def adjusted(p):
    return {"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()}


doubts = [
    noisy("three classes, a tenth wrong", 90, 3, 0.1, 2.5, 1),
    noisy("five classes, a fifth wrong", 160, 5, 0.2, 3.0, 2),
    noisy("two classes, clean", 60, 2, 0.0, 3.0, 3),
]
rng = np.random.default_rng(4)
tests = [adjusted([0.01, 0.04, 0.03, 0.005]), adjusted([0.2, 0.2, 0.9]), adjusted((rng.random(30) ** 3).round(6).tolist())]
versions = {"cleanlab": cleanlab.__version__, "statsmodels": statsmodels.__version__, "numpy": np.__version__}
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_text(json.dumps({**versions, "doubts": doubts, "holm": tests}) + "\n")
print(f"wrote {OUT}")
