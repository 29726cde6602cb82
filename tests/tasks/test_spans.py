"""Spans, the sentences of the People's Daily, and the annotator that finds names."""

from __future__ import annotations

from itertools import permutations
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from label_studio_sdk.label_interface import LabelInterface
from nervaluate import Evaluator
from scipy.sparse import csr_matrix

from benchmarks.played import spans as marked
from stages import InputError
from stages.annotators import NotEnough, Tagger, chain, crossfit
from stages.label_studio.forms import check
from stages.review.consensus import token_vote
from stages.sources import Tagged
from stages.tasks import Choice, Interface, Spans, load
from stages.tasks.iob import tokens
from stages.tasks.pictures import Boxes

NAMES = Spans("names", "text", ("person", "place"), "text")
XML = """<View><Text name="text" value="$text"/><Labels name="names" toName="text">
  <Label value="person"/><Label value="place"/></Labels></View>"""


def span(start: int, end: int, label: str = "person") -> dict[str, object]:
    return {"start": start, "end": end, "label": label}


spans = st.builds(
    lambda start, length, label: span(start, start + length, label),
    st.integers(0, 12),
    st.integers(1, 6),
    st.sampled_from(NAMES.labels),
)
values = st.lists(spans, max_size=5).map(NAMES.ordered)


def f1(truth, given) -> dict[str, float]:
    return {name: float(value) for name, value in NAMES.score(NAMES.statistics(truth, given).sum(axis=0)).items()}


@given(values)
def test_spans_survive_label_studio(value):
    result = NAMES.show(value)
    assert NAMES.parse(result) == NAMES.parse(result[::-1]) == value
    assert not LabelInterface(XML).validate_prediction({"result": result}, return_errors=True)


def test_the_interface_declares_them():
    assert load(XML, "names.xml") == NAMES


@pytest.mark.parametrize("text", ["😀 Ann\r\nmet Bob", "👨‍👩‍👧 é\u0301 Ann\r\n\r\nBob"])
def test_offsets_are_python_s_whatever_the_text(text):
    start = text.index("Bob")
    value = NAMES.parse([{**NAMES.show([span(start, start + 3)])[0], "id": "x1", "origin": "manual"}])
    assert text[value[0]["start"] : value[0]["end"]] == "Bob"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"start": 3, "end": 3, "labels": ["person"]}, "0 <= start < end"),
        ({"start": 4, "end": 3, "labels": ["person"]}, "0 <= start < end"),
        ({"start": -1, "end": 3, "labels": ["person"]}, "0 <= start < end"),
        ({"start": 1.0, "end": 3, "labels": ["person"]}, "0 <= start < end"),
        ({"start": True, "end": 3, "labels": ["person"]}, "0 <= start < end"),
        ({"end": 3, "labels": ["person"]}, "0 <= start < end"),
        ({"start": 1, "end": 3, "labels": ["dog"]}, "label 'dog' is not in the labelling interface"),
        ({"start": 1, "end": 3, "labels": []}, "a list of one of 'labels'"),
    ],
)
def test_a_wrong_span_is_refused(value, told):
    with pytest.raises(ValueError, match=told):
        NAMES.parse([{"from_name": "names", "to_name": "text", "type": "labels", "value": value}])


@given(values, values)
def test_likeness_is_f1(one, other):
    assert NAMES.compare(one, other) == NAMES.compare(other, one)
    assert (NAMES.compare(one, other) == 1) == (one == other)
    if one or other:
        assert NAMES.compare(one, other) == pytest.approx(f1([one], [other])["f1"])


def test_metrics_of_a_small_example():
    truth = [[span(0, 3), span(5, 7, "place")], [span(0, 2)], []]
    given = [[span(0, 3), span(4, 7, "place")], [span(0, 2, "place")], []]
    found = f1(truth, given)
    assert found["f1"] == found["precision"] == found["recall"] == pytest.approx(1 / 3)
    assert found["overlap_f1"] == pytest.approx(2 / 3)
    assert (found["recall_person"], found["precision_person"], found["f1_place"]) == (0.5, 1.0, 0.0)
    assert found["accuracy"] == pytest.approx(1 / 3)


def flat(value):
    """The spans that begin where no other is, as a tagger would give them."""
    kept = []
    for each in value:
        if not kept or kept[-1]["end"] <= each["start"]:
            kept.append(each)
    return kept


