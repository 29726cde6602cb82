"""Tables on their way through cleaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stages.tables import Shard
from stages.tables.shards import Columns, schema_of

if TYPE_CHECKING:
    import pandas as pd

TRAIL: Columns = dict.fromkeys(["id", "operator", "field", "note"], "text")


def columns(fields: Mapping[str, str]) -> tuple[Columns, Columns]:
    """The columns of the records that are kept, and of those that are rejected, by the declared fields."""
    kinds = {name: "number" if kind == "number" else "text" for name, kind in fields.items()}
    kept = {"id": "text", "content": "text", **kinds, "source": "text"}
    return kept, dict.fromkeys(["id", "operator", "reason", "source", *fields], "text")


@dataclass(frozen=True)
class Draft(Shard):
    """A table between two passes, in Arrow's own format, which takes no time to read and write."""

    def read(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa

        with pa.OSFile(self.path) as file:
            table = pa.ipc.open_file(file).read_all()
        text = pd.StringDtype("pyarrow", na_value=float("nan"))
        return table.select(columns or table.column_names).to_pandas(types_mapper={pa.string(): text}.get)


def write(path: Path, frames: Sequence[pd.DataFrame], kinds: Columns) -> Shard:
    """Write frames, one after the other, as such a table."""
    import pyarrow as pa

    schema = schema_of(kinds)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, schema) as writer:
        for frame in frames:
            writer.write(pa.Table.from_pandas(frame, schema, preserve_index=False))
    return Draft(str(path))
