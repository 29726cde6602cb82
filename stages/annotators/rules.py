"""Labelling functions, combined by majority or by a label model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stages import InputError, tables
from stages.annotators import label_model
from stages.annotators.base import only
from stages.annotators.label_model import ABSTAIN
from stages.annotators.voting import Function
from stages.tasks import Choice, Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Combination = Literal["majority", "label_model"]


@dataclass(frozen=True)
class Rules:
    """Labelling functions that vote; a record on which all abstain gets no proposal. For a choice of one label.

    It needs no human label. Where there are some, the label model learns from them as well, and confidence is
    calibrated on them.

    Parameters
    ----------
    functions
        By name; null switches one off.
    combine
        `majority`: each vote counts the same. `label_model`: each counts by the function's accuracy, which is learned
        from how the functions agree on all records.
    """

    functions: dict[str, Function]
    combine: Combination = "label_model"

    @property
    def name(self) -> str:
        return "rules"

    def survey(self, records: pd.DataFrame, task: Task) -> SurveyedRules:
        """Look at all records, whose labels are not needed."""
        known = dict(zip(records["id"], self.votes(records, task), strict=True))
        return SurveyedRules(self.functions, self.combine, known)

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> RulesModel:
        return self.survey(records, task).fit(records, values, task, seed)

    def load(self, folder: Path, task: Task) -> RulesModel:
        import numpy as np

        known = tables.read_json(folder / "rules.json")
        accuracies = np.array([known["accuracies"][name] for name in self.active])
        return RulesModel(
            self, only(task, Choice), accuracies, np.array([known["shares"][label] for label in task.labels])
        )

    def votes(self, records: pd.DataFrame, task: Task) -> np.ndarray:
        """Give the number of the label that each function votes for, shape (records, functions); -1 for none."""
        import numpy as np

        if only(task, Choice).multiple:
            raise InputError("annotator: rules vote for one label, and the labelling interface allows several at once")
        place = {label: number for number, label in enumerate(task.labels)} | {None: ABSTAIN}
        columns = []
        for name, function in self.active.items():
            try:
                given = function.vote(records)
            except InputError as error:
                raise InputError(f"annotator.functions.{name}: {error}") from error
            if unknown := sorted({str(vote) for vote in given if vote not in place}):
                allowed = ", ".join(task.labels)
                raise InputError(f"annotator.functions.{name}: votes {unknown[0]!r}; the labels are {allowed}")
            columns.append([place[vote] for vote in given])
        return np.array(columns, dtype=np.int64).reshape(len(columns), len(records)).T

    @property
    def active(self) -> dict[str, Function]:
        return {name: function for name, function in self.functions.items() if function is not None}


@dataclass(frozen=True)
class SurveyedRules(Rules):
    """Rules that have seen all records: each record's votes, by id."""

    known: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict, repr=False)

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> RulesModel:
        import numpy as np

        given = (
            dict(zip(records["id"], only(task, Choice).codes(values).argmax(axis=1), strict=True))
            if len(values)
            else {}
        )
        votes = np.array(list(self.known.values())).reshape(len(self.known), len(self.active))
        truth = np.array([given.get(id, ABSTAIN) for id in self.known], dtype=np.int64)
        return RulesModel(self, only(task, Choice), *label_model.accuracies(votes, truth, len(task.labels)))


@dataclass(frozen=True)
class RulesModel:
    rules: Rules
    task: Choice
    accuracies: np.ndarray
    shares: np.ndarray

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        votes = self.rules.votes(records, self.task)
        if self.rules.combine == "majority":
            scores = label_model.majority(votes, len(self.task.labels))
        else:
            scores = label_model.posterior(votes, self.accuracies, self.shares)
        scores[(votes == ABSTAIN).all(axis=1)] = np.nan
        return scores

    def save(self, folder: Path) -> None:
        known = {
            "accuracies": dict(zip(self.rules.active, self.accuracies.tolist(), strict=True)),
            "shares": dict(zip(self.task.labels, self.shares.tolist(), strict=True)),
        }
        tables.write_json(folder / "rules.json", known)

    def describe(self, records: pd.DataFrame, labels: Mapping[str, Value]) -> dict[str, Any]:
        """Say of each function on what share of the records it votes, with another, and against another.

        `learned` is the label model's accuracy; `accuracy` the share of its votes on labelled records that are right.
        """
        import numpy as np

        votes = self.rules.votes(records, self.task)
        cast = votes != ABSTAIN
        truth = np.full(len(records), ABSTAIN)
        rows = [row for row, id in enumerate(records["id"]) if id in labels]
        if rows:
            truth[rows] = self.task.codes([labels[records["id"].iloc[row]] for row in rows]).argmax(axis=1)
        found = {}
        for number, name in enumerate(self.rules.active):
            own = cast[:, number]
            others = np.delete(cast, number, axis=1)
            against = (np.delete(votes, number, axis=1) != votes[:, [number]]) & others
            judged = own & (truth != ABSTAIN)
            right = (votes[:, number] == truth)[judged]
            found[name] = {
                "coverage": _share(own.sum(), len(records)),
                "overlap": _share((own & others.any(axis=1)).sum(), len(records)),
                "conflict": _share((own & against.any(axis=1)).sum(), len(records)),
                "learned": float(self.accuracies[number]) if self.rules.combine == "label_model" else None,
                "accuracy": float(right.mean()) if len(right) else None,
                "judged": len(right),
                "reason": None if len(right) else "it votes on no record that people have labelled",
            }
        return {"functions": found, "coverage": _share(cast.any(axis=1).sum(), len(records))}


def _share(count: int, total: int) -> float | None:
    return float(count / total) if total else None
