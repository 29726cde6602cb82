"""What an operator is, and how operators read and change the columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from stages.tables import Shard


@dataclass(frozen=True)
class Outcome:
    """What an operator makes of a table.

    Parameters
    ----------
    table
        The same rows under the same index, some texts changed.
    rejected
        The reason for each row that is not to be kept, under that row's index; empty where all are kept.
    noted
        What is to be said of rows that are kept, under their index; None where there is nothing to say.
    """

    table: pd.DataFrame
    rejected: pd.Series[str]
    noted: pd.Series[str] | None = None


class Operator(Protocol):
    """Looks at one row at a time, so that it can be mapped over shards.

    A table has text columns only: `id`, the payload fields, `source`. A missing value passes every operator but
    `Missing`. An attribute `field` or `fields`, `by`, `time` or `winner` (a name or names) says which columns must be
    there.
    """

    def apply(self, table: pd.DataFrame) -> Outcome: ...


class WholeTableOperator(Protocol):
    """Looks at the whole table: summarises each shard, decides once for all, and applies the decision to each shard.

    Shards are sorted by id, and so are the rows within. No result may depend on where one shard ends.
    """

    def summarise(self, table: pd.DataFrame) -> Any:
        """What the decision needs of one shard; small, and it pickles."""
        ...

    def decide(self, summaries: Sequence[Any], shards: Sequence[Shard], /) -> Sequence[Any]:
        """One decision for each shard, in the order of the summaries.

        The shards are the tables that were summarised; they can be read where the summaries do not say enough.
        """
        ...

    def apply(self, table: pd.DataFrame, decision: Any) -> Outcome:
        """Called with the table that was summarised and its shard's decision."""
        ...


def texts(table: pd.DataFrame, field: str) -> pa.LargeStringArray:
    """A column as one Arrow array."""
    import pyarrow as pa

    array = pa.array(table[field], pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def strings(values: pa.Array) -> list[Any]:
    """Texts or bytes as Python's own, None for null; `to_pylist` makes Arrow's scalars first, which takes seven times
    as long.
    """
    return values.to_numpy(zero_copy_only=False).tolist()


def with_texts(table: pd.DataFrame, field: str, values: pa.Array) -> pd.DataFrame:
    """The table with a column replaced."""
    import pandas as pd

    column = pd.array(values, dtype=pd.StringDtype("pyarrow", na_value=float("nan")))
    return table.assign(**{field: pd.Series(column, index=table.index)})


def flags(mask: pa.BooleanArray) -> np.ndarray:
    """An Arrow mask as numpy's, null as false."""
    import pyarrow.compute as pc

    return pc.fill_null(mask, False).to_numpy(zero_copy_only=False)


def laid_out(values: pa.Array) -> tuple[memoryview, np.ndarray]:
    """The UTF-8 of texts without null, one after the other as Arrow has it, and where each starts and the last ends."""
    import numpy as np
    import pyarrow as pa

    binary = values.cast(pa.large_binary())
    _, offsets, signs = binary.buffers()
    cuts = np.frombuffer(offsets or bytes(8), np.int64)[binary.offset :][: len(values) + 1]
    return memoryview(signs or b"")[cuts[0] : cuts[-1]], cuts - cuts[0]


def digests(values: pa.Array) -> np.ndarray:
    """SHA-256 of texts without null in UTF-8, of shape (texts, 32)."""
    import numpy as np

    text, cuts = laid_out(values)  # hashed where it lies: to make an object of each text takes as long again
    hashes = [sha256(text[start:end]).digest() for start, end in pairwise(cuts.tolist())]
    return np.frombuffer(b"".join(hashes), dtype=np.uint8).reshape(-1, 32)


def reasons(table: pd.DataFrame, rejected: np.ndarray, say: Sequence[str] | str) -> pd.Series[str]:
    """The reasons for the rows where a mask is true: one text for each of them, in order, or one for all."""
    import pandas as pd

    return pd.Series(say, index=table.index[rejected], dtype="str")


def none_rejected(table: pd.DataFrame) -> pd.Series[str]:
    import pandas as pd

    return pd.Series([], index=table.index[:0], dtype="str")
