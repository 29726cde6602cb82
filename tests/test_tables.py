import json
import locale
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError
from stages.tables import (
    Shard,
    dump_line,
    empty,
    read,
    read_columns,
    read_json,
    read_lines,
    rounded,
    schema_of,
    shards,
    sort_by_id,
    whole,
    write,
    write_json,
    write_lines,
)

few = settings(max_examples=25, deadline=None)

COLUMNS = {"id": "text", "note": "text", "size": "number", "place": "whole", "labels": "texts"}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
rows = st.tuples(
    st.one_of(st.none(), texts),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.integers(-(2**63), 2**63 - 1),
    st.one_of(st.none(), st.lists(texts, max_size=3)),
)


def frame(values: list[tuple[object, ...]]) -> pd.DataFrame:
    made = pd.DataFrame(values, columns=list(COLUMNS)[1:], dtype=object)
    made.insert(0, "id", [f"{number:04d}" for number in range(len(values))])
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@few
@given(values=st.lists(rows, max_size=20), cuts=st.lists(st.integers(0, 20), max_size=5), size=st.integers(1, 12))
def test_the_bytes_of_a_table_do_not_depend_on_how_its_rows_come_in(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[object, ...]], cuts: list[int], size: int
) -> None:
    folder = tmp_path_factory.mktemp("tables")
    table = frame(values)
    bounds = [0, *sorted(cuts), len(table)]
    pieces = [table.iloc[start:end] for start, end in pairwise(bounds)]
    assert write(folder / "whole", [table], COLUMNS, size) == len(table)
    assert write(folder / "pieces", pieces, COLUMNS, size) == len(table)
    assert contents(folder / "whole") == contents(folder / "pieces")


def test_the_bytes_of_a_table_do_not_depend_on_index_column_types_or_further_columns(tmp_path: Path) -> None:
    plain = pd.DataFrame({"id": ["a", "b"], "size": [1.0, 2.0]})
    other = pd.DataFrame({"more": [0, 0], "size": [1, 2], "id": pd.array(["a", "b"], "category")}, index=[7, 3])
    for name, table in (("plain", plain), ("other", other), ("again", None)):
        write(tmp_path / name, [read(tmp_path / "plain") if table is None else table], {"id": "text", "size": "number"})
    assert contents(tmp_path / "plain") == contents(tmp_path / "other") == contents(tmp_path / "again")


@few
@given(values=st.lists(rows, min_size=1, max_size=8), size=st.integers(1, 9))
def test_a_table_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, values: list[tuple[object, ...]], size: int
) -> None:
    folder = tmp_path_factory.mktemp("tables") / "table"
    table = frame(values)
    write(folder, [table], COLUMNS, size)
    parts = shards(folder)
    assert [len(part.read()) for part in parts] == [
        len(table[start : start + size]) for start in range(0, len(table), size)
    ]
    pd.testing.assert_frame_equal(pd.concat([part.read() for part in parts], ignore_index=True), read(folder))
    found = read(folder)
    assert list(found["id"]) == list(table["id"])
    assert found["note"].astype(object).where(found["note"].notna(), None).tolist() == [value[0] for value in values]
    assert found["size"].astype(object).where(found["size"].notna(), None).tolist() == [value[1] for value in values]
    assert found["place"].tolist() == [value[2] for value in values]
    assert [None if each is None else list(each) for each in found["labels"]] == [value[3] for value in values]


def test_shards_have_a_fixed_number_of_rows_and_are_read_in_their_order(tmp_path: Path) -> None:
    write(tmp_path / "table", [frame([("x", 1.0, 0, [])] * 12)], COLUMNS, rows=1)
    assert [Path(shard.path).name for shard in shards(tmp_path / "table")] == [
        f"part-{n:05d}.parquet" for n in range(12)
    ]
    assert list(read(tmp_path / "table")["id"]) == [f"{number:04d}" for number in range(12)]


def test_a_shard_has_one_row_group_the_declared_schema_and_no_pandas_metadata(tmp_path: Path) -> None:
    write(tmp_path / "table", [frame([("x", 1.0, 0, ["a"])]), frame([])], COLUMNS)
    file = pq.ParquetFile(tmp_path / "table" / "part-00000.parquet")
    assert file.metadata.num_row_groups == 1
    assert file.metadata.metadata is None
    assert file.schema_arrow.names == list(COLUMNS)
    assert [str(kind) for kind in file.schema_arrow.types[:4]] == ["string", "string", "double", "int64"]


@pytest.mark.parametrize("frames", [[], [frame([])], [frame([]), frame([])]])
def test_a_table_without_rows_keeps_its_schema_in_one_shard(tmp_path: Path, frames: list[pd.DataFrame]) -> None:
    assert write(tmp_path / "table", frames, COLUMNS) == 0
    assert len(shards(tmp_path / "table")) == 1
    found = read(tmp_path / "table")
    assert len(found) == 0
    pd.testing.assert_frame_equal(found, empty(COLUMNS))


