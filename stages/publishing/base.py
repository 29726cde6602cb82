"""What all forms are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stages import InputError, media
from stages.tables import plain
from stages.tasks import Choice, Task

if TYPE_CHECKING:
    import pandas as pd

ORIGINS = ("human", "auto", "none")


class About(Protocol):
    """What the dataset says of itself."""

    @property
    def title(self) -> str: ...
    @property
    def license(self) -> str: ...
    @property
    def citation(self) -> str | None: ...
    @property
    def language(self) -> str | None: ...


@dataclass(frozen=True)
class Version:
    """What a form is made from.

    Parameters
    ----------
    name, fingerprint, about
        Which dataset and version this is, and its title, license, citation and language.
    fields
        The fields of a record, with their declared types.
    task
        The task type with its label set.
    tables
        By split, in order, the published records: `id`, the fields, `label`, `origin`, `confidence`, `source`.
    promise
        What the version promises about its automatic labels, in one sentence.
    card
        The dataset card, in Markdown.
    """

    name: str
    fingerprint: str
    about: About
    fields: Mapping[str, str]
    task: Task
    tables: Mapping[str, pd.DataFrame]
    promise: str
    card: str

    @property
    def kinds(self) -> dict[str, str]:
        """Each column's type, in order: those of the fields, and of the label.

        That is `label`, `labels` (a list of them), `regions`, or for a task without names `text` or `whole`.
        """
        column = self.task.column
        label = column if isinstance(column, str) else "regions"
        if isinstance(self.task, Choice):
            label = {"text": "label", "texts": "labels"}.get(column, column)
        return {"id": "text", **self.fields, "label": label, "origin": "text", "confidence": "number", "source": "text"}

    @property
    def pictures(self) -> list[str]:
        return [name for name, kind in self.fields.items() if kind == "image"]

    @property
    def files(self) -> list[str]:
        """The fields that name files: pictures and sounds."""
        return [name for name, kind in self.fields.items() if kind in media.FILES]


class Form(Protocol):
    """A way to write a version."""

    def write(self, folder: Path, version: Version) -> None:
        """Write the version into a folder that is not there yet; the bytes depend on the version alone.

        Raises
        ------
        InputError
            A record's file cannot be read.
        """
        ...


def published(table: pd.DataFrame, unlabelled: bool) -> pd.DataFrame:
    """Give the records of a split that are published: those with a label, or all."""
    return table if unlabelled else table[table["origin"].notna()].reset_index(drop=True)


def composition(tables: Mapping[str, pd.DataFrame], task: Task) -> dict[str, Any]:
    """Count published records.

    Returns
    -------
    `splits`: for each split how many by `human`, `auto`, `none`; `labels`: for each label how many in each split;
    `sources`: how many from each.
    """
    splits, sources = {}, Counter[str]()
    labels: dict[str, dict[str, int]] = {label: {} for label in task.labels}
    for split, table in tables.items():
        origins = Counter(table["origin"].fillna("none"))
        splits[split] = {origin: origins[origin] for origin in ORIGINS}
        given = [plain(value) for value in table["label"][table["origin"].notna()].tolist()]
        for label, count in task.count(given).items():
            labels[label][split] = count
        sources.update(source.partition("/")[0] for source in table["source"].tolist())
    return {"splits": splits, "labels": labels, "sources": dict(sorted(sources.items()))}


def rows(table: pd.DataFrame, columns: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield each record's values as plain JSON, null where there is none."""
    return zip(*(map(plain, table[name].tolist()) for name in columns), strict=True)


def file(reference: str) -> bytes:
    """Read a record's file."""
    try:
        return media.read(reference)
    except ValueError as error:
        raise InputError(f"{reference}: {error}; dvc checkout, or dvc repro, brings it back") from error
