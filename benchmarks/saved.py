"""Count the labels that people need not give, and the promises broken: `python -m benchmarks.saved [--trials 1000]`.

The shipped version's proposals, in each trial judged by a fresh audit. The truth, for the audit too, is what most of
the 15 to 99 people who rated a tweet said. A promise about the accepted labels is that at most a share epsilon of them
is wrong; one about the dataset, that at most a share epsilon of all its records carries a wrong automatic label.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import beta

from benchmarks.raters import RATINGS, label
from stages import tasks
from stages.quality import Head, admit_share, rank, share, spent, tolerated
from stages.review import audit
from stages.tables import read, read_lines

SIZE, ALPHA = 300, 0.05
EPSILONS = (0.05, 0.1, 0.2)

Rule = Callable[[np.ndarray, np.ndarray, float], np.ndarray]  # wrong, sampled, epsilon: what is accepted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    trials = parser.parse_args().trials
    wrong, confidence, proposed, records = shipped()
    labels = sorted(set(proposed.tolist()))

    def sure(flags: np.ndarray, _: np.ndarray, __: float) -> np.ndarray:
        return confidence[: len(flags)] >= 0.9

    def by_class(flags: np.ndarray, sampled: np.ndarray, epsilon: float) -> np.ndarray:
        accepted = np.zeros(len(flags), dtype=bool)
        for name in labels:
            mine = np.flatnonzero(proposed == name)
            cut = accepted_cut(flags[mine], sampled[mine], epsilon, len(labels))
            accepted[mine[:cut]] = True
        return accepted

    def head(cut: Callable[..., int], *given: Any) -> Rule:
        return lambda flags, sampled, epsilon: np.arange(len(flags)) < cut(flags, sampled, epsilon, *given)

    rules: dict[str, tuple[str, Rule]] = {
        "confidence of at least .9": ("accepted", sure),
        "Clopper-Pearson threshold": ("accepted", head(clopper_pearson)),
        "ours, accepted": ("accepted", head(accepted_cut)),
        "ours, class (accepted)": ("accepted", by_class),
        "ours, dataset": ("dataset", head(dataset_cut, records)),
    }
    random = np.random.default_rng(7)
    samples = [random.permutation(len(wrong)) < SIZE for _ in range(trials)]
    print(f"{trials:,} audits of {SIZE} among {len(wrong):,}, of which {wrong.mean():.3f} are proposed wrongly")
    print(f"{'epsilon':<9}{'rule':<28}{'promise on':<12}{'saved':>7}{'wrong of saved':>16}{'broken':>8}")
    for epsilon in EPSILONS:
        for name, (promise, rule) in rules.items():
            saved, lost, broken = [], [], []
            for sampled in samples:
                free = rule(wrong, sampled, epsilon) & ~sampled
                errors, count = int((free & wrong).sum()), int(free.sum())
                saved.append(count)
                lost.append(errors)
                broken.append(errors > share(epsilon, records if promise == "dataset" else count))
            part = f"{sum(lost) / sum(saved):.3f}" if sum(saved) else "-"
            print(f"{epsilon:<9g}{name:<28}{promise:<12}{np.mean(saved):>7.0f}{part:>16}{np.mean(broken):>8.3f}")


def shipped() -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Say of each record of the audit's population, in its ranking, whether its proposal is wrong, and how sure it is.

    Returns
    -------
    Wrongness, confidence and proposal, and how many records the dataset has.
    """
    task = tasks.read("conf/labeling", "tweets").task
    rows = [row for part in RATINGS.read(["id", "ratings"]) for row in part.table.to_pylist()]
    truth = {row["id"]: task.merge([label(rating) for rating in json.loads(row["ratings"])])[0] for row in rows}
    auto = {line["record"]: line for line in read_lines("data/labels/auto.jsonl")}
    ids = read("data/clean/records", ["id"])["id"].tolist()
    population = audit.population(ids, list(read_lines("data/labels/human.jsonl")))
    lines = [auto[id] for id in rank(population, [auto[id]["confidence"] for id in population])]
    return (
        np.array([line["value"] != truth[line["record"]] for line in lines]),
        np.array([line["confidence"] for line in lines]),
        np.array([line["value"] for line in lines]),
        len(ids),
    )


def clopper_pearson(wrong: np.ndarray, sampled: np.ndarray, epsilon: float) -> int:
    """Accept the longest head whose upper Clopper-Pearson limit, taken by itself, is at most epsilon."""
    n, x = sampled.cumsum(), (sampled & wrong).cumsum()
    good = np.flatnonzero(beta.ppf(1 - ALPHA, x + 1, np.maximum(n - x, 1e-9)) <= epsilon)
    return int(good[-1]) + 1 if len(good) else 0


def accepted_cut(wrong: np.ndarray, sampled: np.ndarray, epsilon: float, classes: int = 1) -> int:
    sizes = [-(-len(wrong) * step // 20) for step in range(5, 21)]
    n, x = ([0, *each.cumsum().tolist()] for each in (sampled, sampled & wrong))
    return admit_share([Head(k, n[k], x[k], k - n[k]) for k in sizes], epsilon, spent(ALPHA, classes)).cut


def dataset_cut(wrong: np.ndarray, sampled: np.ndarray, epsilon: float, records: int) -> int:
    limit = tolerated(len(wrong), SIZE, ALPHA, share(epsilon, records))
    return 0 if limit is None else int(((wrong & sampled).cumsum() <= limit).sum())


if __name__ == "__main__":
    main()
