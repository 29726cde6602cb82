"""Open datasets: files by their address, and folders in the forms of Hugging Face and Croissant."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages import InputError
from stages.publishing.croissant import CONTEXT
from stages.sources import Address, Croissant, HuggingFaceDataset, collect
from tests import s3

CSV = b"id,text\n001,NA\n002,two\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / "cache"))
    return tmp_path


def put(path: str, data: bytes) -> str:
    """Write a file, and give its sha256."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def zipped(members: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def cells(source: Any, *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for rows in source.read(columns) for row in rows.table.to_pylist()]


# by address


class Handler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/loop"):
            self.send_response(302)
            self.send_header("Location", "/loop")
            self.end_headers()
        elif self.path.startswith("/busy"):
            self.send_error(503)
        elif self.path.startswith("/cut"):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"cut")
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(here: Path) -> Iterator[str]:
    (here / "web").mkdir()

    def handler(*arguments: Any) -> Handler:
        return Handler(*arguments, directory=str(here / "web"))

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_is_fetched_once_and_read_from_the_cache_from_then_on(web, here):
    sha256 = put("web/a.zip", zipped({"d/a.csv": CSV}))
    source = Address(address=f"{web}/a.zip?key=hunter2", sha256=sha256, format="csv", member="d/*.csv")
    assert cells(source, "id", "text") == [("001", "NA"), ("002", "two")]
    Path("web/a.zip").unlink()
    frame = collect({"s": source}, "id", {"text": "text"}, ["text"])
    assert frame["source"].tolist() == ["s/a.csv"] * 2
    assert [path.name for path in Path("cache").iterdir()] == [sha256]
    put(f"cache/{sha256}", b"damaged")
    with pytest.raises(InputError, match=r"/a\.zip: cannot be fetched \(status 404\)") as caught:
        cells(source, "id")
    assert "hunter2" not in str(caught.value)


def test_another_file_than_the_pinned_one_is_not_read(web):
    found = put("web/a.csv", CSV)
    with pytest.raises(InputError, match=f"a.csv: its sha256 is {found}, not {'0' * 64}"):
        cells(Address(address=f"{web}/a.csv", sha256="0" * 64, format="csv"), "id")
    assert list(Path("cache").iterdir()) == []


def test_a_file_that_is_too_large_is_given_up(web):
    sha256 = put("web/a.csv", CSV)
    with pytest.raises(InputError, match=r"a\.csv: more than 10 bytes"):
        cells(Address(address=f"{web}/a.csv", sha256=sha256, format="csv", bytes=10), "id")
    assert list(Path("cache").iterdir()) == []


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/loop", "TooManyRedirects"),
        ("/gone", "status 404"),
        ("/busy", "status 503"),
        ("/cut", "ContentLengthError"),
    ],
)
def test_what_a_server_does_wrong_is_told(path, why, web):
    with pytest.raises(InputError, match=rf"{path}: cannot be fetched \({why}\)") as caught:
        cells(Address(address=f"{web}{path}?key=hunter2", sha256="0" * 64, format="csv"), "id")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_nobody_there():
    with pytest.raises(InputError, match=r"http://127\.0\.0\.1:9/a: cannot be fetched \(ConnectionRefusedError\)"):
        cells(Address(address="http://127.0.0.1:9/a", sha256="0" * 64, format="csv"), "id")


@pytest.mark.parametrize(
    "address",
    [
        "https://me:hunter2@127.0.0.1/a",
        "https://hunter2@127.0.0.1/a",
        "file:///etc/hunter2",
        "/etc/hunter2",
        "simplecache::https://127.0.0.1/hunter2",
        "abfs://me:hunter2@account.dfs.core.windows.net/a",
        "abfs://hunter2@127.0.0.1/a",
        "https://hunter2@account.dfs.core.windows.net/a",
        "https://127.0.0.1/hunter2::file:///etc/passwd",
        "https://[hunter2",
        "https://127.0.0.1/hunter2\n",
    ],
)
def test_an_address_that_may_not_be_is_refused_without_being_shown(address):
    with pytest.raises(InputError, match=r"^address: ") as caught:
        Address(address=address, sha256="0" * 64, format="csv")
    assert "hunter2" not in str(caught.value)


