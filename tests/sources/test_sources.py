from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import random
import shutil
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError
from stages.configuration.dataset import Sample
from stages.sampling import order
from stages.sources import (
    Files,
    HuggingFaceDataset,
    Package,
    Rows,
    Source,
    archives,
    collect,
    decoding,
    globs,
    require_below,
)
from stages.sources.package import why_pip_failed
from stages.sources.sentences import Sentences

CSV = b"id,text\n001,one\n002,two\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(path: str, data: bytes) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)


def as_id(value: Any) -> str:
    """A test's name must not hold an archive's bytes, which have the time in them."""
    return value if isinstance(value, str) else ""


def cells(source: Source, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for rows in source.read(columns) for row in rows.table.to_pylist()]


def gather(source: Source, id: str | None = None, *fields: str) -> pd.DataFrame:
    names = fields or ("text",)
    return collect({"s": source}, id, dict.fromkeys(names, "text"), names)


def zipped(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred(members: dict[str, bytes | tarfile.TarInfo], mode: str = "w:gz") -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return data.getvalue()


# formats


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("a.csv", b'\xef\xbb\xbfn,text\r\n001,"a ""b"",\nc"\r\n,NA\r\n'),
        ("a.json", b'[{"n": "001", "text": "a \\"b\\",\\nc", "x": 1}, {"text": "NA", "n": ""}]'),
        ("a.jsonl", b'{"n": "001", "text": "a \\"b\\",\\nc"}\n\n{"text": "NA"}\n'),
    ],
)
def test_text_is_as_written_and_only_what_is_declared_is_null(file: str, data: bytes) -> None:
    put(file, data)
    form = file.partition(".")[2]
    assert cells(Files(path=file, format=form), "n", "text") == [("001", 'a "b",\nc'), (None, "NA")]  # type: ignore[arg-type]
    marked = Files(path=file, format=form, missing=["NA", "001"])  # type: ignore[arg-type]
    assert [row[1] for row in cells(marked, "n", "text")] == ['a "b",\nc', None]
    assert cells(marked, "n")[0] == (None,)


def test_a_quote_is_a_character_in_tsv() -> None:
    put("a.tsv", b'id\ttext\n1\t"so\n2\tsays "no"\n')
    assert cells(Files(path="a.tsv", format="tsv"), "text") == [('"so',), ('says "no"',)]
    put("b.tsv", b'id\ttext\n1\t"so\nso"\n')
    assert cells(Files(path="b.tsv", format="csv", delimiter="\t"), "text") == [("so\nso",)]


def test_columns_name_a_file_without_header() -> None:
    put("a.csv", b"1;x\n2;y\n")
    assert cells(Files(path="a.csv", format="csv", delimiter=";", columns=["id", "text"]), "text", "id") == [
        ("x", "1"),
        ("y", "2"),
    ]


def test_json_values_keep_the_literal_they_are_written_in() -> None:
    values = ["1.10", "1e400", "-0", "9" * 5000, "true", "null", '[1.0, "1", {"b": null, "a": "é"}]', '"1"']
    expected = ["1.10", "1e400", "-0", "9" * 5000, "true", None, '[1.0,"1",{"a":"é","b":null}]', "1"]
    put("a.jsonl", "\n".join(f'{{"v": {value}}}' for value in values).encode())
    put("a.json", ("[" + ",".join(f'{{"v": {value}}}' for value in values) + "]").encode())
    assert [value for (value,) in cells(Files(path="a.jsonl", format="jsonl"), "v")] == expected
    assert [value for (value,) in cells(Files(path="a.json", format="json"), "v")] == expected


def test_parquet_values_become_exact_text() -> None:
    moments = pa.array([0, 1_700_000_000_123], pa.timestamp("ms", "Europe/Paris"))
    table = {
        "n": [2**62, None],
        "x": [0.1, 1e22],
        "b": [True, False],
        "t": moments,
        "l": [[1, 2], None],
        "s": ["", "é"],
    }
    pq.write_table(pa.table(table), "a.parquet")
    assert cells(Files(path="a.parquet", format="parquet"), *table) == [
        ("4611686018427387904", "0.1", "true", "1970-01-01 00:00:00.000Z", "[1,2]", None),
        (None, "1e+22", "false", "2023-11-14 22:13:20.123Z", None, "é"),
    ]


