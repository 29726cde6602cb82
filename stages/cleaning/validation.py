"""The declared schema: what the values of each field must be once cleaning is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.cleaning import groups
from stages.cleaning.base import Outcome, texts
from stages.cleaning.groups import Decision
from stages.cleaning.missing import blank
from stages.cleaning.numeric import numbers
from stages.tables import Rule

if TYPE_CHECKING:
    import pandas as pd

    from stages.tables import Shard

NAMED = 5  # records that a message names


@dataclass(frozen=True)
class Schema:
    """Hold records against rules, by pandera (Bantilan 2020, doi:10.25080/Majora-342d178e-010).

    Parameters
    ----------
    rules
        By field.
    types
        Field: type; those of type `number` are held against rules as numbers.
    """

    rules: Mapping[str, Rule]
    types: Mapping[str, str]

    def summarise(self, table: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        columns: dict[str, Any] = {"id": table["id"]}
        for field in self.rules:
            number = self.types[field] == "number"
            columns[field] = numbers(texts(table, field)) if number else table[field].mask(blank(table, field))
        return pd.DataFrame(columns).reset_index(drop=True)

    def decide(self, summaries: Sequence[pd.DataFrame], _shards: Sequence[Shard]) -> Sequence[Decision]:
        """The rows of each shard that break a rule, and why.

        Raises
        ------
        InputError
            Some do, and the rule is declared to stop.
        """
        import numpy as np
        import pandas as pd

        whole = pd.concat(summaries, ignore_index=True)
        say: dict[int, list[str]] = {}
        for field, rule in self.rules.items():
            broken = list(_broken(field, rule, whole[field]))
            if broken and rule.violation == "stop":
                first = "; ".join(f"record {whole['id'][row]!r}: {why}" for row, why in broken[:NAMED])
                more = f"; and {len(broken) - NAMED:,} more" if len(broken) > NAMED else ""
                todo = "correct the data, clean it, or declare `violation: reject`"
                raise InputError(f"dataset.schema.{field}: {len(broken):,} of {len(whole):,}: {first}{more}: {todo}")
            for row, why in broken:
                say.setdefault(row, []).append(why)
        rows = np.array(sorted(say), dtype=int)
        ends = np.cumsum([len(summary) for summary in summaries])
        parts = np.split(rows, np.searchsorted(rows, ends[:-1]))
        return [
            (part - end + len(summary), ["; ".join(say[row]) for row in part.tolist()])
            for part, end, summary in zip(parts, ends, summaries, strict=True)
        ]

    def apply(self, table: pd.DataFrame, decision: Decision) -> Outcome:
        return groups.reject(table, decision)


def _broken(field: str, rule: Rule, column: pd.Series) -> list[tuple[int, str]]:
    """The rows that break a rule, in their order, and what is to be said of each."""
    import pandera.pandas as pandera
    from pandera.errors import SchemaErrors

    schema = pandera.DataFrameSchema({field: pandera.Column(None, _checks(rule), nullable=True)})
    try:
        schema.validate(column.to_frame(), lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases.sort_values(["index", "check_number"], kind="stable")
        if cases["index"].isna().any():
            raise RuntimeError(f"{field}: {cases['failure_case'].iloc[0]}") from errors
        found = zip(cases["index"].tolist(), cases["failure_case"], cases["check"], strict=True)
        return [
            (int(row), f"{field} is {why}" if value != value else f"{field} is {value!r:.100}, {why}")
            for row, value, why in found
        ]
    return []


def _checks(rule: Rule) -> list[Any]:
    import pandera.pandas as pandera

    checks = []
    if rule.minimum is not None:
        checks.append(pandera.Check.ge(rule.minimum, error=f"below {rule.minimum:g}"))
    if rule.maximum is not None:
        checks.append(pandera.Check.le(rule.maximum, error=f"above {rule.maximum:g}"))
    if rule.pattern is not None:
        fits = f"(?:{rule.pattern})"
        checks.append(pandera.Check(lambda column: column.str.fullmatch(fits), error=f"not of the form {rule.pattern}"))
    if rule.values is not None:
        checks.append(pandera.Check.isin(rule.values, error=f"not one of {', '.join(rule.values)}"))
    if rule.unique:
        checks.append(pandera.Check(lambda column: ~column.duplicated(), error="which a record before it has, too"))
    if rule.missing is not None:
        share = rule.missing
        error = f"missing, as in more than {share:.6g} of the records" if share else "missing"
        checks.append(
            pandera.Check(lambda column: column.notna() | (column.isna().mean() <= share), ignore_na=False, error=error)
        )
    return checks
