"""Rounds: what people answered, one annotation a line, appended and never rewritten."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from stages import InputError
from stages.tasks import Task, Value

NAME = re.compile(r"round-([0-9]{4})\.jsonl")
ACTIONS = ("submitted", "skipped", "deleted")
QUEUE = re.compile(r"random|active|direct|audit:[1-9][0-9]*")
SURROGATE = re.compile("[\ud800-\udfff]")  # half of a pair passes JSON but can be written nowhere


@dataclass(frozen=True, slots=True)
class Annotation:
    """One line of a round.

    Parameters
    ----------
    round, line
        Where it stands; both count from 1.
    record, content
        The record's id, and the hash of what the annotator saw of it.
    annotator
        A pseudonym.
    action
        `submitted`, `skipped` or `deleted`.
    queue
        Why the record was asked: `random`, `active`, `audit:<number>` or `direct`.
    result
        Label Studio's own list.
    shown
        The prediction that the annotator saw: `by`, `value`, `confidence`; None if there was none.
    guideline
        Hash of the guideline.
    seconds, at
        How long it took, and when it was given; None where it is not known.
    value
        What the result says; None unless submitted.
    ground_truth
        Whether it adjudicates: it stands above all votes, as Label Studio's ground truth. The key is in a line only
        where it is true.
    void
        Whether the label that it gives is no more, and its record has to be labelled anew.
    """

    round: int
    line: int
    record: str
    content: str
    annotator: str
    action: str
    queue: str
    result: list[dict[str, Any]]
    shown: dict[str, Any] | None
    guideline: str
    seconds: float | None
    at: str | None
    value: Value
    ground_truth: bool = False
    void: bool = False


def read(files: Iterable[Path], task: Task, corrections: Mapping[str, str | None] | None = None) -> list[Annotation]:
    """Read and check rounds, whatever the order of the files.

    Parameters
    ----------
    files
        Files named `round-NNNN.jsonl`.
    task
        What a result may say.
    corrections
        Labels of an earlier label set, and what each is called now; None for one that is no more.

    Returns
    -------
    Annotations, sorted by round and line.

    Raises
    ------
    InputError
        A file has another name, two have the same number, or a line is not a valid annotation.
    """
    numbered: dict[int, Path] = {}
    for path in sorted(files):
        match = NAME.fullmatch(path.name)
        if not match:
            raise InputError(f"{path}: not the name of a round; round-NNNN.jsonl is expected, such as round-0001.jsonl")
        number = int(match[1])
        if number in numbered:
            raise InputError(f"{path}: round {number} is also in {numbered[number]}; give each round its own number")
        numbered[number] = path
    return [
        annotation
        for number in sorted(numbered)
        for annotation in _round(numbered[number], number, task, corrections or {})
    ]


def current(annotations: Iterable[Annotation]) -> list[Annotation]:
    """Keep each person's latest word on each record; a deleted annotation leaves none.

    Returns
    -------
    Annotations with the actions submitted and skipped, sorted by record and annotator.
    """
    latest: dict[tuple[str, str], Annotation] = {}
    for annotation in sorted(annotations, key=lambda each: (each.round, each.line)):
        latest[annotation.record, annotation.annotator] = annotation
    return [annotation for _, annotation in sorted(latest.items()) if annotation.action != "deleted"]


def _round(path: Path, number: int, task: Task, corrections: Mapping[str, str | None]) -> Iterable[Annotation]:
    with open(path, "rb") as file:
        for place, line in enumerate(file, 1):
            try:
                entry = _entry(line)
                result = _corrected(entry["result"], corrections)
                void = entry["action"] == "submitted" and result is None
                value = task.parse(result) if entry["action"] == "submitted" and result is not None else None
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}, line {place}: {error}; correct the line or take it out") from error
            yield Annotation(round=number, line=place, **entry, value=value, void=void)


def _corrected(result: list[Any], corrections: Mapping[str, str | None]) -> list[Any] | None:
    """Put the present names of labels into a result; None if one of its labels is no more."""
    if not corrections:
        return result
    told = json.loads(json.dumps(result))
    for region in told:
        for holder in (region.get("value"), region):  # a relation's labels are beside its value
            for key, labels in holder.items() if isinstance(holder, dict) else ():
                if isinstance(labels, list) and all(isinstance(label, str) for label in labels):
                    now = [corrections.get(label, label) for label in labels]
                    if None in now:
                        return None
                    holder[key] = list(dict.fromkeys(now))
    return told


def _entry(line: bytes) -> dict[str, Any]:
    try:
        entry = json.loads(line.decode("utf-8"), object_pairs_hook=_object)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"not a line of JSON in UTF-8 ({error})") from error
    if type(entry) is not dict:
        raise ValueError(f"a JSON object is expected, found {entry!r:.100}")
    for key in entry:
        if key not in CHECKS:
            raise ValueError(f"unknown key {key!r:.100}; allowed are {', '.join(CHECKS)}")
    for key, (valid, expected) in CHECKS.items():
        if key not in entry:
            if key in OPTIONAL:
                continue
            raise ValueError(f"the key {key!r} is missing; {expected} is expected")
        if not valid(entry[key]):
            raise ValueError(f"{key}: {expected} is expected, found {entry[key]!r:.100}")
    return entry


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} stands twice")
    return made


def _text(value: Any) -> bool:
    return isinstance(value, str) and value != "" and not SURROGATE.search(value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _shown(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"by", "value", "confidence"}
        and _text(value["by"])
        and _number(value["confidence"])
        and 0 <= value["confidence"] <= 1
    )


# One entry per key of an annotation: whether a value is valid, and what is expected.
CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "record": (_text, "a text"),
    "content": (_text, "a text"),
    "annotator": (_text, "a text"),
    "action": (lambda value: value in ACTIONS, "one of " + ", ".join(ACTIONS)),
    "queue": (
        lambda value: isinstance(value, str) and QUEUE.fullmatch(value) is not None,
        "one of random, active, direct, audit:<number>",
    ),
    "result": (
        lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
        "a list of Label Studio's results",
    ),
    "shown": (lambda value: value is None or _shown(value), "null or {by, value, confidence from 0 to 1}"),
    "guideline": (_text, "a text"),
    "seconds": (lambda value: value is None or (_number(value) and value >= 0), "null or a number from 0"),
    "at": (lambda value: value is None or _time(value), "null or a time with its zone, as 2026-11-22T09:14:03Z,"),
    "ground_truth": (lambda value: value is True, "true, or no such key,"),
}
OPTIONAL = ("ground_truth",)