def test_a_folder_of_texts_gives_one_record_a_file() -> None:
    put("in/b/1.txt", b"one\r\nline\n")
    put("in/2.txt", b"")
    found = gather(Files(path="in/**/*.txt", format="text", missing=()), "name", "name", "text")
    assert found[["id", "text", "source"]].values.tolist() == [
        ["2.txt", "", "s/2.txt"],
        ["b/1.txt", "one\r\nline\n", "s/b/1.txt"],
    ]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(texts, texts), max_size=5), st.integers(1, 5))
def test_what_is_written_is_read_back(rows: list[tuple[str, str]], block: int) -> None:
    table = [{"a": a, "b": b} for a, b in rows]
    written = io.StringIO(newline="")
    csv.writer(written).writerows([("a", "b"), *rows])
    put("w.csv", written.getvalue().encode())
    put("w.json", json.dumps(table, indent=1).encode())
    put("w.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in table).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "BLOCK", block)
        for form in ("csv", "json", "jsonl"):
            assert cells(Files(path=f"w.{form}", format=form, missing=()), "a", "b") == rows


def test_a_field_of_200_000_characters_is_read() -> None:
    put("a.csv", b"text\n" + b"x" * 200_000)
    assert len(gather(Files(path="a.csv", format="csv")).text[0]) == 200_000


# bad input: each is one clear error


@pytest.mark.parametrize(
    ("form", "data", "message"),
    [
        ("csv", b'id,text\n1,ok\n2,"never closed\n3,x\n', r"x, line 3: the row that begins here is not valid"),
        ("csv", b'id,text\n1,"a"b\n', r"x, line 2: the row that begins here is not valid"),
        ("csv", b'id,text\n1,"two\nlines"\n2,a,b\n', r"x, line 4: 3 cells where 2 columns are named"),
        ("csv", b"id,text\n1\n", r"x, line 2: 1 cells where 2 columns are named"),
        ("csv", b"id,text,id\n", r"x, line 1: two columns are named 'id'"),
        ("csv", b"", r"x: empty, without even a header row; name `columns`"),
        ("csv", b"id,text\n1,a\0b\n", r"x, line 2: a NUL character"),
        ("csv", b"id;text\n1;a\n", r"x, line 1: no ',' between the names of columns.*`delimiter: \";\"`"),
        ("tsv", b"id,text\n1,a\n", r"x, line 1: no '\\t' between the names of columns.*`delimiter: \",\"`"),
        ("csv", b"PK\x03\x04\x14\x00\xff", r"x: an archive or a workbook, not text; .* save it as CSV"),
        ("csv", b"id,txt\n1,a\n", r"x: no column 'text'; its columns are 'id', 'txt'"),
        ("csv", b"id,text\n1,caf\xe9\n", r"x, line 2, byte offset 13: byte 0xe9 is not utf-8; .*`encoding: cp1252`"),
        ("csv", "id,text\n".encode("utf-16"), r"x, line 1, byte offset 0: .*`encoding: utf-16`"),
        ("json", b"", r"x: not a list of objects"),
        ("json", b'{"text": "a"}', r"x: not a list of objects.*`format: jsonl`"),
        ("json", b'[{"text": "a"},\n{"text": }]', r"x, line 2, column 10: broken JSON"),
        ("json", b'[{"text": "a"},\n]', r"x, line 2, column 1: broken JSON"),
        ("json", b'[{"text": "a"}\n', r"x, line 2: broken JSON"),
        ("json", b'[{"text": "a"}]\n[]', r"x, line 1: broken JSON"),
        ("json", b'[{"text": "a"},\n{"text": 1, "text": 2}]', r"x, line 2: an object has the key 'text' twice"),
        ("jsonl", b'{"text": "a"}\n{"text": "b"\n', r"x, line 2, column 13: broken JSON"),
        ("jsonl", b'{"text": {"a": 1, "a": 2}}', r"x, line 1: an object has the key 'a' twice"),
        ("jsonl", b'{"text": NaN}', r"x, line 1: NaN is not a JSON value"),
        ("jsonl", b'{"text": -Infinity}', r"x, line 1: -Infinity is not a JSON value"),
        ("jsonl", b'{"text": "a"}\n"a"', r"x, line 2: a record must be an object, \{…\}, not a string"),
        ("jsonl", b'{"text": "a"}\n{"text": "\\ud83d"}', r"x, line 2: 'text' has half a surrogate pair"),
        ("jsonl", b'{"text": {"\\ud83d": 1}}', r"x, line 1: 'text' has half a surrogate pair"),
        ("jsonl", b'{"text": ' + b"[" * 101 + b"]" * 101 + b"}", r"x, line 1: lists and objects more than 100 deep"),
        ("jsonl", b'{"text": ' + b"[" * 100_000, r"x, line 1: lists and objects more than 100 deep"),
        ("jsonl", b'{"txt": "a"}\n{"id": 1}', r"x: no column 'text'; its columns are 'txt', 'id'"),
        ("text", b"\x1f\0\0", r"x, line 1: a NUL character.*`member`"),
        ("parquet", b"PAR1", r"x: not a sound Parquet file"),
        ("csv", gzip.compress(CSV)[:-9], r"x: damaged"),
    ],
    ids=as_id,
)
def test_bad_input_is_one_error_that_says_where(form: str, data: bytes, message: str) -> None:
    put("x", data)
    with pytest.raises(InputError, match=f"^dataset.sources.s: {message}") as error:
        gather(Files(path="x", format=form))  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


def test_parquet_that_has_no_exact_text_is_refused() -> None:
    pq.write_table(pa.table([[b"\xff"], ["a"], ["b"]], names=["text", "twice", "twice"]), "x")
    with pytest.raises(InputError, match="column 'text', of type binary, has no exact text"):
        cells(Files(path="x", format="parquet"), "text")
    with pytest.raises(InputError, match="two columns are named 'twice'"):
        cells(Files(path="x", format="parquet"), "twice")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("block", [1, 2, 3, 5, 1000])
def test_an_encoding_error_names_line_and_byte(encoding: str, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "BLOCK", block)
    good = "é中,x\n€\nab".encode(encoding)
    put("x", good + b"\x00\xdc\x00\xdc" if encoding == "utf-16" else good + b"\xffz")
    with pytest.raises(InputError, match=rf"x, line 3, byte offset {len(good)}: byte 0x.. is not {encoding}"):
        cells(Files(path="x", format="text", encoding=encoding), "text")


def test_header_alone_is_an_empty_table() -> None:
    put("x", b"id,text\n")
    found = gather(Files(path="x", format="csv"))
    assert (list(found.columns), len(found)) == (["id", "text", "source"], 0)
    put("x", b"[]")
    assert gather(Files(path="x", format="json")).dtypes.to_dict() == found.dtypes.to_dict()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"format": "csv", "encoding": "klingon"}, "encoding: 'klingon' is not known"),
        ({"format": "csv", "encoding": "hex"}, "encoding: 'hex' is not known"),
        ({"format": "csv", "encoding": "undefined"}, "encoding: 'undefined' is not known"),
        ({"format": "json", "columns": ["a"]}, "columns: only format csv or tsv has it"),
        ({"format": "csv", "columns": ["a", "a"]}, "columns: a name occurs twice"),
        ({"format": "csv", "delimiter": "||"}, "delimiter: '||' is not allowed"),
    ],
)
def test_a_wrong_layout_is_refused_before_any_reading(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        Files(path="x", **wrong)
    assert str(error.value).startswith(message)


# files and archives


def test_no_file_matches() -> None:
    with pytest.raises(InputError, match=r"sources.s: path: no file matches 'data/raw/\*.csv' below the working"):
        gather(Files(path="data/raw/*.csv", format="csv"))


@pytest.mark.parametrize(
    ("file", "data", "member", "sources"),
    [
        ("in/a.csv.gz", gzip.compress(CSV), None, ["s"]),
        (
            "in/a.zip",
            zipped({"d/a.csv": CSV, "d/e/b.csv": b"", "d/f.csv/g": b"", "a.txt": b""}),
            "d/*.csv",
            ["s/a.csv"],
        ),
        ("in/a.zip", zipped({"d/a.csv": CSV}), "d/a.csv", ["s"]),
        ("in/a.tar", tarred({"./d/a.csv": CSV}, "w"), "d/a.csv", ["s"]),
        ("in/a.tar.xz", tarred({"d/a.csv": CSV}, "w:xz"), "**/a.csv", ["s/d/a.csv"]),
        (
            "in/a.zip",
            zipped({"i.tgz": tarred({"x/a.csv.gz": gzip.compress(CSV)})}),
            "*.tgz//x/*",
            ["s/i.tgz//a.csv.gz"],
        ),
        ("in/a.tar", tarred({"PK.csv": CSV}, "w"), "*.csv", ["s/PK.csv"]),
        ("in/a.tgz", tarred({"i.zip": zipped({"a.csv": CSV})}), "i.zip//*", ["s/a.csv"]),
    ],
    ids=as_id,
)
def test_compressed_files_and_members_are_read(file: str, data: bytes, member: str | None, sources: list[str]) -> None:
    put(file, data)
    before = sorted(Path().rglob("*"))
    found = gather(Files(path=file, format="csv", member=member), "id")
    assert (found.id.tolist(), found.text.tolist()) == (["001", "002"], ["one", "two"])
    assert sorted(set(found.source)) == sources
    assert sorted(Path().rglob("*")) == before, "nothing is unpacked to disk"


def link(name: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


def zip_link(name: str) -> bytes:
    data, info = io.BytesIO(), zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (tarred({"a.csv": link("a.csv")}), "x//a.csv: a link, which is not read"),
        (tarred({"a.csv": link("a.csv", tarfile.LNKTYPE)}), "x//a.csv: a link, which is not read"),
        (zip_link("a.csv"), "x//a.csv: a link, which is not read"),
        (tarred({"a.csv": link("a.csv", tarfile.CHRTYPE)}), "x//a.csv: a device or a pipe, which is not read"),
        (tarred({"a.csv": link("a.csv", tarfile.BLKTYPE)}), "x//a.csv: a device or a pipe, which is not read"),
        (tarred({"a.csv": link("a.csv", tarfile.FIFOTYPE)}), "x//a.csv: a device or a pipe, which is not read"),
        (tarred({"a\nb.csv": CSV}), "'x//a\\nb.csv': a member whose name has a line end"),
        (zipped({"a\nb.csv": CSV}), "'x//a\\nb.csv': a member whose name has a line end"),
        (tarred({"d/" * 10_000 + "b.txt": CSV}), "x: no member matches '**/*.csv'; it holds d/d/"),
        (tarred({"../a.csv": CSV}), "x//../a.csv: an absolute path, or one above its archive"),
        (zipped({"/a.csv": CSV}), "x///a.csv: an absolute path, or one above its archive"),
        (tarred({"a.csv": CSV, "./a.csv": CSV}), "x//./a.csv: the archive holds two members of this name"),
        (tarred({"b.txt": CSV}), "x: no member matches '**/*.csv'; it holds b.txt"),
        (b"no archive", "x: not a sound zip or tar archive"),
        (b"", "x: not a sound zip or tar archive"),
        (zipped({"a.csv": CSV})[:-30], "x: not a sound zip or tar archive"),
        (tarred({"a.csv": random.Random(0).randbytes(5000)})[:-100], "x: damaged"),
        (zipped({"a.csv": b" " * (20 << 20)}), "x//a.csv: unpacks to more than"),
        (tarred({"a.csv": b" " * (20 << 20)}), "x: unpacks to more than"),
        (gzip.compress(zipped({"a.csv": gzip.compress(b" " * (20 << 20))})), "x//a.csv: unpacks to more than"),
    ],
    ids=as_id,
)
def test_a_bad_archive_is_refused(data: bytes, message: str) -> None:
    put("x", data)
    with pytest.raises(InputError) as error:
        cells(Files(path="x", format="csv", member="**/*.csv"), "text")
    assert str(error.value).startswith(message)