@given(st.lists(st.tuples(values, values), min_size=1, max_size=4))
@example([([span(9, 10)], [span(3, 9), span(9, 10)])])
def test_metrics_are_those_of_nervaluate(pairs):
    truth, given = ([flat(pair[side]) for pair in pairs] for side in (0, 1))
    closed = ([[{**each, "end": each["end"] - 1} for each in value] for value in side] for side in (truth, given))
    theirs = Evaluator(*closed, list(NAMES.labels), loader="dict").evaluate()  # its ends belong to a span
    with np.errstate(invalid="ignore"):
        ours = {name: np.nan_to_num(each) for name, each in f1(truth, given).items()}
    told = {"": theirs["overall"]["strict"]}
    told |= {f"_{label}": theirs["entities"][label]["strict"] for label in NAMES.labels if label in theirs["entities"]}
    for ending, result in told.items():
        for name in ("precision", "recall", "f1"):
            assert ours[f"{name}{ending}"] == pytest.approx(getattr(result, name))


@given(values, values)
def test_overlap_is_never_below_exact(one, other):
    if one or other:
        found = f1([one], [other])
        assert found["f1"] <= found["overlap_f1"] <= 1


@settings(deadline=None)
@given(st.lists(values, min_size=1, max_size=3))
@example([[span(0, 3)], [span(0, 4)], [span(1, 4)]])
def test_a_consensus_does_not_depend_on_the_order_of_the_votes(votes):
    merged = [NAMES.merge(list(each)) for each in permutations(votes)]
    assert all(each == merged[0] for each in merged)
    value, share, same = merged[0]
    assert NAMES.parse(NAMES.show(value)) == value
    assert share * len(votes) == pytest.approx(same)


def test_a_consensus_keeps_what_most_marked_with_the_median_borders():
    assert NAMES.merge([[span(0, 3)], [span(0, 4)], [span(1, 4)]])[0] == [span(0, 4)]
    assert NAMES.merge([[span(0, 3)], [span(0, 3)], []]) == ([span(0, 3)], 2 / 3, 2)
    assert NAMES.merge([[span(0, 3)], [span(0, 3, "place")], []])[0] == []
    nested = [span(0, 2, "place"), span(0, 6)]
    assert NAMES.merge([nested, nested, [span(0, 6)]])[0] == nested


@given(st.lists(values, min_size=1, max_size=4))
def test_a_token_vote_covers_what_most_people_covered(votes):
    voted = NAMES.vote(votes)[0]
    for label in NAMES.labels:
        for place in range(18):
            inside = [
                sum(x["start"] <= place < x["end"] and x["label"] == label for x in v) > 0 for v in [voted, *votes]
            ]
            assert inside[0] == (2 * sum(inside[1:]) > len(votes))


def test_a_token_vote_parts_neighbours_where_most_people_do():
    two, one = [span(0, 2), span(2, 4)], [span(0, 4)]
    assert NAMES.vote([two, two, one]) == (two, 2 / 3, 2)
    assert NAMES.vote([two, one, one]) == (one, 2 / 3, 2)
    assert NAMES.vote([[span(0, 3)], [span(1, 4)], [span(8, 9)]])[0] == [span(1, 3)]
    assert NAMES.vote([[]]) == ([], 1.0, 1)


def test_a_token_vote_is_for_spans_alone():
    agreed = token_vote(NAMES, {"a": {"ann": [span(0, 3)], "bob": [span(0, 3)], "eve": []}})["a"]
    assert agreed == ([span(0, 3)], 2 / 3, "token_vote over 3 people, 2 said just this")
    with pytest.raises(InputError, match="token_vote is for spans, this task is choice"):
        token_vote(Choice("a", "b", ("x", "y")), {})


def test_ten_thousand_spans_are_read_and_merged():
    many = [span(10 * i, 10 * i + 4) for i in range(10_000)]
    assert NAMES.parse(NAMES.show(many)) == many
    assert NAMES.vote([many, many, [span(5, 9)]])[0] == many
    assert NAMES.merge([many[:2_000], many[:2_000], [span(5, 9)]])[0] == many[:2_000]


def test_three_people_know_more_than_each_of_them():
    truth = [[span(0, 3), span(6, 9, "place"), span(10, 12)]] * 300
    said = [[marked(f"{i}", f"played-{who}", value, NAMES, 0.2) for i, value in enumerate(truth)] for who in range(3)]
    merged = [NAMES.merge(list(votes))[0] for votes in zip(*said, strict=True)]
    assert f1(truth, merged)["f1"] > max(f1(truth, each)["f1"] for each in said)


