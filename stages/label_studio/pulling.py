"""How what people answered in Label Studio differs from the rounds: the next round."""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stages import InputError
from stages.label_studio.exports import Answers, Key, answers
from stages.label_studio.pseudonyms import Names
from stages.review.lines import Line, time_of
from stages.tables import whole, write_lines
from stages.tasks import Interface

NAMED = 10  # records or reasons that a summary names at most
ROUND = re.compile(r"round-([0-9]{4})\.jsonl")


@dataclass(frozen=True)
class Difference:
    """What the next round has to say.

    Attributes
    ----------
    new, changed, deleted
        Its lines.
    unchanged
        How many answers are in the rounds as they are.
    gone
        Records with answers in the rounds, whose task is no longer on the server: their answers stay.
    """

    new: list[Line]
    changed: list[Line]
    deleted: list[Line]
    unchanged: int
    gone: list[str]


@dataclass(frozen=True)
class Pulled:
    """The next round, and what a person wants to know of it.

    Attributes
    ----------
    lines
        Sorted by record and annotator.
    difference
        What they are made of.
    left_out
        Why an answer on the server could not be taken.
    empty
        How many answers on the server were submitted without any result, though the interface asks for one.
    unknown
        Records of its lines that are not in the data.
    """

    lines: list[dict[str, Any]]
    difference: Difference
    left_out: list[str]
    empty: int
    unknown: list[str]

    def summary(self) -> str:
        each = self.difference
        said = [
            f"{len(each.new):,} new, {len(each.changed):,} changed, "
            f"{len(each.deleted):,} deleted, {each.unchanged:,} unchanged"
        ]
        skipped = sum(answer.action == "skipped" for answer in [*each.new, *each.changed])
        if skipped:
            empty = f", {self.empty:,} answers on the server submitted empty" if self.empty else ""
            said.append(f"{skipped:,} of them skipped{empty}")
        if self.unknown:
            said.append(f"{_named(self.unknown)} not in data/clean/records: pulled all the same")
        if each.gone:
            said.append(f"{_named(each.gone)} answered in the rounds, without a task on the server: kept")
        if self.left_out:
            said.append(f"{len(self.left_out):,} answers left out:")
            said += [f"  {reason}" for reason in self.left_out[:NAMED]]
        return "\n".join(said)


def _named(records: Sequence[str]) -> str:
    more = ", …" if len(records) > NAMED else ""
    one = "record is" if len(records) == 1 else "records are"
    return f"{len(records):,} {one} ({', '.join(records[:NAMED])}{more})"


def difference(found: Answers, rounds: Iterable[Line], people: Collection[str], guideline: str) -> Difference:
    """Hold the answers of an export against the rounds.

    An answer of the rounds was deleted if it was given on the task that the export has, by somebody whom the server
    knows, and is there no more. What was given elsewhere, or on a task that is gone, stays.

    Parameters
    ----------
    found
        The answers of an export.
    rounds
        The standing lines of all rounds, one per record and annotator.
    people
        The pseudonyms of all whom the server knows.
    guideline
        The hash of the present guideline.

    Raises
    ------
    InputError
        The same answer stands in the rounds under another name.
    """
    standing = {(line.record, line.annotator): line for line in rounds}
    known = {_trace(line): line.annotator for line in standing.values() if line.at}
    given = _recognised(found.given, known, people)
    new, changed = [], []
    for key, answer in sorted(given.items()):
        line = standing.get(key)
        if line is None:
            if name := known.get(_trace(answer)):
                raise InputError(
                    f"record {answer.record}: the answer of {answer.at} stands in the rounds as given by {name}, and "
                    f"now comes from {answer.annotator}; the salt of the pseudonyms is another than it was "
                    "(LABEL_STUDIO_SALT, .label-studio/salt), or one export was read from a file and one from the "
                    "server: nothing was written"
                )
            new.append(answer)
        elif _said(line) != _said(answer) or (line.content != answer.content and line.at != answer.at):
            changed.append(answer)  # the same answer, given again to a record that has changed since, is news too
    people = {*people, *(annotator for _, annotator in given)}
    deleted = [
        _deletion(line, guideline)
        for key, line in sorted(standing.items())
        if key not in given and key not in found.left_out and _made_there(line, found, people)
    ]
    gone = {
        line.record
        for line in standing.values()
        if line.at and line.annotator in people and line.record not in found.since
    }
    return Difference(new, changed, deleted, len(given) - len(new) - len(changed), sorted(gone))