def test_limits_hold_for_one_member_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    put("x", zipped({f"{name}.csv": CSV for name in "abc"}))
    source = Files(path="x", format="csv", member="*.csv")
    monkeypatch.setattr(archives, "TOTAL", 3 * len(CSV))
    assert len(cells(source, "text")) == 6
    monkeypatch.setattr(archives, "TOTAL", 3 * len(CSV) - 1)
    with pytest.raises(InputError, match=r"^x//c.csv: unpacks to more than"):
        cells(source, "text")
    monkeypatch.setattr(archives, "MEMBER", len(CSV) - 1)
    with pytest.raises(InputError, match=r"^x//a.csv: unpacks to more than"):
        cells(source, "text")


def test_a_path_of_10_000_folders_is_read_and_hostile_names_take_no_time() -> None:
    put("x", tarred({"d/" * 10_000 + "a.csv": CSV, "a/" * 200 + "b.txt": b""}))
    source = Files(path="x", format="csv", member="**/*.csv")
    assert len(cells(source, "text")) == 2
    assert not globs.matches(["a"] * 200, ["**", "a"] * 20 + ["b"])


@settings(deadline=None)
@given(st.lists(st.sampled_from("ab"), max_size=6), st.lists(st.sampled_from(["a", "?", "**"]), max_size=5))
def test_patterns_match_as_they_are_defined(name: list[str], pattern: list[str]) -> None:
    def defined(name: list[str], pattern: list[str]) -> bool:
        if not pattern:
            return not name
        if pattern[0] == "**":
            return any(defined(name[start:], pattern[1:]) for start in range(len(name) + 1))
        return bool(name) and pattern[0] in (name[0], "?") and defined(name[1:], pattern[1:])

    assert globs.matches(name, pattern) is defined(name, pattern)


