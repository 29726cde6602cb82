"""Characters and words around each place into a linear-chain conditional random field: spans without a download."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import tables
from stages.annotators import chain
from stages.annotators.base import NotEnough, only
from stages.annotators.texts import column
from stages.tasks import Proposal, Spans, Task, Value
from stages.tasks.iob import Token, tags_of, tokens, value_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

BATCH = 1_000  # texts per prediction; fixed, since the batch size changes the last bits of a product


@dataclass(frozen=True)
class Tagger:
    """A linear-chain conditional random field over tokens: characters of Chinese and Japanese, words elsewhere.

    Seconds for hundreds of texts, a minute for thousands, no download. It proposes spans that do not overlap; of
    people's spans that overlap it learns the longest. Its confidence is the probability that all tokens are right; its
    score of a span, that those of the span are, and the one after them.

    Parameters
    ----------
    field
        The text field to read.
    c
        Inverse strength of the L2 penalty.
    """

    field: str
    c: float = 100.0

    @property
    def name(self) -> str:
        return "tagger"

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> TaggerModel:
        import numpy as np

        task = only(task, Spans)
        texts = [tokens(text) for text in column(records, self.field)]
        if not any(values):
            raise NotEnough("people have marked no span yet")
        tags = np.array([tag for each, value in zip(texts, values, strict=True) for tag in tags_of(each, value, task)])
        described = [list(features(text)) for text in texts]
        counts = Counter(name for text in described for names in text for name in names)
        vocabulary = sorted(name for name, count in counts.items() if count > 1)
        known = matrix(described, vocabulary)
        inside = (tags > 0) & (tags % 2 == 0)
        lengths = [each for text in chain.cut([len(text) for text in texts], inside) for each in text]
        weights = chain.fit(known, tags, lengths, barred(task), self.c)
        return TaggerModel(self, task, vocabulary, weights.round(tables.DIGITS))

    def load(self, folder: Path, task: Task) -> TaggerModel:
        saved = tables.read(folder / "weights")
        weights = saved[[f"weight_{tag}" for tag in range(1 + 2 * len(task.labels))]].to_numpy()
        vocabulary = saved["feature"][saved["feature"].notna()].tolist()
        return TaggerModel(self, only(task, Spans), vocabulary, weights)


@dataclass(frozen=True)
class TaggerModel:
    settings: Tagger
    task: Spans
    vocabulary: list[str]
    weights: np.ndarray

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        texts = column(records, self.settings.field)
        return [each for start in range(0, len(texts), BATCH) for each in self._proposed(texts[start : start + BATCH])]

    def save(self, folder: Path) -> None:
        import pandas as pd

        named = {"feature": self.vocabulary + [None] * (len(self.weights) - len(self.vocabulary))}
        columns = {f"weight_{tag}": self.weights[:, tag] for tag in range(self.weights.shape[1])}
        kinds: tables.Columns = {"feature": "text", **dict.fromkeys(columns, "number")}
        tables.write(folder / "weights", [pd.DataFrame({**named, **columns})], kinds)

    def _proposed(self, texts: Sequence[str]) -> Iterator[Proposal]:
        parts = [tokens(text) for text in texts]
        count = len(self.vocabulary)
        emissions = matrix([list(features(part)) for part in parts], self.vocabulary) @ self.weights[:count]
        pieces = chain.cut([len(part) for part in parts])
        lengths = [each for text in pieces for each in text]
        decoded = iter(chain.decode(emissions, lengths, self.weights[count:], barred(self.task)))
        for part, cut in zip(parts, pieces, strict=True):
            found = chain.whole(list(islice(decoded, len(cut))))
            scores = [round(each, tables.DIGITS) for each in _likely(found)]
            yield Proposal(value_of(part, found.tags, self.task), found.confidence, scores)


def features(text: Sequence[Token]) -> Iterator[list[str]]:
    """Describe each token by itself, its neighbours and pairs of them; a word also by its ends and its shape."""
    words = ["", "", *(word for word, _, _ in text), "", ""]
    for place in range(2, len(words) - 2):
        far, left, word, right, end = words[place - 2 : place + 3]
        yield [
            "bias",
            f"-2 {far}",
            f"-1 {left}",
            f"0 {word}",
            f"1 {right}",
            f"2 {end}",
            f"-2-1 {far} {left}",
            f"-1+0 {left} {word}",
            f"0+1 {word} {right}",
            f"1+2 {right} {end}",
            f"-1+1 {left} {right}",
            *(_spelt(word) if len(word) > 1 else ()),
        ]


def _spelt(word: str) -> list[str]:
    shape = re.sub(r"(.)\1+", r"\1", "".join("A" if c.isupper() else "a" if c.isalpha() else "9" for c in word))
    return [f"lower {word.lower()}", f"starts {word[:3].lower()}", f"ends {word[-3:].lower()}", f"shape {shape}"]


def _likely(found: chain.Decoded) -> Iterator[float]:
    """Say of each span how probable it is that it begins there, goes on, and that what comes after it does."""
    for first, tag in enumerate(found.tags):
        if tag % 2:
            end = first + 1
            while end < len(found.tags) and found.tags[end] == tag + 1:
                end += 1
            yield min(1.0, found.tokens[first] * math.prod(found.steps[first + 1 : end + 1]))


def barred(task: Spans) -> np.ndarray:
    """Within a span of a label is only after its beginning, or within it."""
    import numpy as np

    count = 1 + 2 * len(task.labels)
    barred = np.zeros((count + 1, count), dtype=bool)
    for inside in range(2, count, 2):
        barred[:, inside] = True
        barred[[inside - 1, inside], inside] = False
    return barred


def matrix(described: Sequence[Sequence[Sequence[str]]], vocabulary: Sequence[str]) -> Any:
    """Give a sparse matrix of 0 and 1, one row per token; names that are not known are left out."""
    import numpy as np
    from scipy.sparse import csr_matrix

    place = {name: column for column, name in enumerate(vocabulary)}
    rows = [[place[name] for name in names if name in place] for text in described for names in text]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column in row], dtype=np.int64)
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), len(vocabulary)))
