"""Sentences in which every word has a tag, some of them those of names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from stages import InputError
from stages.sources.archives import pieces
from stages.sources.base import Rows, require
from stages.sources.decoding import decoded
from stages.sources.package import check_pinned, fetch

ENDS = "。！？"
COLUMNS = ("id", "text", "spans")


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """Sentences of a package's file with lines of `word/tag`, as that of the People's Daily of January 1998.

    The columns are `id` (`<line>-<sentence>`, both from 1), `text` (the words without the white space between them) and
    `spans` (the published names as a value of the task type `spans`, in JSON).

    Parameters
    ----------
    requirement, sha256, member
        As in `Package`.
    names
        Which tags are those of names, and the label of each. Neighbours with the same one are one name.
    count
        How many sentences at most; null for all.
    """

    requirement: str
    sha256: str
    member: str
    names: Mapping[str, str] = field(default_factory=dict)
    count: int | None = None

    def __post_init__(self) -> None:
        check_pinned(self.requirement, self.sha256)
        if self.count is not None and self.count < 1:
            raise InputError(f"count: a whole number from 1, or null, is expected, found {self.count}")

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records.

        Raises
        ------
        InputError
            The package cannot be had, is not the one that the hash pins, or a word has no tag.
        """
        import pyarrow as pa

        path = fetch(self.requirement, self.sha256)
        require(columns, COLUMNS, self.requirement)
        with open(path, "rb") as stream:
            for piece in pieces(stream, path.stat().st_size, self.requirement, "", self.member):
                lines = enumerate("".join(decoded(piece.stream, piece.file, "utf-8")).splitlines(), 1)
                found = list(islice(self._sentences(lines, piece.file), self.count))
                cells = {name: pa.array([row[name] for _, row in found], pa.large_string()) for name in columns}
                yield Rows(piece.file, piece.name, [line for line, _ in found], pa.table(cells))

    def _sentences(self, lines: Iterator[tuple[int, str]], file: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in lines:
            words = [_word(each, f"{file}, line {number}") for each in line.split()]
            ends = [place for place, (word, _) in enumerate(words, 1) if word in ENDS]
            starts = [0, *ends]
            for place, (start, end) in enumerate(zip(starts, [*ends, len(words)], strict=True), 1):
                if start < end:
                    text, spans = self._joined(words[start:end])
                    yield number, {"id": f"{number:05}-{place:02}", "text": text, "spans": json.dumps(spans)}

    def _joined(self, words: Sequence[tuple[str, str]]) -> tuple[str, list[dict[str, Any]]]:
        text, before = "", None
        spans: list[dict[str, Any]] = []
        for word, tag in words:
            label = self.names.get(tag)
            if label and label == before:
                spans[-1]["end"] += len(word)
            elif label:
                spans.append({"start": len(text), "end": len(text) + len(word), "label": label})
            text += word
            before = label
        return text, spans


def _word(token: str, where: str) -> tuple[str, str]:
    word, slash, tag = token.rpartition("/")
    if not slash or not word:
        raise InputError(f"{where}: {token!r:.100} is not of the form word/tag; correct `member`")
    return word, tag
