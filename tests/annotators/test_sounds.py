"""Sounds: decoded, collected, cleaned, shown and classified."""

from __future__ import annotations

import io
import json
import struct
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError, tasks
from stages.annotators import Linear
from stages.annotators.sounds import SoundLinear
from stages.annotators.sounds.linear import described, log_mel, places
from stages.cleaning import clean
from stages.cleaning.sounds import Clipping, DuplicateSounds, Duration, Loudness
from stages.engine import Local
from stages.label_studio import forms
from stages.media import Store, sounds
from stages.report import cases
from stages.sources import collect
from stages.sources.sounds import Sounds, TarShards
from stages.tables import Shard, sort_by_id, write
from stages.tables.shards import shards
from stages.tasks import Choice, Text
from tests.sounds import RATE, WORDS, dialled, wav


def file(samples: np.ndarray, form: str = "WAV", subtype: str | None = None, rate: int = RATE) -> bytes:
    written = io.BytesIO()
    soundfile.write(written, samples, rate, format=form, subtype=subtype)
    return written.getvalue()


def told(data: bytes) -> str:
    with pytest.raises(ValueError) as said:
        sounds.decode(data)
    return str(said.value)


LONG = dialled("0123456789")
NOISE = np.random.default_rng(1).normal(0, 0.1, 10 * RATE)


@pytest.mark.parametrize("form", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF"])
def test_what_is_cut_off_is_found(form):
    whole = file(LONG, form)
    heard, rate = sounds.decode(whole)
    assert (len(heard), rate) == (len(LONG), RATE)
    for end in (len(whole) // 2, len(whole) - 20):
        assert told(whole[:end]).startswith(("is truncated", "cannot be decoded", "holds no sample"))


def test_an_ogg_that_ends_with_another_page_than_its_last_is_truncated():
    whole = file(NOISE, "OGG")
    pages = [place for place in range(len(whole)) if whole[place : place + 4] == b"OggS"]
    assert told(whole[: pages[6]]) == "is truncated: its last page is missing"


def patched(data: bytes, place: int, value: bytes) -> bytes:
    return data[:place] + value + data[place + len(value) :]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "has no bytes"),
        (b"hello there", "is no sound that is known here"),
        (bytes(1000), "is no sound that is known here"),
        (sounds.encode(np.zeros(0), RATE), "holds no sample"),
        (patched(wav("1"), 40, struct.pack("<I", 0xFFFFFF00)), "is truncated: it tells of 4,294,967,040 bytes"),
        (patched(wav("1"), 22, struct.pack("<H", 1000)), "has 1,000 channels, more than 32"),
        (patched(wav("1"), 24, struct.pack("<I", 7)), "has 7 samples per second"),
        (patched(file(LONG, "FLAC"), 22, b"\xff\xff\xff\xff"), "samples, more than 64,000,000"),
        (patched(file(LONG, "FLAC"), 6000, b"\0" * 40), "cannot be decoded"),
        (file(np.array([0.0, np.nan]), "WAV", "FLOAT"), "holds samples that are no finite numbers"),
    ],
    ids=["empty", "text", "zeros", "header", "huge", "channels", "rate", "huge FLAC", "damaged", "no number"],
)
def test_hostile_files_say_what_is_wrong(data, why):
    assert why in told(data)


def plain(data: bytes) -> tuple[bytes, str]:
    with TemporaryDirectory() as folder:
        return sounds.plain(Store(Path(folder), folder).put("r", ".x", data), RATE)


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=50), st.sampled_from(["WAV", "FLAC", "AIFF"]))
def test_samples_of_16_bits_stay_as_they_are(samples, form):
    once, suffix = plain(file(np.array(samples, dtype=np.int16), form))
    assert np.frombuffer(once[44:], dtype="<i2").tolist() == samples
    assert plain(once) == (once, suffix) == (once, ".wav")


def test_channels_are_mixed_and_the_rate_is_unified():
    times = np.arange(44_100) / 44_100
    stereo = np.stack([0.5 * np.sin(2 * np.pi * 440 * times), np.zeros(44_100)], axis=1)
    with soundfile.SoundFile(io.BytesIO(plain(file(stereo, rate=44_100))[0])) as made:
        assert (made.samplerate, made.channels, made.frames, made.subtype) == (RATE, 1, RATE, "PCM_16")
        spectrum = np.abs(np.fft.rfft(made.read()))
    assert spectrum.argmax() == 440
    assert 2 * spectrum.max() / RATE == pytest.approx(0.25, rel=0.01)


