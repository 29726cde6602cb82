"""Spans of any kind by its name alone, without a label: GLiNER."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, tables
from stages.annotators import checkpoints, training
from stages.annotators.base import only
from stages.annotators.given import Given, GivenModel
from stages.annotators.texts import column
from stages.engine import progress
from stages.tasks import Proposal, Spans, Task

if TYPE_CHECKING:
    import pandas as pd

LOWEST = 0.01  # scores below are taken for nothing


@dataclass(frozen=True)
class Gliner(Given["GlinerModel"]):
    """A GLiNER checkpoint as it comes; needs no label (`pip install '.[gliner]'`).

    It says of each stretch of words how probable each label is, and proposes those that do not overlap, from one half
    on. A span's score is its probability; the record's confidence is the probability that all of these decisions are
    right, of what was proposed and of what was not, as if they were independent, before calibration. A text that is
    longer than what the checkpoint reads is read in parts. Words are the checkpoint's own: most take a run of Chinese
    for one.

    Parameters
    ----------
    field
        The text field to read.
    model, revision
        A folder, `package:name`, or a name on the hub with its commit; weights in the form safetensors.
    labels
        What to call the labels of the interface, such as `{organisation: "company, party or agency"}`; one that is not
        here goes by its own name.

    References
    ----------
    U. Zaratiana, N. Tomeh, P. Holat and T. Charnois, GLiNER: Generalist Model for Named Entity Recognition using
    Bidirectional Transformer, NAACL (2024).
    """

    name = "gliner"
    settings_file = "gliner_config.json"

    field: str
    model: str
    revision: str | None = None
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def given(self, task: Task) -> GlinerModel:
        task = only(task, Spans)
        if unknown := sorted(set(self.labels) - set(task.labels)):
            raise InputError(f"annotator.labels.{unknown[0]}: the interface has {', '.join(task.labels)}")
        names = {self.labels.get(label, label): label for label in task.labels}
        if len(names) < len(task.labels):
            raise InputError("annotator.labels: two labels are called the same; give each a name of its own")
        return GlinerModel(self, task, names, _network(self.folder()))


@dataclass(frozen=True)
class GlinerModel(GivenModel):
    settings: Gliner
    task: Spans
    names: Mapping[str, str]  # what the checkpoint is asked for, and the label that it stands for
    network: Any

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        texts = column(records, self.settings.field)
        with training.predicting(self.network.model):
            return [self._proposed(text) for text in progress(texts, "annotate: predictions", len(texts))]

    def _proposed(self, text: str) -> Proposal:
        found = [
            ({"start": start + each["start"], "end": start + each["end"], "label": self.names[each["label"]]}, score)
            for start, end in self._parts(text)
            # one text at a time, so that no other shows
            for each in self.network.inference([text[start:end]], list(self.names), threshold=LOWEST, batch_size=1)[0]
            if (score := min(1.0, float(each["score"])))
        ]
        taken = {(span["start"], span["end"], span["label"]): score for span, score in found if score >= 0.5}
        value = self.task.ordered([span for span, score in found if score >= 0.5])
        sure = prod(score if score >= 0.5 else 1 - score for _, score in found)
        scores = [round(taken[each["start"], each["end"], each["label"]], tables.DIGITS) for each in value]
        return Proposal(value, round(sure, tables.DIGITS), scores)

    def _parts(self, text: str) -> Iterator[tuple[int, int]]:
        """Give where the parts begin and end that it reads at once."""
        words = list(self.network.data_processor.words_splitter(text))
        for first in range(0, len(words), self.network.config.max_len):
            part = words[first : first + self.network.config.max_len]
            yield part[0][1], part[-1][2]


@cache
def _network(folder: Path) -> Any:
    try:
        from gliner import GLiNER
    except ImportError as error:
        raise InputError("annotator: gliner is not installed; run pip install '.[gliner]'") from error
    if not (folder / "model.safetensors").is_file():
        raise InputError(f"annotator.model: {folder.name!r} has no model.safetensors, and no other weights are read")
    with checkpoints.refused(folder.name, "is no GLiNER checkpoint", RuntimeError, TypeError):
        network = GLiNER.from_pretrained(str(folder), local_files_only=True, strict=True)
    return network.to(training.device())
