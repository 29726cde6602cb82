import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_studio_sdk.label_interface import LabelInterface
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from stages import InputError
from stages.tasks import Choice, load, read

SENTIMENT = Choice("sentiment", "text", ("positive", "neutral", "negative"))
TOPICS = Choice("topics", "text", ("sport", "money", "war"), multiple=True)

one = st.sampled_from(SENTIMENT.labels)
several = st.sets(st.sampled_from(TOPICS.labels)).map(sorted)

# --- parse and show


@given(one)
def test_a_label_that_is_shown_is_parsed_back(value: str) -> None:
    assert SENTIMENT.parse(SENTIMENT.show(value)) == value


@given(several)
def test_labels_that_are_shown_are_parsed_back(value: list[str]) -> None:
    assert TOPICS.parse(TOPICS.show(value)) == value


@given(st.permutations(TOPICS.labels), st.integers(1, 3))
def test_several_labels_are_sorted_whatever_the_order_they_were_chosen_in(labels: list[str], n: int) -> None:
    assert TOPICS.parse(TOPICS.show(labels[:n])) == sorted(labels[:n])


def item(choices: Any, **changed: Any) -> dict[str, Any]:
    return {
        "from_name": "sentiment",
        "to_name": "text",
        "type": "choices",
        "value": {"choices": choices},
    } | changed


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "a list of results is expected, found None"),
        ({"choices": ["positive"]}, "a list of results is expected"),
        (["positive"], "a result of 'sentiment' with type 'choices' is expected, found 'positive'"),
        ([item(["positive"], from_name="mood")], "a result of 'sentiment' with type 'choices' is expected"),
        ([item(["positive"], type="labels")], "a result of 'sentiment' with type 'choices' is expected"),
        ([item(["positive"], value=None)], "'value' must hold a list of 'choices', found None"),
        ([item("positive")], "'value' must hold a list of 'choices'"),
        ([item(["glad"])], "label 'glad' is not in the labelling interface; it has positive, neutral, negative"),
        ([item([["positive"]])], "label ['positive'] is not in the labelling interface"),
        ([item(["positive", "negative"])], "exactly one label is expected, found 2: positive, negative"),
        ([item(["positive"]), item(["negative"])], "exactly one label is expected, found 2: positive, negative"),
        ([item([])], "exactly one label is expected, found 0: none"),
        ([], "exactly one label is expected, found 0: none"),
    ],
)
def test_a_result_that_does_not_belong_to_the_interface_is_refused(result: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        SENTIMENT.parse(result)


# --- compare, decide, merge


def test_values_are_compared_as_a_whole() -> None:
    assert (SENTIMENT.compare("positive", "positive"), SENTIMENT.compare("positive", "neutral")) == (1, 0)
    assert (TOPICS.compare(["sport", "war"], ["sport", "war"]), TOPICS.compare(["sport", "war"], ["sport"])) == (1, 0)


def test_the_most_probable_label_is_proposed_and_the_first_of_equals() -> None:
    found = SENTIMENT.decide(np.array([[0.1, 0.2, 0.7], [0.4, 0.4, 0.2]]))
    assert [(each.value, each.confidence) for each in found] == [("negative", 0.7), ("positive", 0.4)]


def test_every_label_above_one_half_is_proposed() -> None:
    found = TOPICS.decide(np.array([[0.9, 0.5, 0.8], [0.1, 0.2, 0.3]]))
    assert [each.value for each in found] == [["sport", "war"], []]
    assert [each.confidence for each in found] == pytest.approx([0.9 * 0.5 * 0.8, 0.9 * 0.8 * 0.7])


def test_no_records_get_no_proposals() -> None:
    assert SENTIMENT.decide(np.empty((0, 3))) == TOPICS.decide(np.empty((0, 3))) == []


@pytest.mark.parametrize(
    ("task", "votes", "merged"),
    [
        (SENTIMENT, ["negative", "neutral", "negative"], ("negative", 2 / 3, 2)),
        (SENTIMENT, ["negative", "neutral"], ("neutral", 1 / 2, 1)),
        (TOPICS, [["sport"], ["sport", "war"], ["war"]], (["sport", "war"], 1 / 3, 1)),
        (TOPICS, [["sport"], ["war"]], ([], 0, 0)),
        (TOPICS, [["sport"], []], ([], 1 / 2, 1)),
    ],
)
def test_votes_are_merged_by_majority(task: Choice, votes: list[Any], merged: tuple[Any, float, int]) -> None:
    assert task.merge(votes) == merged


@given(st.one_of(st.lists(one, min_size=1, max_size=8), st.lists(several, min_size=1, max_size=8)), st.randoms())
def test_the_order_of_the_votes_does_not_matter(votes: list[Any], random: Any) -> None:
    task = TOPICS if isinstance(votes[0], list) else SENTIMENT
    shuffled = list(votes)
    random.shuffle(shuffled)
    assert task.merge(shuffled) == task.merge(votes)


@given(st.one_of(one, several), st.integers(1, 5))
def test_votes_that_agree_are_kept(value: Any, n: int) -> None:
    task = TOPICS if isinstance(value, list) else SENTIMENT
    assert task.merge([value] * n) == (value, 1, n)


# --- codes, statistics, score


def test_codes_have_a_row_per_value_and_a_column_per_label() -> None:
    assert SENTIMENT.codes(["negative", "positive"]).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert TOPICS.codes([[], ["sport", "war"]]).tolist() == [[0, 0, 0], [1, 0, 1]]
    assert TOPICS.codes([]).shape == (0, 3)


def scored(task: Choice, pairs: list[tuple[Any, Any]]) -> dict[str, float]:
    truth, given = zip(*pairs, strict=True)
    found = task.score(task.statistics(truth, given).sum(axis=0))
    return {name: float(value) for name, value in found.items()}


def expected(task: Choice, truth: Any, given: Any, labels: list[Any], names: list[str]) -> dict[str, float]:
    metrics = {"accuracy": accuracy_score(truth, given)}
    for average in ("macro", "weighted", None):
        found = precision_recall_fscore_support(truth, given, labels=labels, average=average, zero_division=0)
        for metric, value in zip(("precision", "recall", "f1"), found[:3], strict=True):
            if average:
                metrics[f"{average}_{metric}"] = value
            else:
                metrics |= {f"{metric}_{name}": each for name, each in zip(names, value, strict=True)}
    return metrics


@given(st.lists(st.tuples(one, one), min_size=1, max_size=20))
def test_scores_of_single_labels_are_scikit_learns(pairs: list[tuple[str, str]]) -> None:
    found = scored(SENTIMENT, pairs)
    present = [label for label in SENTIMENT.labels if any(label in pair for pair in pairs)]
    truth, given = zip(*pairs, strict=True)
    wanted = expected(SENTIMENT, truth, given, present, present)
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)
    assert all(np.isnan(found[name]) for name in found.keys() - wanted.keys())