def test_a_matching_folder_or_unmatched_link_does_no_harm() -> None:
    put("x", tarred({"d": link("d/l"), "d/a.csv": CSV}))
    Path("y.csv").mkdir()
    assert len(cells(Files(path="*", format="csv", member="d/*.csv"), "text")) == 2


# collect


@dataclass
class Given:
    """A source of one's own: a file for each list of records."""

    files: dict[str, list[dict[str, str | None]]]

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        for name, records in self.files.items():
            cells = [pa.array([record[column] for record in records], pa.large_string()) for column in columns]
            yield Rows(f"{name}.csv", name, range(2, len(records) + 2), pa.table(cells, names=list(columns)))


RECORDS = st.fixed_dictionaries(
    {"text": st.sampled_from(["a", "b", 'é"\n', None]), "more": st.sampled_from(["x", "y"])}
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("pqr"), RECORDS), max_size=12), st.randoms())
def test_the_order_of_files_and_rows_is_nothing(records: list[tuple[str, Any]], shuffle: random.Random) -> None:
    def frame() -> pd.DataFrame:
        files: dict[str, list[Any]] = {}
        for name, record in records:
            files.setdefault(name, []).append(record)
        return collect({"s": Given(files)}, None, {"more": "text", "text": "text"}, ["text"])

    first = frame()
    shuffle.shuffle(records)
    pd.testing.assert_frame_equal(frame(), first)
    assert first.id.is_unique
    assert first.id.tolist() == sorted(first.id)
    assert len(first) == len(records)


