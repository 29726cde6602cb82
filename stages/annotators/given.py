"""Pretrained models that are used as they come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from stages import InputError, tables
from stages.annotators import pretrained
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import pandas as pd

FILE = "model.json"
Made = TypeVar("Made", bound="GivenModel")


class Given(ABC, Generic[Made]):
    """An annotator that learns nothing here: people's labels only calibrate how sure it is.

    Its settings `model` and `revision` say where the weights lie, as `pretrained.folder` takes them.
    """

    name: ClassVar[str]
    settings_file: ClassVar[str] = "config.json"  # what tells such a model's folder from others
    model: str
    revision: str | None

    @abstractmethod
    def given(self, task: Task) -> Made:
        """Give the model, for a task that it can do.

        Raises
        ------
        InputError
            It cannot, or there is no such model.
        """

    def fit(
        self,
        records: pd.DataFrame,  # noqa: ARG002
        values: Sequence[Value],  # noqa: ARG002
        task: Task,
        seed: int,  # noqa: ARG002
    ) -> Made:
        return self.given(task)

    def load(self, folder: Path, task: Task) -> Made:
        if tables.read_json(folder / FILE)["weights"] != self.weights():
            raise InputError("annotator.model: another model than the one that proposed; run dvc repro")
        return self.given(task)

    def folder(self) -> Path:
        """Where the weights lie."""
        return pretrained.folder(self.model, self.revision, self.settings_file)

    def weights(self) -> str:
        """Give what is the same for the same weights and settings."""
        return pretrained.fingerprint(self.folder())


class GivenModel:
    """What such an annotator makes of its weights."""

    settings: Given[Any]

    def save(self, folder: Path) -> None:
        tables.write_json(folder / FILE, {"weights": self.settings.weights()})
