"""The tagger and python-crfsuite on the same features, and names by the consensus of three people.

Sentences of the People's Daily; all models are judged on the same 1,000, and each seed draws others to learn from. Then
three people mark these 1,000 with the slips of `benchmarks.played`, and their consensus is held against the best of the
three. Prints the median over the seeds, and what ours has more than each other on the same draw; seconds are CPU. Needs
`pip install -e .[benchmarks]`.

python -m benchmarks.tagger [--labels 100 500] [--seeds 12]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from benchmarks import played
from stages.annotators.tagger import Tagger, features
from stages.tasks import Spans, Value
from stages.tasks.iob import tags_of, tokens, value_of

if TYPE_CHECKING:
    import pandas as pd

TASK = Spans("names", "text", ("person", "place", "organisation"))
JUDGED = 1_000
ERRORS = (0.1, 0.3)


def sentences() -> pd.DataFrame:
    """Read all sentences in a fixed random order, with `value`, the names that are published."""
    import pandas as pd

    parts = [part.table.to_pandas() for part in replace(played.news(), count=None).read(["id", "text", "spans"])]
    found = pd.concat(parts, ignore_index=True)
    found["value"] = [TASK.ordered(json.loads(each)) for each in found["spans"]]
    return found.iloc[np.random.default_rng(0).permutation(len(found))].reset_index(drop=True)


def ours(learned: pd.DataFrame, judged: pd.DataFrame, seed: int) -> list[Value]:
    model = Tagger("text").fit(learned, list(learned["value"]), TASK, seed)
    return [each.value for each in model.predict(judged) if each is not None]


def crfsuite(parameters: dict[str, float]) -> Callable[[pd.DataFrame, pd.DataFrame, int], list[Value]]:
    def fitted(learned: pd.DataFrame, judged: pd.DataFrame, seed: int) -> list[Value]:  # noqa: ARG001
        import pycrfsuite

        trainer = pycrfsuite.Trainer(verbose=False, params=parameters)
        for text, value in zip(learned["text"], learned["value"], strict=True):
            parts = tokens(text)
            trainer.append(list(features(parts)), [str(tag) for tag in tags_of(parts, value, TASK)])
        with TemporaryDirectory() as folder:
            trainer.train(f"{folder}/model")
            tagger = pycrfsuite.Tagger()
            with tagger.open(f"{folder}/model"):
                return [
                    value_of(parts, [int(tag) for tag in tagger.tag(list(features(parts)))], TASK)
                    for parts in map(tokens, judged["text"])
                ]

    return fitted


MODELS = {
    "ours": ours,
    "crfsuite, same settings": crfsuite({"c2": 0.5 / Tagger("text").c, "max_iterations": 100, "feature.minfreq": 2}),
    "crfsuite, as it comes": crfsuite({}),
}


def f1(truth: Sequence[Value], given: Sequence[Value]) -> float:
    return float(TASK.score(TASK.statistics(truth, given).sum(axis=0))["f1"])


def compared(table: pd.DataFrame, labels: Sequence[int], seeds: int) -> None:
    judged, rest = table[:JUDGED], table[JUDGED:]
    print(f"{'model':<24}{'learned':>8}{'F1':>8}{'lowest':>8}{'highest':>9}{'seconds':>9}{'ours more: mid, mean':>26}")
    for count in labels:
        first: list[float] = []
        for name, model in MODELS.items():
            scores: list[float] = []
            seconds = []
            for seed in range(seeds):
                learned = rest.iloc[np.random.default_rng(seed).choice(len(rest), count, replace=False)]
                start = time.process_time()
                scores.append(f1(list(judged["value"]), model(learned, judged, seed)))
                seconds.append(time.process_time() - start)
            spread = f"{statistics.median(scores):>8.3f}{min(scores):>8.3f}{max(scores):>9.3f}"
            first = first or scores
            more = [one - other for one, other in zip(first, scores, strict=True)]
            paired = f"{statistics.median(more):>+18.3f}{statistics.mean(more):>+8.3f}"
            print(f"{name:<24}{count:>8}{spread}{statistics.median(seconds):>9.1f}{paired}", flush=True)


def agreed(table: pd.DataFrame, error: float, seed: int) -> dict[str, float]:
    """Give F1 against what is published: of the best of three people, and of two ways to a consensus."""
    truth = list(table["value"])
    people = [
        [
            played.spans(f"{seed}|{id}", f"{person}", value, TASK, error)
            for id, value in zip(table["id"], truth, strict=True)
        ]
        for person in range(3)
    ]
    votes = list(zip(*people, strict=True))
    return {
        "the best of them": max(f1(truth, said) for said in people),
        "matched mentions": f1(truth, [TASK.merge(each)[0] for each in votes]),
        "token vote": f1(truth, [TASK.vote(each)[0] for each in votes]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", nargs="+", type=int, default=[100, 500])
    parser.add_argument("--seeds", type=int, default=12)
    given = parser.parse_args()
    table = sentences()
    compared(table, given.labels, given.seeds)
    for error in ERRORS:
        found = [agreed(table[:JUDGED], error, seed) for seed in range(given.seeds)]
        middle = {name: statistics.median(each[name] for each in found) for name in found[0]}
        told = ", ".join(f"{name} {value:.3f}" for name, value in middle.items())
        print(f"three people who err at {error:.0%} of the names: {told}")


if __name__ == "__main__":
    main()