def test_ids_are_the_hash_of_the_shown_fields_that_anyone_can_compute() -> None:
    rows: list[dict[str, str | None]] = [{"a": 'q"\\\n\x07é\U0001f600', "b": None, "c": c} for c in ("1", "2", "1")]
    found = collect({"s": Given({"f": rows})}, None, dict.fromkeys("abc", "text"), ["b", "a"])
    shown = json.dumps([None, rows[0]["a"]], ensure_ascii=False, separators=(",", ":"))
    id = hashlib.sha256(shown.encode()).hexdigest()[:16]
    assert found.id.tolist() == [id, f"{id}-2", f"{id}-3"]

    def whole(row: Any) -> str:
        text = json.dumps([row.a, None, row.c, row.source], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    hashes = [whole(row) for row in found.itertuples()]
    assert hashes == sorted(hashes)
    assert found.c.value_counts().to_dict() == {"1": 2, "2": 1}


def test_sources_are_joined_by_the_names_of_their_fields() -> None:
    put("a/1.csv", b"text,id,x\none,1,\n")
    put("a/2.csv", b"id,text\n10,ten\n")
    put("b.jsonl", b'{"id": 2, "text": null}')
    sources = {"a": Files(path="a/*.csv", format="csv"), "off": None, "b": Files(path="b.jsonl", format="jsonl")}
    found = collect(sources, "id", {"text": "text"}, ["text"])
    assert found.columns.tolist() == ["id", "text", "source"]
    assert found.id.tolist() == ["1", "10", "2"]
    assert found.source.tolist() == ["a/1.csv", "a/2.csv", "b"]
    assert found.text.isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("id", "message"),
    [
        (None, "p.csv, line 3: the id (column 'id') is missing"),
        ("", "p.csv, line 3: the id (column 'id') is empty"),
        ("x" * 201, "p.csv, line 3: the id (column 'id') has more than 200 characters"),
        ("a\nb", "p.csv, line 3: the id (column 'id') has a control character"),
        ("a\x85b", "p.csv, line 3: the id (column 'id') has a control character"),
        ("1", "p.csv, line 3: the id '1' is already that of o.csv, line 2"),
    ],
)
def test_an_unfit_id_is_refused(id: str | None, message: str) -> None:
    files: dict[str, list[dict[str, str | None]]] = {
        "o": [{"id": "1", "text": "a"}],
        "p": [{"id": "2", "text": "a"}, {"id": id, "text": "b"}],
    }
    with pytest.raises(InputError) as error:
        collect({"s": Given(files)}, "id", {"text": "text"}, ["text"])
    assert str(error.value).startswith(message)


