"""Operators from one decision to the next, applied to a shard at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stages import media
from stages.cleaning.base import Outcome, WholeTableOperator, flags, texts
from stages.cleaning.drafts import TRAIL, columns, write
from stages.cleaning.schema import finished
from stages.tables import Shard

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

COUNTED = ("seen", "changed", "rejected")
Named = tuple[str, Any]  # an operator of either kind under its name
Seen = Mapping[str, Any]  # what was found out about files, by reference


@dataclass(frozen=True)
class Pass:
    """The operators from one decision to the next."""

    number: int
    operators: Sequence[Named]
    then: WholeTableOperator | None  # what to summarise for at the end; None for the last pass
    fields: Mapping[str, str]
    shown: Sequence[str]
    folder: Path
    store: media.Store | None


class Task(NamedTuple):
    number: int
    shard: Shard
    decision: Any  # for the first operator, in all passes but the first
    seen: Seen  # of its files, in passes before: each is decoded once


class Part(NamedTuple):
    """What a pass made of a shard."""

    rows: int
    kept: Shard
    rows_kept: int
    rejected: list[Shard]
    rows_rejected: int
    trail: list[Shard]
    counts: dict[str, dict[str, int]]  # per operator


def plan(
    operators: Sequence[Named],
    fields: Mapping[str, str],
    shown: Sequence[str],
    folder: Path,
    store: media.Store | None,
) -> Iterator[Pass]:
    """Part operators into passes: one that decides by the whole table begins a pass, summarised for in that before."""
    starts = [i for i, (_, operator) in enumerate(operators) if _whole(operator)]
    ends = [*starts, len(operators)]
    for number, (start, end) in enumerate(zip([0, *starts], ends, strict=True)):
        then = operators[end][1] if end < len(operators) else None
        yield Pass(number, operators[start:end], then, fields, shown, folder, store)


def _whole(operator: Any) -> bool:
    return hasattr(operator, "summarise") and not getattr(operator, "row_wise", False)


def worker(work: Pass) -> Callable[[Task], tuple[Part, Any, Seen]]:
    """Make what applies a pass to a shard, in another process."""
    return partial(_run, work)


def _run(work: Pass, task: Task) -> tuple[Part, Any, Seen]:
    """Apply the operators of a pass to a shard.

    Returns
    -------
    What became of it; its summary for the next operator; and what was found out about its files, for the next pass.
    """
    import numpy as np

    kept_columns, rejected_columns = columns(work.fields)
    table = task.shard.read(["id", *work.fields, "source"])
    media.remember(task.seen)
    rows, counts, rejected, trail = len(table), {}, [], []
    for place, (name, operator) in enumerate(work.operators):
        outcome = operator.apply(table, task.decision) if work.number and not place else operator.apply(table)
        _check_outcome(name, table, outcome)
        out = table.index.isin(outcome.rejected.index)
        fields = work.fields if outcome.table is not table else ()
        changed = {field: _changed(table, outcome.table, field) & ~out for field in fields}
        touched = np.logical_or.reduce([np.zeros(len(table), dtype=bool), *changed.values()])
        counts[name] = dict(zip(COUNTED, (len(table), int(touched.sum()), int(out.sum())), strict=True))
        trail += _trail(name, table, changed, outcome.noted)
        if out.any():
            rejected.append(table[out].assign(operator=name, reason=outcome.rejected))
        table = outcome.table[~out] if out.any() else outcome.table
    summary, kinds = None, kept_columns
    if work.then:
        summary, kinds = work.then.summarise(table), dict.fromkeys(["id", *work.fields, "source"], "text")
    else:
        table = finished(table, work.fields, work.shown, work.store)
    kept = write(work.folder / f"kept-{work.number}-{task.number:05d}.arrow", [table], kinds)
    ending = f"-{work.number}-{task.number:05d}.arrow"
    drafts = [write(work.folder / f"rejected{ending}", rejected, rejected_columns)] if rejected else []
    trails = [write(work.folder / f"trail{ending}", trail, TRAIL)] if trail else []
    seen = media.take_seen()
    part = Part(rows, kept, len(table), drafts, sum(map(len, rejected)), trails, counts)
    return part, summary, seen if work.then else {}


def _check_outcome(name: str, before: pd.DataFrame, outcome: Outcome) -> None:
    """Hold operators, which may be a user's own, to their contract."""
    same = outcome.table is before
    if not same and not (outcome.table.index.equals(before.index) and outcome.table["id"].equals(before["id"])):
        raise RuntimeError(f"cleaning.{name}: an operator must return the rows that it was given, and reject by reason")
    reasons = outcome.rejected.index
    if not reasons.is_unique or not reasons.isin(before.index).all():
        raise RuntimeError(f"cleaning.{name}: one reason for each rejected row is expected, under its index")


def _changed(before: pd.DataFrame, after: pd.DataFrame, field: str) -> np.ndarray:
    import pyarrow.compute as pc

    old, new = texts(before, field), texts(after, field)
    return flags(pc.or_kleene(pc.not_equal(old, new), pc.xor(old.is_null(), new.is_null())))


def _trail(
    name: str, table: pd.DataFrame, changed: Mapping[str, np.ndarray], noted: pd.Series[str] | None
) -> list[pd.DataFrame]:
    ids = table["id"]
    frames = [
        ids[mask].to_frame().assign(operator=name, field=field, note=None)
        for field, mask in changed.items()
        if mask.any()
    ]
    if noted is not None and len(noted):
        frames.append(ids.loc[noted.index].to_frame().assign(operator=name, field=None, note=noted))
    return frames
