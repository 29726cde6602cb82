"""How far vectors are to be stretched: `python -m benchmarks.stretch [--draws 40] [--texts reviews] [--c 10]`.

The vectors of an encoder are multiplied with powers of the covariance of all texts of a draw, without their labels, and
a regression learns so many labels per class: 0 leaves them as they are, 1/2 is what `embeddings` does, -1/2 whitens
them. Draws are made as in `benchmarks.few_shot`, with other seeds. Prints the mean accuracy, and in how many of the
draws it was above that without stretching, and below it.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.few_shot import LABELS, annotator, drawn, reviews, tweets
from stages.annotators import logistic
from stages.annotators.embeddings import stretching
from stages.tasks import Choice

POWERS = (-0.5, 0.0, 0.25, 0.5, 0.75, 1.0)
FIRST = 1000  # seed: no draw is one that other figures tell of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", choices=["tweets", "reviews"], default="tweets")
    parser.add_argument("--labels", nargs="+", type=int, default=[8, 64, 250], help="per class")
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--c", type=float, default=10.0, help="inverse strength of the penalty")
    given = parser.parse_args()
    table = {"tweets": tweets, "reviews": reviews}[given.texts]()
    encoder = annotator({"tweets": "embeddings", "reviews": "embeddings_multilingual"}[given.texts])
    features, truth = encoder.features(table), table["label"].to_numpy()
    print(f"{'power':>6}" + "".join(f"{labels:>8} {'above':>6} {'below':>6}" for labels in given.labels))
    plain: dict[int, np.ndarray] = {}
    for power in sorted(POWERS, key=abs):
        line = f"{power:>6}"
        for labels in given.labels:
            found = np.array([right(features, truth, labels, FIRST + n, power, given.c) for n in range(given.draws)])
            before = plain.setdefault(labels, found)
            line += f"{found.mean():>8.3f} {(found > before).sum():>6} {(found < before).sum():>6}"
        print(line, flush=True)


def right(features: np.ndarray, truth: np.ndarray, labels: int, seed: int, power: float, c: float) -> float:
    """Say how many of a draw's texts a regression is right about."""
    import pandas as pd

    learned, judged = drawn(pd.DataFrame({"label": truth}), labels, seed)
    made = features @ stretching(features[np.concatenate([learned, judged])], power)
    task = Choice("sentiment", "text", LABELS)
    regression = logistic.fit(made[learned], truth[learned].tolist(), task, c)
    found = np.array(LABELS)[regression.probabilities(made[judged]).argmax(axis=1)]
    return float((found == truth[judged]).mean())


if __name__ == "__main__":
    main()
