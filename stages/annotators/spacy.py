"""Entities that a spaCy pipeline finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from stages import InputError
from stages.annotators import checkpoints
from stages.annotators.finding import Finder, Mention, check, named
from stages.tasks import Spans


@dataclass(frozen=True)
class Spacy(Finder):
    """A spaCy pipeline as it comes, statistical or with rules; needs no label.

    spaCy does not say how sure it is. People's labels say how right it is with each kind of entity, which gives the
    confidence.

    Parameters
    ----------
    model
        The name of an installed pipeline, such as `en_core_web_sm`, or a folder with one.
    labels
        What the pipeline calls the labels of the interface, such as `{PERSON: person}`; a label that both know needs no
        mention, and what only the pipeline knows is left out.

    References
    ----------
    M. Honnibal, I. Montani, S. Van Landeghem and A. Boyd, spaCy: Industrial-strength Natural Language Processing in
    Python (2020).
    """

    model: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return "spacy"

    def find(self, texts: Sequence[str], task: Spans) -> Iterator[list[Mention]]:
        check(self.labels, task)
        pipeline = _loaded(self.model)
        pipeline.max_length = max(pipeline.max_length, *map(len, texts), 0) + 1
        for document in pipeline.pipe(texts):
            found = ((each, named(each.label_, self.labels, task)) for each in document.ents)
            yield [Mention(each.start_char, each.end_char, label, each.label_) for each, label in found if label]


@cache
def _loaded(model: str) -> Any:
    try:
        import spacy
    except ImportError as error:
        raise InputError("annotator: spacy is not installed; run pip install '.[spacy]'") from error
    with checkpoints.refused(model, "is no spaCy pipeline: install its package, or give its folder"):
        return spacy.load(model)
