"""Rounds: what people answered, one annotation a line, appended and never rewritten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from stages import InputError
from stages.review.lines import Line, parsed
from stages.tasks import Task, Value

REMEDY = "correct the line or take it out"
RENAMED = "what an earlier label is called now: conf/labeling/<name>.yaml (earlier: present); else"
CONFLICT = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")
NAME = re.compile(r"round-([0-9]{4})\.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation(Line):
    """A line that stands in a round.

    Parameters
    ----------
    round, line
        Where it stands; both count from 1.
    value
        What the result says; None unless submitted.
    void
        Whether the label that it gives is no more, or its text has moved under it: its record has to be labelled anew.
    """

    round: int
    line: int
    value: Value
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
        A file has another name, two have the same number, one between others is missing, or a line is not a valid
        annotation.
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
    for before, after in pairwise(sorted(numbered)):
        if after > before + 1:
            gone = numbered[after].with_name(f"round-{before + 1:04d}.jsonl")
            what_to_do = f"git checkout {gone} brings it back; a round that must go leaves an empty file"
            raise InputError(f"{gone}: this round is missing between {before} and {after}; {what_to_do}")
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
            if line.startswith(CONFLICT):
                raise InputError(
                    f"{path}, line {place}: git's mark of a merge conflict: two branches wrote round {number}; keep "
                    f"yours (git checkout --ours {path}), and save theirs under the next number "
                    f"(git show MERGE_HEAD:{path} > {path.with_name('round-NNNN.jsonl')})"
                )
            try:
                entry = parsed(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}, line {place}: {error}; {REMEDY}") from error
            try:
                result = _corrected(entry["result"], corrections)
                void = entry["action"] == "submitted" and result is None
                value = task.parse(result) if entry["action"] == "submitted" and result is not None else None
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}, line {place}: {error}; {RENAMED} {REMEDY}") from error
            yield Annotation(round=number, line=place, **entry, value=value, void=void)


def _corrected(result: list[Any], corrections: Mapping[str, str | None]) -> list[Any] | None:
    """Put the present names of labels into a result; None if one of its labels is no more."""
    if not corrections:
        return result
    told = json.loads(json.dumps(result))
    for region in told:
        # labels stand in a value under the name of the control's type, and beside it in a relation; texts do not
        for holder, key in ((region.get("value"), region.get("type")), (region, "labels")):
            labels = holder.get(key) if isinstance(holder, dict) and isinstance(key, str) else None
            if isinstance(labels, list) and all(isinstance(label, str) for label in labels):
                now = [corrections.get(label, label) for label in labels]
                if None in now:
                    return None
                holder[key] = list(dict.fromkeys(now))
    return told
