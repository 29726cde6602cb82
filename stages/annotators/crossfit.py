"""Fit an annotator so that no proposal comes from a model that had learned that record's label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from stages import tables
from stages.annotators.base import Annotator, Committee, Describable, Model, NotEnough, surveyed
from stages.annotators.calibration import Calibration, calibrate, propose
from stages.engine import progress
from stages.tasks import Choice, Proposal, Task, Value

if TYPE_CHECKING:
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
    calibration
        What makes its confidences honest; empty where no held-out label could say.
    proposals
        One per record, or None where it proposes nothing; those of learned records are out of fold. Empty without a
        model.
    folds
        For each learned record the fold that it was held out in.
    disagreement
        How much the models of a committee disagree, by record; empty of any other annotator.
    details
        What the model says of itself, as plain JSON.
    reason
        Why there is no model; None if there is one.
    """

    name: str
    model: Model | None
    calibration: Calibration
    proposals: list[Proposal | None]
    folds: dict[str, int]
    disagreement: dict[str, float | None]
    details: dict[str, Any]
    reason: str | None


def crossfit(
    annotator: Annotator, records: pd.DataFrame, labels: Mapping[str, Value], task: Task, seed: int
) -> Crossfit:
    """Fit on all labels and label all records; those with a label are labelled by models fitted on other folds.

    So no record is predicted twice. Confidences are calibrated on the records with a label, which the models that
    predicted them had not learned. With fewer than ten labels nothing is learned, and an annotator that needs no label
    proposes all the same.

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
    names = sorted(id for id in records["id"] if id in labels)
    few = f"{2 * FOLDS} labels are needed to learn from and to check on, there are {len(names)}"
    if len(names) < 2 * FOLDS:
        names = []
    signature = tables.dump_line([repr(annotator), seed, [[id, labels[id]] for id in names]])
    name = f"{annotator.name}@{sha256(signature.encode()).hexdigest()[:6]}"
    folds = stratified_folds({id: labels[id] if isinstance(task, Choice) else "" for id in names}, seed)
    learner = surveyed(annotator, records, task)
    place = {id: row for row, id in enumerate(records["id"])}
    learned, values = records.iloc[[place[id] for id in names]], [labels[id] for id in names]
    held_out = [folds[id] for id in names]
    predicted: dict[str, Any] = {}
    disagreement: dict[str, float | None] = {}

    def predict(model: Model, rows: pd.DataFrame) -> None:
        if isinstance(model, Committee):
            found, doubts = model.consult(rows)
            disagreement.update(zip(rows["id"], doubts, strict=True))
        else:
            found = model.predict(rows)
        predicted.update(zip(rows["id"], found, strict=True))

    try:
        model = learner.fit(learned, values, task, seed)
        parts = by_fold(learner, learned, values, held_out, task, seed)
        for rows, part in progress(parts, "annotate: folds", len(set(held_out))):
            predict(part, learned.iloc[rows])
    except NotEnough as none:
        return Crossfit(name, None, {}, [], {}, {}, {}, str(none) if names else few)
    calibration = calibrate([predicted[id] for id in names], values, held_out, task)
    rest = records[[id not in folds for id in records["id"]]]
    if len(rest):
        predict(model, rest)
    proposals = propose([predicted[id] for id in records["id"]], calibration, task)
    details = model.describe(records, labels) if isinstance(model, Describable) else {}
    return Crossfit(name, model, calibration, proposals, folds, disagreement, details, None)


def by_fold(
    annotator: Annotator, records: pd.DataFrame, values: Sequence[Value], folds: Sequence[int], task: Task, seed: int
) -> Iterator[tuple[list[int], Model]]:
    """Give for each fold its rows, and a model that learned the others."""
    for fold in sorted(set(folds)):
        inside = [row for row, each in enumerate(folds) if each != fold]
        model = annotator.fit(records.iloc[inside], [values[row] for row in inside], task, seed)
        yield [row for row, each in enumerate(folds) if each == fold], model


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
    return {
        "name": fitted.name,
        "learned": {"records": len(labels), "labels": task.count([labels[id] for id in sorted(labels)])},
        "folds": FOLDS,
        "calibration": fitted.calibration,
        "proposals": sum(each is not None for each in fitted.proposals),
        "details": fitted.details,
        "reason": fitted.reason,
    }


def lines(fitted: Crossfit, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The lines of `data/labels/auto.jsonl`; `fold` is null where the whole model gave the proposal."""
    for id, proposal in zip(ids, fitted.proposals, strict=False):
        if proposal is not None:
            yield {
                "record": id,
                "value": proposal.value,
                "confidence": proposal.confidence,
                "by": fitted.name,
                "fold": fitted.folds.get(id),
                "scores": proposal.scores,
                **({"disagreement": fitted.disagreement[id]} if fitted.disagreement else {}),
            }