def test_words_with_tags_become_text_and_names(monkeypatch):
    source = Tagged(requirement="a==1", sha256="0" * 64, member="a", names={"nr": "person", "ns": "place"})
    lines = iter([(3, "江/nr  泽民/nr  在/p  北京/ns  。/w  １/2/m  邓/nr")])
    (number, first), (_, second) = source._sentences(lines, "a")
    assert (number, first["id"], first["text"]) == (3, "00003-01", "江泽民在北京。")
    assert first["spans"] == '[{"start": 0, "end": 3, "label": "person"}, {"start": 4, "end": 6, "label": "place"}]'
    assert (second["id"], second["text"]) == ("00003-02", "１/2邓")
    with pytest.raises(InputError, match="a, line 1: 'word' is not of the form word/tag"):
        list(source._sentences(iter([(1, "word")]), "a"))


def test_tokens_are_characters_of_chinese_and_words_elsewhere():
    assert [each for each, _, _ in tokens("Ann 去了北京。😀")] == ["Ann", "去", "了", "北", "京", "。", "😀"]
    assert all(text[start:end] == each for text in ["é\u0301 a_b\r\n😀x"] for each, start, end in tokens(text))


def test_chain_agrees_with_counting_every_sequence():
    random = np.random.default_rng(0)
    emissions, moves = random.normal(size=(4, 3)), random.normal(size=(4, 3))
    barred = np.zeros((4, 3), dtype=bool)
    barred[0, 2] = barred[3, 2] = True
    scores = {}
    for tags in np.ndindex(3, 3, 3):
        steps = list(zip((3, *tags), tags, strict=False))
        if not any(barred[step] for step in steps):
            rows = enumerate(tags)
            scores[tags] = sum(moves[step] for step in steps) + sum(emissions[row, tag] for row, tag in rows)
    best = max(scores, key=scores.__getitem__)
    decoded, other = chain.decode(emissions, [3, 1], moves, barred)
    whole = np.exp(list(scores.values())).sum()
    assert tuple(decoded.tags) == best
    assert decoded.confidence == pytest.approx(np.exp(scores[best]) / whole)

    def share(places: slice) -> float:
        return sum(np.exp(score) for tags, score in scores.items() if tags[places] == best[places]) / whole

    assert decoded.tokens == pytest.approx([share(slice(place, place + 1)) for place in range(3)])
    pairs = [share(slice(place, place + 2)) for place in range(2)]
    assert decoded.steps == pytest.approx(
        [decoded.tokens[0], pairs[0] / decoded.tokens[0], pairs[1] / decoded.tokens[1]]
    )
    assert len(other.tags) == 1


def test_chain_follows_the_slope_of_its_loss():
    random = np.random.default_rng(1)
    features = csr_matrix(random.integers(0, 2, size=(9, 4)).astype(float))
    barred = np.zeros((4, 3), dtype=bool)
    tags = random.integers(0, 3, size=9)
    weights = chain.fit(features, tags, [2, 4, 3], barred, 1.0)
    packed = chain.Packed.of([2, 4, 3])

    def loss(weights: np.ndarray) -> float:
        emissions = (features @ weights[:4])[packed.rows]
        total = chain.expected(emissions, weights[4:], packed.steps)[0].sum()
        path = sum((features @ weights[:4])[row, tag] for row, tag in enumerate(tags))
        for start, end in ((0, 2), (2, 6), (6, 9)):
            path += weights[7, tags[start]] + sum(weights[4 + tags[i], tags[i + 1]] for i in range(start, end - 1))
        return float(total - path + 0.5 * (weights**2).sum())

    for _ in range(5):
        assert loss(weights) <= loss(weights + 0.01 * random.normal(size=weights.shape))


def people(count: int) -> tuple[pd.DataFrame, list[list[dict[str, object]]]]:
    """Sentences about people and places, made of parts so that there is something to learn."""
    names = ["Ann", "Bob", "王小明", "李华", "Zoë"]
    where = ["Rome", "北京", "New York", "上海"]
    texts, values = [], []
    for i in range(count):
        who, place = names[i % 5], where[i // 5 % 4]
        text = f"😀 {who} lives in {place}.\r\nFine {i % 7}" if i % 3 else f"昨天{i % 7}点{who}在{place}说话。"
        one, two = text.index(who), text.index(place)
        texts.append(text)
        values.append(NAMES.ordered([span(one, one + len(who)), span(two, two + len(place), "place")]))
    return pd.DataFrame({"id": [f"{i:03}" for i in range(count)], "text": texts}), values


def test_the_tagger_learns_names():
    records, truth = people(120)
    fitted = crossfit(Tagger("text"), records, dict(zip(records["id"][:80], truth, strict=False)), NAMES, 1)
    assert f1(truth[80:], [each.value for each in fitted.proposals[80:]])["f1"] > 0.95
    assert all(0 <= each.confidence <= 1 for each in fitted.proposals)
    assert all(len(each.scores) == len(each.value) for each in fitted.proposals)


def test_a_span_is_at_least_as_likely_as_all_of_its_text():
    records, truth = people(60)
    said = (
        Tagger("text")
        .fit(records, truth, NAMES, 1)
        .predict(pd.DataFrame({"text": ["昨天Ann在 Rome lives 北京。", "Bob"]}))
    )
    assert all(said[0].confidence <= score + 1e-6 <= 1 + 1e-6 for score in said[0].scores)
    assert [len(each.scores) for each in said] == [len(each.value) for each in said]
    assert min(said[0].scores) < max(said[0].scores)


def test_a_penalty_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"annotator\.c: above 0 is expected, found -1"):
        Tagger("text", -1).fit(*people(10), NAMES, 1)