def test_some_columns_can_be_read_alone_and_in_another_order(tmp_path: Path) -> None:
    write(tmp_path / "table", [frame([("x", 1.0, 5, ["a"])])], COLUMNS)
    assert list(read(tmp_path / "table", ["place", "id"]).columns) == ["place", "id"]
    assert list(shards(tmp_path / "table")[0].read(["note"]).columns) == ["note"]


def test_columns_are_read_as_plain_values_without_pandas(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [("x", 1.0, 5, ["a"]), (None, None, 6, None)]
    write(tmp_path / "table", [frame(rows)], COLUMNS, rows=1)
    found = read_columns(tmp_path / "table", ["size", "note"])
    assert list(found.items()) == [("size", [1.0, None]), ("note", ["x", None])]
    program = "import sys; from stages.tables import read_columns; read_columns(sys.argv[1]); print(*sys.modules)"
    command = [sys.executable, "-c", program, str(tmp_path / "table")]
    imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "pyarrow" in imported
    assert "pandas" not in imported


def test_a_value_of_another_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="size"):
        write(tmp_path / "table", [frame([("x", "large", 0, [])])], COLUMNS)


def test_an_existing_table_is_not_written_into(tmp_path: Path) -> None:
    write(tmp_path / "table", [frame([])], COLUMNS)
    with pytest.raises(FileExistsError):
        write(tmp_path / "table", [frame([])], COLUMNS)


def test_a_folder_without_a_table_is_named(tmp_path: Path) -> None:
    for each in (read, shards):
        with pytest.raises(InputError, match="nowhere holds no table"):
            each(tmp_path / "nowhere")


@few
@given(ids=st.lists(texts, unique=True))
def test_records_are_sorted_by_code_point(ids: list[str]) -> None:
    for dtype in (object, pd.StringDtype("pyarrow", na_value=float("nan"))):
        table = pd.DataFrame({"id": pd.Series(ids, dtype=dtype)})
        assert list(sort_by_id(table)["id"]) == sorted(ids)


def test_the_order_of_records_is_the_same_in_every_locale() -> None:
    table = pd.DataFrame({"id": ["ä", "z", "Z", "a", "É", "10", "9", "😀", "\uffee"]})
    before = locale.setlocale(locale.LC_COLLATE)
    try:
        locale.setlocale(locale.LC_COLLATE, "C.UTF-8")
        assert list(sort_by_id(table)["id"]) == ["10", "9", "Z", "a", "z", "É", "ä", "\uffee", "😀"]
    finally:
        locale.setlocale(locale.LC_COLLATE, before)


def test_the_kinds_of_columns_are_four() -> None:
    assert schema_of(COLUMNS).names == list(COLUMNS)
    with pytest.raises(KeyError, match="integer"):
        schema_of({"id": "integer"})


def test_floats_are_rounded_wherever_they_stand() -> None:
    assert rounded({"a": [0.1 + 0.2, (1 / 3, 2)], "b": {"c": 2e-7}}) == {"a": [0.3, [0.333333, 2]], "b": {"c": 0.0}}
    assert rounded([True, None, 7, "0.12345678", 10**20]) == [True, None, 7, "0.12345678", 10**20]


def test_there_is_one_zero() -> None:
    assert dump_line([-0.0, -1e-9, 0.0]) == "[0.0, 0.0, 0.0]"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_not_written(tmp_path: Path, number: float) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        write_lines(tmp_path / "lines.jsonl", [{"a": [number]}])
    with pytest.raises(ValueError, match="cannot be written"):
        write_json(tmp_path / "report.json", {"a": {"b": number}})


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(-1e9, 1e9), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=8,
)


@few
@given(written=st.lists(values, max_size=5))
def test_lines_come_back_rounded_and_in_the_order_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[object]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "lines.jsonl"
    write_lines(path, written)
    assert list(read_lines(path)) == [rounded(value) for value in written]
    assert path.read_bytes().count(b"\n") == len(written)
    write_lines(path.with_name("again.jsonl"), read_lines(path))
    assert path.with_name("again.jsonl").read_bytes() == path.read_bytes()


def test_keys_keep_the_order_given_and_text_stays_readable(tmp_path: Path) -> None:
    write_lines(tmp_path / "lines.jsonl", [{"z": "naïve\u2028😀", "a": 1}])
    assert (tmp_path / "lines.jsonl").read_text(encoding="utf-8") == '{"z": "naïve\u2028😀", "a": 1}\n'
    write_json(tmp_path / "report.json", {"z": 1.23456789, "a": None})
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == '{\n  "z": 1.234568,\n  "a": null\n}\n'
    assert list(read_json(tmp_path / "report.json")) == ["z", "a"]


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"",
        b'{"a": 1} {"a": 2}',
        b'"caf\xe9"',
        b"[NaN]",
        b"[-Infinity]",
        b"[1e400]",
        b"\xef\xbb\xbf1",
        b"[" * 100_000,
    ],
    ids=["cut", "blank", "two", "latin-1", "nan", "infinity", "overflow", "byte order mark", "deep"],
)
def test_a_broken_line_is_named_by_file_and_number(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line + b"\n")
    found = read_lines(path)
    assert next(found) == {"a": 1}
    with pytest.raises(InputError, match=r"lines\.jsonl, line 2: not a line of JSON in UTF-8") as refused:
        next(found)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300 + len(str(path))


