"""Reference numbers for the heads: crates/handful-learn/tests/golden/heads.json.

Needs numpy and scikit-learn. Usage: python bench/golden/heads.py
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from sklearn.covariance import ledoit_wolf
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.neighbors import NearestCentroid

OUT = Path(__file__).parents[2] / "crates/handful-learn/tests/golden/heads.json"


def case(name, n, d, k, n_new, seed):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(k, d))
    y = np.arange(n) % k
    x = (centres[y] + 1.5 * rng.normal(size=(n, d)) * rng.uniform(0.2, 3, size=d) + 2).astype(np.float32)
    new = (centres[np.arange(n_new) % k] + rng.normal(size=(n_new, d)) + 2).astype(np.float32)
    x64, new64 = x.astype(np.float64), new.astype(np.float64)
    mean, variance = x64.mean(0), x64.var(0)
    # Shrunk halfway to the mean variance, as handful standardises.
    scale = 1 / np.sqrt((variance + variance.mean()) / 2 * d)
    z, z_new = (x64 - mean) * scale, (new64 - mean) * scale
    targets = np.eye(k)[y]
    unit = (z**2).sum() / n  # tr(ZZ')/n

    ridge = {}
    for a in (-2.0, 0.0):
        lam = unit * 10**a
        left_out = np.array(
            [Ridge(alpha=lam, tol=1e-12).fit(np.delete(z, i, 0), np.delete(targets, i, 0)).predict(z[i : i + 1])[0] for i in range(n)]
        )
        # Leave-one-out with the fold's own standardisation, as the closed form has it.
        ridge[str(a)] = {"lambda": lam, "logits": Ridge(alpha=lam).fit(z, targets).predict(z_new).tolist(), "left_out": left_out.tolist()}

    logistic = {}
    for a in (-1.0, -3.0):
        lam = unit * 10**a
        fit = LogisticRegression(C=1 / (n * lam), tol=1e-12, max_iter=100_000).fit(z, y)
        logistic[str(a)] = {"lambda": lam, "probabilities": fit.predict_proba(z_new).tolist()}

    means = np.stack([z[y == c].mean(0) for c in range(k)])
    covariance, rho = ledoit_wolf(z - means[y], assume_centered=True)
    w = np.linalg.solve(covariance, means.T)
    prior = (np.bincount(y, minlength=k) + 0.5) / (n + 0.5 * k)
    lda = {"rho": float(rho), "logits": (z_new @ w - 0.5 * np.einsum("kd,dk->k", means, w) + np.log(prior)).tolist()}

    unit_length = lambda v: v / np.linalg.norm(v, axis=1, keepdims=True)
    u, u_new = unit_length(x64 - mean), unit_length(new64 - mean)
    centroids = unit_length(NearestCentroid().fit(u, y).centroids_)
    p = np.array(logistic["-1.0"]["probabilities"])
    labels = np.arange(n_new) % k
    metrics = {
        "log_loss": float(log_loss(labels, p)),
        "balanced_accuracy": float(balanced_accuracy_score(labels, p.argmax(1))),
        "accuracy": float((p.argmax(1) == labels).mean()),
    }
    return {
        "name": name, "n": n, "d": d, "k": k,
        "x": x.ravel().tolist(), "y": y.tolist(), "new": new.ravel().tolist(), "new_y": labels.tolist(),
        "ridge": ridge, "logistic": logistic, "lda": lda, "centroid": {"logits": (u_new @ centroids.T).tolist()}, "metrics": metrics,
    }  # fmt: skip


cases = [case("more images than features", 60, 8, 3, 12, 1), case("more features than images", 21, 40, 3, 12, 2)]
OUT.write_text(json.dumps({"scikit-learn": sklearn.__version__, "numpy": np.__version__, "cases": cases}) + "\n")
print(f"wrote {OUT}")
