"""Annotators of relations, and of several controls at once."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from stages import InputError
from stages.annotators import Cascade, Combined, Linear, NotEnough, Related, Tagger, crossfit
from stages.tasks import Choice, Relations, Spans
from stages.tasks import Combined as Both
from tests.annotators.test_llm import Make
from tests.annotators.test_llm import make as make

NAMES = Spans("names", "text", ("person", "place"))
WORKS = Relations(NAMES, ("lives in", "knows"))
BOTH = Both((WORKS, Choice("topic", "text", ("home", "friends"))))
PEOPLE = ("Ann", "Bob", "Cem", "Dora", "Emil", "Fay", "Gus", "Hana")
PLACES = ("Rome", "Oslo", "Lima", "Kyoto", "Quito", "Paris")
TAGGER = Tagger("text")
RELATED = Related("text", TAGGER)


def told(count: int, seed: int = 1) -> tuple[pd.DataFrame, list[dict]]:
    """Made-up sentences with what they say: who lives where, who knows whom, and names that nothing relates."""
    draw = random.Random(seed)
    texts, values = [], []
    for _ in range(count):
        one, other = draw.sample(PEOPLE, 2)
        place = draw.choice(PLACES)
        form, related = draw.choice(
            [
                ("{0} lives in {1} .", [(0, 1, "lives in")]),
                ("{1} is where {0} has a house .", [(1, 0, "lives in")]),
                ("{0} wrote of {1} .", []),
                ("today {0} met {2} again .", [(0, 1, "knows"), (1, 0, "knows")]),
            ]
        )
        text = form.format(one, place, other)
        found = [(text.index(each), each) for each in (one, place, other) if each in text.split()]
        spans = [
            {"start": start, "end": start + len(each), "label": "place" if each in PLACES else "person"}
            for start, each in sorted(found)
        ]
        keys = [(each["start"], each["end"], each["label"]) for each in spans]
        drawn = [(keys[head], keys[tail], label) for head, tail, label in related]
        texts.append(text)
        values.append(WORKS.ordered(spans, drawn))
    return pd.DataFrame({"id": [f"r{i:03}" for i in range(count)], "text": texts}), values


def test_relations_are_learned():
    records, values = told(160)
    fitted = crossfit(RELATED, records, dict(zip(records["id"], values, strict=True)), WORKS, 1)
    found = WORKS.score(WORKS.statistics(values, [each.value for each in fitted.proposals]).sum(axis=0))
    assert found["f1"] > 0.9
    assert found["accuracy"] > 0.9
    right = [each.confidence for each, value in zip(fitted.proposals, values, strict=True) if each.value == value]
    assert sum(right) / len(right) > 0.8


def test_a_saved_model_proposes_the_same(tmp_path):
    records, values = told(60)
    model = RELATED.fit(records, values, WORKS, 1)
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        RELATED.fit(records, values, WORKS, 1).save(tmp_path / folder)
    files = [sorted(path for path in (tmp_path / folder).rglob("*") if path.is_file()) for folder in ("one", "other")]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    again = RELATED.load(tmp_path / "one", WORKS).predict(records)
    for one, other in zip(model.predict(records), again, strict=True):
        assert one.value == other.value
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)


def test_pairs_that_are_far_apart_are_left_alone():
    text = "Ann " + "x" * 200 + " Bob Cem"
    spans = [
        {"start": text.index(each), "end": text.index(each) + 3, "label": "person"} for each in ("Ann", "Bob", "Cem")
    ]
    assert [pair for pair, _ in RELATED.pairs(text, spans)] == [(1, 2), (2, 1)]


def test_without_relations_nothing_is_learned():
    records, values = told(20)
    bare = [{**value, "relations": []} for value in values]
    with pytest.raises(NotEnough, match="no relation yet"):
        RELATED.fit(records, bare, WORKS, 1)
    with pytest.raises(InputError, match="proposes relations, and the labelling interface asks for spans"):
        RELATED.fit(records, [value["spans"] for value in values], NAMES, 1)


def both(count: int) -> tuple[pd.DataFrame, list[dict]]:
    records, values = told(count)
    return records, [
        {"names": each, "topic": "friends" if "met" in text else "home"}
        for each, text in zip(values, records["text"], strict=True)
    ]


PARTS = Combined({"topic": Linear(("text",)), "names": RELATED})


def test_each_control_has_its_annotator(tmp_path):
    records, values = both(120)
    fitted = crossfit(PARTS, records, dict(zip(records["id"], values, strict=True)), BOTH, 1)
    found = BOTH.score(BOTH.statistics(values, [each.value for each in fitted.proposals]).sum(axis=0))
    assert found["topic_accuracy"] > 0.95
    assert found["names_f1"] > 0.85
    fitted.model.save(tmp_path)
    again = PARTS.load(tmp_path, BOTH).predict(records.head(5))
    assert [each.value for each in again] == [each.value for each in fitted.model.predict(records.head(5))]
    parts = [
        fitted.model.models[0][1].predict(records)[0].confidence,
        fitted.model.models[1][1].predict(records)[0].max(),
    ]
    assert fitted.model.predict(records)[0].confidence == pytest.approx(parts[0] * parts[1], abs=1e-5)


def test_parts_are_those_of_the_interface():
    records, values = both(20)
    with pytest.raises(InputError, match=r"annotator.parts: .* \(names, topic\), found topic"):
        Combined({"topic": Linear(("text",))}).fit(records, values, BOTH, 1)
    with pytest.raises(InputError, match="for interfaces with several controls, and this one asks for spans"):
        PARTS.fit(records, values, NAMES, 1)
    with pytest.raises(NotEnough, match="names: people have drawn no relation yet"):
        PARTS.fit(records, [{**each, "names": {"spans": [], "relations": []}} for each in values], BOTH, 1)


def test_a_part_whose_members_ask_a_service_is_refused_since_its_answers_would_be_lost(make: Make) -> None:
    asking = make()
    for part in (asking, Cascade(Linear(("text",), 10.0), asking)):
        with pytest.raises(InputError, match=r"^parts\.mood: .* asks a service"):
            Combined({"mood": part})
        with pytest.raises(InputError, match=r"^spans: .* asks a service"):
            Related("text", part)
