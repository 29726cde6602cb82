"""Everything that ever happened to one record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stages import InputError
from stages.versions.loading import SPLITS, parsed
from stages.versions.revisions import Revision, read_lines, read_table


@dataclass(frozen=True)
class Event:
    """Something that happened to a record.

    Parameters
    ----------
    stage
        Where.
    what
        In a few words.
    """

    stage: str
    what: str


def lineage(record: str, now: Revision, rounds: Sequence[str], versions: Iterable[Revision]) -> list[Event]:
    """Tell what happened to a record, in the order of the stages, and what it was in each version.

    Parameters
    ----------
    record
        Its id.
    now
        The checkout.
    rounds
        Paths of the rounds, in their order.
    versions
        Released versions, the oldest first; those whose data are not at hand are named as such.

    Raises
    ------
    InputError
        No record has that id, now or in any round.
    """
    events = list(_events(record, now, rounds))
    if not events:
        raise InputError(f"{record!r}: no record has this id, in data/collected/ or in any round")
    return events + [Event(version.name, _in(version, record)) for version in versions]


def _events(record: str, now: Revision, rounds: Sequence[str]) -> Iterator[Event]:
    collected = _row(now, "data/collected", record)
    if collected:
        yield Event("collect", f"from {collected.pop('source')}: {_told(collected)}")
    if cleaned := _row(now, "data/clean/records", record):
        before = collected or {}
        changed = [name for name, value in cleaned.items() if name in before and value != before[name]]
        said = ", ".join(f"{name} became {cleaned[name]!r}" for name in changed) or "unchanged"
        yield Event("clean", f"kept, {said}{_trail(now, record)}; content {cleaned['content']}")
    elif rejected := _row(now, "data/clean/rejected", record):
        yield Event("clean", f"rejected by {rejected['operator']}: {rejected['reason']}")
    if place := _row(now, "data/split", record):
        yield Event("split", f"{place['split']}, place {place['place']:,} of the random permutation")
    for path in rounds:
        for line in _lines(now, path, record):
            yield Event(path.rpartition("/")[2].removesuffix(".jsonl"), _answer(line))
    for line in _lines(now, "data/labels/human.jsonl", record):
        yield Event("import_labels", f"{_value(line['value'])}, {line['why']}")
    for line in _lines(now, "data/labels/auto.jsonl", record):
        sure = f"confidence {line['confidence']:.3f}"
        yield Event("annotate", f"{_value(line['value'])} proposed by {line['by']}, {sure}")
    for line in _lines(now, "data/dataset/labels.jsonl", record):
        yield Event("assemble", f"{_value(line['value'])} ({line['origin']}), {line['why']}")


def _trail(revision: Revision, record: str) -> str:
    """Say which operators changed which fields of a record, and what they noted."""
    steps = [
        f"{each['operator']}: {each['note'] or each['field']}" for each in _rows(revision, "data/clean/trail", record)
    ]
    return f" ({'; '.join(steps)})" if steps else ""


def _row(revision: Revision, folder: str, record: str) -> dict[str, Any] | None:
    found = _rows(revision, folder, record)
    return found[0] if found else None


def _rows(revision: Revision, folder: str, record: str) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    table = read_table(revision, folder)
    return table.filter(pc.equal(table["id"], record)).drop_columns(["id"]).to_pylist()


def _lines(revision: Revision, path: str, record: str) -> list[dict[str, Any]]:
    return [line for line in map(parsed, read_lines(revision, path)) if line["record"] == record]


def _in(version: Revision, record: str) -> str:
    try:
        split = next((split for split in SPLITS if _row(version, f"data/dataset/{split}", record)), None)
        labels = _lines(version, "data/dataset/labels.jsonl", record) if split else []
    except InputError:
        return "its data are not in DVC's cache"
    if split is None:
        return "not in it"
    return f"{split}, " + (f"{_value(labels[0]['value'])} ({labels[0]['origin']})" if labels else "without label")


def _answer(line: dict[str, Any]) -> str:
    shown = line["shown"]
    parts = [f"{line['annotator']} {line['action']}"]
    if line["action"] == "submitted":
        chosen = [each["value"] for each in line["result"]]
        parts.append(", ".join(_told(each) for each in chosen))
    parts.append(f"asked as {line['queue']}")
    if shown:
        parts.append(f"shown {_value(shown['value'])} by {shown['by']}")
    if line["seconds"] is not None:
        parts.append(f"{line['seconds']:.1f} s")
    if line["at"]:
        parts.append(line["at"])
    return ", ".join(parts)


def _told(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in values.items())


def _value(value: Any) -> str:
    return "no label" if value is None else value if isinstance(value, str) else ", ".join(map(str, value))
