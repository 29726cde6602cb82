"""A line of a round: what a person answered, and what its keys may hold."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TypeGuard

ACTIONS = ("submitted", "skipped", "deleted")
QUEUE = re.compile(r"random|active|direct|audit:[1-9][0-9]*")
SURROGATE = re.compile("[\ud800-\udfff]")  # half of a pair passes JSON but can be written nowhere


@dataclass(frozen=True, slots=True)
class Line:
    """What a person says of a record.

    Parameters
    ----------
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
    ground_truth
        Whether it adjudicates: it stands above all votes, as Label Studio's ground truth. The key is in a line only
        where it is true.
    """

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
    ground_truth: bool = False

    def written(self) -> dict[str, Any]:
        """The object that stands in the round."""
        line = asdict(self)
        if not self.ground_truth:
            del line["ground_truth"]
        return line


def parsed(line: bytes) -> dict[str, Any]:
    """The keys of a line as it stands in a round.

    Raises
    ------
    ValueError
        It says what is wrong.
    """
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


def text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value != "" and not SURROGATE.search(value)


def number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def time_of(value: Any) -> datetime | None:
    """A moment with its zone; None where there is none."""
    try:
        time = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return None
    return time if time.tzinfo else None


def _shown(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"by", "value", "confidence"}
        and text(value["by"])
        and number(value["confidence"])
        and 0 <= value["confidence"] <= 1
    )


# One entry per key of an annotation: whether a value is valid, and what is expected.
CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "record": (text, "a text"),
    "content": (text, "a text"),
    "annotator": (text, "a text"),
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
    "guideline": (text, "a text"),
    "seconds": (lambda value: value is None or (number(value) and value >= 0), "null or a number from 0"),
    "at": (
        lambda value: value is None or time_of(value) is not None,
        "null or a time with its zone, as 2026-11-22T09:14:03Z,",
    ),
    "ground_truth": (lambda value: value is True, "true, or no such key,"),
}
OPTIONAL = ("ground_truth",)
