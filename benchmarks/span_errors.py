"""Rank sentences with wrong names: `python -m benchmarks.span_errors`; needs `pip install -e .[benchmarks]`.

Sentences of the People's Daily. Of their names one in ten is missed, called otherwise, or has one border off by a
character, with equal chances (`benchmarks.played`). The tagger learns from these labels, and proposes out of fold.
Average precision and the share of wrong sentences at the top of four rankings: ours, by the probability of each
proposed span; ours, did the tagger only say how sure it is of the sentence; the surest other proposal first; and label
quality by cleanlab's token classification, which is shown all probabilities of all tokens. Prints medians.

python -m benchmarks.span_errors [--sentences 500] [--seeds 3]
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import played
from benchmarks.tagger import TASK, sentences
from stages.annotators import Tagger, chain
from stages.annotators.calibration import calibrate, propose
from stages.annotators.crossfit import by_fold, stratified_folds
from stages.annotators.tagger import TaggerModel, barred, features, matrix
from stages.quality import label_issues
from stages.tasks import Proposal, Value
from stages.tasks.iob import Token, tags_of, tokens

if TYPE_CHECKING:
    import pandas as pd

ERROR, TOPS = 0.1, (10, 30, 60)


def ranked(table: pd.DataFrame, seed: int) -> tuple[np.ndarray, dict[str, Sequence[float]]]:
    """Say which sentences people got wrong, and how suspicious each ranking finds each."""
    ids, truth = list(table["id"]), list(table["value"])
    given = [played.spans(f"{seed}|{id}", "person", value, TASK, ERROR) for id, value in zip(ids, truth, strict=True)]
    wrong = np.array([TASK.compare(*pair) < TASK.bar for pair in zip(truth, given, strict=True)])
    folds = stratified_folds(dict.fromkeys(ids, ""), seed)
    held_out = [folds[id] for id in ids]
    proposals: dict[int, Proposal | None] = {}
    doubted = np.zeros(len(ids))
    for rows, model in by_fold(Tagger("text"), table, given, held_out, TASK, seed):
        assert isinstance(model, TaggerModel)
        proposals.update(zip(rows, model.predict(table.iloc[rows]), strict=True))
        doubted[rows] = cleanlab(model, list(table["text"].iloc[rows]), [given[row] for row in rows])
    raw = [proposals[row] for row in range(len(ids))]
    said = [each for each in propose(raw, calibrate(raw, given, held_out, TASK), TASK) if each is not None]
    human = [{"record": id, "first": {"value": value}} for id, value in zip(ids, given, strict=True)]
    auto = [{"record": id, **asdict(each)} for id, each in zip(ids, said, strict=True)]
    whole = [{**line, "scores": None} for line in auto]
    return wrong, {
        "ours": _falling(ids, label_issues(TASK, human, auto)),
        "ours, by sentence": _falling(ids, label_issues(TASK, human, whole)),
        "surest other": [
            each.confidence if TASK.compare(value, each.value) < TASK.bar else -1.0
            for value, each in zip(given, said, strict=True)
        ],
        "cleanlab": doubted.tolist(),
    }


def _falling(ids: Sequence[str], ranking: Iterable[str]) -> list[float]:
    place = {id: -float(rank) for rank, id in enumerate(ranking)}
    return [place.get(id, -float(len(ids))) for id in ids]


def cleanlab(model: TaggerModel, texts: Sequence[str], given: Sequence[Value]) -> Any:
    """Give one minus the label quality of each text, 0 of a text without tokens."""
    from cleanlab.token_classification.rank import get_label_quality_scores

    parts = [tokens(text) for text in texts]
    tags = [tags_of(each, value, TASK) for each, value in zip(parts, given, strict=True)]
    likely = _probabilities(model, parts)
    some = [place for place, each in enumerate(parts) if each]
    found = np.zeros(len(texts))
    found[some] = 1 - get_label_quality_scores([tags[place] for place in some], [likely[place] for place in some])[0]
    return found


def _probabilities(model: TaggerModel, parts: Sequence[Sequence[Token]]) -> list[np.ndarray]:
    """Give how probable each tag of each token is, each of shape (tokens, tags)."""
    count, lengths = len(model.vocabulary), [len(each) for each in parts]
    emissions = matrix([list(features(each)) for each in parts], model.vocabulary) @ model.weights[:count]
    moves = np.where(barred(TASK), chain.BARRED, model.weights[count:])
    packed = chain.Packed.of(lengths)
    found = np.zeros_like(emissions)
    found[packed.rows] = chain.expected(emissions[packed.rows], moves, packed.steps)[1]
    return np.split(found, np.cumsum(lengths)[:-1])


def main() -> None:
    from sklearn.metrics import average_precision_score

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    table = sentences()
    found: dict[str, list[list[float]]] = {}
    for seed in range(given.seeds):
        drawn = table[seed * given.sentences : (seed + 1) * given.sentences].reset_index(drop=True)
        wrong, rankings = ranked(drawn, seed)
        print(f"seed {seed}: {wrong.sum()} of {len(wrong)} sentences are wrong", flush=True)
        for name, scores in rankings.items():
            order = np.argsort(-np.array(scores), kind="stable")
            figures = [average_precision_score(wrong, scores), *(wrong[order[:top]].mean() for top in TOPS)]
            found.setdefault(name, []).append(figures)
    print(f"{'ranking':<20}{'AP':>6}" + "".join(f"{f'top {top}':>9}" for top in TOPS))
    for name, rows in found.items():
        score, *tops = (statistics.median(column) for column in zip(*rows, strict=True))
        print(f"{name:<20}{score:>6.3f}" + "".join(f"{top:>9.2f}" for top in tops))


if __name__ == "__main__":
    main()
