"""The same pipeline for sounds, from files made here: what is dialled, as a class and as a transcript."""

from __future__ import annotations

import io
import json
import random
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from datasets import Audio, load_dataset

from benchmarks.answers import write_round
from stages import media, tables, tasks
from stages.media import sounds
from tests import pretrained
from tests.e2e.project import Project, new
from tests.sounds import RATE, WORDS, dialled, wav

ONE = {"LABELMILL_PROCESSES": "1"}
SHOWN = {
    "keys": '<Choices name="key" toName="audio">'
    + "".join(f'<Choice value="{each}"/>' for each in WORDS)
    + "</Choices>",
    "transcripts": '<TextArea name="said" toName="audio"/>',
}
CHOICES = {
    "keys": {"annotator": "sound_linear", "publish": "default", "quality": "default"},
    "transcripts": {"annotator": "transcriber", "publish": "default", "quality": "texts"},
}
DIRT = {
    "x-empty.wav": b"",
    "x-text.wav": b"no sound at all",
    "x-silent.wav": sounds.encode(np.zeros(RATE), RATE),
    "x-short.wav": sounds.encode(dialled("1")[:800], RATE),
    "x-cut.wav": wav("123")[:9_000],
    "x-loud.wav": sounds.encode(10 * dialled("123"), RATE),
}


def flac(digits: str, seed: int) -> bytes:
    written = io.BytesIO()
    soundfile.write(written, sounds._sixteen_bits(dialled(digits, seed)), RATE, format="FLAC")
    return written.getvalue()


@pytest.fixture(params=list(SHOWN))
def made(request, tmp_path, monkeypatch) -> tuple[Project, dict[str, str]]:
    """A dataset of its own, after a round of chance and an audit, in which a person says what was dialled."""
    name = request.param
    project = new(tmp_path / name)
    folder = project.path("data/raw/sounds")
    folder.mkdir(parents=True)
    draw, truth = random.Random(6), {}
    for number in range(120):
        digits = draw.choice("0123456789") if name == "keys" else "".join(draw.choices("0123456789", k=3))
        truth[f"d{number:03}.wav"] = " ".join(WORDS[int(each)] for each in digits)
        (folder / f"d{number:03}.wav").write_bytes(wav(digits, number))
        if number == 7:
            (folder / "x-same.flac").write_bytes(flac(digits, number))
    for file, data in DIRT.items():
        (folder / file).write_bytes(data)
    declared = {
        "name": name,
        "labeling": name,
        "about": {"title": name, "license": "MIT", "citation": None},
        "sources": {"files": {"_target_": "stages.sources.sounds.Sounds", "path": "data/raw/sounds/*"}},
        "id": "name",
        "fields": {"audio": "audio"},
        "shown": ["audio"],
        "rate": 8000,
    }
    project.write(f"conf/dataset/{name}.yaml", json.dumps(declared))
    project.write(f"conf/labeling/{name}.xml", f'<View><Audio name="audio" value="$audio"/>{SHOWN[name]}</View>')
    project.write(f"conf/labeling/{name}.md", "# Say what is dialled\n")
    project.edit("params.yaml", dataset=name, cleaning="audio", augmentation="none", **CHOICES[name])
    project.edit("conf/annotator/transcriber.yaml", model=pretrained.wav2vec2(tmp_path))
    project.edit("conf/review/default.yaml", batch=40)
    interface = tasks.read(project.path("conf/labeling"), name)
    monkeypatch.chdir(project.folder)

    def answer(record: str, asked: set[str]) -> dict[str, str]:
        return {"ann": truth[record]}

    last = ("import_labels", "annotate", "export_tasks")
    project.do(*project.in_order("collect", "clean", "split", *last), env=ONE)
    write_round(Path("data/annotations"), interface, answer)
    project.edit("conf/review/default.yaml", audit={"number": 1, "size": 40})
    project.do(*project.in_order(*last), env=ONE)
    write_round(Path("data/annotations"), interface, answer)
    rest = [each for each in project.pipeline if each not in ("collect", "clean", "split", "track")]
    project.do(*project.in_order(*rest), env=ONE)
    return project, truth


@pytest.mark.slow
def test_choices_alone_make_the_pipeline(made):
    project, truth = made
    rejected = tables.read(project.path("data/clean/rejected"))
    assert dict(zip(rejected["id"], rejected["reason"], strict=True)) == {
        "x-cut.wav": "audio is truncated: it tells of 19,236 bytes, and 8,992 are there",
        "x-empty.wav": "audio has no bytes",
        "x-loud.wav": "audio is clipped in a share of 0.390313 of its samples, more than 0.01",
        "x-same.flac": "the same audio as d007.wav",
        "x-short.wav": "audio lasts 0.05 seconds, less than 0.1",
        "x-silent.wav": "audio has a loudness of -120 decibels, less than -60",
        "x-text.wav": "audio is no sound that is known here",
    }
    assert set(tables.read(project.path("data/clean/records"))["id"]) == set(truth)
    name = project.report("quality")["dataset"]["name"]
    lines = {line["record"]: line for line in project.lines("data/dataset/labels.jsonl")}
    people = [id for id, line in lines.items() if line["origin"] == "human"]
    assert {id: lines[id]["value"] for id in people} == {id: truth[id] for id in people}
    if name == "keys":
        stated = project.report("guarantee")
        wrong = sum(line["value"] != truth[id] for id, line in lines.items())
        assert len(lines) - len(people) == stated["accepted"] > 20
        assert wrong <= stated["error_bound"] * len(truth)
    for task in json.loads(project.text("data/review/tasks.json")):
        assert project.path(f"data/{task['data']['audio'].removeprefix('/data/local-files/?d=')}").is_file()
        assert len(task["predictions"]) == 1
    assert "seconds</p>" in project.text("reports/index.html") or name == "keys"  # where no case is worth a look

    published = load_dataset(str(project.path("data/published/huggingface")), cache_dir=str(project.path("cache")))
    assert isinstance(published["train"].features["audio"], Audio)
    for split, rows in published.cast_column("audio", Audio(decode=False)).items():
        kept = tables.read(project.path(f"data/dataset/{split}")).set_index("id")["audio"]
        assert {row["id"] for row in rows} == set(lines).intersection(kept.index)
        for row in rows:
            assert row["audio"]["bytes"] == media.read(kept[row["id"]])
            with wave.open(io.BytesIO(row["audio"]["bytes"])) as sound:
                assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
    for line in project.lines("data/published/jsonl/train.jsonl"):
        assert project.path(f"data/published/jsonl/{line['audio']}").is_file()
