"""Forms for spans of a text, as those who train taggers read them.

Records without a label are left out: untagged, they would say that there is nothing in them.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stages import InputError
from stages.publishing.base import Version, rows
from stages.tables import write_json
from stages.tasks import Relations, Spans
from stages.tasks.iob import Token, tags_of, tokens, value_of

if TYPE_CHECKING:
    import pandas as pd
    from spacy.tokens import Doc
    from spacy.tokens import Span as SpacySpan
    from spacy.vocab import Vocab

Span = Mapping[str, Any]


class Marked(NamedTuple):
    """A labelled record: its text, the spans without white space at their ends, its tokens, and their BIO tags.

    Tokens are cut where a span begins or ends, so that each span is of whole tokens. The tags tell the spans `flat`: of
    those that overlap or nest the longest in characters. `left_out` says how many others were given.
    """

    id: str
    text: str
    spans: list[Span]
    tokens: list[Token]
    tags: list[str]
    flat: list[Span]
    left_out: int


@dataclass(frozen=True)
class Conll:
    """Two of CoNLL-2003's columns: in each line a token and its BIO tag, and an empty line after each text.

    One file per split, and `left_out.json`, which counts the spans that the tags do not tell.

    Parameters
    ----------
    field
        The text field that is labelled.

    References
    ----------
    E. Tjong Kim Sang and F. De Meulder, Introduction to the CoNLL-2003 Shared Task, CoNLL (2003).
    """

    field: str

    def write(self, folder: Path, version: Version) -> None:
        def told(each: Marked) -> str:
            lines = zip(each.tokens, each.tags, strict=True)
            return "".join(f"{word} {tag}\n" for (word, _, _), tag in lines) + "\n"

        _write(folder, version, self.field, ".conll", told)


@dataclass(frozen=True)
class TokenClassification:
    """JSON Lines for token classification: `id`, `tokens` and `ner_tags` (BIO, by name), one file per split.

    Beside them `tags.json`, all tags in order, and `left_out.json`, which counts the spans that the tags do not tell.

    Parameters
    ----------
    field
        The text field that is labelled.

    References
    ----------
    https://huggingface.co/docs/transformers/tasks/token_classification
    """

    field: str

    def write(self, folder: Path, version: Version) -> None:
        def told(each: Marked) -> str:
            line = {"id": each.id, "tokens": [word for word, _, _ in each.tokens], "ner_tags": each.tags}
            return json.dumps(line, ensure_ascii=False) + "\n"

        _write(folder, version, self.field, ".jsonl", told)
        write_json(folder / "tags.json", _names(_spans(version).labels))


@dataclass(frozen=True)
class DocBin:
    """spaCy's binary form, one file per split: the texts as they are, with the longest spans as entities.

    All spans, also those that overlap or nest, are in the span group `sc`, where spaCy's span categoriser looks for
    them; the record's id is in `user_data`.

    Parameters
    ----------
    field
        The text field that is labelled.

    References
    ----------
    https://spacy.io/api/docbin
    """

    field: str

    def write(self, folder: Path, version: Version) -> None:
        try:
            from spacy import tokens
            from spacy.vocab import Vocab
        except ImportError as error:
            raise InputError(
                f"publish.forms: DocBin needs spaCy ({error}): pip install '.[spacy]', or set it to null"
            ) from error
        vocabulary = Vocab()
        for split, records in _splits(version, self.field, folder):
            kept = tokens.DocBin(store_user_data=True)
            for each in records:
                kept.add(_doc(each, vocabulary))
            (folder / f"{split}.spacy").write_bytes(kept.to_bytes())


def _write(folder: Path, version: Version, field: str, suffix: str, told: Callable[[Marked], str]) -> None:
    """Write one text file per split, and how many spans its tags do not tell."""
    left_out = {}
    for split, records in _splits(version, field, folder):
        (folder / f"{split}{suffix}").write_text("".join(map(told, records)), encoding="utf-8", newline="\n")
        left_out[split] = sum(each.left_out for each in records)
    write_json(folder / "left_out.json", left_out)


def _splits(version: Version, field: str, folder: Path) -> Iterator[tuple[str, list[Marked]]]:
    """Make the folder, and give the labelled records of each split."""
    task = _spans(version)
    if version.fields.get(field) != "text":
        raise InputError(f"publish.forms: field: {field!r} is no text of this dataset; set the field that is labelled")
    folder.mkdir(parents=True)
    for split, table in version.tables.items():
        yield split, list(_records(table, field, task))


def _records(table: pd.DataFrame, field: str, task: Spans) -> Iterator[Marked]:
    for id, text, value in rows(table, {"id": "text", field: "text", "label": "regions"}):
        if value is not None:
            yield _marked(id, text or "", value["spans"] if isinstance(value, dict) else value, task)


def _marked(id: str, text: str, given: Sequence[Span], task: Spans) -> Marked:
    for span in given:
        if span["end"] > len(text):
            raise InputError(
                f"record {id}: a span ends at {span['end']:,}, and the text has {len(text):,} characters; it was "
                "labelled before the text changed: set stale: drop in conf/review/, or label it anew"
            )
    spans = [_trimmed(text, span) for span in given]
    spans = [span for span in spans if span["start"] < span["end"]]
    words = list(_cut(tokens(text), spans))
    tags = tags_of(words, spans, task)
    flat = value_of(words, tags, task)
    names = _names(task.labels)
    return Marked(id, text, spans, words, [names[tag] for tag in tags], flat, len(given) - len(flat))


def _trimmed(text: str, span: Span) -> Span:
    inside = text[span["start"] : span["end"]]
    start = span["start"] + len(inside) - len(inside.lstrip())
    return {**span, "start": start, "end": start + len(inside.strip())}


def _cut(words: Sequence[Token], spans: Sequence[Span]) -> Iterator[Token]:
    borders = sorted({span[edge] for span in spans for edge in ("start", "end")})
    for word, start, end in words:
        inside = borders[bisect_right(borders, start) : bisect_left(borders, end)]
        for one, two in pairwise([start, *inside, end]):
            yield word[one - start : two - start], one, two


def _names(labels: Sequence[str]) -> list[str]:
    """Name tags as `tags_of` numbers them."""
    return ["O", *(f"{kind}-{label}" for label in labels for kind in "BI")]


def _spans(version: Version) -> Spans:
    task = version.task.spans if isinstance(version.task, Relations) else version.task
    if not isinstance(task, Spans):
        raise InputError(
            f"publish.forms: this form carries spans, and this dataset has {task.type}; set it to null in conf/publish/"
        )
    return task


def _doc(each: Marked, vocabulary: Vocab) -> Doc:
    """Make spaCy's document: a blank after a token belongs to it, other white space is a token of its own."""
    from spacy.tokens import Doc

    words: list[str] = []
    spaces: list[bool] = []
    ends = [0, *(end for _, _, end in each.tokens)]
    starts = [*(start for _, start, _ in each.tokens), len(each.text)]
    for place, (end, start) in enumerate(zip(ends, starts, strict=True)):
        gap = each.text[end:start]
        if place and gap.startswith(" "):
            spaces[-1], gap = True, gap[1:]
        following = [each.tokens[place][0]] if place < len(each.tokens) else []
        words += ([gap] if gap else []) + following
        spaces += [False] * (bool(gap) + len(following))
    doc = Doc(vocabulary, words=words, spaces=spaces)
    doc.spans["sc"] = list(map(partial(_mark, doc), each.spans))
    doc.ents = list(map(partial(_mark, doc), each.flat))
    doc.user_data["id"] = each.id
    return doc


def _mark(doc: Doc, span: Span) -> SpacySpan:
    mark = doc.char_span(span["start"], span["end"], label=span["label"])
    assert mark is not None  # spans are of whole tokens
    return mark
