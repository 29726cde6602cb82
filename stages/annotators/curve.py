"""How good an annotator is after part of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stages.annotators.base import Annotator, NotEnough, surveyed
from stages.annotators.calibration import propose
from stages.annotators.crossfit import FOLDS, Crossfit
from stages.sampling import order
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import pandas as pd

LEAST = 20  # labels, for a part to be learned from


def learning_curve(
    annotator: Annotator, fitted: Crossfit, records: pd.DataFrame, labels: Mapping[str, Value], task: Task, seed: int
) -> list[dict[str, Any]]:
    """Fit again on nested parts of the labels, and label the records that each fold held out.

    An annotator that is cheap to fit says by `curve` on which shares of the labels; without it there is no curve.

    Parameters
    ----------
    annotator, records, labels, task, seed
        As in `crossfit`.
    fitted
        What `crossfit` made of them.

    Returns
    -------
    Lines of `data/labels/curve.jsonl`: per labelled record the `proposals`, by how many labels were learned from. The
    largest number is that of all labels outside a fold.
    """
    shares: Sequence[float] = getattr(annotator, "curve", ())
    names = sorted(fitted.folds)
    whole = len(names) - len(names) // FOLDS
    sizes = [round(share * whole) for share in sorted(shares)]
    if not names or not sizes or sizes[0] < LEAST:
        return []
    learner = surveyed(annotator, records, task)
    place = {id: row for row, id in enumerate(records["id"])}
    found: dict[str, dict[str, Value]] = {id: {} for id in names}
    for fold in range(FOLDS):
        inside = order(f"curve|{seed}", [id for id in names if fitted.folds[id] != fold])
        outside = [id for id in names if fitted.folds[id] == fold]
        for size in sizes:
            part = inside[:size]
            try:
                model = learner.fit(records.iloc[[place[id] for id in part]], [labels[id] for id in part], task, seed)
            except NotEnough:
                return []
            proposals = propose(list(model.predict(records.iloc[[place[id] for id in outside]])), {}, task)
            for id, proposal in zip(outside, proposals, strict=True):
                found[id][str(size)] = proposal and proposal.value
    for id in names:
        proposal = fitted.proposals[place[id]]
        found[id][str(whole)] = proposal and proposal.value
    return [{"record": id, "proposals": found[id]} for id in names]