def test_a_measure_is_what_it_says(tmp_path):
    (tmp_path / "_media").mkdir()
    path = tmp_path / "_media/a.wav"
    path.write_bytes(sounds.encode(0.1 * np.sin(2 * np.pi * 500 * np.arange(2 * RATE) / RATE), RATE))
    heard = sounds.listen(str(path))
    assert (heard.problem, heard.seconds, heard.rate, heard.clipped) == (None, 2.0, RATE, 0.0)
    assert heard.loudness == pytest.approx(-20 - 10 * np.log10(2), abs=0.01)
    assert sounds.seconds(str(path)) == 2.0
    assert sounds.read(str(path), 8000)[0].shape == (RATE,)


# where they come from


@pytest.fixture
def raw(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data/raw/sounds"
    for name, data in {"one/a.wav": wav("1"), "one/b.flac": file(dialled("1"), "FLAC"), "two/c.wav": b"no"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_each_sound_of_a_folder_is_a_record(raw, tmp_path):
    fields = {"audio": "audio", "folder": "text"}
    source = {"sounds": Sounds(path="data/raw/sounds/**/*.*")}
    frame = collect(source, "name", fields, ["audio"], Store(tmp_path / "draft", "data/collected"))
    assert frame["id"].tolist() == ["one/a.wav", "one/b.flac", "two/c.wav"]
    assert frame["folder"].tolist() == ["one", "one", "two"]
    assert [Path(each).suffix for each in frame["audio"]] == [".wav", ".flac", ".wav"]
    assert (tmp_path / "draft/_media" / Path(frame["audio"][2]).name).read_bytes() == b"no"


def test_sounds_and_transcripts_of_tar_shards_are_records(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    members = {"a.wav": wav("1"), "a.json": json.dumps({"text": "one"}).encode(), "b.mp3": b"x", "b.txt": b"y"}
    with tarfile.open("shard.tar", "w") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    [rows] = TarShards(path="*.tar").read(["audio", "name", "text"])
    assert rows.table.to_pylist() == [
        {"audio": "a.wav", "name": "a", "text": "one"},
        {"audio": "b.mp3", "name": "b", "text": None},
    ]
    assert rows.media("a.wav") == members["a.wav"]
    with pytest.raises(InputError, match="no column 'image'; its columns are 'audio', 'name', 'text'"):
        list(TarShards(path="*.tar").read(["image"]))


def test_a_source_without_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from stages.sources import Files

    Path("a.csv").write_text("audio\nx.wav\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"sources\.f: gives no files, and the field 'audio' is of audio; take Sounds"):
        collect({"f": Files(path="a.csv", format="csv")}, None, {"audio": "audio"}, ["audio"], Store(tmp_path, "x"))


# what is kept


def cleaned(tmp_path: Path, files: dict[str, bytes], operators: dict, rate: int = RATE):
    store = Store(tmp_path / "raw", str(tmp_path / "raw"))
    rows = {"id": list(files), "audio": [store.put(id, Path(id).suffix, data) for id, data in files.items()]}
    frame = sort_by_id(pd.DataFrame(rows).assign(source="made"))
    write(tmp_path / "table", [frame], {"id": "text", "audio": "text", "source": "text"}, 2)
    (tmp_path / "scratch").mkdir()
    kept = Store(tmp_path / "kept", str(tmp_path / "kept"), {"audio": {"rate": rate}})
    table: list[Shard] = shards(tmp_path / "table")
    fields = {"audio": "audio"}
    return clean(table, operators, fields, ["audio"], Local(1), tmp_path / "scratch", kept)


def test_each_rejected_sound_keeps_its_reason_and_what_is_kept_is_plain(tmp_path):
    files = {
        "a.wav": wav("12"),
        "b.flac": file(dialled("34"), "FLAC"),
        "c.wav": wav("12"),
        "d.wav": wav("12345"),
        "e.wav": sounds.encode(np.zeros(RATE // 2), RATE),
        "f.wav": sounds.encode(9 * dialled("12"), RATE),
        "g.wav": b"RIFF",
    }
    operators = {
        "duration": Duration("audio", maximum=0.9),
        "silence": Loudness("audio", minimum=-60),
        "clipping": Clipping("audio", maximum=0.01),
        "duplicates": DuplicateSounds("audio"),
    }
    made = cleaned(tmp_path, files, operators, 8000)
    rejected = pd.concat(made.rejected)
    reasons = dict(zip(rejected["id"], rejected["reason"], strict=True))
    assert reasons == {
        "c.wav": "the same audio as a.wav",
        "d.wav": "audio lasts 1 seconds, more than 0.9",
        "e.wav": "audio has a loudness of -120 decibels, less than -60",
        "f.wav": reasons["f.wav"],
        "g.wav": "audio is no sound that is known here",
    }
    assert reasons["f.wav"].startswith("audio is clipped in a share of 0.")
    records = pd.concat(made.kept)
    assert records["id"].tolist() == ["a.wav", "b.flac"]
    assert {sounds.read(path)[1] for path in records["audio"]} == {8000}
    assert records["content"].nunique() == 2


def test_the_same_samples_are_the_same_sound_whatever_the_file(tmp_path):
    samples = np.frombuffer(wav("12")[44:], dtype="<i2")
    files = {"a.wav": wav("12"), "b.flac": file(samples, "FLAC"), "c.wav": file(samples, rate=8000)}
    made = cleaned(tmp_path, files, {"duplicates": DuplicateSounds("audio")})
    assert pd.concat(made.rejected)["id"].tolist() == ["b.flac"]  # at half the rate it sounds otherwise


def test_bounds_that_cross_are_refused():
    with pytest.raises(InputError, match="'minimum' 2 is above 'maximum' 1"):
        Duration("audio", 2, 1)


# what people see


def interface(controls: str) -> str:
    return f'<View><Audio name="sound" value="$audio"/>{controls}</View>'


@pytest.mark.parametrize(
    ("controls", "kind", "value"),
    [
        ('<TextArea name="said" toName="sound"/>', Text, "one two"),
        ('<Choices name="c" toName="sound"><Choice value="a"/><Choice value="b"/></Choices>', Choice, "a"),
    ],
)
def test_people_hear_the_sound_and_are_shown_the_proposal(controls, kind, value):
    task = tasks.load(interface(controls), "x.xml")
    assert isinstance(task, kind)

    class Asked:
        queue, reason = "random", "next at random"

    record = {"id": "a", "content": "0", "audio": "data/clean/records/_media/a.wav"}
    proposal = {"value": value, "by": "m@1", "confidence": 0.5}
    asked = forms.task(record, {"audio": "audio"}, Asked(), proposal, task)
    assert asked["data"]["audio"] == "/data/local-files/?d=clean/records/_media/a.wav"
    forms.check([asked], tasks.Interface(task, interface(controls), "", "0"))
    assert task.parse(asked["predictions"][0]["result"]) == value


def test_stretches_of_time_are_refused():
    with pytest.raises(InputError, match=r"x.xml: <Labels> over <Audio> is not supported"):
        tasks.load(interface('<Labels name="l" toName="sound"><Label value="a"/></Labels>'), "x.xml")


def test_the_report_tells_of_a_sound_by_name_and_length(tmp_path):
    path = Store(tmp_path, str(tmp_path)).put("a", ".wav", wav("12345"))
    case = {"record": "a", "people": "<one>", "proposed": "two", "confidence": 0.5}
    page = str(cases.gallery([case], {"a": {"audio": path}}, Text("said", "audio")))
    assert "<p>a.wav, 1.0 seconds</p>" in page
    assert "&lt;one&gt;" in page


# what is proposed


@pytest.fixture(scope="module")
def keys(tmp_path_factory) -> tuple[pd.DataFrame, list[str]]:
    folder = tmp_path_factory.mktemp("keys")
    store = Store(folder, str(folder))
    digits = [number % 10 for number in range(60)]
    files = [store.put(f"{number:02}", ".wav", wav(str(digit), number)) for number, digit in enumerate(digits)]
    return pd.DataFrame({"id": [f"{number:02}" for number in range(60)], "audio": files}), [
        WORDS[each] for each in digits
    ]


KEY = Choice("key", "audio", WORDS)


def test_sounds_are_told_apart_without_a_download(keys, tmp_path):
    records, truth = keys
    model = SoundLinear("audio").fit(records[:40], truth[:40], KEY, 1)
    found = model.predict(records[40:])
    assert [KEY.labels[each] for each in found.argmax(axis=1)] == truth[40:]
    model.save(tmp_path)
    assert SoundLinear("audio").load(tmp_path, KEY).predict(records[40:]) == pytest.approx(found, abs=1e-3)


def test_a_record_without_a_sound_is_silent_about_itself(keys):
    records, _ = keys
    lacking = pd.concat([records[:1].assign(audio=None), records[1:3]])
    assert not SoundLinear("audio").features(lacking)[0].any()


@pytest.mark.parametrize("samples", [0, 1, 800, 1024, 1025, RATE])
def test_any_length_has_the_same_features(samples):
    assert described(np.zeros(samples)).shape == (len(places()),)
    assert log_mel(np.zeros(samples)).std() == 0


def test_a_file_that_is_no_cleaned_sound_and_a_text_annotator_say_so(keys, tmp_path):
    records, truth = keys
    other = Store(tmp_path, str(tmp_path)).put("a", ".wav", b"no")
    with pytest.raises(InputError, match=r"annotator\.field: it names no sound: .* is no WAV"):
        SoundLinear("audio").features(pd.DataFrame({"audio": [other]}))
    with pytest.raises(InputError, match=r"annotator\.fields: 'audio' names files"):
        Linear(("audio",)).fit(records, truth, KEY, 1)