@given(st.lists(st.tuples(several, several), min_size=1, max_size=20))
def test_scores_of_several_labels_are_scikit_learns(pairs: list[tuple[list[str], list[str]]]) -> None:
    found = scored(TOPICS, pairs)
    truth, given = (TOPICS.codes(values) for values in zip(*pairs, strict=True))
    present = np.flatnonzero((truth + given).any(axis=0)).tolist()
    if not truth.any():
        assert np.isnan(found["weighted_f1"])
        return
    wanted = expected(TOPICS, truth, given, present, [TOPICS.labels[i] for i in present])
    assert {name: found[name] for name in wanted} == pytest.approx(wanted)
    assert all(np.isnan(found[name]) for name in found.keys() - wanted.keys())


def test_many_sums_are_scored_at_once() -> None:
    statistics = SENTIMENT.statistics(["positive", "neutral"], ["positive", "positive"])
    sums = np.array([statistics.sum(axis=0), statistics[0], statistics[1]])
    assert SENTIMENT.score(sums)["accuracy"].tolist() == [0.5, 1, 0]


def test_the_score_of_no_records_is_undefined() -> None:
    found = SENTIMENT.score(SENTIMENT.statistics([], []).sum(axis=0))
    assert all(np.isnan(value) for value in found.values())


# --- interface

TWO = '<Choice value="yes"/><Choice value="no"/>'


def xml(choices: str = TWO, attributes: str = 'name="answer" toName="text"') -> str:
    return f'<View><Text name="text" value="$text"/><Choices {attributes}>{choices}</Choices></View>'


def test_an_interface_declares_the_task() -> None:
    assert load(xml(), "a.xml") == Choice("answer", "text", ("yes", "no"))


@pytest.mark.parametrize(("kind", "multiple"), [("single", False), ("single-radio", False), ("multiple", True)])
def test_an_interface_says_whether_several_may_be_chosen(kind: str, multiple: bool) -> None:
    assert load(xml(attributes=f'name="answer" toName="text" choice="{kind}"'), "a.xml").multiple == multiple


def test_an_alias_stands_for_its_label_as_in_label_studio() -> None:
    declared = xml('<Choice value="Yes, indeed" alias="yes"/><Choice value="no"/>')
    task = load(declared, "a.xml")
    assert task.labels == ("yes", "no")
    assert list(task.labels) == LabelInterface(declared).get_control("answer").labels


