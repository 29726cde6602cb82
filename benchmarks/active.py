"""How many labels each queue needs: `python -m benchmarks.active [--seeds 10]`; needs `pip install -e .[benchmarks]`.

Queues ask for labels of a pool of texts, beginning with the same 20 random ones, then for a fifth more each time (10 at
least), and one and the same classifier (logistic regression over 150 dimensions of latent semantic analysis) learns
after each time. Told is after how many labels its accuracy on texts outside of the pool, averaged over the seeds, first
reaches 80, 90 and 95 % of what it is with the labels of the whole pool, and how many fewer (−) or more (+) that is than
`random` needs, with the 95 % interval of a bootstrap over the seeds. Each seed parts pool and judges anew, for all
queues alike. Beside our queues stand scikit-activeml's and small-text's. The committee is that classifier with naive
Bayes over words; or five of its kind, each of which learns all labels but a fifth.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from benchmarks.label_errors import reuters, words
from benchmarks.ratings import most, rated, sentiment
from stages.annotators.opinions import divergence
from stages.review.strategies import Pool, ranking
from stages.tasks import Choice

TEXTS, JUDGED, DIMENSIONS = 4000, 2000, 150
FIRST = 20
LEVELS = (0.8, 0.9, 0.95)
DRAWS = 2000  # of the bootstrap
FOLDS = 5
OURS = ("random", "margin", "entropy", "committee", "diverse", "balanced")


class Set(NamedTuple):
    """Texts of which the first `JUDGED` are judged, and of the rest at most `most` asked for."""

    texts: list[str]
    features: np.ndarray
    counts: Any
    truth: np.ndarray
    classes: int
    most: int

    def shuffled(self, seed: int) -> Set:
        order = np.random.default_rng(seed).permutation(len(self.texts))
        return self._replace(
            texts=[self.texts[row] for row in order],
            features=self.features[order],
            counts=self.counts[order],
            truth=self.truth[order],
        )

    @property
    def pool(self) -> np.ndarray:
        return np.arange(JUDGED, len(self.texts))


Query = Callable[[Set, np.ndarray, int, int], Any]  # which rows to ask for: the labelled, how many, the seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    arguments = parser.parse_args()
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    warnings.filterwarnings("ignore")  # of peers
    for name, given in sets():
        print(f"{name}: {len(given.texts) - JUDGED:,} texts to ask for, {given.classes} classes, {len(seeds)} seeds")
        print(f"{'queue':<32}" + "".join(f"{level:>8.0%} {'than random':<19}" for level in LEVELS), flush=True)
        random: Curves | None = None
        for queue, query in queues().items():
            found = curves(given, query, seeds)
            random = random or found
            print(f"{queue:<32}" + "".join(told(found, random, level) for level in LEVELS), flush=True)


class Curves(NamedTuple):
    """Accuracy by number of labels, shapes (sizes,) and (seeds, sizes), and with all labels, shape (seeds,)."""

    sizes: np.ndarray
    reached: np.ndarray
    whole: np.ndarray

    def needed(self, level: float, seeds: Any = slice(None)) -> float:
        """Say after how many labels the average reaches a share of the whole; the last size, if not before."""
        mean, missing = self.reached[seeds].mean(axis=0), level * self.whole[seeds].mean()
        if not (mean >= missing).any():
            return float(self.sizes[-1])
        at = int((mean >= missing).argmax())
        return float(np.interp(missing, mean[at - 1 : at + 1], self.sizes[at - 1 : at + 1]) if at else self.sizes[0])


def curves(given: Set, query: Query, seeds: range) -> Curves:
    sizes = [FIRST]
    while sizes[-1] < given.most:
        sizes.append(min(given.most, sizes[-1] + max(10, sizes[-1] // 5)))
    reached, whole = [], []
    for seed in seeds:
        drawn = given.shuffled(seed)
        rows = drawn.pool[:FIRST]
        found = [accuracy(drawn, rows)]
        for size in sizes[1:]:
            rows = np.append(rows, query(drawn, rows, size - len(rows), seed))
            assert len(np.unique(rows)) == size
            found.append(accuracy(drawn, rows))
        reached.append(found)
        whole.append(accuracy(drawn, drawn.pool))
    return Curves(np.array(sizes), np.array(reached), np.array(whole))


def told(found: Curves, random: Curves, level: float) -> str:
    """Say what a queue needs, and the 95 % interval of what it needs more than random does."""
    seeds = len(found.whole)
    drawn = np.random.default_rng(0).integers(seeds, size=(DRAWS, seeds))
    more = [found.needed(level, rows) - random.needed(level, rows) for rows in drawn]
    low, high = np.quantile(more, [0.025, 0.975])
    own = found.needed(level)
    late = ">" if own == found.sizes[-1] else ""
    return f"{late}{own:.0f}".rjust(8) + f" {own - random.needed(level):+.0f} ({low:+.0f} to {high:+.0f})".ljust(20)


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


def ours(strategy: Any, committee: Any = with_naive_bayes) -> Query:
    def query(given: Set, rows: np.ndarray, places: int, seed: int) -> list[int]:
        import pandas as pd

        task = Choice("class", "text", tuple(f"{label:03}" for label in range(given.classes)))
        names = [f"{row:05}" for row in range(len(given.texts))]
        scores = probabilities(classifier(), given.features, given, rows)
        apart: list[float | None] = [None] * len(names)
        if strategy == "committee":
            apart = divergence(np.stack(committee(given, rows)), multiple=False)
        proposals = {
            name: {"value": each.value, "scores": each.scores, "disagreement": disagreement}
            for name, each, disagreement in zip(names, task.decide(scores), apart, strict=True)
        }
        labels = [{"value": task.labels[given.truth[row]]} for row in rows]
        shown = pd.DataFrame({"id": names, "text": given.texts})
        rest = [names[row] for row in np.setdiff1d(given.pool, rows)]
        asked = ranking(Pool(rest, proposals, labels, shown, task, seed, places), strategy)
        return [int(record) for record, _ in islice(asked, places)]

    return query


def scikit_activeml(strategy: Any, learns: bool, **settings: Any) -> Query:
    def query(given: Set, rows: np.ndarray, places: int, seed: int) -> Any:
        from skactiveml.classifier import SklearnClassifier

        told = np.full(len(given.texts), np.nan)
        told[rows] = given.truth[rows]
        model = {"clf": SklearnClassifier(classifier(), classes=range(given.classes))} if learns else {}
        asking = strategy(random_state=seed, **settings)
        pool = given.pool
        return pool[asking.query(X=given.features[pool], y=told[pool], batch_size=places, **model)]

    return query


def small_text(strategy: Any) -> Query:
    def query(given: Set, rows: np.ndarray, places: int, seed: int) -> Any:  # noqa: ARG001  nothing here is random
        from scipy.sparse import csr_matrix
        from small_text import PoolBasedActiveLearner, SklearnClassifierFactory, SklearnDataset

        truth = given.truth[given.pool]
        data = SklearnDataset(csr_matrix(given.features[given.pool]), truth, target_labels=np.arange(given.classes))
        learner = PoolBasedActiveLearner(SklearnClassifierFactory(classifier(), given.classes), strategy, data)
        learner.initialize_data(rows - JUDGED, given.truth[rows])
        return given.pool[learner.query(num_samples=places)]

    return query


def queues() -> dict[str, Query]:
    from skactiveml.pool import CoreSet, Falcun, UncertaintySampling
    from small_text import BreakingTies

    return {
        **{f"ours, {strategy}": ours(strategy) for strategy in OURS},
        "ours, committee of folds": ours("committee", by_folds),
        "scikit-activeml, margin": scikit_activeml(UncertaintySampling, learns=True, method="margin_sampling"),
        "scikit-activeml, core set": scikit_activeml(CoreSet, learns=False),
        "scikit-activeml, Falcun": scikit_activeml(Falcun, learns=True),
        "small-text, breaking ties": small_text(BreakingTies()),
    }


def sets() -> Iterator[tuple[str, Set]]:
    task = sentiment()
    for name in ("tweets", "film sentences"):
        known = rated(name)  # some stand sorted by what people said
        texts = [known[row] for row in np.random.default_rng(0).permutation(len(known))[:TEXTS]]
        truth = [task.labels.index(most(task, each.votes)) for each in texts]
        yield name, featured([each.text for each in texts], truth, 1200)
    yield "Reuters R52", featured(*reuters("r52", TEXTS), 600)


def featured(texts: list[str], truth: Any, asked: int) -> Set:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize

    counts, classes = words(texts), np.asarray(truth)
    features = normalize(TruncatedSVD(DIMENSIONS, random_state=0).fit_transform(counts))
    return Set(texts, features, counts, classes, int(classes.max()) + 1, asked)


if __name__ == "__main__":
    main()
