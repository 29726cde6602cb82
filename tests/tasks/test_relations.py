"""Relations between spans, and several controls in one interface."""

from __future__ import annotations

import re
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_sdk.label_interface import LabelInterface

from stages import InputError
from stages.tasks import Choice, Combined, Relations, Spans, load

NAMES = Spans("names", "text", ("person", "place"), "text")
WORKS = Relations(NAMES, ("in", "knows"))
LABELS = '<Labels name="names" toName="text"><Label value="person"/><Label value="place"/></Labels>'
TEXT = '<Text name="text" value="$text"/>'
DRAWN = '<Relations><Relation value="in"/><Relation value="knows"/></Relations>'
TOPIC = '<Choices name="topic" toName="text"><Choice value="news"/><Choice value="person"/></Choices>'
XML = f"<View>{LABELS}{DRAWN}{TEXT}</View>"
BOTH = Combined((WORKS, Choice("topic", "text", ("news", "person"))))

ANN, BOB, ROME = ((0, 3, "person"), (8, 11, "person"), (15, 19, "place"))


def value(spans, relations=()):
    return WORKS.ordered([dict(zip(("start", "end", "label"), each, strict=True)) for each in spans], relations)


marks = st.builds(
    lambda start, length, label: (start, start + length, label),
    st.integers(0, 12),
    st.integers(1, 6),
    st.sampled_from(NAMES.labels),
)


@st.composite
def values(draw):
    spans = draw(st.lists(marks, max_size=5, unique=True))
    pairs = [(one, other) for one in spans for other in spans if one != other]
    drawn = draw(st.lists(st.tuples(st.sampled_from(pairs), st.sampled_from(WORKS.types)), max_size=4)) if pairs else []
    return value(spans, [(*pair, label) for pair, label in drawn])


def scores(task, truth, given):
    return {name: float(each) for name, each in task.score(task.statistics(truth, given).sum(axis=0)).items()}


@given(values())
def test_relations_survive_label_studio(said):
    result = WORKS.show(said)
    assert WORKS.parse(result) == WORKS.parse(result[::-1]) == said
    assert not LabelInterface(XML).validate_prediction({"result": result}, return_errors=True)


def test_the_interface_declares_them():
    assert load(XML, "a.xml") == WORKS
    assert WORKS.labels == ("person", "place", "in", "knows")
    assert load(f"<View>{LABELS}{DRAWN}{TEXT}{TOPIC}</View>", "a.xml") == BOTH
    assert BOTH.labels == ("names: person", "place", "in", "knows", "news", "topic: person")


def test_an_arrow_has_its_direction():
    result = WORKS.show(value([ANN, ROME], [(ANN, ROME, "in")]))
    assert WORKS.parse([*result[:2], {**result[2], "direction": "left"}]) == value([ANN, ROME], [(ROME, ANN, "in")])
    both = value([ANN, ROME], [(ANN, ROME, "in"), (ROME, ANN, "in")])
    assert WORKS.parse([*result[:2], {**result[2], "direction": "bi"}]) == both


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"from_id": "gone"}, "'from_id' must be the id of a span, found 'gone'"),
        ({"to_id": ["span-0"]}, "'to_id' must be the id of a span"),
        ({"to_id": "span-0"}, "goes from the span .0, 3, 'person'. to the same"),
        ({"labels": ["likes"]}, "relation 'likes' is not in the labelling interface; it has in, knows"),
        ({"labels": []}, "one or more 'labels'"),
        ({"direction": "up"}, "left, right or bi"),
    ],
)
def test_a_wrong_relation_is_refused(changed, told):
    *spans, drawn = WORKS.show(value([ANN, ROME], [(ANN, ROME, "in")]))
    with pytest.raises(ValueError, match=told):
        WORKS.parse([*spans, {**drawn, **changed}])


def test_two_spans_with_one_id_are_refused():
    one, other = WORKS.show(value([ANN, ROME]))
    with pytest.raises(ValueError, match="the id 'span-0' stands at two spans"):
        WORKS.parse([one, {**other, "id": "span-0"}])


@given(values(), values())
def test_likeness_is_one_only_of_the_same(one, other):
    assert WORKS.compare(one, other) == WORKS.compare(other, one)
    assert (WORKS.compare(one, other) == 1) == (one == other)


def test_metrics_of_a_small_example():
    truth = value([ANN, BOB, ROME], [(ANN, ROME, "in"), (ANN, BOB, "knows")])
    longer = (15, 20, "place")
    found = scores(WORKS, [truth], [value([ANN, BOB, longer], [(ANN, longer, "in"), (BOB, ANN, "knows")])])
    assert (found["f1"], found["overlap_f1"], found["accuracy"]) == (0.0, 0.5, 0.0)
    assert found["span_f1"] == pytest.approx(2 / 3)
    assert (found["f1_person"], found["f1_place"]) == (1.0, 0.0)
    assert set(scores(WORKS, [truth], [truth]).values()) == {1.0}