def test_a_duplicate_names_both_lines_even_behind_quoted_line_ends() -> None:
    put("a.csv", b'id,text\n7,"two\nlines"\n\n8,x\n7,y\n')
    with pytest.raises(InputError, match=r"^a.csv, line 6: the id '7' is already that of a.csv, line 2"):
        gather(Files(path="a.csv", format="csv"), "id")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": {}}, "sources: none is given"),
        ({"sources": {"s": None}}, "sources: none is given"),
        ({"fields": {"source": "text"}}, "fields: 'source' is a name that every record has"),
        ({"shown": ["body"]}, "shown: 'body' is not among the fields, text"),
        ({"shown": []}, "id: null means a hash of the shown fields"),
    ],
)
def test_a_dataset_that_makes_no_sense_is_refused(change: dict[str, Any], message: str) -> None:
    arguments = {"sources": {"s": Given({})}, "id": None, "fields": {"text": "text"}, "shown": ["text"]}
    with pytest.raises(InputError, match=message):
        collect(**(arguments | change))


# packages: a real pip, and an index made on the spot

BACKEND = b"""
import pathlib
def prepare_metadata_for_build_wheel(folder, settings=None):
    made = pathlib.Path(folder) / "ratings-1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\\nName: ratings\\nVersion: 1.0\\n")
    return made.name
"""
PYPROJECT = b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
METADATA = b"Metadata-Version: 2.1\nName: ratings\nVersion: 1.0\n"
SDIST = tarred(
    {
        "ratings-1.0/PKG-INFO": METADATA,
        "ratings-1.0/pyproject.toml": PYPROJECT,
        "ratings-1.0/backend.py": BACKEND,
        "ratings-1.0/data.zip": zipped({"d/a.csv": CSV}),
    }
)
WHEEL = zipped(
    {
        "ratings/a.csv": CSV,
        "ratings-1.0.dist-info/METADATA": METADATA,
        "ratings-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "ratings-1.0.dist-info/RECORD": b"",
    }
)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def index(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", (here / "index").as_uri())
    monkeypatch.setenv("LABELMILL_CACHE", str(here / "cache"))
    files = {"ratings-1.0.tar.gz": SDIST, "ratings-1.0-py3-none-any.whl": WHEEL}
    links = [f'<a href="{name}#sha256={sha256(data)}">{name}</a>' for name, data in files.items()]
    put("index/ratings/index.html", f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode())
    for name, data in files.items():
        put(f"index/ratings/{name}", data)
    return here / "index"


def ratings(data: bytes = SDIST, **changes: Any) -> Package:
    settings = {"requirement": "ratings==1.0", "sha256": sha256(data), "format": "csv"}
    return Package(**(settings | {"member": "ratings-1.0/data.zip//d/a.csv"} | changes))


@pytest.mark.slow
def test_a_package_is_fetched_once_and_then_read_without_an_index(index: Path) -> None:
    assert gather(ratings(), "id").values.tolist() == [["001", "one", "s"], ["002", "two", "s"]]
    shutil.move(index, "moved")
    assert len(gather(ratings(), "id")) == 2
    assert [path.name for path in Path("cache").iterdir()] == [sha256(SDIST)]


@pytest.mark.slow
def test_a_package_that_is_damaged_in_the_cache_is_fetched_again(index: Path) -> None:
    put(f"cache/{sha256(SDIST)}", SDIST[:-1])
    assert len(gather(ratings(), "id")) == 2
    assert Path("cache", sha256(SDIST)).read_bytes() == SDIST


@pytest.mark.slow
def test_the_wheel_is_fetched_where_the_hash_is_the_wheels(index: Path) -> None:
    assert len(gather(ratings(WHEEL, member="ratings/*.csv"), "id")) == 2


@pytest.mark.slow
def test_the_source_distribution_is_fetched_from_a_folder_without_hashes(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index / "ratings"))
    assert len(gather(ratings(), "id")) == 2


