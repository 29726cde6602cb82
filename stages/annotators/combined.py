"""An annotator for each control of an interface with several."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, tasks
from stages.annotators.asking import refuse_asking
from stages.annotators.base import Annotator, Describable, Model, NotEnough, Surveyor
from stages.annotators.calibration import propose
from stages.tasks import Proposal, Task, Value

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Combined:
    """One annotator per control. It proposes where all of them do; its confidence is the product of theirs.

    Parameters
    ----------
    parts
        The annotators, by the controls' names in the labelling interface.

    Raises
    ------
    InputError
        One asks a service: it is to be asked of the whole record, by itself.
    """

    parts: dict[str, Annotator]

    def __post_init__(self) -> None:
        for name, part in self.parts.items():
            refuse_asking(part, f"parts.{name}")

    @property
    def name(self) -> str:
        return "combined"

    def survey(self, records: pd.DataFrame, task: Task) -> Combined:
        return Combined(
            {
                part.name: each.survey(records, part) if isinstance(each, Surveyor) else each
                for part, each in self._parts(task)
            }
        )

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> CombinedModel:
        models = []
        for part, each in self._parts(task):
            try:
                models.append((part, each.fit(records, [value[part.name] for value in values], part, seed)))
            except NotEnough as none:
                raise NotEnough(f"{part.name}: {none}") from none
        return CombinedModel(models)

    def load(self, folder: Path, task: Task) -> CombinedModel:
        return CombinedModel([(part, each.load(folder / part.name, part)) for part, each in self._parts(task)])

    def _parts(self, task: Task) -> Iterator[tuple[Task, Annotator]]:
        if not isinstance(task, tasks.Combined):
            raise InputError(
                f"annotator: this one is for interfaces with several controls, and this one asks for {task.type}; "
                "choose another in params.yaml"
            )
        names, given = [part.name for part in task.parts], [name for name, each in self.parts.items() if each]
        if set(names) != set(given):
            raise InputError(
                f"annotator.parts: an annotator for each control is expected ({', '.join(names)}), "
                f"found {', '.join(given) or 'none'}"
            )
        for part in task.parts:
            yield part, self.parts[part.name]


@dataclass(frozen=True)
class CombinedModel:
    models: Sequence[tuple[Task, Model]]

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        names = [part.name for part, _ in self.models]
        columns = [propose(list(model.predict(records)), {}, part) for part, model in self.models]
        return [_joined(names, row) for row in zip(*columns, strict=True)]

    def save(self, folder: Path) -> None:
        for part, model in self.models:
            (folder / part.name).mkdir()
            model.save(folder / part.name)

    def describe(self, records: pd.DataFrame, labels: Mapping[str, Value]) -> dict[str, Any]:
        return {
            part.name: model.describe(records, {id: value[part.name] for id, value in labels.items()})
            for part, model in self.models
            if isinstance(model, Describable)
        }


def _joined(names: Sequence[str], proposals: Sequence[Proposal | None]) -> Proposal | None:
    found = [each for each in proposals if each is not None]
    if len(found) < len(proposals):
        return None
    values = {name: each.value for name, each in zip(names, found, strict=True)}
    return Proposal(values, math.prod(each.confidence for each in found))
