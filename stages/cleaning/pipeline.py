"""Operators in order, over shards, in as few passes as their decisions allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stages import InputError, media
from stages.cleaning.base import Operator, Outcome, WholeTableOperator, flags, texts
from stages.cleaning.schema import Types, finished
from stages.cleaning.validation import Schema
from stages.engine import Engine
from stages.tables import Rule, Shard, sort_by_id
from stages.tables.shards import Columns, schema_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TYPES, SCHEMA = "types", "schema"  # the names of the last steps
NAMING = ("field", "fields", "by", "time", "winner")  # attributes of operators that name fields
COUNTED = ("seen", "changed", "rejected")
Operators = Mapping[str, Operator | WholeTableOperator | None]
Named = tuple[str, Any]  # an operator of either kind under its name
Seen = Mapping[str, Any]  # what was found out about files, by reference


@dataclass(frozen=True)
class Cleaned:
    """What cleaning made of a table.

    Parameters
    ----------
    counts
        For each operator in order, and `types` and `schema` last: how many rows it has `seen`, `changed`, `rejected`.
    kept_shards, rejected_shards, trail_shards
        Where the rows are; of the rejected ones, and of the trail, several for each shard of the table.
    """

    counts: Mapping[str, Mapping[str, int]]
    kept_shards: Sequence[Shard]
    rejected_shards: Sequence[Sequence[Shard]]
    trail_shards: Sequence[Sequence[Shard]]

    @property
    def kept(self) -> Iterator[pd.DataFrame]:
        """The records, sorted by id, with the first columns of `columns`."""
        return (shard.read() for shard in self.kept_shards)

    @property
    def rejected(self) -> Iterator[pd.DataFrame]:
        """The rejected records, sorted by id, as they stood then, with the other columns of `columns`."""
        return _joined(self.rejected_shards)

    @property
    def trail(self) -> Iterator[pd.DataFrame]:
        """Which operator changed which field of which record, or noted what; by id, then in the order of operators."""
        return _joined(self.trail_shards)


TRAIL: Columns = dict.fromkeys(["id", "operator", "field", "note"], "text")


def _joined(shards: Sequence[Sequence[Shard]]) -> Iterator[pd.DataFrame]:
    import pandas as pd

    return (sort_by_id(pd.concat([shard.read() for shard in parts])) for parts in shards if parts)


def columns(fields: Mapping[str, str]) -> tuple[Columns, Columns]:
    """The columns of the records that are kept, and of those that are rejected, by the declared fields."""
    kinds = {name: "number" if kind == "number" else "text" for name, kind in fields.items()}
    kept = {"id": "text", "content": "text", **kinds, "source": "text"}
    return kept, dict.fromkeys(["id", "operator", "reason", "source", *fields], "text")


def clean(
    shards: Sequence[Shard],
    operators: Operators,
    fields: Mapping[str, str],
    shown: Sequence[str],
    engine: Engine,
    scratch: str | Path,
    store: media.Store | None = None,
    schema: Mapping[str, Rule] | None = None,
    rate: int = 16_000,
) -> Cleaned:
    """Apply operators in order, hold the records against types and schema, and add the hash of what is shown.

    Parameters
    ----------
    shards
        A table sorted by id, with the text columns `id`, the fields, and `source`.
    operators
        By name, in order; null is switched off.
    fields
        Name: type (text, number, date, category, image, audio, json).
    shown
        The fields that an annotator sees.
    scratch
        An empty folder for what passes between operators; the result is read from it.
    store
        Where the records' files are put; needed where a field is an image or audio.
    schema
        What the values of a field must be, by field.
    rate
        The samples per second that sounds get.

    Raises
    ------
    InputError
        An operator names a field that the table does not have, a name is taken, or records break a rule that stops.
    """
    chosen = [(name, operator) for name, operator in operators.items() if operator is not None]
    _check(chosen, fields)
    steps: list[Named] = [*chosen, (TYPES, Types(fields))]
    if schema:
        steps.append((SCHEMA, Schema(schema, fields)))
    kept: Sequence[Shard] = shards
    decisions: Sequence[Any] = [None] * len(kept)
    known: Sequence[Seen] = [{}] * len(kept)
    passes: list[list[_Part]] = []
    for work in _passes(steps, fields, shown, Path(scratch), store, rate):
        given = zip(kept, decisions, known, strict=True)
        tasks = [_Task(i, shard, decision, seen) for i, (shard, decision, seen) in enumerate(given)]
        done = engine.map(partial(_worker, work), tasks, what=f"clean: {', '.join(name for name, _ in work.operators)}")
        if passes:
            for shard in kept:
                Path(shard.path).unlink()
        passes.append([part for part, _, _ in done])
        kept, known = [part.kept for part, _, _ in done], [seen for _, _, seen in done]
        if work.then and done:
            decisions = work.then.decide([summary for _, summary, _ in done], kept)
    _check_rows(passes)
    rejected = [[shard for part in parts for shard in part.rejected] for parts in zip(*passes, strict=True)]
    trail = [[shard for part in parts for shard in part.trail] for parts in zip(*passes, strict=True)]
    return Cleaned(_totals([name for name, _ in steps], passes), kept, rejected, trail)


def _check(operators: Sequence[Named], fields: Mapping[str, str]) -> None:
    taken = {"id", "content", "source", "operator", "reason"}.intersection(fields)
    if taken:
        raise InputError(f"fields: {', '.join(sorted(taken))} cannot be a field's name; the table has such a column")
    for name, operator in operators:
        if name in (TYPES, SCHEMA):
            raise InputError(f"cleaning.{name}: a last step has this name; choose another")
        if not callable(getattr(operator, "apply", None)):
            what = f"{type(operator).__module__}.{type(operator).__name__}"
            raise InputError(
                f"cleaning.{name}: {what} has no `apply`; stages/cleaning/base.py says what an operator is"
            )
        given = (getattr(operator, key, None) or [] for key in NAMING)
        for each in chain.from_iterable([each] if isinstance(each, str) else each for each in given):
            if each not in fields:
                raise InputError(f"cleaning.{name}: there is no field {each!r}; the dataset has {', '.join(fields)}")


@dataclass(frozen=True)
class _Pass:
    """The operators from one decision to the next."""

    number: int
    operators: Sequence[Named]
    then: WholeTableOperator | None  # what to summarise for at the end; None for the last pass
    fields: Mapping[str, str]
    shown: Sequence[str]
    folder: Path
    store: media.Store | None
    rate: int


class _Task(NamedTuple):
    number: int
    shard: Shard
    decision: Any  # for the first operator, in all passes but the first
    seen: Seen  # of its files, in passes before: each is decoded once


class _Part(NamedTuple):
    """What a pass made of a shard."""

    rows: int
    kept: Shard
    rows_kept: int
    rejected: list[Shard]
    rows_rejected: int
    trail: list[Shard]
    counts: dict[str, dict[str, int]]  # per operator


def _passes(
    operators: Sequence[Named],
    fields: Mapping[str, str],
    shown: Sequence[str],
    folder: Path,
    store: media.Store | None,
    rate: int,
) -> Iterator[_Pass]:
    starts = [i for i, (_, operator) in enumerate(operators) if _whole(operator)]
    ends = [*starts, len(operators)]
    for number, (start, end) in enumerate(zip([0, *starts], ends, strict=True)):
        then = operators[end][1] if end < len(operators) else None
        yield _Pass(number, operators[start:end], then, fields, shown, folder, store, rate)


def _whole(operator: Any) -> bool:
    return hasattr(operator, "summarise") and not getattr(operator, "row_wise", False)


def _worker(work: _Pass) -> Callable[[_Task], tuple[_Part, Any, Seen]]:
    return partial(_run, work)


def _run(work: _Pass, task: _Task) -> tuple[_Part, Any, Seen]:
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
        table = finished(table, work.fields, work.shown, work.store, work.rate)
    kept = _write(work.folder / f"kept-{work.number}-{task.number:05d}.arrow", [table], kinds)
    ending = f"-{work.number}-{task.number:05d}.arrow"
    drafts = [_write(work.folder / f"rejected{ending}", rejected, rejected_columns)] if rejected else []
    trails = [_write(work.folder / f"trail{ending}", trail, TRAIL)] if trail else []
    seen = media.take_seen()
    part = _Part(rows, kept, len(table), drafts, sum(map(len, rejected)), trails, counts)
    return part, summary, seen if work.then else {}


def _check_rows(passes: Sequence[Sequence[_Part]]) -> None:
    """Hold the pipeline to its promise that each row is kept or rejected."""
    for parts in zip(*passes, strict=True):
        expected = parts[0].rows
        for part in parts:
            if not part.rows == expected == part.rows_kept + part.rows_rejected:
                found = f"{part.rows} rows, of which {part.rows_kept} were kept and {part.rows_rejected} rejected"
                raise RuntimeError(f"rows went astray in {part.kept.path}: {expected} expected, {found}")
            expected = part.rows_kept


def _totals(names: Sequence[str], passes: Sequence[Sequence[_Part]]) -> dict[str, dict[str, int]]:
    totals = {name: dict.fromkeys(COUNTED, 0) for name in names}
    for part in chain(*passes):
        for name, counted in part.counts.items():
            for key, count in counted.items():
                totals[name][key] += count
    return totals


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


@dataclass(frozen=True)
class _Draft(Shard):
    """A table between two passes, in Arrow's own format, which takes no time to read and write."""

    def read(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa

        with pa.OSFile(self.path) as file:
            table = pa.ipc.open_file(file).read_all()
        text = pd.StringDtype("pyarrow", na_value=float("nan"))
        return table.select(columns or table.column_names).to_pandas(types_mapper={pa.string(): text}.get)


def _write(path: Path, frames: Sequence[pd.DataFrame], kinds: Columns) -> Shard:
    import pyarrow as pa

    schema = schema_of(kinds)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for frame in frames:
            writer.write(pa.Table.from_pandas(frame, schema, preserve_index=False))
    return _Draft(str(path))
