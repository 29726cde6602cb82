"""JSON Lines that language models are trained on, read back by what trainers read them with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from stages import InputError
from stages.publishing import Chat, Csv, HuggingFace, Instructions, JsonLines, Preferences, Version
from stages.tables import read, write
from stages.tasks import Choice, Pairwise, Rating, Task, Text

ABOUT = SimpleNamespace(title="Answers", license="MIT", citation=None, language=None)
SUMMARY = Text("summary", "text")
BETTER = Pairwise("better", "a", sides=("one", "two"))
STARS = Rating("stars", "text", ("1", "2", "3", "4", "5"))
NASTY = 'a "quote",\r\na line, <|im_end|> ünï\u2028cödé 👍'


def made(folder: Path, task: Task, rows: list[dict[str, Any]], fields: list[str]) -> Version:
    """A version of one split whose table was written and read as the pipeline does."""
    kinds = {"id": "text", **dict.fromkeys(fields, "text"), "label": task.column}
    kinds |= {"origin": "text", "confidence": "number", "source": "text"}
    frame = pd.DataFrame([{"origin": "human", "confidence": 1.0, "source": "a.csv", **row} for row in rows])
    write(folder / "table", [frame], kinds)
    nothing = read(folder / "table").iloc[:0]
    tables = {"train": read(folder / "table"), "test": nothing}
    return Version("answers", "0" * 16, ABOUT, dict.fromkeys(fields, "text"), task, tables, "", "# Answers\n")


def loaded(folder: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> list[dict[str, Any]]:
    """What `datasets.load_dataset` finds, without network."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    import datasets

    datasets.disable_progress_bars()
    found = datasets.load_dataset(str(folder), cache_dir=str(cache))
    assert list(found) == ["train"]
    return list(found["train"])


def test_instructions_and_chats_are_read_back(tmp_path, monkeypatch):
    rows = [{"id": "1", "text": NASTY, "label": "Two\nlines 👍"}, {"id": "2", "text": "no label", "label": None}]
    version = made(tmp_path, SUMMARY, rows, ["text"])
    Instructions("Summarise.").write(tmp_path / "instructions", version)
    Chat("Summarise.").write(tmp_path / "chat", version)
    assert loaded(tmp_path / "instructions", monkeypatch, tmp_path / "a") == [
        {"id": "1", "instruction": "Summarise.", "input": NASTY, "output": "Two\nlines 👍"}
    ]
    [line] = loaded(tmp_path / "chat", monkeypatch, tmp_path / "b")
    said = [("system", "Summarise."), ("user", NASTY), ("assistant", "Two\nlines 👍")]
    assert [(each["role"], each["content"]) for each in line["messages"]] == said


@pytest.mark.parametrize(("prompt", "kept"), [(None, {}), ("question", {"prompt": "Which?"})])
def test_preferences_are_read_back_with_the_better_one_chosen(prompt, kept, tmp_path, monkeypatch):
    shown = {"question": "Which?", "one": "A", "two": NASTY}
    rows = [{"id": "1", **shown, "label": "right"}, {"id": "2", **shown, "label": "left"}]
    version = made(tmp_path, BETTER, rows, list(shown))
    Preferences(prompt).write(tmp_path / "preferences", version)
    assert loaded(tmp_path / "preferences", monkeypatch, tmp_path / "a") == [
        {"id": "1", **kept, "chosen": NASTY, "rejected": "A"},
        {"id": "2", **kept, "chosen": "A", "rejected": NASTY},
    ]


def test_several_fields_have_their_names_and_other_labels_are_json(tmp_path):
    several = Choice("topics", "text", ("price", "quality"), multiple=True)
    shown = {"title": "Mill", "body": "It burned."}
    for task, label, answer in ((STARS, 4, "4"), (several, ["price", "quality"], '["price", "quality"]')):
        version = made(tmp_path / answer[1:2], task, [{"id": "1", **shown, "label": label}], list(shown))
        Instructions("Do.").write(tmp_path / answer[1:2] / "made", version)
        [line] = pd.read_json(tmp_path / answer[1:2] / "made" / "train.jsonl", lines=True, dtype=False).to_dict(
            "records"
        )
        assert (line["input"], line["output"]) == ("title: Mill\nbody: It burned.", answer)


@pytest.mark.parametrize(
    ("task", "labels"), [(STARS, [4, None]), (BETTER, ["left", None]), (SUMMARY, [NASTY, None])], ids=lambda each: ""
)
def test_the_other_forms_carry_these_labels_too(task, labels, tmp_path, monkeypatch):
    rows = [{"id": str(i), "one": "A", "two": "B", "label": label} for i, label in enumerate(labels)]
    version = made(tmp_path, task, rows, ["one", "two"])
    for name, form in {"huggingface": HuggingFace(), "csv": Csv(), "jsonl": JsonLines()}.items():
        form.write(tmp_path / name, version)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    found = datasets.load_dataset(str(tmp_path / "huggingface"), cache_dir=str(tmp_path / "a"))["train"]
    names = getattr(found.features["label"], "names", None)
    assert [names[each] if names and each is not None else each for each in found["label"]] == labels
    lines = (tmp_path / "jsonl/train.jsonl").read_text(encoding="utf-8").split("\n")
    assert f'"label": {labels[0] if task is STARS else ""}' in lines[0]
    assert '"label": null' in lines[1]


def test_what_a_form_cannot_carry_is_refused(tmp_path):
    version = made(tmp_path, SUMMARY, [{"id": "1", "text": "a", "label": "b"}], ["text"])
    with pytest.raises(InputError, match="preferences carry pairwise comparisons, and this dataset has text"):
        Preferences(None).write(tmp_path / "a", version)
    compared = made(tmp_path / "x", BETTER, [{"id": "1", "one": "a", "two": "b", "label": "left"}], ["one", "two"])
    with pytest.raises(InputError, match="there is no field 'question'; there is one, two, or null"):
        Preferences("question").write(tmp_path / "b", compared)
