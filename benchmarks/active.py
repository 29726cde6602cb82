"""How many labels each queue needs: `python -m benchmarks.active [--seeds 3]`; needs `pip install -e .[benchmarks]`.

Queues ask for 50 labels at a time from a pool of texts, beginning with the same 50 random ones, and one and the same
classifier (logistic regression over 150 dimensions of latent semantic analysis) learns after each time. Told is after
how many labels its accuracy on texts outside of the pool first reaches 80, 90 and 95 % of what it is with the labels of
the whole pool: the median of the seeds, each of which parts pool and judges anew. Beside our queues stand the loops of
scikit-activeml and of small-text. The committee is that classifier with naive Bayes over words; or five of its kind,
each of which learns all labels but a fifth.
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.label_errors import reuters, words
from benchmarks.ratings import most, rated, sentiment
from stages.annotators.opinions import divergence
from stages.review.strategies import Pool, ranking
from stages.tasks import Choice

TEXTS, JUDGED, BATCH, DIMENSIONS = 2000, 600, 50, 150
LEVELS = (0.8, 0.9, 0.95)
FOLDS = 5
OURS = ("random", "margin", "entropy", "committee", "diverse", "balanced")


class Set(NamedTuple):
    """Texts of which the first `JUDGED` are judged and the rest asked for; features of two kinds, and true classes."""

    texts: list[str]
    features: np.ndarray
    counts: Any
    truth: np.ndarray
    classes: int

    def shuffled(self, seed: int) -> Set:
        order = np.random.default_rng(seed).permutation(len(self.texts))
        rows = [self.texts[row] for row in order]
        return Set(rows, self.features[order], self.counts[order], self.truth[order], self.classes)

    @property
    def pool(self) -> np.ndarray:
        return np.arange(JUDGED, len(self.texts))


Loop = Iterator[np.ndarray]  # which rows are labelled, ever more


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    seeds = parser.parse_args().seeds
    warnings.filterwarnings("ignore")  # of peers
    for name, given in sets():
        print(f"{name}: {len(given.texts) - JUDGED:,} texts to ask for, {given.classes} classes, {seeds} seeds")
        print(f"{'queue':<36}" + "".join(f"{level:>8.0%}" for level in LEVELS), flush=True)
        for queue, loop in queues().items():
            found = np.array([needed(given.shuffled(seed), loop, seed) for seed in range(seeds)])
            print(f"{queue:<36}" + "".join(f"{statistics.median(each):>8.0f}" for each in found.T), flush=True)


def needed(given: Set, loop: Callable[[Set, int], Loop], seed: int) -> list[float]:
    """Say after how many labels each level is reached first."""
    whole = accuracy(given, given.pool)
    missing = [level * whole for level in LEVELS]
    found: list[float] = []
    for rows in loop(given, seed):
        reached = accuracy(given, rows)
        found += [len(rows)] * sum(level <= reached for level in missing[len(found) :])
        if len(found) == len(LEVELS):
            break
    return found + [len(given.pool)] * (len(LEVELS) - len(found))


def accuracy(given: Set, rows: np.ndarray) -> float:
    scores = probabilities(classifier(), given.features, given, rows)[:JUDGED]
    return float((scores.argmax(axis=1) == given.truth[:JUDGED]).mean())


def classifier() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=10.0, max_iter=300)


def probabilities(model: Any, features: Any, given: Set, rows: np.ndarray) -> np.ndarray:
    """Fit on these rows, and give every text's probability of each class; 0 for one that was not seen."""
    found = np.zeros((len(given.texts), given.classes))
    model.fit(features[rows], given.truth[rows])
    found[:, model.classes_] = model.predict_proba(features)
    return found


def with_naive_bayes(given: Set, rows: np.ndarray) -> list[np.ndarray]:
    from sklearn.naive_bayes import MultinomialNB

    models = ((classifier(), given.features), (MultinomialNB(), given.counts))
    return [probabilities(model, features, given, rows) for model, features in models]


def by_folds(given: Set, rows: np.ndarray) -> list[np.ndarray]:
    dealt = np.random.default_rng(len(rows)).permutation(len(rows)) % FOLDS
    return [probabilities(classifier(), given.features, given, rows[dealt != fold]) for fold in range(FOLDS)]