def test_a_saved_tagger_proposes_the_same(tmp_path):
    records, truth = people(60)
    model = Tagger("text").fit(records, truth, NAMES, 1)
    model.save(tmp_path)
    again = Tagger("text").load(tmp_path, NAMES)
    records = pd.concat([records, pd.DataFrame({"id": ["x", "y"], "text": ["", None]})], ignore_index=True)
    assert again.predict(records) == model.predict(records)
    assert model.predict(records)[-1].value == []


@given(st.lists(st.lists(st.booleans(), max_size=12), max_size=4))
def test_a_long_text_is_cut_where_no_span_goes_on(texts):
    texts = [[False, *text[1:]] if text else [] for text in texts]  # no text begins inside of a span
    with mock.patch.object(chain, "LONGEST", 3):
        cut = chain.cut([len(text) for text in texts], [each for text in texts for each in text])
        assert chain.cut([7, 0, 3]) == [[3, 3, 1], [], [3]]
    assert [sum(pieces) for pieces in cut] == [len(text) for text in texts]
    for text, pieces in zip(texts, cut, strict=True):
        starts = [sum(pieces[:place]) for place in range(len(pieces))]
        assert not any(text[start] for start in starts)
        assert all(pieces)
        assert all(
            piece <= 3 or all(text[start + 3 : start + piece]) for start, piece in zip(starts, pieces, strict=True)
        )


def test_the_tagger_reads_a_long_text_in_pieces(monkeypatch):
    monkeypatch.setattr(chain, "LONGEST", 20)
    records, truth = people(60)
    model = Tagger("text").fit(records, truth, NAMES, 1)
    said = [each.value for each in model.predict(records)]
    assert f1(truth, said)["f1"] > 0.9
    joined, shift = "\n".join(records["text"]), 0
    expected = []
    for text, value in zip(records["text"], said, strict=True):
        expected += [{**each, "start": each["start"] + shift, "end": each["end"] + shift} for each in value]
        shift += len(text) + 1
    [found] = model.predict(pd.DataFrame({"text": [joined]}))
    assert f1([expected], [found.value])["f1"] > 0.9
    assert len(found.scores) == len(found.value)
    assert 0 <= found.confidence < 1


def test_what_the_tagger_cannot_do_it_says():
    records, _ = people(12)
    with pytest.raises(NotEnough, match="people have marked no span yet"):
        Tagger("text").fit(records, [[]] * 12, NAMES, 1)
    with pytest.raises(InputError, match="proposes spans, and the labelling interface asks for boxes"):
        Tagger("text").fit(records, [], Boxes("a", "b", ("c",)), 1)
    with pytest.raises(InputError, match="there is no field 'body'"):
        Tagger("body").fit(records, [], NAMES, 1)


def test_of_spans_that_overlap_it_learns_the_longest():
    records, truth = people(60)
    nested = [NAMES.ordered([*value, span(value[0]["start"], value[0]["start"] + 1, "place")]) for value in truth]
    model = Tagger("text").fit(records, nested, NAMES, 1)
    assert f1(truth, [each.value for each in model.predict(records)])["f1"] > 0.95


def test_a_span_beyond_the_text_is_found_before_it_is_pushed():
    asked = {
        "data": {"record": "r", "text": "Ann"},
        "predictions": [{"score": 0.5, "result": NAMES.show([span(0, 4)])}],
    }
    interface = Interface(NAMES, XML, "", "")
    with pytest.raises(ValueError, match=r"record r: .* ends beyond the text, which has 3 characters"):
        check([asked], interface)
    asked["data"]["text"] = "Anna"
    check([asked], interface)