@pytest.mark.parametrize("text", [b"<<<<<<< HEAD\n{}", b'"\xff"', b"", b'{"a": NaN}'])
def test_a_broken_report_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "report.json").write_bytes(text)
    with pytest.raises(InputError, match=r"report\.json: not JSON in UTF-8"):
        read_json(tmp_path / "report.json")


def test_outputs_appear_together_once_the_block_ends(tmp_path: Path) -> None:
    with whole(tmp_path / "a" / "report.json", tmp_path / "b" / "table") as (report, table):
        assert not report.exists()
        assert not table.exists()
        write_json(report, 1)
        table.mkdir()
        (table / "part").write_text("2")
        assert not (tmp_path / "a" / "report.json").exists()
    assert contents(tmp_path) == {"report.json": b"1\n", "part": b"2"}


def lay(path: Path, kind: str, text: str) -> None:
    if kind == "file":
        path.write_text(text)
    elif kind == "folder":
        path.mkdir()
        (path / text).write_text(text)


@pytest.mark.parametrize("after", ["file", "folder"])
@pytest.mark.parametrize("before", ["nothing", "file", "folder"])
def test_what_was_there_is_replaced_as_a_whole(tmp_path: Path, before: str, after: str) -> None:
    lay(tmp_path / "output", before, "old")
    with whole(tmp_path / "output") as (draft,):
        lay(draft, after, "new")
    assert contents(tmp_path) == {"output" if after == "file" else "new": b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


@pytest.mark.parametrize("to", ["file", "folder"])
@pytest.mark.parametrize("after", ["file", "folder"])
def test_a_link_is_replaced_and_what_it_points_to_is_left(tmp_path: Path, to: str, after: str) -> None:
    lay(tmp_path / "cache", to, "old")
    (tmp_path / "output").symlink_to(tmp_path / "cache")
    with whole(tmp_path / "output") as (draft,):
        lay(draft, after, "new")
    assert not (tmp_path / "output").is_symlink()
    assert "old" in [
        path.read_text() for path in [tmp_path / "cache", *(tmp_path / "cache").glob("*")] if path.is_file()
    ]


@pytest.mark.parametrize("stop", [InputError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_outputs_as_they_were_and_no_draft(tmp_path: Path, stop: type[BaseException]) -> None:
    lay(tmp_path / "kept", "folder", "old")
    with pytest.raises(stop), whole(tmp_path / "kept", tmp_path / "new.json") as (kept, new):  # noqa: PT012
        lay(kept, "folder", "half")
        lay(new, "file", "half")
        raise stop
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert contents(tmp_path) == {"old": b"old"}


@pytest.mark.parametrize("left", ["file", "folder"])
def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path: Path, left: str) -> None:
    with whole(tmp_path / "output") as (draft,):
        name = draft.name
    lay(tmp_path / name, left, "half")
    with whole(tmp_path / "output") as (draft,):
        assert draft.name == name
        assert not draft.exists()
        lay(draft, "folder", "new")
    assert contents(tmp_path) == {"new": b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_a_kill_between_two_moves_loses_neither_the_old_nor_the_new(
    tmp_path: Path, moves: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path / "output", "folder", "old")
    move, left = Path.replace, moves

    def replace(path: Path, target: Path) -> Path:
        nonlocal left
        if left == 0:
            os._exit(9)
        left -= 1
        return move(path, target)

    if (child := os.fork()) == 0:
        monkeypatch.setattr(Path, "replace", replace)
        with whole(tmp_path / "output") as (draft,):
            lay(draft, "folder", "new")
        os._exit(0)
    died = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert died == (9 if moves < 2 else 0)
    with whole(tmp_path / "output"):  # the next run, which writes nothing
        pass
    assert contents(tmp_path) == ({"new": b"new"} if moves == 2 else {"old": b"old"})
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


def test_an_output_that_was_not_written_is_not_made(tmp_path: Path) -> None:
    with whole(tmp_path / "a", tmp_path / "b") as (first, _):
        lay(first, "file", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_shard_is_a_small_value_that_travels() -> None:
    import pickle

    assert pickle.loads(pickle.dumps(Shard("data/a/part-00000.parquet"))) == Shard("data/a/part-00000.parquet")


def test_reports_are_plain_json(tmp_path: Path) -> None:
    write_json(tmp_path / "report.json", {"a": [1.5, None, True, "é"]})
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == {"a": [1.5, None, True, "é"]}
