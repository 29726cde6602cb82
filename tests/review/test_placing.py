"""Spans of people whose record was changed by cleaning: they quote what they are of, or they are void."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError, tasks
from stages.review import Active, Annotation, Mix, Review, placed, settle
from stages.tasks import Choice, Combined, Relations, Spans, Value

NAMES = Spans("names", "text", ("person", "place"), "text")
RELATED = Relations(NAMES, ("in",))
BOTH = Combined((NAMES, Choice("topic", "text", ("one", "other"))))
OLD = ["Ann", "Bób", "北京市", "سلا", "😀x😀", "e\u0301f", "Zoe", "Mia"]
NEW = ["Tim", "上海市", "👍yz", "Ida"]
GAPS = st.sampled_from([" ", "\t", "\r\n", "\n\n", "  "])


def answer(task: Any, value: Value, text: str | None, content: str = "old", line: int = 1) -> Annotation:
    """What Label Studio sends: `text` beside each span."""
    result = task.show(value)
    for item in result:
        if text is not None and item["type"] == "labels":
            item["value"]["text"] = text[item["value"]["start"] : item["value"]["end"]]
    return Annotation(
        record="r",
        content=content,
        annotator=f"ann-{line}",
        action="submitted",
        queue="random",
        result=result,
        shown=None,
        guideline="g",
        seconds=None,
        at=None,
        round=1,
        line=line,
        value=task.parse(result),
    )


def held(said: Annotation, text: str | None, task: Any = NAMES, content: str = "new") -> Annotation:
    [found] = placed([said], {"id": ["r"], "content": [content], "text": [text]}, ["text"], task)
    return found


def span(start: int, end: int, label: str = "person") -> dict[str, Any]:
    return {"start": start, "end": end, "label": label}


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str, list[dict[str, Any]]]:
    """A text of words that each stand once, what became of it, and spans of whole words of the first."""
    words = draw(st.permutations(OLD))[: draw(st.integers(1, len(OLD)))]
    before = [each for word in words for each in (draw(GAPS), word)][1:]
    after = [each for each in before if each not in words or draw(st.integers(0, 9))]
    for word in draw(st.lists(st.sampled_from(NEW), unique=True, max_size=2)):
        after[(place := draw(st.integers(0, len(after)))) : place] = [draw(GAPS), word, draw(GAPS)]
    after = [draw(GAPS) if each.isspace() and not draw(st.integers(0, 5)) else each for each in after]
    text = "".join(before)
    starts, ends = [text.index(word) for word in words], [text.index(word) + len(word) for word in words]
    marks = draw(st.lists(st.tuples(*[st.integers(0, len(words) - 1)] * 2), max_size=3))
    return text, "".join(after), [span(starts[min(pair)], ends[max(pair)]) for pair in marks]


@given(edited())
def test_a_span_of_a_text_that_changed_counts_if_its_words_stayed_in_their_place(case):
    before, after, spans = case
    stood = all(
        after[(place := slice(each["start"], each["end"]))].split() == before[place].split()
        and after[place] == after[place].strip()
        and each["end"] <= len(after)
        for each in spans
    )
    assert held(answer(NAMES, spans, before), after).void is not stood


@given(st.text("ab ", max_size=12), st.text("ab ", min_size=1, max_size=12), st.data())
def test_a_span_that_counts_quotes_what_stands_nowhere_else_unmarked(before, after, data):
    if not before:
        return
    places = st.integers(0, len(before) - 1)
    spans = [span(min(pair), max(pair) + 1) for pair in data.draw(st.lists(st.tuples(places, places), max_size=3))]
    if not held(answer(NAMES, spans, before), after).void:
        marked = {(each["start"], each["end"]) for each in spans}
        for start, end in marked:
            words = after[start:end]
            assert words.split() == before[start:end].split()
            found = {(n, n + len(words)) for n in range(len(after)) if after.startswith(words, n)}
            assert (start, end) in found <= marked


@pytest.mark.parametrize(("before", "place", "after"), [("a ", (1, 2), "a"), ("a  b", (0, 4), "a b")])
def test_a_span_that_a_shorter_text_cuts_is_void_whatever_is_left_of_it(before, place, after):
    assert held(answer(NAMES, [span(*place)], before), after).void


@pytest.mark.parametrize("stale", ["keep", "recheck"])
def test_what_is_void_is_no_label_and_is_reported(stale):
    review = Review(10, Mix(1, 0), Active("margin"), 1, "majority", stale, None, "p")
    before, after = "Ann saw Bob", "So Ann saw Bob"
    answers = [held(answer(NAMES, [span(0, 3)], before), after), held(answer(NAMES, [], before, line=2), after)]
    made = settle(answers, {"r": "new"}, NAMES, review, "g")
    assert made.report["void"] == made.report["stale"] == {"count": 1, "records": ["r"]}
    assert [(each["by"], each["value"]) for each in made.labels] == [(["ann-2"], [])]
    assert settle(answers[:1], {"r": "new"}, NAMES, review, "g").labels == []


@pytest.mark.parametrize("written", ["Ann Bo", r"Ann\n\n Bo"])  # the second as Label Studio's editor does
def test_white_space_is_quoted_as_a_browser_has_it(written):
    said = answer(NAMES, [span(0, 8)], "Ann\r\n Bo")
    said.result[0]["value"]["text"] = written
    assert not held(said, "Ann\r\n Bo.").void
    assert held(said, "Ann Bo  .").void


def test_a_span_that_quotes_nothing_is_void_once_its_text_changed():
    said = answer(NAMES, [span(0, 3)], None)
    assert not held(said, "Ann", content="old").void
    assert held(said, "Ann").void
    assert held(said, None).void


@pytest.mark.parametrize(
    ("task", "value"),
    [
        (RELATED, {"spans": [span(0, 3), span(7, 13, "place")], "relations": [{"head": 0, "tail": 1, "label": "in"}]}),
        (BOTH, {"names": [span(0, 3), span(7, 13, "place")], "topic": "one"}),
    ],
)
def test_spans_with_relations_or_other_controls_are_held_against_the_text(task, value):
    said = answer(task, value, "Ann in London")
    assert not held(said, "Ann in London.", task).void
    assert held(said, "Ann, in London", task).void
    with pytest.raises(InputError, match="a span ends at 13, and the text has 12 characters"):
        held(said, "Ann in Londo", task, "old")


def test_a_span_beyond_its_text_is_refused_where_it_stands():
    with pytest.raises(InputError, match=r"^round-0001\.jsonl, line 1: record r: a span ends at 4, and .* 3 "):
        held(answer(NAMES, [span(0, 4)], "Anna"), "Ann", content="old")


def test_a_span_is_of_the_field_that_is_shown():
    xml = """<View><Header value="$title"/><Labels name="names" toName="it"><Label value="person"/></Labels>
        <Text name="it" value="$body"/></View>"""
    task = tasks.load(xml, "x.xml")
    assert isinstance(task, Spans)
    assert task.beyond([span(0, 9)], {"title": "Ann", "body": "Ann and Bo"}) is None
    assert task.beyond([span(0, 9)], {"title": "Ann and Bo", "body": "Ann"}) is not None


def test_labels_that_point_nowhere_are_left_alone():
    task = Choice("mood", "text", ("good", "bad"))
    assert held(answer(task, "good", None), "other", task) == answer(task, "good", None)
