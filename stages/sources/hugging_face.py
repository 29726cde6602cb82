"""Datasets in the form of Hugging Face's library, from a folder or from its hub."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages import InputError, tables
from stages.sources.base import BATCH, Rows, require
from stages.sources.parquet import as_text


@dataclass(frozen=True, kw_only=True)
class HuggingFaceDataset:
    """The records of a split, with the names of its classes in the place of their numbers.

    What is fetched from the hub is kept in the user's cache.

    Parameters
    ----------
    path
        A folder, such as `data/raw/<name>`, or a name on the hub, such as `stanfordnlp/imdb`.
    split
        Such as `train`, or `train+test`.
    revision
        The commit on the hub, as 40 hexadecimal digits: a branch or tag may move. Null for a folder.
    subset
        The name of the configuration, where there are several.
    """

    path: str
    split: str
    revision: str | None = None
    subset: str | None = None

    def __post_init__(self) -> None:
        if self.revision is None and not Path(self.path).is_dir():
            raise InputError(
                f"path: there is no folder {self.path!r}; correct it, or for a dataset of the hub give its commit in "
                "`revision`"
            )
        if self.revision is not None and not re.fullmatch(r"[0-9a-f]{40}", self.revision):
            raise InputError(f"revision: a commit of 40 hexadecimal digits is expected, found {self.revision!r}")

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records, in their order.

        Raises
        ------
        InputError
            The library is not installed, cannot have or read the dataset, or a column has no exact text.
        """
        with self._loaded() as dataset:
            require(columns, dataset.column_names, self.path)
            first = 1
            for table in dataset.select_columns(list(columns)).with_format("arrow").iter(BATCH):
                named = _with_names(table, dataset.features)
                yield Rows(self.path, "", range(first, first + len(table)), as_text(named, columns, self.path), "row")
                first += len(table)

    @contextmanager
    def _loaded(self) -> Iterator[Any]:
        try:
            import datasets
        except ModuleNotFoundError as error:
            raise InputError("datasets is not installed: pip install '.[huggingface]'") from error

        datasets.disable_progress_bars()
        with tempfile.TemporaryDirectory() as passing:
            # not kept for a folder: the library takes a folder whose files have changed for the one it knew
            cache = passing if self.revision is None else str(tables.cache() / "huggingface")
            try:
                dataset = datasets.load_dataset(
                    self.path, self.subset, split=self.split, revision=self.revision, cache_dir=cache
                )
            except Exception as error:  # of many kinds, with texts that may hold addresses
                told = next(iter(str(error).splitlines()), "") if self.revision is None else "see the hub"
                raise InputError(f"{self.path}: cannot be loaded ({type(error).__name__}: {told:.300})") from None
            yield dataset


def _with_names(table: Any, features: Any) -> Any:
    """Put the names of classes in the place of their numbers."""
    import pyarrow as pa

    for place, column in enumerate(table.column_names):
        if names := getattr(features[column], "names", None):
            numbers = table.column(column).to_pylist()
            texts = [None if number is None or number < 0 else names[number] for number in numbers]
            table = table.set_column(place, column, pa.array(texts, pa.large_string()))
    return table
