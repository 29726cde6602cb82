"""A query's answer as a snapshot: on SQLite, and on a PostgreSQL server that the tests start."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages import InputError
from stages.sources import Sql, collect, sql
from stages.sources.snapshots import MANIFEST, snapshot

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "p@ss/w:rd%"
QUOTED = "p%40ss%2Fw%3Ard%25"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LABELMILL_SQL", raising=False)
    return tmp_path


@pytest.fixture
def tickets(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with closing(sqlite3.connect("tickets.db")) as database, database:
        database.execute("CREATE TABLE tickets (number INTEGER, body TEXT, hours REAL)")
        rows = [(1, "one", 0.1), (2, None, None), (3, "", 1e300)]
        database.executemany("INSERT INTO tickets VALUES (?, ?, ?)", rows)
    monkeypatch.setenv("LABELMILL_SQL", "sqlite:///tickets.db")
    return here


def source(query: str, **settings: Any) -> Sql:
    Path("query.sql").write_text(query)
    return Sql(path="data/raw/tickets", query="query.sql", **settings)


def cells(source: Sql, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for rows in source.read(columns) for row in rows.table.to_pylist()]


def manifest() -> list[Any]:
    return [json.loads(line) for line in Path("data/raw/tickets", MANIFEST).read_text().splitlines()]


def everything(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


@pytest.mark.usefixtures("tickets")
def test_an_answer_is_read_back_as_it_was():
    tickets = source("SELECT number, body, hours FROM tickets ORDER BY number;")
    snapshot(tickets)
    assert cells(tickets, "number", "body", "hours") == [("1", "one", "0.1"), ("2", None, None), ("3", "", "1e+300")]
    collected = collect({"tickets": tickets}, "number", {"body": "text"}, ["body"])
    assert collected["id"].tolist() == ["1", "2", "3"]


@pytest.mark.usefixtures("tickets")
def test_parameters_are_bound_and_not_pasted():
    tickets = source(
        "SELECT body FROM tickets WHERE body = :body OR number = :number", parameters={"body": "' OR 1", "number": 1}
    )
    snapshot(tickets)
    assert cells(tickets, "body") == [("one",)]


@pytest.mark.usefixtures("tickets")
@pytest.mark.parametrize("parameters", [{}, {"number": 1, "more": 2}])
def test_a_parameter_on_one_side_alone_is_named(parameters):
    with pytest.raises(InputError, match=r"parameters: '(number|more)'"):
        snapshot(source("SELECT * FROM tickets WHERE number = :number", parameters=parameters))


@pytest.mark.usefixtures("tickets")
def test_an_answer_is_kept_in_parts(monkeypatch):
    monkeypatch.setattr(sql, "ROWS", 2)
    tickets = source("SELECT number FROM tickets ORDER BY number")
    assert [item.about["rows"] for item in snapshot(tickets)] == [2, 1]
    assert cells(tickets, "number") == [("1",), ("2",), ("3",)]


@pytest.mark.usefixtures("tickets")
def test_a_shorter_answer_leaves_nothing_of_a_run_that_was_broken_off(monkeypatch):
    monkeypatch.setattr(sql, "ROWS", 1)
    with closing(sqlite3.connect("tickets.db")) as database, database:
        database.execute("INSERT INTO tickets VALUES (4, NULL, NULL)")
    tickets = source("SELECT CASE number WHEN 4 THEN abs(-9223372036854775807 - 1) ELSE number END n FROM tickets")
    with pytest.raises(InputError, match="integer overflow"):
        snapshot(tickets)
    assert not Path("data/raw/tickets").exists()
    assert len(list(Path("data/raw/.tickets.fetching").glob("*.parquet"))) == 2
    with closing(sqlite3.connect("tickets.db")) as database, database:
        database.execute("DELETE FROM tickets WHERE number > 1")
    assert len(snapshot(tickets)) == 1
    assert sorted(path.name for path in Path("data/raw/tickets").iterdir()) == [MANIFEST, "part-00000.parquet"]
    assert not Path("data/raw/.tickets.fetching").exists()


@pytest.mark.usefixtures("tickets")
def test_without_a_snapshot_the_command_that_makes_it_is_named():
    with pytest.raises(InputError, match=r"sources\.t: .*python -m stages\.sources snapshot"):
        collect({"t": source("SELECT body FROM tickets")}, None, {"body": "text"}, ["body"])


@pytest.mark.usefixtures("tickets")
def test_a_snapshot_of_another_query_is_not_taken_for_this_one():
    snapshot(source("SELECT body FROM tickets"))
    with pytest.raises(InputError, match="other settings"):
        cells(source("SELECT body FROM tickets WHERE number = 1"), "body")


@pytest.mark.usefixtures("tickets")
@pytest.mark.parametrize("path", ["data/raw", ".", "data/raw/.."])
def test_a_folder_that_is_no_snapshot_is_not_replaced(path):
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/mine.csv").touch()
    Path("query.sql").write_text("SELECT body FROM tickets")
    with pytest.raises(InputError, match="no snapshot"):
        snapshot(Sql(path=path, query="query.sql"))
    assert Path("data/raw/mine.csv").exists()


@pytest.mark.usefixtures("tickets")
@pytest.mark.parametrize("text", ["", "[]\n", '{"asked": "x"}\n{"unknown": 1}\n', "{"])
def test_a_manifest_that_is_none_is_told(text):
    tickets = source("SELECT body FROM tickets")
    snapshot(tickets)
    Path("data/raw/tickets", MANIFEST).write_text(text)
    with pytest.raises(InputError, match=r"manifest|other settings"):
        cells(tickets, "body")


@pytest.mark.usefixtures("tickets")
def test_a_part_that_was_changed_by_hand_is_not_read():
    tickets = source("SELECT body FROM tickets")
    snapshot(tickets)
    pq.write_table(pa.table({"body": ["mine"]}), "data/raw/tickets/part-00000.parquet")
    with pytest.raises(InputError, match="not the file that manifest"):
        cells(tickets, "body")


@pytest.mark.usefixtures("tickets")
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT absent FROM tickets", "no such column: absent"),
        ("DELETE FROM tickets RETURNING body", "readonly"),
        ("CREATE TABLE more (x INTEGER)", "readonly"),
        ("SELECT body, number body FROM tickets", "two columns are named 'body'"),
        ("SELECT body FROM tickets WHERE number > 3", "no rows"),
        (
            "SELECT CASE number WHEN 1 THEN 1 ELSE 'x' END AS n FROM tickets",
            "'n' has no exact type .int in row 1 and str in row 2",
        ),
        (
            "SELECT CASE number WHEN 1 THEN 1 ELSE 0.5 END AS n FROM tickets",
            "'n' has no exact type .int in row 1 and float",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_changed(query, said):
    before = Path("tickets.db").read_bytes()
    with pytest.raises(InputError, match=said):
        snapshot(source(query))
    assert Path("tickets.db").read_bytes() == before
    assert not Path("data/raw/tickets").exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (None, "is not set"),
        ("sqlite:///absent.db", "no file of this name"),
        ("sqlite://", "no file of this name"),
        (f"nonsense:{PASSWORD}", "not an address"),
        (f"nonsense://me:{QUOTED}@127.0.0.1/x", "knows no database"),
        (f"oracle+oracledb://me:{QUOTED}@127.0.0.1/x", "driver oracledb is not installed"),
        (f"postgresql+psycopg://me:{QUOTED}@127.0.0.1:port/x", "not an address"),
        (f"postgresql+psycopg://me:{QUOTED}@127.0.0.1:1/x?sslpassword={QUOTED}", "the database says"),
        (f"postgresql+psycopg://me:x@127.0.0.1:1/x?unknown={QUOTED}", "the database says"),
    ],
)
def test_a_wrong_address_is_told_without_its_password(address, said, monkeypatch):
    if address:
        monkeypatch.setenv("LABELMILL_SQL", address)
    with pytest.raises(InputError, match=said) as caught:
        snapshot(source("SELECT 1"))
    assert PASSWORD not in str(caught.value)
    assert QUOTED not in str(caught.value)
    assert caught.value.__cause__ is None
    assert not Path("absent.db").exists()


def test_an_address_in_the_place_of_a_variable_is_refused_without_being_shown():
    with pytest.raises(InputError, match="name of an environment variable") as caught:
        source("SELECT 1", address=f"postgresql://me:{QUOTED}@127.0.0.1/x")
    assert QUOTED not in str(caught.value)


@pytest.mark.slow
@pytest.mark.usefixtures("tickets")
def test_the_command_fetches_what_params_choose(here):
    shutil.copytree(ROOT / "conf", here / "conf")
    Path("params.yaml").write_text("dataset: mine\nseed: 1\n")
    Path("conf/dataset/mine.sql").write_text("SELECT number, body FROM tickets")
    Path("conf/dataset/mine.yaml").write_text(
        "name: mine\nlabeling: tweets\nabout: {title: T, license: MIT}\n"
        "id: number\nfields: {body: text}\nshown: [body]\n"
        "sources:\n  tickets: {_target_: stages.sources.Sql, path: data/raw/tickets, query: conf/dataset/mine.sql}\n"
        "  hours:\n    _target_: stages.sources.Windows\n"
        "    readings: {_target_: stages.sources.Sql, path: data/raw/hours, query: conf/dataset/mine.sql}\n"
        "    time: number\n    values: [body]\n    every: 1h\n    length: 1d\n    clock: {format: s}\n"
    )

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stages.sources", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    done = run("snapshot")
    assert done.returncode == 0, done.stderr
    assert "tickets: 1 fetched" in done.stdout
    assert "hours: 1 fetched" in done.stdout
    assert "dvc add data/raw/tickets && git add data/raw/tickets.dvc data/raw/.gitignore && git commit" in done.stdout
    wrong = run("snapshot", "absent")
    assert wrong.returncode == 1
    assert wrong.stderr == "error: absent: no source of mine of this name is fetched; those are tickets, hours\n"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    """The address of a server on loopback; PostgreSQL does not run as root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else shutil.which("initdb")
    assert initdb, "PostgreSQL is not installed: apt-get install postgresql"
    folder = Path(tempfile.mkdtemp(prefix="labelmill-"))
    account: dict[str, Any] = {}
    if os.getuid() == 0:
        person = pwd.getpwnam("postgres")
        account = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
        os.chown(folder, person.pw_uid, person.pw_gid)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def run(name: str, *arguments: str) -> None:
        command = [str(Path(initdb).with_name(name)), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **account)

    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    run(
        "initdb", "--auth=scram-sha-256", "--username=me", f"--pwfile={folder}/password", "--no-sync", "--encoding=UTF8"
    )
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c timezone=Europe/Berlin -k {folder}"
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", settings, "start")
    yield f"postgresql+psycopg://me:{QUOTED}@127.0.0.1:{port}/postgres"
    run("pg_ctl", "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.mark.slow
def test_types_of_postgresql_are_kept(postgresql, monkeypatch):
    monkeypatch.setenv("LABELMILL_SQL", postgresql)
    tickets = source(
        """SELECT 9223372036854775807 AS whole, 12345678901234567890.0100 AS exact, 0.1::float8 AS real, true AS yes,
        DATE '2026-11-22' AS day, TIMESTAMP '2026-03-29 02:30:00.000001' AS moment,
        TIMESTAMPTZ '2026-03-29 03:30:00+02' AS instant, 'ü☃' AS words, NULL::int AS nothing,
        '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid AS name, '{"b": [1], "a": null}'::jsonb AS object,
        ARRAY[1, 2] AS list
        UNION ALL SELECT 0, 0.5, 'infinity', false, '0001-01-01', '1970-01-01', '2026-01-01 00:00+00', '', 1,
        NULL, NULL, NULL"""
    )
    snapshot(tickets)
    kinds = pq.read_schema("data/raw/tickets/part-00000.parquet")
    assert [str(kinds.field(name).type) for name in ("whole", "exact", "real", "yes", "day", "moment", "nothing")] == [
        *("int64", "decimal128(24, 4)", "double", "bool", "date32[day]", "timestamp[us]", "int64")
    ]
    assert kinds.field("instant").type.tz == "UTC"  # the server's zone is another
    assert cells(tickets, *kinds.names) == [
        (
            *("9223372036854775807", "12345678901234567890.0100", "0.1", "true", "2026-11-22"),
            *("2026-03-29 02:30:00.000001", "2026-03-29 01:30:00.000000Z", "ü☃", None),
            *("6ba7b810-9dad-11d1-80b4-00c04fd430c8", '{"a": null, "b": [1]}', "[1,2]"),
        ),
        (
            *("0", "0.5000", "inf", "false", "0001-01-01", "1970-01-01 00:00:00.000000", "2026-01-01 00:00:00.000000Z"),
            *("", "1", None, None, None),
        ),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("query", ["SELECT nextval('counter')", "SELECT 1; COMMIT; DROP TABLE kept"])
def test_postgresql_is_only_read(query, postgresql, monkeypatch):
    import sqlalchemy

    engine = sqlalchemy.create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS x"))
        connection.execute(sqlalchemy.text("CREATE SEQUENCE IF NOT EXISTS counter"))
    monkeypatch.setenv("LABELMILL_SQL", postgresql)
    with pytest.raises(InputError, match=r"read-only transaction|multiple commands"):
        snapshot(source(query))
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT count(*) FROM kept")).scalar() == 1
    engine.dispose()


@pytest.mark.slow
def test_the_password_of_a_postgresql_is_nowhere(postgresql, here, monkeypatch):
    monkeypatch.setenv("LABELMILL_SQL", postgresql)
    snapshot(source("SELECT n FROM generate_series(1, 120000) AS n"))
    assert [line["about"]["rows"] for line in manifest()[1:]] == [50_000, 50_000, 20_000]
    assert "postgresql+psycopg://127.0.0.1:" in manifest()[1]["item"]
    assert PASSWORD not in everything(here)
    assert QUOTED not in everything(here)
    monkeypatch.setenv("LABELMILL_SQL", postgresql.replace("me:", "you:"))
    with pytest.raises(InputError, match="authentication failed") as caught:
        snapshot(source("SELECT 1 AS x"))
    assert PASSWORD not in str(caught.value)
    assert QUOTED not in str(caught.value)
