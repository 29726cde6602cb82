"""A cheap annotator first, and an expensive one where the cheap one is unsure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, tables
from stages.annotators.asking import Asking
from stages.annotators.base import Annotator, Describable, Model
from stages.annotators.calibration import Calibration, calibrate, propose
from stages.annotators.crossfit import FOLDS, by_fold, stratified_folds
from stages.tasks import Choice, Proposal, Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # of which the report says what they would spare

Judged = list[tuple[float, bool]]  # how sure the cheap one is of each label that it had not learned, and if rightly


@dataclass(frozen=True)
class Cascade:
    """Ask the expensive annotator only about records of which the cheap one is not sure.

    Parameters
    ----------
    cheap, expensive
        The annotators.
    threshold
        Below which confidence of the cheap one, from 0 to 1, the expensive one is asked. The confidence is calibrated
        on labels that the cheap one had not learned, so it is fitted once per fold more.

    References
    ----------
    L. Chen, M. Zaharia and J. Zou, FrugalGPT, TMLR (2024).
    """

    cheap: Annotator
    expensive: Annotator
    threshold: float = 0.9

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise InputError(f"threshold: a confidence from 0 to 1 is expected, found {self.threshold:g}")

    @property
    def name(self) -> str:
        return "cascade"

    @property
    def members(self) -> dict[str, Annotator]:
        return {"cheap": self.cheap, "expensive": self.expensive}

    def having(self, members: Mapping[str, Annotator]) -> Cascade:
        return replace(self, cheap=members["cheap"], expensive=members["expensive"])

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> CascadeModel:
        cheap, expensive = (part.fit(records, values, task, seed) for part in self.members.values())
        return CascadeModel(self, cheap, expensive, *self._held_out(records, values, task, seed), task)

    def load(self, folder: Path, task: Task) -> CascadeModel:
        cheap, expensive = (part.load(folder / name, task) for name, part in self.members.items())
        return CascadeModel(self, cheap, expensive, tables.read_json(folder / "calibration.json"), [], task)

    def _held_out(
        self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int
    ) -> tuple[Calibration, Judged]:
        if len(values) < 2 * FOLDS:
            return {}, []
        kinds = values if isinstance(task, Choice) else [""] * len(values)
        dealt = stratified_folds(dict(zip(records["id"], kinds, strict=True)), seed)
        folds = [dealt[id] for id in records["id"]]
        found: dict[int, Any] = {}
        for rows, model in by_fold(self.cheap, records, values, folds, task, seed):
            found |= dict(zip(rows, model.predict(records.iloc[rows]), strict=True))
        predictions = [found[row] for row in range(len(values))]
        calibration = calibrate(predictions, values, folds, task)
        proposals = zip(propose(predictions, calibration, task), values, strict=True)
        judged = [(each.confidence, task.compare(value, each.value) >= task.bar) for each, value in proposals if each]
        return calibration, judged


@dataclass(frozen=True)
class CascadeModel:
    settings: Cascade
    cheap: Model
    expensive: Model
    calibration: Calibration
    judged: Judged
    task: Task

    def predict(self, records: pd.DataFrame) -> np.ndarray | list[Proposal | None]:
        import numpy as np

        first = propose(list(self.cheap.predict(records)), self.calibration, self.task)
        unsure = _unsure(first, self.settings.threshold)
        asked = list(self.expensive.predict(records.iloc[unsure])) if unsure else []
        if not isinstance(self.task, Choice):
            later = dict(zip(unsure, asked, strict=True))
            return [later.get(row) or each for row, each in enumerate(first)]
        scores = np.full((len(records), len(self.task.labels)), np.nan)
        for row, each in enumerate(first):
            if each is not None and isinstance(each.scores, Mapping):
                scores[row] = list(each.scores.values())
        for row, found in zip(unsure, asked, strict=True):
            if not np.isnan(found).any():  # where it has no answer, that of the cheap one stays
                scores[row] = found
        return scores

    def save(self, folder: Path) -> None:
        for name, part in (("cheap", self.cheap), ("expensive", self.expensive)):
            (folder / name).mkdir()
            part.save(folder / name)
        tables.write_json(folder / "calibration.json", self.calibration)

    def describe(self, records: pd.DataFrame, labels: Mapping[str, Value]) -> dict[str, Any]:
        """Say of how many records without a label the expensive one is asked, of how many not, and what that saves.

        Of records with a label the cheap one is surer than it would have been, since it has learned them. What other
        thresholds would spare stands beside it, with how often the cheap one is right where it is as sure, by labels
        that it had not learned: the expensive one is worth asking below the threshold at which it is more often right.
        """
        rest = records[~records["id"].isin(set(labels))]
        first = propose(list(self.cheap.predict(rest)), self.calibration, self.task) if len(rest) else []
        asked = len(_unsure(first, self.settings.threshold))
        parts = {"cheap": self.cheap, "expensive": self.expensive}
        inner = {name: each.describe(records, labels) for name, each in parts.items() if isinstance(each, Describable)}
        spared = {"asked": asked, "spared": len(rest) - asked} | _saved(self.settings.expensive, len(rest) - asked)
        every = sorted({*THRESHOLDS, self.settings.threshold})
        thresholds = {f"{each:g}": self._spared(first, each) for each in every}
        return {"threshold": self.settings.threshold, "unlabelled": spared, "thresholds": thresholds, **inner}

    def _spared(self, proposals: Sequence[Proposal | None], threshold: float) -> dict[str, Any]:
        asked = len(_unsure(proposals, threshold))
        sure = [right for confidence, right in self.judged if confidence >= threshold]
        return {
            "asked": asked,
            "spared": len(proposals) - asked,
            "judged": len(sure),
            "right": sum(sure) / len(sure) if sure else None,
            "reason": None if sure else "of no label that it had not learned was the cheap one as sure",
        }


def _unsure(proposals: Sequence[Proposal | None], threshold: float) -> list[int]:
    return [row for row, each in enumerate(proposals) if each is None or each.confidence < threshold]


def _saved(expensive: Annotator, spared: int) -> dict[str, Any]:
    """Say what asking about so many records more would have cost, at what each of those asked cost on average."""
    if not isinstance(expensive, Asking):
        return {}
    used, asked = expensive.usage(), len({line["record"] for line in expensive.responses()})
    if used["cost"] is None or not asked:
        return {"saved": None, "reason": used["reason"] or "nothing was asked"}
    return {"saved": used["cost"] / asked * spared, "reason": None}
