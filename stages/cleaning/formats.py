"""One written form for numbers, dates, units and values. What does not fit the declared form is rejected."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from stages import InputError
from stages.cleaning.base import Outcome, flags, reasons, texts, with_texts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Numbers:
    """Write numbers with a decimal point and no signs between thousands: `1.234,5` becomes `1234.5`.

    Parameters
    ----------
    field
        The column.
    decimal, thousands
        The signs that the source uses; `thousands` may be empty.
    """

    field: str
    decimal: str = "."
    thousands: str = ","

    def __post_init__(self) -> None:
        _check_signs(self.decimal, self.thousands)

    def apply(self, table: pd.DataFrame) -> Outcome:
        form = re.compile(rf"\s*({_number(self.decimal, self.thousands)}(?:[eE][+-]?[0-9]+)?)\s*")

        def rewrite(text: str) -> str | None:
            match = form.fullmatch(text)
            return _plain(match[1], self.decimal, self.thousands).removeprefix("+") if match else None

        return _rewritten(table, self.field, rewrite, f"a number such as 1{self.thousands}234{self.decimal}5")


@dataclass(frozen=True)
class Dates:
    """Write dates and times as ISO 8601: `24.12.2026` becomes `2026-12-24`.

    Parameters
    ----------
    field
        The column.
    formats
        The forms that the source uses, as of `datetime.strptime`; the first that fits counts.
    """

    field: str
    formats: list[str]

    def __post_init__(self) -> None:
        for form in self.formats:
            try:
                datetime.strptime(datetime(2001, 2, 3).strftime(form), form)
            except ValueError as error:
                raise InputError(f"'formats' has {form!r}, which is no date format ({error})") from error

    def apply(self, table: pd.DataFrame) -> Outcome:
        def rewrite(text: str) -> str | None:
            for form in self.formats:
                try:
                    when = datetime.strptime(text.strip(), form)
                except ValueError:
                    continue
                timed = any(sign in form for sign in ("%H", "%I", "%M", "%S", "%c", "%X"))
                return when.isoformat() if timed else when.date().isoformat()
            return None

        return _rewritten(table, self.field, rewrite, f"a date as {' or '.join(self.formats)}")


@dataclass(frozen=True)
class Units:
    """Write quantities as plain numbers in one unit: with factors `{m: 1, km: 1000}`, `1.5 km` becomes `1500`.

    A unit may stand before the number, as a currency does: `$ 12`. What a currency is worth is declared, not looked up.

    Parameters
    ----------
    field
        The column.
    factors
        What each unit is worth in the wanted one; an empty name allows numbers without a unit.
    decimal, thousands
        As in `Numbers`.
    """

    field: str
    factors: dict[str, float]
    decimal: str = "."
    thousands: str = ""

    def __post_init__(self) -> None:
        _check_signs(self.decimal, self.thousands)

    def apply(self, table: pd.DataFrame) -> Outcome:
        factors = {unit: Decimal(repr(factor)) for unit, factor in self.factors.items()}
        form = re.compile(rf"\s*([^0-9+-]*?)\s*({_number(self.decimal, self.thousands)})\s*(.*?)\s*")

        def rewrite(text: str) -> str | None:
            match = form.fullmatch(text)
            if not match or (match[1] and match[3]) or (unit := match[1] or match[3]) not in factors:
                return None
            value = f"{Decimal(_plain(match[2], self.decimal, self.thousands)) * factors[unit]:f}"
            return value.rstrip("0").rstrip(".") if "." in value else value

        return _rewritten(table, self.field, rewrite, f"a number with a unit of {', '.join(map(repr, factors))}")


@dataclass(frozen=True)
class MapValues:
    """Replace whole values.

    Parameters
    ----------
    field
        The column.
    values
        Old value: new value; null makes it missing.
    others
        What becomes of values that are not named: `keep` or `reject`.
    """

    field: str
    values: dict[str, str | None]
    others: Literal["keep", "reject"] = "keep"

    def apply(self, table: pd.DataFrame) -> Outcome:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = texts(table, self.field)
        old = pa.array(list(self.values), column.type)
        new = pa.array(list(self.values.values()), column.type)
        place = pc.index_in(column, old)
        mapped = pc.if_else(pc.is_valid(place), new.take(place), column)
        unnamed = flags(pc.and_(pc.is_valid(column), pc.is_null(place)))
        if self.others == "keep":
            unnamed[:] = False
        say = [
            f"{self.field} is {text!r}, not {' or '.join(self.values)}" for text in column.filter(unnamed).to_pylist()
        ]
        return Outcome(with_texts(table, self.field, mapped), reasons(table, unnamed, say))


def _check_signs(decimal: str, thousands: str) -> None:
    if len(decimal) != 1 or len(thousands) > 1 or decimal == thousands:
        found = f"decimal {decimal!r}, thousands {thousands!r}"
        raise InputError(f"'decimal' and 'thousands' must be two different characters, found {found}")


def _number(decimal: str, thousands: str) -> str:
    """A pattern of numbers with these signs."""
    grouped = rf"[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+|" if thousands else ""
    return rf"[+-]?(?:{grouped}[0-9]+)(?:{re.escape(decimal)}[0-9]+)?"


def _plain(number: str, decimal: str, thousands: str) -> str:
    return number.replace(thousands, "").replace(decimal, ".")


def _rewritten(table: pd.DataFrame, field: str, rewrite: Callable[[str], str | None], expected: str) -> Outcome:
    """Rewrite each different value once; reject the rows whose value gives None."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = texts(table, field)
    encoded = column.dictionary_encode()
    new = pa.array([rewrite(text) for text in encoded.dictionary.to_pylist()], column.type)
    rewritten = new.take(encoded.indices)
    unfit = flags(pc.and_(pc.is_valid(column), pc.is_null(rewritten)))
    say = [f"{field} is {text!r}, not {expected}" for text in column.filter(unfit).to_pylist()]
    return Outcome(with_texts(table, field, pc.coalesce(rewritten, column)), reasons(table, unfit, say))
