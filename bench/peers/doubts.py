"""cleanlab on the same out-of-fold probabilities as Handful's list of doubtful labels.

Reads what `cargo xtask evidence diagnosis` left in target/bench/doubts: for each set, share of planted noise and seed a
table `*.csv` with the columns given, true, doubted (rank in Handful's list, from 0; empty where not listed) and p0, p1, ...
Prints precision, recall and the mean length of each list as Markdown. Needs numpy, pandas and cleanlab.
Usage: python bench/peers/doubts.py [FOLDER]
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "target/bench/doubts"
LISTS = {"cleanlab (default)": "prune_by_noise_rate", "cleanlab both": "both", "cleanlab confident_learning": "confident_learning"}

warnings.filterwarnings("ignore", message="May not flag all label issues")
rows = []
for file in sorted(FOLDER.glob("*.csv"), key=lambda f: (f.stem.rsplit("_", 2)[0], int(f.stem.rsplit("_", 2)[1]), f.stem)):
    table = pd.read_csv(file)
    name, noise, _ = file.stem.rsplit("_", 2)
    p = table.filter(regex=r"^p\d+$").to_numpy()
    p /= p.sum(1, keepdims=True)
    given = table["given"].to_numpy()
    wrong = given != table["true"].to_numpy()
    lists = {"handful": table["doubted"].notna().to_numpy()}
    for label, rule in LISTS.items():
        lists[label] = find_label_issues(given, p, filter_by=rule, n_jobs=1)
    for label, listed in lists.items():
        right = (listed & wrong).sum()
        rows.append((name, int(noise), label, right / max(listed.sum(), 1), right / max(wrong.sum(), 1), listed.sum(), len(given)))

columns = ["set", "noise %", "list", "precision", "recall", "listed", "photos"]
table = pd.DataFrame(rows, columns=columns).groupby(columns[:3], sort=False).mean(numeric_only=True)
print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
for (name, noise, label), row in table.iterrows():
    print(f"| {name} | {noise} | {label} | {row.precision:.2f} | {row.recall:.2f} | {row.listed:.0f} | {row.photos:.0f} |")
