"""Count the labels that people need not give, and the promises broken: `python -m benchmarks.saved [--trials 1000]`.

In each trial a fresh audit of 300 judges the same proposals: those of the shipped version for tweets; for sentences of
films, products and newspapers those of the same annotator, after 700 random ones. The truth, for the audit too, is what
most of those who rated a text said. A promise about the accepted labels is that at most a share epsilon of them is
wrong; one about the dataset, that at most a share epsilon of all its records carries a wrong automatic label. MAPIE is
an extra (`pip install -e .[benchmarks]`); without it, its line is left out.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import beta

from benchmarks.ratings import SETS, most, rated, sentiment
from stages.annotators import Linear, crossfit
from stages.quality import Head, admit_share, rank, share, spent, tolerated
from stages.review import audit
from stages.sampling import order
from stages.tables import read, read_lines

SIZE, ALPHA, LEARNED, SEED = 300, 0.05, 700, 20261122
EPSILONS = (0.05, 0.1, 0.2)

Rule = Callable[[np.ndarray, np.ndarray, float], np.ndarray]  # wrong, sampled, epsilon: what is accepted


class Population(NamedTuple):
    """What people had not labelled when the audit opened, most confident first."""

    wrong: np.ndarray
    confidence: np.ndarray
    proposed: np.ndarray
    records: int  # of the whole dataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    trials = parser.parse_args().trials
    print(
        f"{trials:,} audits of {SIZE}; saved: labels accepted on average; broken: share of the audits, at most {ALPHA}"
    )
    print(f"{'texts':<21}{'epsilon':<9}{'rule':<28}{'promise on':<12}{'saved':>7}{'wrong of saved':>16}{'broken':>8}")
    for name in SETS:
        given = shipped() if name == "tweets" else proposed(name)
        random = np.random.default_rng(7)
        samples = [random.permutation(len(given.wrong)) < SIZE for _ in range(trials)]
        print(f"{name}: {len(given.wrong):,}, of which {given.wrong.mean():.3f} are proposed wrongly")
        for epsilon in EPSILONS:
            for rule, promise, found in judged(given, samples, epsilon):
                print(f"{name:<21}{epsilon:<9g}{rule:<28}{promise:<12}{found}", flush=True)


def judged(given: Population, samples: list[np.ndarray], epsilon: float) -> Iterator[tuple[str, str, str]]:
    for name, (promise, rule) in rules(given).items():
        saved, lost, broken = [], [], []
        for sampled in samples:
            free = rule(given.wrong, sampled, epsilon) & ~sampled
            errors, count = int((free & given.wrong).sum()), int(free.sum())
            saved.append(count)
            lost.append(errors)
            broken.append(errors > share(epsilon, given.records if promise == "dataset" else count))
        part = f"{sum(lost) / sum(saved):.3f}" if sum(saved) else "-"
        yield name, promise, f"{np.mean(saved):>7.0f}{part:>16}{np.mean(broken):>8.3f}"


def rules(given: Population) -> dict[str, tuple[str, Rule]]:
    labels = sorted(set(given.proposed.tolist()))

    def sure(flags: np.ndarray, _: np.ndarray, __: float) -> np.ndarray:
        return given.confidence[: len(flags)] >= 0.9

    def by_class(flags: np.ndarray, sampled: np.ndarray, epsilon: float) -> np.ndarray:
        accepted = np.zeros(len(flags), dtype=bool)
        for name in labels:
            mine = np.flatnonzero(given.proposed == name)
            cut = accepted_cut(flags[mine], sampled[mine], epsilon, len(labels))
            accepted[mine[:cut]] = True
        return accepted

    def head(cut: Callable[..., int], *more: Any) -> Rule:
        return lambda flags, sampled, epsilon: np.arange(len(flags)) < cut(flags, sampled, epsilon, *more)

    peer = {"MAPIE, precision": ("accepted", head(mapie, given.confidence))} if find_spec("mapie") else {}
    return {
        "confidence of at least .9": ("accepted", sure),
        "Clopper-Pearson threshold": ("accepted", head(clopper_pearson)),
        **peer,
        "ours, accepted": ("accepted", head(accepted_cut)),
        "ours, class (accepted)": ("accepted", by_class),
        "PAC labelling, betting": ("dataset", head(betting, given.records)),
        "ours, dataset": ("dataset", head(dataset_cut, given.records)),
    }


def shipped() -> Population:
    task = sentiment()
    truth = {each.id: most(task, each.votes) for each in rated("tweets")}
    auto = {line["record"]: line for line in read_lines("data/labels/auto.jsonl")}
    ids = read("data/clean/records", ["id"])["id"].tolist()
    population = audit.population(ids, list(read_lines("data/labels/human.jsonl")))
    return _ranked({id: (auto[id]["value"], auto[id]["confidence"]) for id in population}, truth, len(ids))


def proposed(name: str) -> Population:
    import pandas as pd

    task, texts = sentiment(), rated(name)
    truth = {each.id: most(task, each.votes) for each in texts}
    records = pd.DataFrame({"id": [each.id for each in texts], "text": [each.text for each in texts]})
    labels = {id: truth[id] for id in order(f"random|{SEED}", truth)[:LEARNED]}
    fitted = crossfit(Linear(("text",)), records, labels, task, SEED)
    given = zip(records["id"], fitted.proposals, strict=True)
    unlabelled = {id: (each.value, each.confidence) for id, each in given if each and id not in labels}
    return _ranked(unlabelled, truth, len(records))


def _ranked(proposals: dict[str, tuple[str, float]], truth: dict[str, str], records: int) -> Population:
    ranking = rank(list(proposals), [confidence for _, confidence in proposals.values()])
    return Population(
        np.array([proposals[id][0] != truth[id] for id in ranking]),
        np.array([proposals[id][1] for id in ranking]),
        np.array([proposals[id][0] for id in ranking]),
        records,
    )


def clopper_pearson(wrong: np.ndarray, sampled: np.ndarray, epsilon: float) -> int:
    """Accept the longest head whose upper Clopper-Pearson limit, taken by itself, is at most epsilon."""
    n, x = sampled.cumsum(), (sampled & wrong).cumsum()
    good = np.flatnonzero(beta.ppf(1 - ALPHA, x + 1, np.maximum(n - x, 1e-9)) <= epsilon)
    return int(good[-1]) + 1 if len(good) else 0


def mapie(wrong: np.ndarray, sampled: np.ndarray, epsilon: float, confidence: np.ndarray) -> int:
    """Let MAPIE choose the confidence from which on proposals are right with a precision of 1 - epsilon or more.

    Its risk control for binary classifiers (Learn then Test; Angelopoulos et al. 2021) as it comes: a hundred
    thresholds, Bonferroni and Holm, and of the thresholds that pass the one with the largest recall.
    """
    from mapie.risk_control import BinaryClassificationController

    def both(each: np.ndarray) -> np.ndarray:
        return np.column_stack([1 - each.ravel(), each.ravel()])

    control = BinaryClassificationController(both, "precision", 1 - epsilon, 1 - ALPHA, "recall")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where no threshold passes
        control.calibrate(confidence[sampled], ~wrong[sampled])
    least = control.best_predict_param
    return 0 if least is None else int((confidence >= least).sum())


def betting(wrong: np.ndarray, sampled: np.ndarray, epsilon: float, records: int) -> int:
    """Accept as PAC labelling does (Candès, Ilyas and Zrnic 2025), with the betting bound that it proposes.

    The longest head of which, as of all shorter ones, it is shown that the mean of "accepted and wrong" over the
    population is at most what the dataset may bear: a bet against a larger mean (Waudby-Smith and Ramdas 2024) has
    multiplied its stake by 1 / alpha. The sample is taken in an order that has nothing to do with the ranking.
    """
    mean = share(epsilon, records) / len(wrong)
    places = np.flatnonzero(sampled)
    shuffled = np.random.default_rng(int(places.sum())).permutation(places)
    errors = np.flatnonzero(wrong & sampled)
    for cut in [*errors.tolist(), len(wrong)]:  # the heads that show one error more are those beyond each error
        if not _won((wrong[shuffled] & (shuffled < cut)).astype(float), mean):
            before = errors[errors < cut]
            return int(before[-1]) if len(before) else 0
    return len(wrong)


def _won(losses: np.ndarray, mean: float) -> bool:
    seen = np.arange(1, len(losses) + 1)
    averages = (0.5 + losses.cumsum()) / (seen + 1)
    variances = (0.25 + ((losses - averages) ** 2).cumsum()) / (seen + 1)
    before = np.concatenate([[0.25], variances[:-1]])
    stakes = np.minimum(np.sqrt(2 * np.log(1 / ALPHA) / (len(losses) * before)), 0.5 / (1 - mean))
    return bool((np.log1p(stakes * (mean - losses)).cumsum() >= -np.log(ALPHA)).any())


def accepted_cut(wrong: np.ndarray, sampled: np.ndarray, epsilon: float, classes: int = 1) -> int:
    sizes = [-(-len(wrong) * step // 20) for step in range(5, 21)]
    n, x = ([0, *each.cumsum().tolist()] for each in (sampled, sampled & wrong))
    return admit_share([Head(k, n[k], x[k], k - n[k]) for k in sizes], epsilon, spent(ALPHA, classes)).cut


def dataset_cut(wrong: np.ndarray, sampled: np.ndarray, epsilon: float, records: int) -> int:
    limit = tolerated(len(wrong), SIZE, ALPHA, share(epsilon, records))
    return 0 if limit is None else int(((wrong & sampled).cumsum() <= limit).sum())


if __name__ == "__main__":
    main()
