"""Several annotators, combined."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stages import InputError
from stages.annotators import logistic, opinions
from stages.annotators.base import Annotator, Describable, Model, NotEnough
from stages.annotators.crossfit import FOLDS, by_fold, stratified_folds
from stages.annotators.logistic import Logistic
from stages.tasks import Choice, Proposal, Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

C = 1.0  # of the regression that stacks; it has few features


@dataclass(frozen=True)
class Ensemble:
    """Annotators whose proposals become one; how much they disagree is kept with it.

    Parameters
    ----------
    parts
        Two annotators or more, by name; null switches one off.
    combine
        `stacking`: logistic regression from what the parts say to what people said (Wolpert, Stacked Generalization,
        1992). It is fitted on what the parts say of records that they had not learned, so each of them is fitted
        once per fold more, and a part that asks a service asks so much more. For a choice. `voting`: of a choice the
        mean of the probabilities; of other tasks the proposal that is most like the others.
    """

    parts: dict[str, Annotator | None]
    combine: Literal["stacking", "voting"] = "stacking"

    def __post_init__(self) -> None:
        if wrong := [name for name in self.parts if not re.fullmatch(r"\w+", name)]:
            raise InputError(f"parts: names of letters, digits and _ are expected, found {wrong[0]!r}")
        if len(self.members) < 2:
            raise InputError(f"parts: two annotators or more are expected, found {len(self.members)}")

    @property
    def name(self) -> str:
        return "ensemble"

    @property
    def members(self) -> dict[str, Annotator]:
        return {name: part for name, part in self.parts.items() if part is not None}

    def having(self, members: Mapping[str, Annotator]) -> Ensemble:
        return replace(self, parts=dict(members))

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> EnsembleModel:
        head = self._stack(records, values, task, seed) if self.combine == "stacking" else None
        models = {name: part.fit(records, values, task, seed) for name, part in self.members.items()}
        return EnsembleModel(models, task, head)

    def load(self, folder: Path, task: Task) -> EnsembleModel:
        head = logistic.load(folder / "stacking", task)[0] if self.combine == "stacking" else None
        return EnsembleModel({name: part.load(folder / name, task) for name, part in self.members.items()}, task, head)

    def _stack(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> Logistic:
        import numpy as np

        if not isinstance(task, Choice):
            raise InputError(f"annotator.combine: stacking is for choices, and this task is {task.type}; set voting")
        if len(values) < 2 * FOLDS:
            raise NotEnough(f"{2 * FOLDS} labels are needed to learn how to combine the parts")
        dealt = stratified_folds(dict(zip(records["id"], values, strict=True)), seed)
        folds = [dealt[id] for id in records["id"]]
        scores = np.zeros((len(self.members), len(values), len(task.labels)))
        for place, part in enumerate(self.members.values()):
            for rows, model in by_fold(part, records, values, folds, task, seed):
                scores[place, rows] = np.asarray(model.predict(records.iloc[rows]))
        return logistic.fit(opinions.features(scores, task), values, task, C)


@dataclass(frozen=True)
class EnsembleModel:
    parts: Mapping[str, Model]
    task: Task
    head: Logistic | None

    def predict(self, records: pd.DataFrame) -> np.ndarray | list[Proposal | None]:
        return self.consult(records)[0]

    def consult(self, records: pd.DataFrame) -> tuple[np.ndarray | list[Proposal | None], list[float | None]]:
        import numpy as np

        said = [part.predict(records) for part in self.parts.values()]
        if not isinstance(self.task, Choice):
            each = list(zip(*said, strict=True))
            return [opinions.elected(row, self.task) for row in each], [opinions.unlike(row, self.task) for row in each]
        scores = np.stack([np.asarray(each, dtype=float) for each in said])
        found = opinions.mean(scores)
        if self.head is not None:
            stacked = self.head.probabilities(opinions.features(scores, self.task))
            found = np.where(np.isnan(found), np.nan, stacked)
        return found, opinions.divergence(scores, self.task.multiple)

    def save(self, folder: Path) -> None:
        import pandas as pd

        for name, part in self.parts.items():
            (folder / name).mkdir()
            part.save(folder / name)
        if self.head is not None:
            (folder / "stacking").mkdir()
            features = [f"{name}: {label}" for name in self.parts for label in self.task.labels]
            self.head.save(folder / "stacking", pd.DataFrame({"feature": features}), {"feature": "text"})

    def describe(self, records: pd.DataFrame, labels: Mapping[str, Value]) -> dict[str, Any]:
        parts = {name: part for name, part in self.parts.items() if isinstance(part, Describable)}
        return {name: part.describe(records, labels) for name, part in parts.items()}