def ours(strategy: Any, committee: Any = with_naive_bayes) -> Callable[[Set, int], Loop]:
    def loop(given: Set, seed: int) -> Loop:
        import pandas as pd

        task = Choice("class", "text", tuple(f"{label:03}" for label in range(given.classes)))
        names = [f"{row:05}" for row in range(len(given.texts))]
        shown = pd.DataFrame({"id": names, "text": given.texts})
        rows = given.pool[:BATCH]
        while len(rows) < len(given.pool):
            yield rows
            scores = probabilities(classifier(), given.features, given, rows)
            apart: list[float | None] = [None] * len(names)
            if strategy == "committee":
                apart = divergence(np.stack(committee(given, rows)), multiple=False)
            proposals = {
                name: {"value": each.value, "scores": each.scores, "disagreement": disagreement}
                for name, each, disagreement in zip(names, task.decide(scores), apart, strict=True)
            }
            labels = [{"value": task.labels[given.truth[row]]} for row in rows]
            rest = sorted(names[row] for row in np.setdiff1d(given.pool, rows))
            asked = ranking(Pool(rest, proposals, labels, shown, task, seed, BATCH), strategy)
            rows = np.append(rows, [int(record) for record, _ in (next(asked) for _ in range(min(BATCH, len(rest))))])

    return loop


def scikit_activeml(query: Callable[[int], Any], model: bool) -> Callable[[Set, int], Loop]:
    def loop(given: Set, seed: int) -> Loop:
        from skactiveml.classifier import SklearnClassifier

        strategy, features = query(seed), given.features[JUDGED:]
        told = np.full(len(features), np.nan)
        told[:BATCH] = given.truth[JUDGED : JUDGED + BATCH]
        while np.isnan(told).any():
            yield given.pool[~np.isnan(told)]
            more = {"clf": SklearnClassifier(classifier(), classes=range(given.classes))} if model else {}
            chosen = strategy.query(X=features, y=told, batch_size=BATCH, **more)
            told[chosen] = given.truth[JUDGED:][chosen]

    return loop


def small_text(strategy: Any) -> Callable[[Set, int], Loop]:
    def loop(given: Set, seed: int) -> Loop:  # noqa: ARG001  nothing here is random
        from scipy.sparse import csr_matrix
        from small_text import PoolBasedActiveLearner, SklearnClassifierFactory, SklearnDataset

        truth = given.truth[JUDGED:]
        data = SklearnDataset(csr_matrix(given.features[JUDGED:]), truth, target_labels=np.arange(given.classes))
        learner = PoolBasedActiveLearner(SklearnClassifierFactory(classifier(), given.classes), strategy, data)
        learner.initialize_data(np.arange(BATCH), truth[:BATCH])
        rows: np.ndarray = np.arange(BATCH)
        while len(rows) < len(truth):
            yield given.pool[rows]
            chosen = learner.query(num_samples=min(BATCH, len(truth) - len(rows)))
            learner.update(truth[chosen])
            rows = np.append(rows, chosen)

    return loop


def queues() -> dict[str, Callable[[Set, int], Loop]]:
    from skactiveml.pool import CoreSet, UncertaintySampling
    from small_text import BreakingTies

    def margin(seed: int) -> Any:
        return UncertaintySampling(method="margin_sampling", random_state=seed)

    return {
        **{f"ours, {strategy}": ours(strategy) for strategy in OURS},
        "ours, committee of folds": ours("committee", by_folds),
        "scikit-activeml, margin": scikit_activeml(margin, model=True),
        "scikit-activeml, core set": scikit_activeml(lambda seed: CoreSet(random_state=seed), model=False),
        "small-text, breaking ties": small_text(BreakingTies()),
    }


def sets() -> Iterator[tuple[str, Set]]:
    task = sentiment()
    for name in ("tweets", "film sentences"):
        known = rated(name)  # some stand sorted by what people said
        texts = [known[row] for row in np.random.default_rng(0).permutation(len(known))[:TEXTS]]
        yield (
            name,
            featured([each.text for each in texts], [task.labels.index(most(task, each.votes)) for each in texts]),
        )
    yield "Reuters R52", featured(*reuters("r52"))


def featured(texts: list[str], truth: Any) -> Set:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    counts, classes = words(texts), np.asarray(truth)
    features = normalize(TruncatedSVD(DIMENSIONS, random_state=0).fit_transform(counts))
    return Set(texts, features, counts, classes, int(classes.max()) + 1)


if __name__ == "__main__":
    main()