def test_a_container_of_azure_is_no_user():
    address = "abfs://container@account.dfs.core.windows.net/a.csv"
    assert Address(address=address, sha256="0" * 64, format="csv").address == address


@pytest.mark.parametrize("kind", ["s3", "gs", "abfs"])
def test_a_storage_without_its_library_says_which_extra_brings_it(kind, monkeypatch):
    from fsspec.registry import _registry

    for name in ("s3fs", "gcsfs", "adlfs"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    monkeypatch.delitem(_registry, kind, raising=False)
    with pytest.raises(InputError, match=rf"{kind}:// needs what `pip install '\.\[{kind}\]'` brings"):
        cells(Address(address=f"{kind}://bucket/a.csv", sha256="0" * 64, format="csv"), "id")


@pytest.mark.slow
def test_a_file_of_a_storage_is_read_by_who_the_environment_says(monkeypatch):
    with s3.served("open", "hunter2", monkeypatch) as (address, client):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        client.put_object(Bucket="open", Key="d/a.csv", Body=CSV)
        sha256 = hashlib.sha256(CSV).hexdigest()
        assert cells(Address(address="s3://open/d/a.csv", sha256=sha256, format="csv"), "id") == [("001",), ("002",)]
        with pytest.raises(InputError, match=r"s3://open/d/b\.csv: cannot be fetched") as caught:
            cells(Address(address="s3://open/d/b.csv", sha256="0" * 64, format="csv"), "id")
        assert "hunter2" not in str(caught.value)


# Hugging Face


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("HF_HOME", str(here / "hf"))


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_a_folder_of_hugging_face_is_read_with_the_names_of_its_classes():
    import datasets

    features = datasets.Features(
        {
            "id": datasets.Value("string"),
            "n": datasets.Value("float64"),
            "label": datasets.ClassLabel(names=["no", "yes"]),
        }
    )
    rows = {"id": ["001", "002", "003"], "n": [0.1, None, 3.0], "label": [1, None, 0]}
    datasets.Dataset.from_dict(rows, features=features).to_parquet("data/raw/x/data/train-00000-of-00001.parquet")
    source = HuggingFaceDataset(path="data/raw/x", split="train")
    assert cells(source, "label", "id", "n") == [("yes", "001", "0.1"), (None, "002", None), ("no", "003", "3")]
    datasets.Dataset.from_dict(rows, features=features).select([2]).to_parquet(
        "data/raw/x/data/train-00000-of-00001.parquet"
    )
    assert cells(source, "label", "id") == [("no", "003")], "nothing is taken from what was there before"
    with pytest.raises(InputError, match="data/raw/x: no column 'absent'; its columns are 'id', 'n', 'label'"):
        cells(source, "absent")
    with pytest.raises(InputError, match=r"data/raw/x: cannot be loaded \(ValueError: Unknown split"):
        cells(HuggingFaceDataset(path="data/raw/x", split="absent"), "id")


@pytest.mark.slow
@pytest.mark.usefixtures("offline")
def test_code_in_a_folder_of_hugging_face_is_not_run():
    put("data/raw/x/x.py", b"open('ran', 'w').close()")
    with pytest.raises(InputError, match="data/raw/x: cannot be loaded"):
        cells(HuggingFaceDataset(path="data/raw/x", split="train"), "id")
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"path": "some/name"}, "path: there is no folder"), ({"path": "some/name", "revision": "main"}, "revision: ")],
)
def test_a_dataset_of_the_hub_must_be_pinned(settings, said):
    with pytest.raises(InputError, match=f"^{said}"):
        HuggingFaceDataset(**settings, split="train")


# Croissant


def described(distribution: list[dict[str, Any]], **sources: dict[str, Any]) -> Croissant:
    fields = [
        {"@type": "cr:Field", "@id": f"rows/{name}", "name": name, "dataType": "sc:Text", "source": source}
        for name, source in sources.items()
    ]
    about = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "rows",
        "description": "Rows.",
        "distribution": [{"name": each["@id"], **each} for each in distribution],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "field": fields}],
    }
    put("data/raw/x/croissant.json", json.dumps(about).encode())
    return Croissant(path="data/raw/x/croissant.json", records="rows")


