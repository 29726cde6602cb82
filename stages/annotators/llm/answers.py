"""What an answer looks like, per task type: its JSON schema, an example of it, how to read it, and how sure it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from stages.annotators.base import choice
from stages.annotators.llm.likelihood import Token, chances
from stages.tasks import Task, Value


class Form(Protocol):
    """The form of the answers to a type of task."""

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the answer's members, without an explanation."""
        ...

    def show(self, value: Value) -> dict[str, Any]:
        """Give the answer that says a value; `read(show(value)) == value`."""
        ...

    def read(self, answer: dict[str, Any]) -> Value:
        """Turn an answer into a value.

        Raises
        ------
        ValueError
            It is no answer of this form; the text says why, to the model.
        """
        ...

    def scores(self, content: str, tokens: Sequence[Token]) -> list[float] | None:
        """Read each label's probability out of the log-probabilities; None for another task type, or if they lack."""
        ...


@dataclass(frozen=True)
class OneLabel:
    """`{"label": "spam"}`."""

    labels: tuple[str, ...]

    @property
    def schema(self) -> dict[str, Any]:
        return {"label": {"type": "string", "enum": list(self.labels)}}

    def show(self, value: Value) -> dict[str, Any]:
        return {"label": value}

    def read(self, answer: dict[str, Any]) -> Value:
        label = answer.get("label")
        if label not in self.labels:
            raise ValueError(f'"label" must be exactly one of {_list(self.labels)}')
        return label

    def scores(self, content: str, tokens: Sequence[Token]) -> list[float] | None:
        return chances(content, tokens, ["label"], [_dump(label) for label in self.labels])


@dataclass(frozen=True)
class AnyLabels:
    """`{"labels": {"billing": true, "delivery": false}}`: each label is decided, and has a probability, by itself."""

    labels: tuple[str, ...]

    @property
    def schema(self) -> dict[str, Any]:
        return {"labels": closed({label: {"type": "boolean"} for label in self.labels})}

    def show(self, value: Value) -> dict[str, Any]:
        return {"labels": {label: label in value for label in self.labels}}

    def read(self, answer: dict[str, Any]) -> Value:
        given = answer.get("labels")
        if not isinstance(given, dict) or set(given) != set(self.labels):
            raise ValueError(f'"labels" must be an object with the keys {_list(self.labels)}')
        if not all(isinstance(each, bool) for each in given.values()):
            raise ValueError('each of "labels" must be true or false')
        return sorted(label for label in self.labels if given[label])

    def scores(self, content: str, tokens: Sequence[Token]) -> list[float] | None:
        each = [chances(content, tokens, ["labels", label], ["true", "false"]) for label in self.labels]
        return None if None in each else [chance[0] for chance in each if chance]


def form_of(task: Task) -> Form:
    """Give the form of the answers to a task; InputError if a language model is not asked for this type."""
    labels = choice(task).labels
    return AnyLabels(labels) if choice(task).multiple else OneLabel(labels)


def closed(members: dict[str, Any]) -> dict[str, Any]:
    """Give the JSON schema of an object with exactly these members."""
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def parse(content: str | None, form: Form) -> Value:
    """Read a value out of a model's text.

    Raises
    ------
    ValueError
        It is no answer; the text says why, to the model.
    """
    try:
        answer = json.loads(content or "", object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("the answer must be one JSON object") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"the answer must be one JSON object and nothing else ({error})") from None
    if not isinstance(answer, dict):
        raise ValueError("the answer must be one JSON object")
    return form.read(answer)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says the same thing twice, of which Python would take the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("each key of the answer must stand there once")
    return found


def _list(labels: Sequence[str]) -> str:
    return ", ".join(map(_dump, labels))


def _dump(label: str) -> str:
    return json.dumps(label, ensure_ascii=False)
