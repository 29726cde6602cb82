from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError
from stages.publishing import Csv, HuggingFace, JsonLines, Publish, Version, composition, published
from stages.publishing.base import Form
from stages.tables import read, write
from stages.tasks import Choice

SINGLE = Choice("sentiment", "text", ("positive", "neutral", "negative"))
SEVERAL = Choice("topics", "text", ("price", "a, b", "quality"), multiple=True)
ABOUT = SimpleNamespace(title="Tweets", license="MIT", citation=None, language=None)
FORMS: dict[str, Form] = {"huggingface": HuggingFace(), "csv": Csv(), "jsonl": JsonLines()}
NASTY = '<script>alert("1")</script> | a "quote",\r\na line, a tab\t, =1+1, ünï\u2028cödé 👍'
Records = dict[str, list[dict[str, Any]]]

each_form = pytest.mark.parametrize("form", FORMS)


def record(id: str, text: str, label: Any, **fields: Any) -> dict[str, Any]:
    given = {"origin": None, "confidence": None} if label is None else {"origin": "human", "confidence": 0.75}
    return {"id": id, **fields, "text": text, "label": label, **given, "source": "export/a.csv"}


TEXTS: Records = {
    "train": [
        record("007", NASTY, "neutral"),
        record("1e5", "=cmd|' /C calc'!A0", "positive"),
        record("NA", "null", "negative"),
    ],
    "validation": [record("b", " two  spaces ", "positive")],
    "test": [],
}
TOPICS: Records = {
    "train": [record("1", "dear", ["price"]), record("2", "both", ["a, b", "quality"]), record("3", "neither", [])],
    "validation": [record("4", "nobody knows", None)],
    "test": [],
}


def made(folder: Path, records: Records, task: Choice = SINGLE, fields: Mapping[str, str] | None = None) -> Version:
    """A version whose tables were written and read as the pipeline does."""
    fields = fields or {"text": "text"}
    kinds = {"id": "text"} | {name: "number" if kind == "number" else "text" for name, kind in fields.items()}
    kinds |= {"label": task.column, "origin": "text", "confidence": "number", "source": "text"}
    tables = {}
    for split, rows in records.items():
        write(folder / split, [pd.DataFrame(rows, columns=list(kinds))], kinds)
        tables[split] = read(folder / split)
    return Version("tweets", "c41f09be22d17a60", ABOUT, fields, task, tables, "Nothing is promised.", "# Tweets\n")


def folder_of(form: str, version: Version, folder: Path) -> Path:
    FORMS[form].write(folder / form, version)
    return folder / form


@pytest.fixture(scope="module")
def load(tmp_path_factory) -> Iterator[Callable[[Path], Any]]:
    """`datasets.load_dataset`, without network, and with a cache that goes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
            patch.setenv(name, "1")
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
        import datasets

        datasets.disable_progress_bars()
        yield lambda folder: datasets.load_dataset(str(folder))


def header(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])


def test_datasets_loads_the_records_of_every_split_with_the_label_as_its_class(load, tmp_path):
    version = made(tmp_path, TEXTS)
    dataset = load(folder_of("huggingface", version, tmp_path))
    assert list(dataset) == ["train", "validation"]  # `datasets` has no empty splits
    names = dataset["train"].features["label"]
    assert names.names == list(SINGLE.labels)
    for split, records in list(TEXTS.items())[:2]:
        assert [row | {"label": names.int2str(row["label"])} for row in dataset[split]] == records
        assert dataset[split].features == dataset["train"].features


def test_datasets_loads_several_labels_and_none(load, tmp_path):
    dataset = load(folder_of("huggingface", made(tmp_path, TOPICS, SEVERAL), tmp_path))
    names = dataset["train"].features["label"].feature
    assert [[names.int2str(each) for each in row] for row in dataset["train"]["label"]] == [
        record["label"] for record in TOPICS["train"]
    ]
    assert dataset["validation"][0] == TOPICS["validation"][0]


def test_datasets_does_not_take_one_version_for_another(load, tmp_path):
    """It caches by the folder's name and the card, whatever is in the files."""
    found = {}
    for fingerprint, label in {"c41f09be22d17a60": "neutral", "0a5b09be22d17a61": "positive"}.items():
        version = made(tmp_path / label, {"train": [record("1", "a", label)]})
        version = Version(**vars(version) | {"fingerprint": fingerprint})
        found[label] = load(folder_of("huggingface", version, tmp_path / label))["train"]["label"][:]
    assert found == {"neutral": [1], "positive": [0]}