@pytest.mark.slow
def test_another_hash_is_refused_and_nothing_is_kept(index: Path) -> None:
    message = f"ratings==1.0: no file of it has sha256 {'0' * 64}, only .*{sha256(SDIST)}"
    with pytest.raises(InputError, match=message):
        gather(ratings(sha256="0" * 64), "id")
    assert list(Path("cache").iterdir()) == []


@pytest.mark.slow
def test_a_version_that_is_not_there_is_named_with_those_that_are(index: Path) -> None:
    with pytest.raises(InputError, match=r"ratings==9: not in the package index; it has 1.0: correct `requirement`$"):
        gather(ratings(requirement="ratings==9"), "id")


@pytest.mark.slow
def test_without_network_the_error_has_neither_address_nor_password(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://someone:password@127.0.0.1:9/simple")
    with pytest.raises(InputError) as error:
        gather(ratings(), "id")
    assert str(error.value).startswith("dataset.sources.s: ratings==1.0: the package index cannot be reached")
    assert not any(secret in str(error.value) for secret in ("someone", "password", "127.0.0.1"))


def test_a_cache_that_cannot_be_written_is_named(index: Path) -> None:
    put("cache", b"a file")
    with pytest.raises(InputError, match=r"cache: cannot be written \(File exists\); name a folder in LABELMILL_CACHE"):
        gather(ratings(), "id")


def test_a_missing_member_is_named_with_those_there_are(index: Path) -> None:
    put(f"cache/{sha256(SDIST)}", SDIST)
    with pytest.raises(
        InputError, match=r"ratings==1.0//ratings-1.0/data.zip: no member matches 'b.csv'; it holds d/a"
    ):
        gather(ratings(member="ratings-1.0/data.zip//b.csv"), "id")


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("/usr/bin/python: No module named pip", "pip is not installed"),
        ("ERROR: HTTP error 503 while getting https://u:secret@host/x", "the package index cannot be reached"),
        (
            "WARNING: 401 Error, Credentials not correct for https://u:secret@host/",
            "the package index cannot be reached",
        ),
        ("ERROR: No matching distribution found for a==1", "not in the package index; it has no such package"),
        ("error: metadata-generation-failed https://u:secret@host", "its set-up fails"),
        ("ERROR: something new at https://u:secret@host", "pip cannot fetch it"),
    ],
)
def test_what_pip_says_is_reduced_to_the_kind_of_failure(output: str, said: str) -> None:
    reason = why_pip_failed(output, "a==1", "0" * 64)
    assert reason.startswith(said)
    assert "secret" not in reason


