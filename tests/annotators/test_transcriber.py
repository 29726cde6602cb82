"""Transcripts that models of speech write."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from stages import InputError
from stages.annotators.sounds import Transcriber
from stages.annotators.sounds.transcriber import stretches
from stages.media import Store
from stages.tasks import Choice, Text
from tests import pretrained
from tests.sounds import RATE, dialled, wav

SAID = Text("said", "audio")


@pytest.fixture
def records(tmp_path, monkeypatch) -> pd.DataFrame:
    """Sounds of many lengths, and a record without one."""
    monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / "cache"))
    store = Store(tmp_path, str(tmp_path))
    digits = ["1", "22", "303", "4567", "0123456789"]
    files = [store.put(each, ".wav", wav(each)) for each in digits]
    return pd.DataFrame({"id": [*digits, "none"], "audio": [*files, None]})


@pytest.mark.slow
@pytest.mark.parametrize("make", [pretrained.wav2vec2, pretrained.whisper])
def test_a_transcript_is_the_same_whatever_stands_beside_the_sound(make, records, tmp_path, monkeypatch):
    transcriber = Transcriber("audio", make(tmp_path), seconds=2, written=8)
    model = transcriber.fit(records, [], SAID, 1)
    together = model.predict(records)
    assert [each is None for each in together] == [False] * 5 + [True]
    assert len({each.value for each in together[:5]}) > 1
    assert all(0 < each.confidence <= 1 for each in together[:5])
    monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / "another"))
    assert together[2:4] == [model.predict(records.iloc[[row]])[0] for row in (2, 3)]
    model.save(tmp_path)
    assert transcriber.load(tmp_path, SAID).predict(records) == together


@pytest.mark.slow
def test_a_sound_is_heard_once_whatever_its_name(records, tmp_path, monkeypatch):
    model = Transcriber("audio", pretrained.wav2vec2(tmp_path)).fit(records, [], SAID, 1)
    before = model.predict(records[:1])
    again = Store(tmp_path / "more", str(tmp_path / "more")).put("another", ".wav", wav("1"))
    monkeypatch.setattr("stages.annotators.sounds.transcriber._speech", lambda folder: pytest.fail("heard once more"))
    assert model.predict(pd.DataFrame({"id": ["another"], "audio": [again]})) == before


@pytest.mark.slow
def test_a_folder_that_holds_no_model_of_speech_is_refused(records, tmp_path):
    model = Transcriber("audio", pretrained.bert(["one two"], tmp_path)).fit(records, [], SAID, 1)
    with pytest.raises(InputError, match="'bert' does not recognise speech"):
        model.predict(records)


@pytest.mark.slow
def test_a_language_that_the_model_does_not_take_is_refused(records, tmp_path):
    model = Transcriber("audio", pretrained.whisper(tmp_path), language="en").fit(records, [], SAID, 1)
    with pytest.raises(InputError, match="annotator: the model does not take these settings"):
        model.predict(records)


def test_it_proposes_texts_alone(tmp_path):
    with pytest.raises(InputError, match="proposes text, and the labelling interface asks for choice"):
        Transcriber("audio", str(tmp_path)).fit(None, [], Choice("c", "audio", ("a", "b")), 1)
    with pytest.raises(InputError, match="1 or more is expected"):
        Transcriber("audio", str(tmp_path), seconds=0)


@pytest.mark.parametrize("seconds", [1, 1.5, 30])
def test_a_long_sound_is_cut_in_its_pauses_and_nothing_is_lost(seconds):
    samples = dialled("0123456789" * 2, pause=0.1)
    parts = list(stretches(samples, RATE, seconds))
    assert max(map(len, parts)) <= seconds * RATE
    assert np.array_equal(np.concatenate(parts), samples)
    for part in parts[:-1]:
        assert np.abs(part[-100:]).max() < 0.1


def test_a_short_sound_gets_silence_at_its_end():
    [part] = stretches(np.ones(3), RATE, 30)
    assert (part[:3].sum(), part[3:].sum(), len(part)) == (3, 0, RATE // 10)