def _recognised(given: Mapping[Key, Line], known: Mapping[Any, str], people: Collection[str]) -> dict[Key, Line]:
    """Give those who left the server, which then hides their addresses, the names that they have in the rounds."""
    left = {
        annotator: known[_trace(answer)]
        for (_, annotator), answer in given.items()
        if people and annotator not in people and _trace(answer) in known
    }
    renamed = [replace(answer, annotator=left.get(answer.annotator, answer.annotator)) for answer in given.values()]
    return {(answer.record, answer.annotator): answer for answer in renamed}


def _trace(answer: Line) -> tuple[Any, ...]:
    """Give what no two answers share, whatever their authors are called."""
    return answer.record, answer.at, json.dumps(answer.result, sort_keys=True)


def _said(answer: Line) -> tuple[Any, ...]:
    return answer.action, answer.result, answer.ground_truth


def _made_there(line: Line, found: Answers, people: Collection[str]) -> bool:
    made, given = found.since.get(line.record), time_of(line.at)
    return made is not None and given is not None and given >= made and line.annotator in people


def _deletion(line: Line, guideline: str) -> Line:
    return Line(line.record, line.content, line.annotator, "deleted", line.queue, [], None, guideline, None, None)


def pull(
    tasks: Iterable[Any],
    interface: Interface,
    names: Names,
    rounds: Iterable[Line],
    records: Collection[str],
    where: str,
    deletions: float | None,
) -> Pulled:
    """Work out the next round.

    Parameters
    ----------
    tasks
        As `exports` reads them.
    interface, names
        What a result may say; who is who.
    rounds
        The standing lines of all rounds, one per record and annotator.
    records
        The present records.
    where
        The project or file, for messages.
    deletions
        The share of the standing answers that may be deleted at most; None for any.

    Raises
    ------
    InputError
        A task names no record, more would be deleted than may be, or the rounds hold the answers under other names.
    """
    found = answers(tasks, interface, names, where)
    each = difference(found, rounds, names.everybody(), interface.guideline)
    there = len(each.deleted) + each.unchanged + len(each.changed)
    if deletions is not None and len(each.deleted) > deletions * there:
        raise InputError(
            f"{where}: {len(each.deleted):,} of {there:,} answers are no longer there, more than the share of "
            f"{deletions:g} that conf/review allows (deletions); if they were deleted on purpose: --allow-deletions"
        )
    lines = sorted([*each.new, *each.changed, *each.deleted], key=lambda answer: (answer.record, answer.annotator))
    unknown = sorted({answer.record for answer in [*each.new, *each.changed]}.difference(records))
    left_out = [reason for _, reason in sorted(found.left_out.items())]
    return Pulled([answer.written() for answer in lines], each, left_out, found.empty, unknown)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep a second pull out, from reading the rounds to writing the next one.

    Raises
    ------
    InputError
        Another is at work.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise InputError(f"{folder}: another pull is at work; wait for it") from None
    finally:
        os.close(handle)


def write(folder: Path, lines: Sequence[Mapping[str, Any]]) -> Path | None:
    """Write the next round, whole or not at all; None if there is nothing to say."""
    if not lines:
        return None
    numbers = [int(match[1]) for path in folder.iterdir() if (match := ROUND.fullmatch(path.name))]
    path = folder / f"round-{max(numbers, default=0) + 1:04d}.jsonl"
    with whole(path) as (draft,):
        write_lines(draft, lines)
    return path