@pytest.mark.parametrize("wrong", [{"requirement": "ratings"}, {"requirement": "a==1 --pre"}, {"sha256": "abc"}])
def test_a_package_must_be_pinned(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"^{next(iter(wrong))}: "):
        ratings(**wrong)


@pytest.mark.network
def test_the_real_tweets_are_read_from_the_real_index(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELMILL_CACHE", str(here / "cache"))
    source = Package(
        requirement="vaderSentiment==3.3.2",
        sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
        member="vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz//hutto_ICWSM_2014/tweets_GroundTruth.txt",
        format="tsv",
        columns=["id", "mean", "text"],
    )
    tweets = gather(source, "id", "mean", "text")
    assert len(tweets) == 4200
    assert tweets.set_index("id").text["1002"] == "@anonymous you should always feel shame for that."
    assert tweets["mean"].astype(float).between(-4, 4).all()


def test_a_sample_of_the_records_is_kept_whatever_the_order_of_rows(tmp_path: Path) -> None:
    rows = [f"r{place:02},{'ab'[place % 4 == 0]},{place}" for place in range(40)]
    fields = {"kind": "category", "size": "number"}
    kept = []
    for name, lines in (("one", rows), ("two", rows[::-1])):
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(["id,kind,size", *lines]) + "\n", encoding="utf-8")
        source = {"files": Files(path=str(path), format="csv")}
        samples = (Sample(8), Sample(8, by="kind"), Sample(8, weight="size"))
        kept += [collect(source, "id", fields, ["kind"], sample=sample) for sample in samples]
    assert [frame["id"].tolist() for frame in kept[:3]] == [frame["id"].tolist() for frame in kept[3:]]
    assert kept[0]["id"].tolist() == sorted(order("sample", [f"r{place:02}" for place in range(40)])[:8])
    assert kept[1]["kind"].value_counts().to_dict() == {"a": 6, "b": 2}
    assert "r00" not in kept[2]["id"].tolist()


def test_a_weight_that_is_no_number_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,size\n1,heavy\n", encoding="utf-8")
    source = {"files": Files(path=str(tmp_path / "a.csv"), format="csv")}
    with pytest.raises(InputError, match=r"sample\.weight: a number from 0, or nothing, is expected, found 'heavy'"):
        collect(source, "id", {"size": "number"}, ["size"], sample=Sample(1, weight="size"))


@pytest.mark.parametrize("path", ["data/raw/*.csv", "./data/raw/a/b.csv"])
def test_files_that_dvc_watches_are_taken(path):
    require_below("data/raw", {"s": Files(path=path, format="csv", encoding="utf-8")})


@pytest.mark.parametrize(
    "path", ["data/raw", "data/raw/../x.csv", "/data/raw/x.csv", "elsewhere/*.csv", "../data/raw/x.csv"]
)
def test_files_that_dvc_does_not_watch_are_refused(path):
    files = Files(path=path, format="csv", encoding="utf-8")
    for source in (files, Sentences(documents=files, id="id", text="text")):
        with pytest.raises(InputError, match=r"^dataset\.sources\.s\.path: .* is not below data/raw/"):
            require_below("data/raw", {"s": source})


def test_a_dataset_of_the_hub_has_a_name_and_no_place(here):
    require_below("data/raw", {"s": HuggingFaceDataset(path="ours/reviews", revision="0" * 40, split="train")})
    (here / "reviews").mkdir()
    with pytest.raises(InputError, match="is not below"):
        require_below("data/raw", {"s": HuggingFaceDataset(path="reviews", split="train")})
