"""Sentences of documents as records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages import InputError
from stages.sources.base import Rows, Source

# The marks that end a sentence of Chinese or Japanese, with what closes after them. ASCII's end one where white space
# or such a character follows; a full stop does not, since it also ends abbreviations.
END = re.compile(r"""(?:[。！？…]|[!?](?=[\s"'”’」』）)!?。！？…]|$))+["'”’」』）)]*|[\n\r\u2028\u2029]""")
PLACE, WHOLE = "sentence", "document"


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """One record for each sentence of the texts of another source.

    A sentence ends after 。！？…, after ! and ? where white space follows, and with its line; a quotation mark or a
    bracket that closes belongs to it. White space around it is left out. The columns are those of the documents, with
    the sentence in that of the text, and

    - `id`: `<document>-<place>`, the place from 1, with as many digits as three at least;
    - `document`: the document's own id, for `group` in `conf/dataset/`, so that a document is in one split;
    - `sentence`: the place.

    A document whose text is empty or missing is one record, which cleaning rejects.

    Parameters
    ----------
    documents
        The source of the documents.
    id, text
        Its columns with the document's id and its text.
    """

    documents: Source
    id: str
    text: str

    def __post_init__(self) -> None:
        if self.id == self.text:
            raise InputError(f"id, text: two columns are expected, found {self.id!r} for both")

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Split the documents, and give the named columns of their sentences.

        Raises
        ------
        InputError
            The documents cannot be read, or one has no id.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        own = [column for column in columns if column not in ("id", WHOLE, PLACE, self.text)]
        for rows in self.documents.read(list(dict.fromkeys([self.id, self.text, *own]))):
            names, texts = rows.table[self.id].to_pylist(), rows.table[self.text].to_pylist()
            if None in names:
                place = f"{rows.unit} {rows.lines[names.index(None)]}"
                raise InputError(f"{rows.file}, {place}: the document has no {self.id!r}; give it one")
            parts = [list(sentences(text or "")) or [text] for text in texts]
            taken = [row for row, found in enumerate(parts) for _ in found]
            places = [place for found in parts for place in range(1, len(found) + 1)]
            cells: dict[str, Sequence[str | None]] = {
                "id": [f"{names[row]}-{place:03}" for row, place in zip(taken, places, strict=True)],
                WHOLE: [names[row] for row in taken],
                PLACE: list(map(str, places)),
                self.text: [sentence for found in parts for sentence in found],
            }
            made = {
                column: pc.take(rows.table[column], pa.array(taken, pa.int64()))
                if column in own
                else pa.array(cells[column], pa.large_string())
                for column in columns
            }
            yield Rows(rows.file, rows.name, [rows.lines[row] for row in taken], pa.table(made), rows.unit, rows.media)


def sentences(text: str) -> Iterator[str]:
    """Give the sentences of a text, without white space around them, and none that is empty."""
    start = 0
    for end in [*(found.end() for found in END.finditer(text)), len(text)]:
        if sentence := text[start:end].strip():
            yield sentence
        start = end