def file(id: str, **about: Any) -> dict[str, Any]:
    return {"@type": "cr:FileObject", "@id": id, "contentUrl": id, "encodingFormat": "text/csv", **about}


def files(id: str, includes: str, **about: Any) -> dict[str, Any]:
    return {"@type": "cr:FileSet", "@id": id, "includes": includes, "encodingFormat": "text/csv", **about}


def column(name: str, **of: str) -> dict[str, Any]:
    ((kind, id),) = (of or {"fileObject": "a.csv"}).items()
    return {kind: {"@id": id}, "extract": {"column": name}}


@pytest.mark.slow
def test_records_of_a_file_in_croissant_are_read_as_written():
    sha256 = put("data/raw/x/a.csv", CSV)
    source = described([file("a.csv", sha256=sha256)], key=column("id"), said=column("text"))
    assert cells(source, "said", "key") == [("NA", "001"), ("two", "002")]
    with pytest.raises(InputError, match=r"no column 'text'; its columns are 'key', 'said'"):
        cells(source, "text")
    with pytest.raises(InputError, match=r"records: .* has no record set 'absent'; it has rows"):
        cells(Croissant(path="data/raw/x/croissant.json", records="absent"), "key")
    put("data/raw/x/a.csv", CSV + b"003,three\n")
    with pytest.raises(InputError, match=r"a\.csv: not the file that data/raw/x/croissant\.json describes"):
        cells(source, "key")
    Path("data/raw/x/a.csv").unlink()
    with pytest.raises(InputError, match=r"there is no file 'data/raw/x/a\.csv'"):
        cells(source, "key")


@pytest.mark.slow
def test_sets_of_files_and_archives_in_croissant_are_read():
    for number in range(2):
        Path("data/raw/x/d").mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": [number]}), f"data/raw/x/d/{number}.parquet")
    source = described(
        [files("all", "d/*.parquet", encodingFormat="application/x-parquet")], id=column("id", fileSet="all")
    )
    assert cells(source, "id") == [("0",), ("1",)]
    sha256 = put("data/raw/x/a.zip", zipped({"d/a.csv": CSV, "d/b.csv": CSV, "c.csv": b""}))
    archive = file("a.zip", sha256=sha256, encodingFormat="application/zip")
    inside = files("all", "d/*.csv", containedIn={"@id": "a.zip"})
    source = described([archive, inside], id=column("id", fileSet="all"))
    assert [rows.name for rows in source.read(["id"])] == ["a.csv", "b.csv"]
    inside = file("a.csv", contentUrl="d/a.csv", containedIn={"@id": "a.zip"})
    assert cells(described([archive, inside], id=column("id")), "id") == [("001",), ("002",)]


@pytest.mark.slow
def test_a_file_of_croissant_by_address_is_pinned(web):
    sha256 = put("web/a.csv", CSV)
    source = described([file("a.csv", contentUrl=f"{web}/a.csv", sha256=sha256)], id=column("id"))
    assert cells(source, "id") == [("001",), ("002",)]
    assert [path.name for path in Path("cache").iterdir()] == [sha256]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("distribution", "field", "said"),
    [
        ([file("a.csv", contentUrl="../../../secret.csv", sha256="0" * 64)], column("id"), "is not below its folder"),
        ([file("a.csv", contentUrl="/etc/passwd", sha256="0" * 64)], column("id"), "is not below its folder"),
        ([files("a.csv", "../**")], column("id", fileSet="a.csv"), "is not below its folder"),
        ([file("a.csv", contentUrl="file:///etc/passwd", sha256="0" * 64)], column("id"), "address: one that begins"),
        ([file("a.csv", encodingFormat="image/png", sha256="0" * 64)], column("id"), "is image/png; supported are"),
        ([file("a.csv", sha256="0" * 64)], column("id") | {"transform": {"regex": "(.)"}}, "is not simply a column"),
        ([file("a.csv", sha256="0" * 64)], column("id", fileObject="b.csv"), "not a description in Croissant"),
    ],
)
def test_what_croissant_may_not_or_we_cannot_is_told(distribution, field, said):
    with pytest.raises(InputError, match=said):
        cells(described(distribution, id=field), "id")
