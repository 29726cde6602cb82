"""The answer to a query of a database."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from stages import InputError
from stages.sources.base import Rows
from stages.sources.parquet import read_parquet
from stages.sources.snapshots import Draft, fetched

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import URL, Connection

ROWS = 50_000  # per part, and held in memory at a time
_MYSQL = ("SET SESSION TRANSACTION READ ONLY", "SET SESSION time_zone = '+00:00'")
_SESSION = {  # read-only for the whole session, since a query may hold a COMMIT; and UTC, whatever the server's zone is
    "postgresql": ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET SESSION TIME ZONE 'UTC'"),
    "sqlite": ("PRAGMA query_only = ON",),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
}


@dataclass(frozen=True, kw_only=True)
class Sql:
    """Records that a query gives, kept as Parquet with their types.

    The query runs in a read-only transaction, in a session whose time zone is UTC (PostgreSQL, SQLite, MySQL, MariaDB);
    on any other database the transaction is rolled back at the end, so give it an account that may only read.

    Parameters
    ----------
    path
        The folder of the snapshot: `data/raw/<name>`.
    query
        The file with the query, below `conf/dataset/` so that DVC tracks it; `:name` stands for a parameter.
    parameters
        Their values by name.
    address
        The environment variable that holds the database's address, as SQLAlchemy has them:
        `postgresql+psycopg://user:password@host/database`, `sqlite:///file.db`.
    """

    path: str
    query: str
    parameters: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    address: str = "LABELMILL_SQL"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.address):  # not shown: it may be an address
            raise InputError("address: the name of an environment variable is expected, such as LABELMILL_SQL")
        if not Path(self.query).is_file():
            raise InputError(f"query: there is no file {self.query!r}; write the query into it")

    def asked(self) -> Any:
        return [self._text(), dict(self.parameters)]

    def fetch(self, draft: Draft) -> None:
        """Write the answer in parts of at most 50,000 rows; an interrupted run begins anew.

        Raises
        ------
        InputError
            The database cannot be reached or refuses, or a column has no type that Parquet keeps.
        """
        import pyarrow.parquet as pq

        draft.items.clear()
        with _connected(self.address) as (url, connection):
            first = 1
            for number, table in enumerate(self._parts(connection)):
                file = f"part-{number:05}.parquet"
                pq.write_table(table, draft.folder / file)
                last = first + len(table) - 1
                draft.keep(f"{_public(url)}, {self.query}, rows {first:09} to {last:09}", file, rows=len(table))
                first += len(table)

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records from the snapshot.

        Raises
        ------
        InputError
            There is no snapshot, or it cannot be read exactly.
        """
        for _, path in fetched(self):
            with open(path, "rb") as stream:
                for lines, table in read_parquet(stream, path.as_posix(), columns):
                    yield Rows(path.as_posix(), "", lines, table, "row")

    def _text(self) -> str:
        try:
            return Path(self.query).read_text(encoding="utf-8").strip().rstrip(";")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{self.query}: cannot be read as UTF-8 ({error})") from error

    def _parts(self, connection: Connection) -> Iterator[pa.Table]:
        import pyarrow as pa
        from sqlalchemy import text

        query = text(self._text())
        if wrong := sorted(set(query.compile().params) ^ set(self.parameters)):
            raise InputError(f"parameters: {wrong[0]!r} is in the query or among the parameters, and not in both")
        result = connection.execute(query, dict(self.parameters))
        if not result.returns_rows:
            raise InputError(f"{self.query}: gives no rows; a SELECT is expected")
        names = list(result.keys())
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InputError(f"{self.query}: two columns are named {twice[0]!r}; name one anew with AS")
        rows = 0
        for part in result.partitions(ROWS):
            columns = list(zip(*part, strict=True))
            yield pa.table([_column(cells, name, rows) for cells, name in zip(columns, names, strict=True)], names)
            rows += len(part)
        if not rows:
            raise InputError(f"{self.query}: the answer has no rows")


def _column(cells: Sequence[Any], name: str, before: int) -> pa.Array:
    """Take the type that the driver gave; a column without any value has Arrow's type null."""
    import pyarrow as pa

    cells = [_plain(cell) for cell in cells]
    kinds: dict[type, int] = {}
    for row, cell in enumerate(cells, before + 1):
        if cell is not None:
            kinds.setdefault(type(cell), row)
    said = " and ".join(f"{kind.__name__} in row {row}" for kind, row in kinds.items())
    try:
        if len(kinds) > 1:  # Arrow would make the numbers of both alike
            raise ValueError("more than one type")
        return pa.array(cells)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"the column {name!r} has no exact type ({said}); CAST it in the query") from error


def _plain(cell: Any) -> Any:
    if isinstance(cell, UUID):
        return str(cell)
    if isinstance(cell, datetime) and cell.tzinfo:
        return cell.astimezone(UTC)
    if isinstance(cell, dict) or (isinstance(cell, list) and any(isinstance(each, dict | list) for each in cell)):
        return json.dumps(cell, ensure_ascii=False, sort_keys=True)
    return cell


@contextmanager
def _connected(variable: str) -> Iterator[tuple[URL, Connection]]:
    """Connect within a transaction that may only read; tell failures without the address."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

    url = _address(variable)
    try:
        engine = create_engine(url, pool_size=1)
        try:
            with engine.connect() as connection:
                for statement in _SESSION.get(engine.dialect.name, ()):
                    connection.execute(text(statement))
                connection.commit()
                yield url, connection.execution_options(stream_results=True, max_row_buffer=ROWS)
                connection.rollback()
        finally:
            engine.dispose()
    except NoSuchModuleError:
        raise InputError(f"${variable}: SQLAlchemy knows no database of this kind; sqlite:// for example") from None
    except ModuleNotFoundError as error:
        raise InputError(
            f"${variable}: the driver {error.name} is not installed: pip install it, or name another in the address, "
            "such as postgresql+psycopg:// with `pip install 'psycopg[binary]'`"
        ) from None
    except DBAPIError as error:
        raise InputError(f"${variable}: the database says: {_without_secrets(str(error.orig), url)}") from None
    except (SQLAlchemyError, ValueError, TypeError) as error:  # the text of others may hold the address
        raise InputError(f"${variable}: SQLAlchemy cannot use this address ({type(error).__name__})") from None


def _address(variable: str) -> URL:
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    given = os.environ.get(variable)
    if not given:
        raise InputError(
            f"${variable} is not set; export {variable}='postgresql+psycopg://user:password@host/database'"
        )
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):  # whose text may hold the password
        raise InputError(
            f"${variable} is not an address as SQLAlchemy has them: kind://user:password@host/database"
        ) from None
    if url.get_backend_name() == "sqlite" and not (url.database and Path(url.database).is_file()):
        raise InputError(f"${variable}: there is no file of this name for SQLite to read")  # it would make one
    return url


def _public(url: URL) -> str:
    """The address without the user, the password, and options, which may hold either."""
    return type(url).create(url.drivername, host=url.host, port=url.port, database=url.database).render_as_string()


def _without_secrets(said: str, url: URL) -> str:
    from urllib.parse import quote, quote_plus

    line = "; ".join(part.strip() for part in said.splitlines() if part.strip())
    options = [each for value in url.query.values() for each in ([value] if isinstance(value, str) else value)]
    for secret in sorted(filter(None, [str(url.password or ""), *options]), key=len, reverse=True):
        for form in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}:
            line = line.replace(form, "…")
    return line