def test_datasets_gives_no_label_as_none(load, tmp_path):
    version = made(tmp_path, TEXTS | {"test": [record("c", "?", None)]})
    dataset = load(folder_of("huggingface", version, tmp_path))
    assert dataset["test"]["label"][:] == [None]


def test_a_version_without_labels_is_published_all_the_same(tmp_path):
    import mlcroissant

    version = made(tmp_path, {"train": [], "validation": [], "test": []})
    folder = folder_of("huggingface", version, tmp_path)
    assert header(folder)["size_categories"] == ["n<1K"]
    assert mlcroissant.Dataset(str(folder / "croissant.json")).metadata.record_sets == []
    assert pd.read_csv(folder_of("csv", version, tmp_path) / "train.csv").empty
    assert composition(version.tables, SINGLE)["sources"] == {}


def test_pandas_reads_the_parquet_files_with_the_names_of_labels(tmp_path):
    folder = folder_of("huggingface", made(tmp_path, TEXTS), tmp_path)
    assert pd.read_parquet(folder / "data/train").to_dict("records") == TEXTS["train"]


def test_croissant_is_valid_and_names_every_file_by_its_hash(tmp_path):
    import mlcroissant

    folder = folder_of("huggingface", made(tmp_path, TEXTS | {"test": [record("c", "?", None)]}), tmp_path)
    dataset = mlcroissant.Dataset(str(folder / "croissant.json"))  # raises if it is not valid
    assert not dataset.metadata.ctx.issues.errors
    hashes = {file.content_url: file.sha256 for file in dataset.metadata.file_objects}
    files = sorted((folder / "data").rglob("*.parquet"))
    assert hashes == {str(file.relative_to(folder)): sha256(file.read_bytes()).hexdigest() for file in files}
    assert [each.uuid for each in dataset.metadata.record_sets] == ["train", "validation", "test"]
    rows = [
        {key.removeprefix("train/"): each.decode() if isinstance(each, bytes) else each for key, each in row.items()}
        for row in dataset.records("train")
    ]
    assert rows == TEXTS["train"]


def test_croissant_says_that_there_are_several_labels(tmp_path):
    import mlcroissant

    folder = folder_of("huggingface", made(tmp_path, TOPICS, SEVERAL), tmp_path)
    dataset = mlcroissant.Dataset(str(folder / "croissant.json"))
    labels = [list(row["train/label"]) for row in dataset.records("train")]
    assert labels == [[each.encode() for each in record["label"]] for record in TOPICS["train"]]


def test_pandas_reads_the_csv_files(tmp_path):
    folder = folder_of("csv", made(tmp_path, TEXTS), tmp_path)
    for split, records in TEXTS.items():
        table = pd.read_csv(folder / f"{split}.csv", dtype={"id": str}, keep_default_na=False)
        assert list(table.columns) == ["id", "text", "label", "origin", "confidence", "source"]
        assert table.to_dict("records") == records


def test_csv_is_as_rfc_4180_has_it(tmp_path):
    text = (folder_of("csv", made(tmp_path, TOPICS, SEVERAL), tmp_path) / "train.csv").read_bytes().decode()
    assert text.splitlines(keepends=True) == [
        "id,text,label,origin,confidence,source\r\n",
        '1,dear,"[""price""]",human,0.75,export/a.csv\r\n',
        '2,both,"[""a, b"", ""quality""]",human,0.75,export/a.csv\r\n',
        "3,neither,[],human,0.75,export/a.csv\r\n",
    ]


def test_pandas_reads_the_json_lines(tmp_path):
    folder = folder_of("jsonl", made(tmp_path, TEXTS), tmp_path)
    table = pd.read_json(folder / "train.jsonl", lines=True, dtype=False)
    assert table.to_dict("records") == TEXTS["train"]
    assert (folder / "test.jsonl").read_bytes() == b""