@settings(deadline=None)
@given(st.lists(values(), min_size=1, max_size=3))
def test_a_consensus_does_not_depend_on_the_order_of_the_votes(votes):
    merged = [WORKS.merge(list(each)) for each in permutations(votes)]
    assert all(each == merged[0] for each in merged)
    assert WORKS.parse(WORKS.show(merged[0][0])) == merged[0][0]
    assert merged[0][0]["spans"] == NAMES.merge([vote["spans"] for vote in votes])[0]


def test_a_consensus_keeps_the_relations_that_most_drew_between_what_most_marked():
    longer = (15, 20, "place")
    one = value([ANN, ROME], [(ANN, ROME, "in")])
    two = value([ANN, longer], [(ANN, longer, "in")])
    three = value([ANN, ROME, BOB], [(BOB, ROME, "in")])
    assert WORKS.merge([one, two, three]) == (one, 1 / 3, 1)


SAID = "Ann met Bob in Rome. Bob left."


def test_a_language_model_quotes_what_is_related():
    quoted = [
        {"text": "Bob", "label": "person"},
        {"text": "Rome", "label": "place"},
        {"text": "Bob", "label": "person"},
    ]
    drawn = [
        {"head": "Bob", "tail": "Rome", "label": "in"},
        {"head": "Eve", "tail": "Rome", "label": "in"},
        {"head": "Rome", "tail": "Rome", "label": "in"},
    ]
    found = WORKS.answered({"spans": quoted, "relations": drawn}, {"text": SAID})
    assert found == value(
        [(8, 11, "person"), (15, 19, "place"), (21, 24, "person")], [((21, 24, "person"), (15, 19, "place"), "in")]
    )
    assert WORKS.answer(found, {"text": SAID}) == {"spans": quoted, "relations": drawn[:1]}
    both = BOTH.answered({"names": {"spans": quoted, "relations": drawn}, "topic": "news"}, {"text": SAID})
    assert both == {"names": found, "topic": "news"}
    assert BOTH.answer(both, {"text": SAID}) == {"names": WORKS.answer(found, {"text": SAID}), "topic": "news"}
    assert list(BOTH.schema()["properties"]) == ["names", "topic"]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ([], "an object with the keys names, topic"),
        ({"names": [], "topic": "news"}, 'names: it must be an object with "spans" and "relations"'),
        ({"names": {"spans": [], "relations": [1]}, "topic": "news"}, 'a list of objects with "head"'),
        ({"names": {"spans": [], "relations": None}, "topic": "news"}, 'a list of objects with "head"'),
        ({"names": {"spans": [], "relations": []}, "topic": "sport"}, "topic: it must be exactly one of"),
        (
            {"names": {"spans": [], "relations": [{"head": "a", "tail": "b", "label": "x"}]}, "topic": "news"},
            "of a relation must be one of in, knows",
        ),
    ],
)
def test_a_wrong_answer_is_told_to_the_model(answer, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        BOTH.answered(answer, {"text": SAID})


choices = st.sampled_from(("news", "person"))
answers = st.builds(lambda names, topic: {"names": names, "topic": topic}, values(), choices)


@given(answers, answers)
def test_a_combination_is_right_only_if_all_its_parts_are(one, other):
    assert BOTH.parse(BOTH.show(one)) == one
    assert BOTH.compare(one, other) == (one == other)
    found = scores(BOTH, [one], [other])
    assert found["accuracy"] == (one == other)
    assert found["topic_accuracy"] == (one["topic"] == other["topic"])
    assert found["names_accuracy"] == (one["names"] == other["names"])


def test_a_combination_counts_and_merges_each_part():
    empty = value([])
    said = [{"names": value([ANN]), "topic": "news"}, {"names": empty, "topic": "person"}]
    assert BOTH.count(said)["names: person"] == BOTH.count(said)["topic: person"] == 1
    third = {"names": value([ANN]), "topic": "person"}
    assert BOTH.merge([*said, third]) == (third, 1 / 3, 1)


def test_an_answer_that_lacks_a_part_is_refused():
    with pytest.raises(ValueError, match="topic: exactly one label is expected, found 0"):
        BOTH.parse(WORKS.show(value([ANN])))
    with pytest.raises(ValueError, match="a result of one of names, topic is expected"):
        BOTH.parse([{"from_name": "other", "type": "choices", "value": {"choices": ["news"]}}])


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (DRAWN + TOPIC, "<Relations> needs one <Labels> over a text, and one alone, found 0"),
        (LABELS + LABELS.replace("names", "more") + DRAWN, "<Labels> over a text, and one alone, found 2"),
        (LABELS + DRAWN.replace("knows", "place"), "'place' is a <Label> and a <Relation>"),
        (LABELS + "<Relations/>", "<Relations> needs one or more <Relation value=…>"),
        (LABELS + TOPIC.replace("topic", "names"), "each control needs a name of its own, found names, names"),
        (LABELS + '<Taxonomy name="kind" toName="text"/>', "<Taxonomy> is not supported; controls may be Choices, "),
        (LABELS + TOPIC.replace("<Choices", '<Choices perRegion="true"'), "ask of the whole record"),
    ],
)
def test_what_cannot_be_combined_is_refused(declared, told):
    with pytest.raises(InputError, match=r"^a\.xml: ") as found:
        load(f"<View>{TEXT}{declared}</View>", "a.xml")
    assert told in str(found.value)