@given(one)
def test_what_is_shown_is_valid_for_label_studio(value: str) -> None:
    choices = "".join(f'<Choice value="{label}"/>' for label in SENTIMENT.labels)
    interface = LabelInterface(xml(choices, 'name="sentiment" toName="text"'))
    assert interface.validate_prediction({"result": SENTIMENT.show(value)}, return_errors=True) == []


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("", "a.xml: not well-formed XML (no element found"),
        ("<View>", "a.xml: not well-formed XML (no element found"),
        ("<View/>", "a.xml: one or more controls of Choices, "),
        (f"<View>{xml()}{xml()}</View>", "a.xml: each control needs a name of its own, found answer, answer"),
        (xml(attributes='toName="text"'), "a.xml: <Choices> lacks the attribute 'name'"),
        (xml(attributes='name="answer"'), "a.xml: <Choices> lacks the attribute 'toName'"),
        (
            xml(attributes='name="answer" toName="txt"'),
            "a.xml: toName='txt' names nothing that is shown; there is text",
        ),
        (
            xml(attributes='name="answer" toName="text" choice="many"'),
            "a.xml: <Choices choice='many'>: allowed are single, single-radio, multiple",
        ),
        (
            xml('<Choice value="yes"/>'),
            "a.xml: <Choices> needs two or more <Choice value=…>, each different, found ['yes']",
        ),
        (xml('<Choice value="yes"/><Choice value="yes"/>'), "each different, found ['yes', 'yes']"),
        (xml('<Choice value="yes"/><Choice/>'), "each different, found ['yes', '']"),
        (xml('<Choice value="a"><Choice value="b"/></Choice>'), "a.xml: a <Choice> inside another is not supported"),
    ],
)
def test_a_wrong_interface_is_refused_in_one_line(declared: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)) as found:
        load(declared, "a.xml")
    assert "\n" not in str(found.value)


def test_an_interface_is_read_with_its_guideline(tmp_path: Path) -> None:
    (tmp_path / "tickets.xml").write_text(xml(), encoding="utf-8")
    (tmp_path / "tickets.md").write_text("Say yes – or no.\n", encoding="utf-8")
    found = read(tmp_path, "tickets")
    assert found.task == Choice("answer", "text", ("yes", "no"))
    assert (found.xml, found.instruction) == (xml(), "Say yes – or no.\n")
    assert found.guideline == hashlib.sha256("Say yes – or no.\n".encode()).hexdigest()[:12]


def test_a_missing_guideline_is_named(tmp_path: Path) -> None:
    (tmp_path / "tickets.xml").write_text(xml(), encoding="utf-8")
    with pytest.raises(InputError, match=re.escape("tickets.md: the dataset names the labelling interface 'tickets'")):
        read(tmp_path, "tickets")


def test_a_guideline_that_is_not_utf8_is_named_with_the_byte(tmp_path: Path) -> None:
    (tmp_path / "tickets.xml").write_text(xml(), encoding="utf-8")
    (tmp_path / "tickets.md").write_bytes("Sag ja, früh.".encode("latin-1"))
    with pytest.raises(InputError, match=re.escape("tickets.md: not UTF-8 at byte 10; save it as UTF-8")):
        read(tmp_path, "tickets")


SHOWN = """<View>
  <!-- value="$forgotten" -->
  <Header value="is it worth $5?"/><Header value="$why"/>
  <Text name="text" value="$text"/>
  <Choices name="mood" toName="text"><Choice value="good"/><Choice value="bad"/></Choices>
</View>"""


def test_an_interface_may_refer_to_what_a_task_shows_and_carries(tmp_path: Path) -> None:
    (tmp_path / "mood.xml").write_text(SHOWN)
    (tmp_path / "mood.md").write_text("How does it feel?")
    assert read(tmp_path, "mood", ["text"]).task.labels == ("good", "bad")


@pytest.mark.parametrize("quoted", ['"$txet"', "'$txet'", '"$txet.more"'])
def test_an_interface_that_refers_to_a_field_that_is_not_shown_is_refused(tmp_path: Path, quoted: str) -> None:
    (tmp_path / "mood.xml").write_text(SHOWN.replace('"$why"', quoted))
    (tmp_path / "mood.md").write_text("How does it feel?")
    with pytest.raises(InputError, match=r"mood\.xml: refers to \$txet, .* allowed are text, record, content, queue"):
        read(tmp_path, "mood", ["text"])


def test_corrections_are_read_beside_the_interface(tmp_path: Path) -> None:
    (tmp_path / "mood.xml").write_text(SHOWN)
    (tmp_path / "mood.md").write_text("How does it feel?")
    assert read(tmp_path, "mood").corrections == {}
    (tmp_path / "mood.yaml").write_text("glad: good\nmixed: null\n")
    assert read(tmp_path, "mood").corrections == {"glad": "good", "mixed": None}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("glad: god", "mood.yaml: glad: one of good, bad is expected, or null (label anew), found 'god'"),
        ("good: bad", "mood.yaml: 'good': an earlier label is expected, which is no more in the interface"),
        ("- glad", "a mapping of earlier labels to present ones is expected, found ['glad']"),
        ("a: [", "mood.yaml: not YAML"),
    ],
)
def test_a_wrong_correction_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "mood.xml").write_text(SHOWN)
    (tmp_path / "mood.md").write_text("How does it feel?")
    (tmp_path / "mood.yaml").write_text(text)
    with pytest.raises(InputError, match=re.escape(message)):
        read(tmp_path, "mood")
