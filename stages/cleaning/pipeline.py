"""Operators in order, over shards, in as few passes as their decisions allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, media
from stages.cleaning.base import Operator, WholeTableOperator
from stages.cleaning.passes import COUNTED, Named, Part, Seen, Task, plan, worker
from stages.cleaning.schema import Types
from stages.cleaning.validation import Schema
from stages.engine import Engine
from stages.tables import Rule, Shard, sort_by_id

if TYPE_CHECKING:
    import pandas as pd

TYPES, SCHEMA = "types", "schema"  # the names of the last steps
NAMING = ("field", "fields", "by", "time", "winner")  # attributes of operators that name fields
Operators = Mapping[str, Operator | WholeTableOperator | None]


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


def clean(
    shards: Sequence[Shard],
    operators: Operators,
    fields: Mapping[str, str],
    shown: Sequence[str],
    engine: Engine,
    scratch: str | Path,
    store: media.Store | None = None,
    schema: Mapping[str, Rule] | None = None,
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
    passes: list[list[Part]] = []
    for work in plan(steps, fields, shown, Path(scratch), store):
        given = zip(kept, decisions, known, strict=True)
        tasks = [Task(i, shard, decision, seen) for i, (shard, decision, seen) in enumerate(given)]
        done = engine.map(partial(worker, work), tasks, what=f"clean: {', '.join(name for name, _ in work.operators)}")
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


def _check_rows(passes: Sequence[Sequence[Part]]) -> None:
    """Hold the pipeline to its promise that each row is kept or rejected."""
    for parts in zip(*passes, strict=True):
        expected = parts[0].rows
        for part in parts:
            if not part.rows == expected == part.rows_kept + part.rows_rejected:
                found = f"{part.rows} rows, of which {part.rows_kept} were kept and {part.rows_rejected} rejected"
                raise RuntimeError(f"rows went astray in {part.kept.path}: {expected} expected, {found}")
            expected = part.rows_kept


def _totals(names: Sequence[str], passes: Sequence[Sequence[Part]]) -> dict[str, dict[str, int]]:
    totals = {name: dict.fromkeys(COUNTED, 0) for name in names}
    for part in chain(*passes):
        for name, counted in part.counts.items():
            for key, count in counted.items():
                totals[name][key] += count
    return totals


def _joined(shards: Sequence[Sequence[Shard]]) -> Iterator[pd.DataFrame]:
    import pandas as pd

    return (sort_by_id(pd.concat([shard.read() for shard in parts])) for parts in shards if parts)
