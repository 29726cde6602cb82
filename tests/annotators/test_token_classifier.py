"""Spans by the classification of tokens: words and their tokens, training, and checkpoints as they come."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError, tables
from stages.annotators import NotEnough, TokenClassifier, crossfit, subwords
from stages.annotators.subwords import Window
from stages.annotators.training import Schedule
from stages.tasks import Choice, Proposal, Spans
from stages.tasks.iob import tags_of, tokens, value_of
from tests.pretrained import bert, read

NAMES = Spans("names", "text", ("person", "place"))
PEOPLE, PLACES = ("Ann", "Bob", "Li Na"), ("Oslo", "Paris", "New York")
NAME = re.compile("|".join([*PEOPLE, *PLACES]))
SCHEDULE = Schedule(12, 16, 3e-3, 12)


def span(start: int, end: int, label: str = "person") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


def kind(name: str) -> str:
    return "person" if name in PEOPLE else "place"


def value(text: str) -> Any:
    return [span(*each.span(), kind(each[0])) for each in NAME.finditer(text)]


def records(count: int) -> pd.DataFrame:
    signs = ("met", "saw 😀", "left\r\nfor")
    texts = [f"{PEOPLE[n % 3]} {signs[n // 9 % 3]} {PLACES[n // 3 % 3]}, day {n}" for n in range(count)]
    return pd.DataFrame({"id": [f"r{n:03d}" for n in range(count)], "text": texts})


def values(table: pd.DataFrame) -> list[Any]:
    return [value(text) for text in table["text"]]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / "cache"))


# Words and tokens

parts = st.lists(st.sampled_from(["Ann", "Li", "北", "京", "é\u0301", "😀", " ", "\r\n", ",", "a_b"]), max_size=12)


@given(parts, st.data())
def test_tags_say_which_words_are_marked(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    words = tokens(text)
    ends = data.draw(st.lists(st.integers(0, len(words)), max_size=6, unique=True).map(sorted))
    wanted = NAMES.ordered(
        [
            span(words[first][1], words[last - 1][2], data.draw(st.sampled_from(NAMES.labels)))
            for first, last in zip(ends[::2], ends[1::2], strict=False)
        ]
    )
    assert value_of(words, tags_of(words, wanted, NAMES), NAMES) == wanted


def test_a_span_that_begins_with_a_tag_of_its_inside_is_read_as_well() -> None:
    words = tokens("a b c d")
    assert value_of(words, [2, 2, 4, 0], NAMES) == [span(0, 3), span(4, 5, "place")]
    assert value_of(words, [1, 1, 2, 0], NAMES) == [span(0, 1), span(2, 5)]


def test_a_word_is_decided_by_its_first_token_and_a_token_may_hold_several_words() -> None:
    words = tokens("Ann😀 北京")
    split = [(0, 0), (0, 2), (2, 3), (3, 4), (3, 4), (4, 7), (0, 0)]  # with a space of its own, as some tokenizers do
    assert list(subwords.words_of(words, split)) == [(0, 1, False), (1, 3, False), (2, 5, False), (3, 5, True)]
    assert list(subwords.words_of(words, [(2, 3), (5, 6)])) == [(2, 1, False)]  # of a window that begins in a word
    assert subwords.targets(Window(0, [0] * 7, split), words, [1, 0, 3, 4]) == [-100, 1, -100, 0, -100, 3, -100]


def test_words_of_one_token_are_one_span_and_words_without_a_token_are_outside() -> None:
    words = tokens("北京 x")
    scores = np.array([[0.2, 0, 0, 1.4, 0.4], [0.2, 0, 0, 1.4, 0.4], [0, 0, 0, 0, 0]])  # of two windows
    found = subwords.decided(words, scores, np.array([False, True, False]), NAMES)
    assert found == Proposal([span(0, 2, "place")], pytest.approx(0.7))


def test_the_classes_of_every_scheme_are_understood_and_unknown_ones_are_outside() -> None:
    names = ["O", "B-PER", "E-place", "S-place", "place", "L-MISC", "U-PER"]
    found = subwords.meanings(names, {"PER": "person"}, NAMES)
    assert found.argmax(axis=1).tolist() == [0, 1, 4, 3, 4, 0, 1]
    assert found.sum(axis=1).tolist() == [1] * 7
    with pytest.raises(InputError, match=r"labels\.PER: 'man' is not in the interface; it has person, place"):
        subwords.meanings(names, {"PER": "man"}, NAMES)
    with pytest.raises(InputError, match="knows none of the interface's labels; it has LABEL_0, LABEL_1"):
        subwords.meanings(["LABEL_0", "LABEL_1"], {}, NAMES)


# Models


@pytest.mark.slow
def test_a_tiny_model_learns_the_same_twice_and_serves_as_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = records(120)
    annotator = TokenClassifier("text", bert(table["text"], tmp_path), SCHEDULE)
    for folder in ("one", "other"):
        monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / f"cache of {folder}"))
        model = annotator.fit(table[:90], values(table[:90]), NAMES, 1)
        (tmp_path / folder).mkdir()
        model.save(tmp_path / folder)
        found = model.predict(table[90:])
        tables.write_json(tmp_path / folder / "found.json", [(each.value, round(each.confidence, 6)) for each in found])
    assert read(tmp_path / "one") == read(tmp_path / "other")
    assert [each.value for each in found] == values(table[90:])
    assert all(0.5 < each.confidence <= 1 for each in found)
    assert model.describe(table, {})["held_out"] == 11
    assert annotator.load(tmp_path / "one", NAMES).predict(table[90:]) == found

    who = Spans("names", "text", ("who",))
    given = TokenClassifier("text", str(tmp_path / "one"), None, labels={"person": "who"})
    fitted = crossfit(given, table, {}, who, 1)
    assert [each and each.value for each in fitted.proposals[90:]] == [
        [{**each, "label": "who"} for each in value if each["label"] == "person"] for value in values(table[90:])
    ]
    (tmp_path / "given").mkdir()
    assert fitted.model is not None
    fitted.model.save(tmp_path / "given")
    assert given.load(tmp_path / "given", who).predict(table[:3]) == fitted.model.predict(table[:3])
    other = TokenClassifier("text", bert(table["text"][:9], tmp_path / "another"), None)
    with pytest.raises(InputError, match="the checkpoint is another"):
        other.load(tmp_path / "given", who)


@pytest.mark.slow
def test_a_text_that_is_too_long_is_read_in_windows(tmp_path: Path) -> None:
    short = records(81)["text"].tolist()
    table = pd.DataFrame({"text": [" , ".join(short[n % 81] for n in (7 * i, 3 * i + 1, i + 2)) for i in range(70)]})
    truth = values(table)
    annotator = TokenClassifier("text", bert(table["text"], tmp_path), SCHEDULE, tokens=8)
    model = annotator.fit(table[:60], truth[:60], NAMES, 1)
    assert len(model.windows(table["text"][:1].tolist())) > 2
    proposed = [each.value for each in model.predict(table[60:]) if each]
    sums = NAMES.statistics(truth[60:], proposed).sum(axis=0)
    assert NAMES.score(sums)["f1"] > 0.8


@pytest.mark.slow
def test_the_other_records_of_a_batch_do_not_show(tmp_path: Path) -> None:
    table = records(60)
    annotator = TokenClassifier("text", bert(table["text"], tmp_path), Schedule(1, 16, 1e-3, 1))
    model = annotator.fit(table[:20], values(table[:20]), NAMES, 1)
    whole = model.predict(table)
    alone = [model.predict(table[row : row + 1])[0] for row in range(0, 60, 7)]
    assert [round(each.confidence, 6) for each in alone] == [round(each.confidence, 6) for each in whole[::7]]


@pytest.mark.slow
def test_checkpoints_and_labels_that_will_not_do_are_told(tmp_path: Path) -> None:
    table = records(20)
    model = bert(table["text"], tmp_path)
    with pytest.raises(InputError, match="has not learned to classify tokens; set `schedule`"):
        TokenClassifier("text", model, None).fit(table[:0], [], NAMES, 1)
    with pytest.raises(NotEnough, match="no span yet"):
        TokenClassifier("text", model, SCHEDULE).fit(table, [[]] * 20, NAMES, 1)
    with pytest.raises(InputError, match="proposes spans"):
        TokenClassifier("text", model, SCHEDULE).fit(table, [], Choice("c", "text", ("a", "b")), 1)
    with pytest.raises(InputError, match="no field 'body'"):
        TokenClassifier("body", model, SCHEDULE).fit(table, values(table), NAMES, 1)
    (tmp_path / "config.json").write_text('{"model_type": "nothing"}')
    with pytest.raises(InputError, match="cannot classify tokens"):
        TokenClassifier("text", str(tmp_path), SCHEDULE).fit(table, values(table), NAMES, 1)
