"""Fit an annotator so that no proposal comes from a model that had learned that record's label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from stages import tables
from stages.annotators.base import Annotator, Model, NotEnough
from stages.annotators.calibration import sharpen, temperature
from stages.engine import progress
from stages.tasks import Proposal, Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FOLDS = 5


@dataclass(frozen=True)
class Crossfit:
    """What a fitted annotator proposes.

    Attributes
    ----------
    name
        The annotator's name and a hash of its settings and of the labels that it learned.
    model
        The model fitted on all the labels; None if they are too few.
    temperature
        What its scores are sharpened by; None without a model.
    scores
        Probabilities, shape (records, labels), calibrated; those of learned records are out of fold.
    proposals
        One per record; empty without a model.
    folds
        For each learned record the fold that it was held out in.
    reason
        Why there is no model; None if there is one.
    """

    name: str
    model: Model | None
    temperature: float | None
    scores: np.ndarray
    proposals: list[Proposal]
    folds: dict[str, int]
    reason: str | None


def crossfit(
    annotator: Annotator, records: pd.DataFrame, labels: Mapping[str, Value], task: Task, seed: int
) -> Crossfit:
    """Fit on all labels and label all records; those with a label are labelled by models fitted on other folds.

    The scores are calibrated by one temperature, chosen on the out-of-fold scores, so on labels that the model which
    gave them had not learned.

    Parameters
    ----------
    annotator
        Its `fit` is called once per fold and once for all.
    records
        Columns of `data/clean/records`.
    labels
        The value of each record that may be learned from.
    task, seed
        As in `Annotator.fit`.
    """
    import numpy as np

    names = sorted(id for id in records["id"] if id in labels)
    signature = tables.dump_line([repr(annotator), seed, [[id, labels[id]] for id in names]])
    name = f"{annotator.name}@{sha256(signature.encode()).hexdigest()[:6]}"
    folds = stratified_folds({id: labels[id] for id in names}, seed)
    place = {id: row for row, id in enumerate(records["id"])}
    try:
        if len(names) < 2 * FOLDS:
            raise NotEnough(f"{2 * FOLDS} labels are needed to learn from and to check on, there are {len(names)}")
        model = annotator.fit(records.iloc[[place[id] for id in names]], [labels[id] for id in names], task, seed)
        held_out = np.zeros((len(names), len(task.labels)))
        for fold in progress(range(FOLDS), "annotate: folds"):
            inside = [id for id in names if folds[id] != fold]
            outside = [row for row, id in enumerate(names) if folds[id] == fold]
            part = annotator.fit(records.iloc[[place[id] for id in inside]], [labels[id] for id in inside], task, seed)
            held_out[outside] = part.predict(records.iloc[[place[names[row]] for row in outside]])
    except NotEnough as few:
        return Crossfit(name, None, None, np.zeros((0, len(task.labels))), [], {}, str(few))
    factor = temperature(held_out, task.codes([labels[id] for id in names]), task.multiple)
    scores = model.predict(records)
    scores[[place[id] for id in names]] = held_out
    scores = sharpen(scores, factor, task.multiple).round(tables.DIGITS)
    return Crossfit(name, model, factor, scores, task.decide(scores), folds, None)


def stratified_folds(labels: Mapping[str, Value], seed: int) -> dict[str, int]:
    """Deal the records of each value to the folds in turn, in the order of a hash."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for id, value in labels.items():
        digest = sha256(f"fold|{seed}|{id}".encode()).hexdigest()
        groups.setdefault(tables.dump_line(value), []).append((digest, id))
    dealt: dict[str, int] = {}
    for value in sorted(groups):
        for _, id in sorted(groups[value]):
            dealt[id] = len(dealt) % FOLDS
    return dealt


def report(fitted: Crossfit, labels: Mapping[str, Value], task: Task) -> dict[str, Any]:
    """What `reports/annotator.json` says."""
    counts = task.codes([labels[id] for id in sorted(labels)]).sum(axis=0).tolist()
    return {
        "name": fitted.name,
        "learned": {"records": len(labels), "labels": dict(zip(task.labels, counts, strict=True))},
        "folds": FOLDS,
        "temperature": fitted.temperature,
        "proposals": len(fitted.proposals),
        "reason": fitted.reason,
    }


def lines(fitted: Crossfit, ids: Iterable[str], task: Task) -> Iterator[dict[str, Any]]:
    """The lines of `data/labels/auto.jsonl`; `fold` is null where the whole model gave the proposal."""
    for id, proposal, scores in zip(ids, fitted.proposals, fitted.scores.tolist(), strict=False):
        yield {
            "record": id,
            "value": proposal.value,
            "confidence": proposal.confidence,
            "by": fitted.name,
            "fold": fitted.folds.get(id),
            "scores": dict(zip(task.labels, scores, strict=True)),
        }