def test_json_lines_keep_lists_and_nulls(tmp_path):
    folder = folder_of("jsonl", made(tmp_path, TOPICS, SEVERAL), tmp_path)
    for split, records in TOPICS.items():
        lines = (folder / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
        assert list(map(json.loads, lines)) == records


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=5), st.floats(allow_nan=False, width=64))
def test_any_text_and_number_survive_every_plain_form(tmp_path_factory, texts, number):
    folder = tmp_path_factory.mktemp("any")
    number = number if np.isfinite(number) else None
    rows = [record(str(i), text, "neutral", size=number) for i, text in enumerate(texts)]
    version = made(folder, {"train": rows}, fields={"size": "number", "text": "text"})
    lines = (folder_of("jsonl", version, folder) / "train.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    assert list(map(json.loads, lines)) == rows
    with open(folder_of("csv", version, folder) / "train.csv", encoding="utf-8", newline="") as file:
        found = [(row["text"], float(row["size"]) if row["size"] else None) for row in csv.DictReader(file)]
    assert found == [(text, number) for text in texts]


@each_form
def test_the_same_version_has_the_same_bytes(tmp_path, form):
    found = [
        {
            path.name: path.read_bytes()
            for path in folder_of(form, made(tmp_path / run, TEXTS), tmp_path / run).rglob("*.*")
        }
        for run in ("one", "other")
    ]
    assert found[0] == found[1]
    assert len(found[0]) >= 3


def test_the_card_carries_the_yaml_of_the_hub(tmp_path):
    version = made(tmp_path, TEXTS)
    title = "Tweets: \n--- # [of] 'people'"
    about = SimpleNamespace(title=title, license="CC-BY-4.0", citation=None, language="en")
    folder = folder_of("huggingface", Version(**vars(version) | {"about": about}), tmp_path)
    found = header(folder)
    assert found["pretty_name"] == title
    assert found["license"] == "cc-by-4.0"
    assert found["language"] == ["en"]
    assert found["task_categories"] == ["text-classification"]
    assert found["size_categories"] == ["n<1K"]
    assert (folder / "README.md").read_text().endswith("---\n\n# Tweets\n")


def test_a_language_that_nobody_declared_is_not_in_the_card(tmp_path):
    assert "language" not in header(folder_of("huggingface", made(tmp_path, TEXTS), tmp_path))


@pytest.mark.parametrize(
    ("license", "expected"),
    [
        ("MIT", {"license": "mit"}),
        ("GPL-3.0-or-later", {"license": "gpl-3.0"}),
        ("ODC-By-1.0", {"license": "odc-by"}),
        ("CC-BY-NC-ND-4.0", {"license": "cc-by-nc-nd-4.0"}),
        ("proprietary", {"license": "other", "license_name": "proprietary"}),
        ("Our terms, § 3", {"license": "other", "license_name": "our-terms-3"}),
    ],
)
def test_a_license_is_named_as_the_hub_does(tmp_path, license, expected):
    version = made(tmp_path, TEXTS)
    about = SimpleNamespace(title="Tweets", license=license, citation=None, language=None)
    found = header(folder_of("huggingface", Version(**vars(version) | {"about": about}), tmp_path))
    assert {key: found[key] for key in found if key.startswith("license")} == expected


def test_records_without_a_label_are_published_if_asked_for(tmp_path):
    table = made(tmp_path, {"train": [record("1", "a", "neutral"), record("2", "b", None)]}).tables["train"]
    assert published(table, unlabelled=False)["id"].tolist() == ["1"]
    assert published(table, unlabelled=True)["id"].tolist() == ["1", "2"]


def test_composition_counts_records_by_split_origin_label_and_source(tmp_path):
    assert composition(made(tmp_path, TOPICS, SEVERAL).tables, SEVERAL) == {
        "splits": {
            "train": {"human": 3, "auto": 0, "none": 0},
            "validation": {"human": 0, "auto": 0, "none": 1},
            "test": {"human": 0, "auto": 0, "none": 0},
        },
        "labels": {
            "price": {"train": 1, "validation": 0, "test": 0},
            "a, b": {"train": 1, "validation": 0, "test": 0},
            "quality": {"train": 1, "validation": 0, "test": 0},
        },
        "sources": {"export": 4},
    }


@pytest.mark.parametrize(
    ("forms", "expected"),
    [({}, "forms: one or more"), ({"csv": None}, "forms: one or more"), ({"../x": {"_target_": "x"}}, "forms: '../x'")],
)
def test_settings_are_checked(forms, expected):
    with pytest.raises(InputError, match=re.escape(expected)):
        Publish(unlabelled=False, forms=forms)
