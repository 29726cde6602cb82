"""The numbers of a row, changed by noise and by the numbers of other rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, ClassVar, Protocol

from stages import InputError
from stages.tables import DIGITS, Shard, dump_line, plain
from stages.tasks import Value

if TYPE_CHECKING:
    import numpy as np

Row = Sequence[float | None]  # a record's numbers, None where one is missing


@dataclass(frozen=True)
class Column:
    """What the train split says of a number.

    Parameters
    ----------
    low, high
        The smallest and the largest.
    spread
        The standard deviation.
    decimals
        How many it is written with.
    """

    low: float
    high: float
    spread: float
    decimals: int


class NumberOperator(Protocol):
    """What changes the numbers of a row. It takes all its chances from `rng`; a missing number stays missing."""

    def vary(self, row: Row, columns: Sequence[Column], others: Sequence[Row], rng: Random) -> Row:
        """Change a row; `others` are the rows of the train split with the same label, the row itself among them."""
        ...


@dataclass(frozen=True)
class Jitter:
    """Add normal noise to each number.

    Parameters
    ----------
    scale
        The noise's standard deviation, in units of the number's own on the train split.
    """

    scale: float

    def __post_init__(self) -> None:
        if not 0 < self.scale < math.inf:
            raise InputError(f"scale: a number above 0 is expected, found {self.scale:g}")

    def vary(self, row: Row, columns: Sequence[Column], others: Sequence[Row], rng: Random) -> Row:  # noqa: ARG002
        noise = [rng.gauss(0, self.scale * column.spread) for column in columns]
        return [None if value is None else value + each for value, each in zip(row, noise, strict=True)]


@dataclass(frozen=True)
class MixUp:
    """Move each number towards that of another record with the same label, all by the same share of the way.

    The share is drawn from a beta distribution with both parameters `alpha`, and taken from the nearer end, so that the
    copy stays nearer to its own record, whose other fields it has. A number that either lacks stays as it is.

    Parameters
    ----------
    alpha
        The smaller, the nearer copies are to their records; 1: any share up to a half is as likely as any other.

    References
    ----------
    H. Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018, of which this mixes no labels; the nearer end
    as in D. Berthelot et al., MixMatch, NeurIPS 2019.
    """

    alpha: float

    def __post_init__(self) -> None:
        if not 0 < self.alpha < math.inf:
            raise InputError(f"alpha: a number above 0 is expected, found {self.alpha:g}")

    def vary(self, row: Row, columns: Sequence[Column], others: Sequence[Row], rng: Random) -> Row:  # noqa: ARG002
        other = others[int(rng.random() * len(others))]
        share = rng.betavariate(self.alpha, self.alpha)
        share = min(share, 1 - share)
        return [
            mine if mine is None or theirs is None else mine * (1 - share) + theirs * share
            for mine, theirs in zip(row, other, strict=True)
        ]


@dataclass(frozen=True)
class Numbers:
    """Numbers, changed by operators in order, a row at a time.

    What is made of them has as many decimals as the train split's and stays within their range, so that there are
    neither halves of a count nor negative weights.

    Parameters
    ----------
    operators
        What changes them.
    columns
        What the train split says of each.
    others
        The labelled rows of the train split, by label.
    """

    operators: Sequence[NumberOperator]
    columns: Sequence[Column]
    others: Mapping[str, Sequence[Row]]
    task: None = None  # a label says nowhere where in a number something is
    unlike: ClassVar[bool] = True

    def open(self, cell: float) -> float:
        return cell

    def change(self, values: Row, label: Value, rng: Random) -> tuple[Row, Value]:
        row = values
        for operator in self.operators:
            row = operator.vary(row, self.columns, self.others[dump_line(label)], rng)
        made = [
            None if value is None else min(max(round(value, column.decimals) + 0.0, column.low), column.high)
            for value, column in zip(row, self.columns, strict=True)
        ]
        return made, label

    def print(self, value: float) -> float:
        return value

    def close(self, value: float, name: str) -> float:  # noqa: ARG002
        return value


def fitted(operators: Sequence[NumberOperator], fields: list[str], parents: Sequence[Shard]) -> Numbers:
    """Learn from the train split what operators need to know of the numbers in some fields."""
    import pandas as pd

    table = pd.concat([shard.read([*fields, "label"]) for shard in parents])
    columns = [_column(table[name].dropna().to_numpy(dtype=float)) for name in fields]
    table = table[table["label"].notna()]
    rows = table[fields].astype(object).where(table[fields].notna(), None).itertuples(index=False, name=None)
    others: dict[str, list[Row]] = {}
    for row, label in zip(rows, table["label"].tolist(), strict=True):
        others.setdefault(dump_line(plain(label)), []).append(row)
    return Numbers(operators, columns, others)


def _column(known: np.ndarray) -> Column:
    import numpy as np

    if not len(known):
        return Column(0, 0, 0, 0)
    known = np.sort(known)  # the order of the records must not show in the last bits of a sum
    spread = float(f"{known.std():.{DIGITS}g}")
    most = max(0, DIGITS - 1 - math.floor(math.log10(spread))) if spread else DIGITS
    decimals = next((each for each in range(most) if (known.round(each) == known).all()), most)
    return Column(float(known[0]), float(known[-1]), spread, decimals)
