"""The columns of a table as numbers to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stages import InputError, tables
from stages.publishing.base import Version

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Feature = Mapping[str, Any]  # `name`, `field`, and what makes a number of the field's value


@dataclass(frozen=True)
class Features:
    """Numbers of type `number` scaled or binned, fields of type `category` one-hot; one table per split.

    What is needed to make the features is learned from the train split alone, and saved in `features.json`, so that
    new records can be turned into the same numbers. A missing number counts as the train split's median, a missing or
    unknown category as none of the known ones. Fields of other types are left out.

    Parameters
    ----------
    numbers
        `standardise` (mean 0, standard deviation 1), `normalise` (from 0 to 1 between the smallest and the largest), or
        `bin` (the number of the quantile bin, from 0).
    bins
        How many bins there are.
    select
        Keep so many features at most, those whose mean differs most between labels (the F statistic of an analysis of
        variance, `sklearn.feature_selection.f_classif`; for a single choice); null for all.
    """

    numbers: Literal["standardise", "normalise", "bin"] = "standardise"
    bins: int = 10
    select: int | None = None

    def __post_init__(self) -> None:
        if self.bins < 2 or (self.select is not None and self.select < 1):
            raise InputError(f"'bins' must be 2 or more and 'select' 1 or more, found {self.bins} and {self.select}")

    def write(self, folder: Path, version: Version) -> None:
        """Write a table for each split, and `features.json`."""
        train = version.tables["train"]
        if not {"number", "category"} & set(version.fields.values()):
            raise InputError("features: no field of the dataset is a number or a category; switch this form off")
        features = [each for name, kind in version.fields.items() for each in self._of(name, kind, train)]
        if self.select is not None and features:  # there are none before people have labelled
            features = _selected(features, train, version, self.select)
        for split, table in version.tables.items():
            made = table[["id"]].assign(**{each["name"]: encode(table, each) for each in features})
            made["label"] = table["label"]
            kinds = {"id": "text", **{each["name"]: "number" for each in features}, "label": version.task.column}
            tables.write(folder / split, [made], kinds)
        tables.write_json(folder / "features.json", {"features": list(features)})

    def _of(self, field: str, kind: str, train: pd.DataFrame) -> list[Feature]:
        import numpy as np

        known = np.sort(train[field].dropna())
        if kind == "category":
            values = [str(value) for value in np.unique(known.astype(str))]
            return [{"name": f"{field}={value}", "field": field, "value": value} for value in values]
        if kind != "number" or not len(known):
            return []
        feature = {"name": field, "field": field, "missing": _rounded(np.median(known))}
        if self.numbers == "bin":
            edges = np.quantile(known, np.linspace(0, 1, self.bins + 1)[1:-1])
            return [feature | {"edges": sorted({_rounded(edge) for edge in edges})}]
        centre, scale = (
            (known.mean(), known.std()) if self.numbers == "standardise" else (known[0], known[-1] - known[0])
        )
        return [feature | {"centre": _rounded(centre), "scale": _rounded(scale) or 1.0}]


def encode(table: pd.DataFrame, feature: Feature) -> np.ndarray:
    """Make the numbers of a feature, shape (records,), from a table's column, as `features.json` says."""
    import numpy as np

    column = table[feature["field"]]
    if "value" in feature:
        return (column == feature["value"]).fillna(False).to_numpy(dtype=float)
    values = column.fillna(feature["missing"]).to_numpy(dtype=float)
    if "edges" in feature:
        return np.searchsorted(feature["edges"], values, side="right").astype(float)
    return ((values - feature["centre"]) / feature["scale"]).round(tables.DIGITS)


def _selected(features: Sequence[Feature], train: pd.DataFrame, version: Version, count: int) -> list[Feature]:
    import numpy as np
    from sklearn.feature_selection import f_classif

    labelled = train[train["label"].notna()]
    if version.task.column != "text" or labelled["label"].nunique() < 2:
        raise InputError("features.select: a single choice with two labels or more in train is needed; set it to null")
    matrix = np.column_stack([encode(labelled, each) for each in features])
    with np.errstate(all="ignore"):
        scores = np.nan_to_num(f_classif(matrix, labelled["label"])[0], posinf=np.finfo(float).max)
    best = sorted(range(len(features)), key=lambda place: (-round(scores[place], 3), place))[:count]
    return [features[place] for place in sorted(best)]


def _rounded(number: Any) -> float:
    """Round to significant digits, since the unit of a column may be any."""
    return float(f"{number:.9g}")
