"""The sentences of a text that say most of it: a baseline for summaries, and for answers that a text contains."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stages import InputError, tables
from stages.annotators.base import only
from stages.annotators.texts import joined
from stages.tasks import Proposal, Task, Text, Value, words

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SENTENCE = re.compile(r"\s*[^\s].*?(?:[.!?…]+[\"'”’)]*(?=\s)|[。！？]+[”’」』）]*|\n|$)", re.DOTALL)
FIRST = 300  # sentences of a text that are looked at: all pairs are compared
DAMPING, ITERATIONS = 0.85, 50


@dataclass(frozen=True)
class Extract:
    """TextRank: a sentence matters if it has words in common with others that matter.

    It learns nothing but how far it is to be trusted: the confidence is the share of the rank that the sentences have,
    before calibration.

    Parameters
    ----------
    fields
        The text fields to read, joined by a line end.
    sentences
        How many to take; they come in the order of the text.

    References
    ----------
    R. Mihalcea and P. Tarau, TextRank: Bringing Order into Text, EMNLP (2004).
    """

    fields: tuple[str, ...]
    sentences: int = 1

    def __post_init__(self) -> None:
        if self.sentences < 1:
            raise InputError(f"annotator.sentences: 1 or more is expected, found {self.sentences}")

    @property
    def name(self) -> str:
        return "extract"

    def fit(
        self,
        records: pd.DataFrame,  # noqa: ARG002
        values: Sequence[Value],  # noqa: ARG002
        task: Task,
        seed: int,  # noqa: ARG002
    ) -> ExtractModel:
        only(task, Text)
        return ExtractModel(self)

    def load(self, folder: Path, task: Task) -> ExtractModel:  # noqa: ARG002
        only(task, Text)
        return ExtractModel(self)


@dataclass(frozen=True)
class ExtractModel:
    settings: Extract

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        return [_propose(each, self.settings.sentences) for each in joined(records, self.settings.fields)]

    def save(self, folder: Path) -> None:
        tables.write_json(folder / "extract.json", {"sentences": self.settings.sentences})


def sentences(text: str) -> list[str]:
    """Part a text after its sentences and at its line ends; put together again they are the text, but for its end."""
    return SENTENCE.findall(text)


def _propose(text: str, count: int) -> Proposal | None:
    parts = [each for each in sentences(text)[:FIRST] if each.strip()]
    if not parts:
        return None
    ranks = _ranks([set(words(each)) for each in parts])
    chosen = sorted(sorted(range(len(parts)), key=lambda i: (-ranks[i], i))[:count])
    return Proposal("".join(parts[i] for i in chosen).strip(), min(1.0, sum(ranks[i] for i in chosen)))


def _ranks(sentences: Sequence[set[str]]) -> list[float]:
    """Give each sentence's share of the rank (PageRank over how many words two have in common, for their lengths)."""
    import numpy as np

    alike = np.zeros((len(sentences), len(sentences)))
    for i, one in enumerate(sentences):
        for j, other in enumerate(sentences[:i]):
            if common := len(one & other):
                alike[i, j] = alike[j, i] = common / (math.log(len(one) + 1) + math.log(len(other) + 1))
    sums = alike.sum(axis=1, keepdims=True)
    moves = np.divide(alike, sums, where=sums > 0, out=np.full_like(alike, 1 / len(sentences)))
    ranks: np.ndarray = np.full(len(sentences), 1 / len(sentences))
    for _ in range(ITERATIONS):
        ranks = (1 - DAMPING) / len(sentences) + DAMPING * ranks @ moves
    return ranks.round(9).tolist()  # rounded: a tie is a tie on every machine
