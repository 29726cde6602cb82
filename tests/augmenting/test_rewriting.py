"""Copies that a model of language writes, kept if the annotator gives them the label."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest

from stages import InputError, annotators
from stages.annotators import Linear, confirmed
from stages.annotators.llm.examples import Examples
from stages.augmenting import Augmentation, Rewrite, Typo, augment, rewritten, writing
from stages.engine import Local
from stages.media import Store
from stages.tables import shards, write
from stages.tasks import Choice, Proposal, Spans
from tests.annotators.test_llm import Make
from tests.annotators.test_llm import make as make
from tests.chat import said, serving, users

MOOD = Choice("mood", "text", ("good", "bad"))
TAGS = Choice("tags", "text", ("good", "bad"), multiple=True)
KINDS = {"id": "text", "text": "text", "label": "text", "origin": "text", "confidence": "number", "source": "text"}
PLAIN = {"origin": "human", "confidence": 1.0, "source": "a"}


def frame(count=12):
    moods = [MOOD.labels[n % 2] for n in range(count)]
    texts = [f"a {mood} dinner, number {n}" for n, mood in enumerate(moods)]
    return pd.DataFrame({"id": [f"r{n:02d}" for n in range(count)], "text": texts, "label": moods, **PLAIN})


class Upper:
    """Writes in capitals, and nothing of what is empty or has a 3."""

    name = "upper"

    def fit(self, records, values, task, seed):
        assert len(records) == 0
        return self

    def predict(self, records):
        return [None if "3" in text else Proposal(text.upper(), 1.0) for text in records["text"]]


class Twice(Upper):
    def predict(self, records):
        return [Proposal(f"{text} {text}", 1.0) for text in records["text"]]


def test_each_writer_reads_what_the_one_before_it_has_written():
    operator = Rewrite({"there": Upper(), "left out": None, "back": Twice()})
    written = operator.write(["a", "b", "c"], ["one", "", "3"], "text", 1)
    assert [written.apply(text, Random(0)) for text in ("one", "", "3", "unknown")] == ["ONE ONE", " ", "3", "unknown"]
    assert [writing({"x": each, "y": None, "z": Typo(0.1)}) for each in (operator, None)] == [True, False]


def test_an_operator_that_writes_is_the_first_and_of_one_field(tmp_path):
    write(tmp_path / "train", [frame()], KINDS, rows=5)
    parents = shards(tmp_path / "train")
    operators = {"off": None, "mine": Rewrite({"upper": Upper()}), "typo": Typo(0.5)}
    made = rewritten(operators, parents, ["text"], 1)
    assert list(made) == ["mine", "typo"]
    assert made["mine"].texts == {text: text.upper() for text in frame()["text"] if "3" not in text}
    with pytest.raises(InputError, match=r"operators\.mine: Rewrite must be the first operator"):
        rewritten(dict(reversed(operators.items())), parents, ["text"], 1)
    with pytest.raises(InputError, match="found it in place 1, and the fields text, title"):
        rewritten(operators, parents, ["text", "title"], 1)
    with pytest.raises(InputError, match="writers: one annotator of free texts"):
        Rewrite({"there": None})


def copied(folder: Path, operators, task=MOOD):
    if not (folder / "train").exists():
        write(folder / "train", [frame()], KINDS, rows=5)
    parents = shards(folder / "train")
    settings = Augmentation(copies=1, fields=["text"], operators={"paraphrase": {"_target_": "x"}})
    made = rewritten(operators, parents, ["text"], 1)
    originals = [frame()[["text"]]]
    return augment(parents, settings, made, {"text": "text"}, originals, Store(folder, "x"), Local(1), task, 1)


def test_a_language_model_paraphrases_and_is_asked_once(make: Make, tmp_path: Path) -> None:
    def reply(request, _):
        said_of = json.loads(users(request)[-1])["text"].replace("dinner", "meal")
        return said(json.dumps({"value": said_of}))

    with serving(reply) as server:
        model = make(server, samples=1, examples=Examples(count=0))
        copies, lacking = copied(tmp_path, {"paraphrase": Rewrite({"model": model})})
    assert (len(server.asked), len(copies), lacking) == (12, 12, 0)
    assert list(copies["text"]) == [text.replace("dinner", "meal") for text in frame()["text"]]
    kept = list(annotators.responses(model))
    assert [each["record"] for each in kept] == list(frame()["id"])
    again = make(offline=True, samples=1, examples=Examples(count=0), store=str(tmp_path / "elsewhere.db"))
    with pytest.raises(InputError):
        copied(tmp_path, {"paraphrase": Rewrite({"model": again})})
    assert again.recall(kept) == 12
    assert copied(tmp_path, {"paraphrase": Rewrite({"model": again})})[0].to_json() == copies.to_json()


def test_a_plan_says_what_writers_will_be_asked_and_asks_nothing(make: Make, tmp_path: Path) -> None:
    write(tmp_path / "train", [frame()], KINDS, rows=5)
    parents = shards(tmp_path / "train")
    with serving(lambda request, _: said(users(request)[-1].replace('"text"', '"value"'))) as server:
        there, back = (make(server, samples=1, examples=Examples(count=0), parameters={"seed": n}) for n in (1, 2))
        operators = {"off": None, "mine": Rewrite({"there": there, "back": back}), "typo": Typo(0.5)}
        told = annotators.rehearsed(operators, lambda dry: rewritten(dry, parents, ["text"], 1, plan=True))
        assert server.asked == []
        rewritten(operators, parents, ["text"], 1)
        assert len(server.asked) == 24
        after = annotators.rehearsed(operators, lambda dry: rewritten(dry, parents, ["text"], 1, plan=True))
    assert [each.split(", about")[0] for each in told.split("; mine.")] == ["mine.there: 12 calls", "back: 12 calls"]
    assert [each.split(", about")[0] for each in after.split("; mine.")] == ["mine.there: 0 calls", "back: 0 calls"]
    nothing = annotators.rehearsed({"typo": Typo(0.5)}, lambda dry: rewritten(dry, parents, ["text"], 1, plan=True))
    assert nothing.startswith("nothing is asked")


def test_spans_would_not_move_along_with_what_is_written(tmp_path):
    with pytest.raises(InputError, match=r"operators\.paraphrase: Rewritten has no `edits`"):
        copied(tmp_path, {"paraphrase": Rewrite({"upper": Upper()})}, Spans("names", "text", ("person",)))


@pytest.mark.parametrize("task", [MOOD, TAGS])
def test_a_copy_is_confirmed_if_the_annotator_gives_it_the_label(task, tmp_path):
    values = [[mood] if task.multiple else mood for mood in frame(40)["label"]]
    annotator = Linear(("text",))
    annotator.fit(frame(40), values, task, 1).save(tmp_path)
    copies = frame(6).assign(text=["a good meal", "a bad one", "a bad dinner", "so good", "good good", "bad bad"])
    found = confirmed(annotator, tmp_path, copies, values[:6], task)
    assert found == [True, True, False, False, True, True]
    assert confirmed(annotator, tmp_path, copies[:0], [], task) == []


def test_without_a_model_nothing_is_confirmed(tmp_path):
    assert confirmed(Linear(("text",)), tmp_path, frame(2), list(frame(2)["label"]), MOOD) == [False, False]


def test_what_the_annotator_says_nothing_of_is_not_confirmed(tmp_path):
    class Silent:
        def load(self, folder, task):
            return self

        def predict(self, records):
            return np.full((len(records), 2), np.nan)

    (tmp_path / "model").touch()
    assert confirmed(Silent(), tmp_path, frame(2), list(frame(2)["label"]), MOOD) == [False, False]
