"""Rounds, consensus, audits and queues."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from stages import InputError
from stages.review import (
    Active,
    Annotation,
    Audit,
    Gold,
    Mix,
    Review,
    audit,
    current,
    dawid_skene,
    majority,
    next_batch,
    read_gold,
    read_rounds,
    settle,
    uncertainty,
)
from stages.review.gold import mixed_in
from stages.tasks import Choice, Text

TASK = Choice("sentiment", "text", ("positive", "neutral", "negative"))
WORDS = Text("summary", "text")
TOPICS = Choice("topics", "text", ("food", "price", "staff"), multiple=True)
REVIEW = Review(
    batch=10,
    mix=Mix(random=0.5, active=0.5),
    active=Active("margin"),
    overlap=1,
    consensus="majority",
    stale="keep",
    audit=None,
    project="tweets",
)
IDS = [f"{number:03d}" for number in range(100)]


def line(record="1", value="positive", annotator="ann", action="submitted", queue="random", content="c", **more):
    result = TASK.show(value) if action == "submitted" else []
    return {
        "record": record,
        "content": content,
        "annotator": annotator,
        "action": action,
        "queue": queue,
        "result": result,
        "shown": {"by": "linear@3c9e21", "value": "neutral", "confidence": 0.41},
        "guideline": "b5d0",
        "seconds": 4.2,
        "at": "2026-11-22T09:14:03Z",
        **more,
    }


def rounds(*lists):
    """Make annotations of several rounds, without files."""
    return [
        Annotation(round=number, line=place, **each, value=TASK.parse(each["result"]) if each["result"] else None)
        for number, lines in enumerate(lists, 1)
        for place, each in enumerate(lines, 1)
    ]


def settled(annotations, review=REVIEW, contents=None, **more):
    contents = contents or dict.fromkeys((each.record for each in annotations), "c")
    return settle(annotations, contents, TASK, review, more.pop("guideline", "b5d0"), **more)


def scored(scores):
    """Make proposals with these scores for the first records."""
    return {id: {"record": id, "scores": dict(enumerate(row))} for id, row in zip(IDS, scores, strict=False)}


def label(record, people=1, queues=("random",), stale=False, before="positive"):
    return {"record": record, "value": "positive", "people": people, "queues": list(queues), "stale": stale} | {
        "votes": {f"ann{n}": "positive" for n in range(people)},
        "adjudicated": False,
        "before_audit": before,
        "older_guideline": False,
        "first": {"value": "positive", "confidence": 1.0, "queues": list(queues)},
        "rechecked": False,
    }


def write_round(folder: Path, text: str, name: str = "round-0001.jsonl") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# rounds


def test_a_round_is_read_with_the_value_that_its_result_says(tmp_path):
    text = json.dumps(line()) + "\n" + json.dumps(line(action="skipped", shown=None, seconds=None, at=None)) + "\n"
    one, other = read_rounds([write_round(tmp_path, text)], TASK)
    assert (one.round, one.line, one.value, one.shown["confidence"]) == (1, 1, "positive", 0.41)
    assert (other.line, other.action, other.value) == (2, "skipped", None)


def test_rounds_are_read_in_the_order_of_their_numbers(tmp_path):
    files = [write_round(tmp_path, json.dumps(line(record=str(n))), f"round-{n:04d}.jsonl") for n in (3, 2, 1)]
    assert [each.round for each in read_rounds(files, TASK)] == [1, 2, 3]
    assert read_rounds([], TASK) == []


def test_a_round_that_is_missing_between_others_is_named(tmp_path):
    files = [write_round(tmp_path, json.dumps(line()), f"round-{n:04d}.jsonl") for n in (1, 3)]
    with pytest.raises(InputError, match=r"round-0002\.jsonl: this round is missing between 1 and 3"):
        read_rounds(files, TASK)
    files.append(write_round(tmp_path, "", "round-0002.jsonl"))
    assert [each.round for each in read_rounds(files, TASK)] == [1, 3]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "not a line of JSON"),
        ("", "not a line of JSON"),
        ("[1]", "a JSON object is expected"),
        ("[" * 100_000, "recursion"),
        (json.dumps(line())[:-1] + ', "record": "2"}', "the key 'record' stands twice"),
        (json.dumps(line(extra=1)), "unknown key 'extra'"),
        (json.dumps({key: value for key, value in line().items() if key != "queue"}), "the key 'queue' is missing"),
        (json.dumps(line(record=17)), "record: a text is expected, found 17"),
        (json.dumps(line(record="")), "record: a text"),
        (json.dumps(line(annotator="\ud800")), "annotator: a text"),
        (json.dumps(line(action="approved")), "one of submitted, skipped, deleted is expected, found 'approved'"),
        (json.dumps(line(queue="audit:0")), "queue: one of"),
        (json.dumps(line(shown={"value": "neutral"})), "shown: null or"),
        (json.dumps(line(seconds=float("nan"))), "seconds: null or"),
        (json.dumps(line(seconds=True)), "seconds: null or"),
        (json.dumps(line(at="2026-11-22")), "at: null or"),
        (json.dumps(line(ground_truth=False)), "ground_truth: true, or no such key, is expected, found False"),
        (json.dumps(line(result=[])), "exactly one label"),
        (json.dumps(line(result=["positive"])), "result: a list"),
        (json.dumps(line()).replace("positive", "angry"), "label 'angry' is not in the labelling interface; it has"),
    ],
)
def test_a_wrong_line_is_named_with_file_line_and_what_is_allowed(tmp_path, text, found):
    path = write_round(tmp_path, json.dumps(line()) + "\n" + text + "\n")
    with pytest.raises(InputError) as error:
        read_rounds([path], TASK)
    assert f"{path}, line 2: " in str(error.value)
    assert found in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "=======", ">>>>>>> theirs"])
def test_two_branches_that_wrote_the_same_round_are_told_how_both_are_kept(tmp_path, mark):
    path = write_round(tmp_path, json.dumps(line()) + f"\n{mark}\n")
    with pytest.raises(InputError) as error:
        read_rounds([path], TASK)
    assert str(error.value).startswith(f"{path}, line 2: git's mark of a merge conflict: two branches wrote round")
    assert f"git checkout --ours {path}" in str(error.value)


def test_only_of_a_label_it_is_said_that_it_may_have_been_renamed(tmp_path):
    for text, renamed in ((json.dumps(line()).replace("positive", "glad"), True), ("{", False)):
        with pytest.raises(InputError) as error:
            read_rounds([write_round(tmp_path, text + "\n")], TASK)
        assert ("conf/labeling/<name>.yaml (earlier: present)" in str(error.value)) == renamed


def test_labels_of_an_earlier_label_set_are_read_as_what_they_are_now(tmp_path):
    text = json.dumps(line()).replace("positive", "glad") + "\n" + json.dumps(line("2")).replace("positive", "mixed")
    path = write_round(tmp_path, text + "\n" + json.dumps(line("3")) + "\n")
    one, two, three = read_rounds([path], TASK, {"glad": "positive", "mixed": None})
    assert (one.value, two.value, three.value) == ("positive", None, "positive")
    assert (one.void, two.void, three.void) == (False, True, False)
    assert one.result[0]["value"]["choices"] == ["glad"]
    made = settled([one, two, three])
    assert [each["record"] for each in made.labels] == ["1", "3"]
    assert made.report["void"] == {"count": 1, "records": ["2"]}
    with pytest.raises(InputError, match="label 'glad' is not in the labelling interface"):
        read_rounds([path], TASK, {"mixed": None})


def test_a_free_text_is_no_label_though_it_reads_like_an_earlier_one(tmp_path):
    said, gone = (
        json.dumps(line(each) | {"result": WORDS.show(text)}) for each, text in (("1", "glad"), ("2", "mixed"))
    )
    path = write_round(tmp_path, f"{said}\n{gone}\n")
    one, two = read_rounds([path], WORDS, {"glad": "positive", "mixed": None})
    assert (one.value, two.value) == ("glad", "mixed")


def test_labels_that_became_one_are_one_label(tmp_path):
    given = line()
    given["result"] = TOPICS.show(["food", "price"])
    path = write_round(tmp_path, json.dumps(given).replace("price", "cost").replace("food", "cost"))
    assert read_rounds([path], TOPICS, {"cost": "price"})[0].value == ["price"]


def test_a_line_that_is_not_utf_8_is_named(tmp_path):
    path = tmp_path / "round-0001.jsonl"
    path.write_bytes(json.dumps(line()).encode() + b"\n\xff\n")
    with pytest.raises(InputError, match="line 2: not a line of JSON in UTF-8"):
        read_rounds([path], TASK)


def test_a_file_with_another_name_or_a_doubled_number_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"round-1\.jsonl: not the name of a round"):
        read_rounds([write_round(tmp_path, "", "round-1.jsonl")], TASK)
    (tmp_path / "more").mkdir()
    files = [write_round(tmp_path, ""), write_round(tmp_path / "more", "")]
    with pytest.raises(InputError, match="round 1 is also in"):
        read_rounds(files, TASK)


def test_the_latest_word_of_a_person_counts_and_a_deletion_leaves_none():
    first = [line(value="positive"), line(value="negative"), line("2"), line("3"), line("3", annotator="ben")]
    second = [line(value="neutral"), line("2", action="deleted"), line("3", action="skipped")]
    found = [(each.record, each.annotator, each.action, each.value) for each in current(rounds(first, second))]
    assert found == [
        ("1", "ann", "submitted", "neutral"),
        ("3", "ann", "skipped", None),
        ("3", "ben", "submitted", "positive"),
    ]


answers = st.lists(
    st.tuples(
        st.sampled_from("123"),
        st.sampled_from(["positive", "neutral", "negative"]),
        st.sampled_from(["submitted", "skipped", "deleted"]),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(ann=answers, ben=answers, order=st.randoms(use_true_random=False), data=st.data())
def test_what_holds_does_not_depend_on_the_order_of_rounds_of_different_people(ann, ben, order, data):
    lists = {
        name: [line(record, value, name, action) for record, value, action in given]
        for name, given in (("ann", ann), ("ben", ben))
    }
    one = rounds(lists["ann"], lists["ben"])
    order.shuffle(one)
    cut = data.draw(st.integers(0, len(ben)))
    other = rounds(lists["ben"][:cut], lists["ann"], lists["ben"][cut:])

    def held(annotations):
        return [(each.record, each.annotator, each.action, each.value) for each in current(annotations)]

    assert held(one) == held(other)
    assert settled(one).votes == settled(other).votes


# consensus


def votes_of(matrix):
    return {
        f"{record:03d}": {f"ann{place}": value for place, value in enumerate(given)}
        for record, given in enumerate(matrix)
    }


def test_majority_gives_value_share_and_why():
    votes = votes_of([["negative", "negative", "positive"], ["neutral"]])
    assert majority(TASK, votes) == {
        "000": ("negative", pytest.approx(2 / 3), "2 of 3 people"),
        "001": ("neutral", 1.0, "1 of 1 people"),
    }


def planted(people, accuracy, records=400, seed=5):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, records)
    right = rng.random((records, people)) < accuracy
    wrong = (truth[:, None] + rng.integers(1, 3, (records, people))) % 3
    given = np.where(right, truth[:, None], wrong)
    return [TASK.labels[each] for each in truth], votes_of([[TASK.labels[each] for each in row] for row in given])


def test_dawid_skene_learns_whom_to_trust():
    truth, votes = planted(people=5, accuracy=[0.95, 0.9, 0.4, 0.4, 0.4])

    def accuracy(agreed):
        return np.mean([each.value == true for each, true in zip(agreed.values(), truth, strict=True)])

    agreed = dawid_skene(TASK, votes)
    assert accuracy(agreed) > 0.93 > accuracy(majority(TASK, votes)) + 0.05
    # the confidence is a probability of being right
    assert np.mean([each.confidence for each in agreed.values()]) == pytest.approx(accuracy(agreed), abs=0.03)
    assert agreed["000"].why == "dawid_skene over 5 people"


def test_dawid_skene_does_not_depend_on_the_order_of_votes():
    _, votes = planted(people=4, accuracy=0.6, records=60)
    turned = {record: dict(reversed(given.items())) for record, given in reversed(votes.items())}
    assert dawid_skene(TASK, votes) == dawid_skene(TASK, turned)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TASK.labels), st.sampled_from("abcdef")), min_size=1, max_size=30))
def test_dawid_skene_keeps_what_was_voted_where_each_record_has_one_vote(given):
    votes = {str(record): {name: value} for record, (value, name) in enumerate(given)}
    agreed = dawid_skene(TASK, votes)
    assert {record: each.value for record, each in agreed.items()} == {
        record: next(iter(each.values())) for record, each in votes.items()
    }
    assert all(0.5 < each.confidence <= 1 for each in agreed.values())


def test_dawid_skene_learns_no_errors_from_records_with_one_vote():
    votes = {f"both {n}": {"ann": value, "ben": value} for n, value in enumerate(TASK.labels * 3)}
    votes["both 9"] = {"ann": "neutral", "ben": "positive"}
    votes |= {f"ann {n}": {"ann": "neutral"} for n in range(200)} | {
        f"ben {n}": {"ben": "positive"} for n in range(200)
    }
    agreed = dawid_skene(TASK, votes)
    assert {agreed[f"ann {n}"].value for n in range(200)} == {"neutral"}
    assert {agreed[f"ben {n}"].value for n in range(200)} == {"positive"}
    assert agreed["ann 0"].confidence == agreed["ben 0"].confidence == pytest.approx(0.9, abs=0.05)


def test_dawid_skene_breaks_a_tie_by_the_order_of_the_labels():
    agreed = dawid_skene(TASK, votes_of([["negative", "neutral"], ["neutral", "negative"]]))
    assert {each.value for each in agreed.values()} == {"neutral"}


def test_dawid_skene_takes_each_label_of_a_multiple_choice_as_a_question():
    votes = votes_of([[["food", "price"], ["food"], ["food", "staff"]], [[], [], ["staff"]]] * 10)
    agreed = dawid_skene(TOPICS, votes)
    assert (agreed["000"].value, agreed["001"].value) == (["food"], [])


def test_dawid_skene_without_votes_gives_nothing():
    assert dawid_skene(TASK, {}) == {}


# settling


def test_a_label_says_where_it_came_from():
    given = rounds(
        [line(annotator="ben"), line(annotator="ann"), line("2", action="skipped")],
        [line(annotator="cem", value="neutral", queue="active", guideline="ffff")],
        [line(annotator="dan", action="skipped")],
    )
    one, two = settled(given).labels
    assert list(one.items()) == [
        ("record", "1"),
        ("value", "positive"),
        ("confidence", pytest.approx(2 / 3)),
        ("by", ["ann", "ben", "cem"]),
        ("rounds", [1, 2, 3]),
        ("queues", ["active", "random"]),
        ("people", 4),
        ("seconds", 4.2),
        ("guideline", "b5d0"),
        ("stale", False),
        ("why", "2 of 3 people, 1 skipped"),
        ("votes", {"ann": "positive", "ben": "positive", "cem": "neutral"}),
        ("adjudicated", False),
        ("before_audit", "positive"),
        ("older_guideline", False),
        ("first", {"value": "positive", "confidence": 1.0, "queues": ["random"]}),
        ("rechecked", True),
    ]
    assert two == one | {
        "record": "2",
        "value": None,
        "confidence": None,
        "by": [],
        "rounds": [1],
        "queues": ["random"],
        "people": 1,
        "why": "skipped by 1 of 1",
        "votes": {},
        "before_audit": None,
        "first": {"value": None, "confidence": None, "queues": ["random"]},
        "rechecked": False,
    }


def test_labels_do_not_depend_on_the_order_of_annotations():
    given = rounds([line(str(n), annotator=name) for n in range(5) for name in "cab"], [line("3", "neutral", "a")])
    assert settled(given) == settled(given[::-1])


@pytest.mark.parametrize("consensus", ["majority", "dawid_skene"])
def test_both_ways_to_a_consensus_are_reported_whichever_is_used(consensus):
    _, votes = planted(people=5, accuracy=[0.95, 0.9, 0.4, 0.4, 0.4])
    given = rounds([line(record, value, name) for record, each in votes.items() for name, value in each.items()])
    made = settled(given, replace(REVIEW, consensus=consensus))
    report = made.report["consensus"]
    assert report["used"] == consensus
    assert report["records"] == sum(report["majority"].values()) == sum(report["dawid_skene"].values()) == 400
    both = zip(majority(TASK, votes).items(), dawid_skene(TASK, votes).values(), strict=True)
    differ = [record for (record, one), other in both if one.value != other.value]
    assert report["agree"] == pytest.approx(1 - len(differ) / 400)
    assert [each["record"] for each in report["differ"]] == differ[:20]
    assert made.votes == votes


def test_the_report_counts_and_names():
    given = rounds(
        [line("1"), line("2", content="old"), line("3", action="skipped"), line("gone"), line("thrown")],
        [line("1", annotator="ben"), line("1", annotator="ben", action="deleted")],
    )
    report = settled(given, contents={"1": "c", "2": "c", "3": "c"}, rejected={"thrown", "unseen"}).report
    counts = {key: value for key, value in report.items() if isinstance(value, int)}
    assert counts == {
        "rounds": 2,
        "people": 2,
        "annotations": 7,
        "submitted": 5,
        "skipped": 1,
        "deleted": 1,
        "labelled": 2,
    }
    assert report["only_skipped"] == {"count": 1, "records": ["3"]}
    assert report["stale"] == {"count": 1, "records": ["2"]}
    assert report["unknown"] == {
        "gone": {"count": 1, "records": ["gone"]},
        "rejected": {"count": 1, "records": ["thrown"]},
    }


def test_no_rounds_give_no_labels_and_a_reason():
    made = settle([], {"1": "c"}, TASK, REVIEW, "b5d0")
    assert (made.labels, made.votes, made.answers) == ([], {}, [])
    assert made.report["consensus"] == {
        "used": "majority",
        "records": 0,
        "agree": None,
        "reason": "people have labelled nothing",
    }


STALE = [line(content="old"), line(annotator="ben", value="neutral", content="old"), line("2")]


def test_stale_answers_are_kept():
    one, two = settled(rounds(STALE), contents={"1": "c", "2": "c"}).labels
    assert (one["value"], one["people"], one["stale"], two["stale"]) == ("positive", 2, True, False)


def test_stale_answers_are_dropped_and_still_counted():
    made = settled(rounds(STALE), replace(REVIEW, stale="drop"), {"1": "c", "2": "c"})
    assert [each["record"] for each in made.labels] == ["2"]
    assert made.report["stale"] == {"count": 1, "records": ["1"]}


def test_stale_answers_hold_until_someone_has_rechecked():
    recheck = replace(REVIEW, stale="recheck")
    before = settled(rounds(STALE), recheck, {"1": "c", "2": "c"}).labels[0]
    assert (before["value"], before["people"], before["stale"]) == ("positive", 2, True)
    anew = rounds(STALE, [line(annotator="cem", value="negative", queue="active")])
    after = settled(anew, recheck, {"1": "c", "2": "c"}).labels[0]
    assert (after["value"], after["by"], after["people"], after["stale"]) == ("negative", ["cem"], 1, False)


# what the model doubts is asked again


def test_what_is_asked_again_on_the_models_account_changes_the_label_but_not_what_people_first_said():
    given = rounds([line()], [line("1", "negative", queue="active")])
    (one,) = settled(given).labels
    assert (one["value"], one["rechecked"], one["by"]) == ("negative", True, ["ann"])
    assert one["first"] == {"value": "positive", "confidence": 1.0, "queues": ["random"]}
    assert settled(given).votes == {"1": {"ann": "positive"}}, "agreement is of what was said unprompted"


def test_of_a_record_of_the_active_queue_the_first_answers_are_those_that_completed_it():
    given = rounds(
        [line(queue="active")],
        [line("1", "neutral", "ben", queue="active")],
        [line("1", "neutral", "cem", queue="active")],
    )
    one = settled(given[:2], replace(REVIEW, overlap=2)).labels[0]
    assert (one["first"]["value"], one["first"]["confidence"], one["rechecked"]) == ("positive", 0.5, False)
    one = settled(given, replace(REVIEW, overlap=2)).labels[0]
    assert (one["value"], one["first"]["value"], one["rechecked"]) == ("neutral", "positive", True)


def test_more_answers_and_adjudication_in_the_random_queue_belong_to_what_was_first_said():
    given = rounds([line()], [line("1", "neutral", "ben")], [line("1", "negative", "cem", ground_truth=True)])
    (one,) = settled(given).labels
    assert (one["first"]["value"], one["rechecked"]) == ("negative", False)


def test_an_answer_that_was_deleted_is_not_what_was_first_said():
    (one,) = settled(rounds([line(), line(annotator="ben", value="neutral")], [line(action="deleted")])).labels
    assert (one["first"]["value"], one["rechecked"]) == ("neutral", False)


# gold records


def test_a_gold_record_keeps_its_value_but_what_people_first_said_of_it_stays():
    (one,) = settled(rounds([line(), line(annotator="ben")]), gold={"1": "negative", "9": "neutral"}).labels
    assert (one["value"], one["confidence"], one["why"], one["adjudicated"]) == ("negative", 1.0, "a gold record", True)
    assert (one["before_audit"], one["first"]["value"]) == ("negative", "positive")
    assert one["votes"] == {"ann": "positive", "ben": "positive"}


def test_gold_records_are_asked_of_those_who_have_not_seen_them():
    labels = [label("001") | {"by": ["ann"]}, label("002") | {"by": ["ben"]}, label("003", 2) | {"by": ["ann", "ben"]}]
    found = mixed_in(["001", "003", "004", "005"], labels, 9, 7)
    assert found == {"004": 0, "005": 0, "001": 1}
    assert list(found)[2] == "001"
    assert len(mixed_in(IDS, [], 4, 7)) == 4


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"record": "1", "value": "great"}', "line 1: not a value of the task .*'great'"),
        ('{"record": "1", "value": ["positive"]}', "line 1: not a value of the task"),
        ('{"record": "1"}', "line 1: .* is expected, found"),
        ('{"record": 1, "value": "positive"}', "line 1: .* is expected, found"),
        ("[]", "line 1: .* is expected"),
        (
            '{"record": "1", "value": "positive"}\n{"record": "1", "value": "neutral"}',
            "line 2: record '1' stands twice",
        ),
    ],
)
def test_a_wrong_line_of_gold_is_named(tmp_path, text, found):
    path = write_round(tmp_path, text, "gold.jsonl")
    with pytest.raises(InputError, match=f"gold.jsonl, {found}"):
        read_gold(path, TASK)


def test_gold_is_read_with_its_values(tmp_path):
    path = write_round(tmp_path, '{"record": "1", "value": "positive"}\n{"record": "2", "value": "neutral"}\n')
    assert read_gold(path, TASK) == {"1": "positive", "2": "neutral"}
    with pytest.raises(InputError, match="names this file, but it is missing"):
        read_gold(tmp_path / "none.jsonl", TASK)


# adjudication


@pytest.mark.parametrize("consensus", ["majority", "dawid_skene"])
def test_an_adjudicated_label_stands_above_all_votes_and_is_none_itself(consensus):
    votes = [line(annotator=name) for name in ("ann", "ben")]
    decided = line(annotator="cem", value="negative", ground_truth=True)
    made = settled(rounds([*votes, decided]), replace(REVIEW, consensus=consensus))
    one = made.labels[0]
    assert (one["value"], one["confidence"], one["adjudicated"]) == ("negative", 1.0, True)
    assert one["why"] == "adjudicated by cem over 2 votes"
    assert made.votes == {"1": {"ann": "positive", "ben": "positive"}} == {"1": one["votes"]}
    assert [each.annotator for each in made.answers] == ["ann", "ben"]


def test_the_latest_adjudication_counts_and_a_withdrawn_one_is_a_vote_again():
    given = [line(annotator="ann", value="neutral", ground_truth=True)], [line(annotator="ben", ground_truth=True)]
    assert settled(rounds(*given)).labels[0]["value"] == "positive"
    withdrawn = rounds(*given, [line(annotator="ben", value="negative")])
    assert settled(withdrawn).labels[0]["value"] == "neutral"
    assert settled(withdrawn).votes == {"1": {"ben": "negative"}}


def test_an_adjudication_after_the_audit_opened_does_not_change_what_was_learnt_from():
    given = rounds([line()], [line("2", queue="audit:1"), line(annotator="ben", value="negative", ground_truth=True)])
    one = settled(given, AUDITED).labels[0]
    assert (one["value"], one["before_audit"]) == ("negative", "positive")


def test_records_without_a_majority_are_asked_again_with_the_votes():
    given = rounds(
        [
            line("1", annotator="ann"),
            line("1", "neutral", "ben"),
            line("2", annotator="ann"),
            line("2", annotator="ben"),
        ],
        [line("3", annotator="ann"), line("3", "neutral", "ben"), line("3", "neutral", "cem", ground_truth=True)],
    )
    labels = settled(given, contents=dict.fromkeys("1234", "c")).labels
    asked = {each.record: each for each in next_batch(list("1234"), labels, {}, REVIEW, TASK, 7)}
    assert set(asked) == {"1", "4"}
    assert (asked["1"].queue, asked["1"].reason) == ("random", "adjudicate: ann: positive, ben: neutral")
    never = next_batch(list("1234"), labels, {}, replace(REVIEW, adjudicate=None), TASK, 7)
    assert {each.record for each in never} == {"4"}


def test_labels_under_an_older_guideline_are_named_and_a_share_of_them_asked_again():
    given = rounds([line(each) for each in IDS], [line("000", annotator="ben", guideline="new")])
    made = settled(given, guideline="new")
    assert made.report["older_guideline"] == {"count": 99, "records": IDS[1:21]}

    def asked(share):
        review = replace(REVIEW, older_guideline=share, batch=200, adjudicate=None)
        return {each.record for each in next_batch(IDS, made.labels, {}, review, TASK, 7)}

    assert asked(0) == set()
    assert asked(1) == set(IDS[1:])
    assert asked(0.3) < asked(0.5)
    assert 35 < len(asked(0.5)) < 65
    one = next(iter(next_batch(IDS, made.labels, {}, replace(REVIEW, older_guideline=1.0), TASK, 7)))
    assert (one.queue, one.reason) == ("random", "labelled under an older guideline")


# audit


AUDITED = replace(REVIEW, audit=Audit(number=1, size=5))


def test_an_audit_opens_with_the_first_answer_or_with_the_next_round():
    given = rounds([line()], [line("2", queue="audit:1")], [line("3", queue="audit:1")])
    assert audit.opened(given, 1) == 2
    assert audit.opened(given, 2) == 4
    assert audit.opened([], 1) == 1


def test_the_value_before_the_audit_ignores_all_later_rounds():
    given = rounds(
        [line("1"), line("2"), line("3")],
        [line("4", queue="audit:1"), line("1", "negative"), line("2", action="deleted"), line("5", queue="active")],
        [line("3", action="skipped")],
    )
    made = {each["record"]: each for each in settled(given, AUDITED).labels}
    assert {record: each["before_audit"] for record, each in made.items()} == {
        "1": "positive",
        "2": "positive",
        "3": "positive",
        "4": None,
        "5": None,
    }
    assert (made["1"]["value"], made["2"]["value"], made["2"]["people"]) == ("negative", None, 0)
    assert made["2"]["why"] == "deleted since the audit opened"


def test_the_sample_is_the_first_of_the_population_by_hash():
    labels = [label("001"), label("002", before=None)]
    population = audit.population(IDS, labels)
    assert population == [each for each in IDS if each != "001"]
    by_hash = sorted(population, key=lambda each: sha256(f"audit|7|2|{each}".encode()).hexdigest())
    assert audit.sample(7, Audit(2, 5), population) == by_hash[:5]
    assert audit.sample(7, Audit(2, 500), population) == by_hash


def test_what_people_answer_in_an_audit_does_not_move_its_sample():
    def sample(annotations):
        labels = settled(annotations, AUDITED, dict.fromkeys(IDS, "c")).labels
        return audit.sample(7, AUDITED.audit, audit.population(IDS, labels))

    early = [line(each) for each in IDS[:30]]
    drawn = sample(rounds(early))
    later = [line(each, queue="audit:1") for each in drawn] + [line(each, queue="active") for each in IDS[40:50]]
    assert sample(rounds(early, later)) == drawn
    assert sample(rounds(early, later, [line(each, action="deleted") for each in IDS[:10]])) == drawn


def test_verdicts_count_a_skipped_record_as_wrong_and_name_what_is_missing():
    given = rounds([line("1", queue="audit:1"), line("2", "neutral", queue="audit:1"), line("3", action="skipped")])
    proposals = {"1": "positive", "2": "positive", "3": None, "4": "positive"}
    wrong, missing = audit.verdicts(["3", "1", "4", "2"], settled(given, AUDITED).labels, proposals, TASK, 1)
    assert (wrong, missing) == ({"3": True, "1": False, "2": True}, ["4"])


# queue


def test_uncertainty_of_single_choices():
    scores = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]])
    assert uncertainty(scores, "margin") == pytest.approx([0.8, 0.0])
    assert uncertainty(scores, "least_confident") == pytest.approx([0.5, 0.0])
    assert uncertainty(scores, "entropy") == pytest.approx([1.0296530, 0.0])


def test_a_multiple_choice_is_as_uncertain_as_its_most_uncertain_label():
    scores = np.array([[0.99, 0.6], [0.9, 0.1]])
    assert uncertainty(scores, "margin", multiple=True) == pytest.approx([0.8, 0.2])
    assert uncertainty(scores, "least_confident", multiple=True) == pytest.approx([0.4, 0.1])


def test_without_a_model_the_whole_batch_is_random():
    by_hash = sorted(IDS, key=lambda each: sha256(f"random|7|{each}".encode()).hexdigest())
    batch = next_batch(by_hash, [label("001")], {}, REVIEW, TASK, 7)
    assert [each.record for each in batch] == [each for each in by_hash if each != "001"][:10]
    assert {each.queue for each in batch} == {"random"}


def test_the_active_share_goes_to_the_most_uncertain_with_ties_by_id():
    scores = np.array([[0.9, 0.1]] * 100)
    scores[[50, 40, 60]] = 0.5
    batch = next_batch(IDS[::-1], [], scored(scores), replace(REVIEW, mix=Mix(0, 1), batch=4), TASK, 7)
    assert [each.record for each in batch] == ["040", "050", "060", "000"]
    assert batch[0].reason == "margin uncertainty 1.000"


def test_what_the_annotator_proposes_nothing_for_comes_before_the_uncertain():
    known = scored([[0.5, 0.5]] * 98)
    batch = next_batch(IDS, [], known, replace(REVIEW, mix=Mix(0, 1), batch=3), TASK, 7)
    assert [each.record for each in batch] == ["098", "099", "000"]
    assert [each.reason for each in batch] == ["no proposal", "no proposal", "margin uncertainty 1.000"]


def test_a_batch_is_mixed_and_no_record_asked_twice():
    batch = next_batch(IDS, [], scored([[0.5, 0.5]] * 100), replace(REVIEW, mix=Mix(0.3, 0.7)), TASK, 7)
    assert Counter(each.queue for each in batch) == {"random": 3, "active": 7}
    assert len({each.record for each in batch}) == 10


def test_what_people_have_begun_comes_back_under_its_queue():
    twice = replace(REVIEW, overlap=2, batch=100)
    labels = [label("001", queues=["active", "random"]), label("002", queues=["active"]), label("003", people=2)]
    labels.append(label("004", queues=["audit:9"]))
    asked = {each.record: each for each in next_batch(IDS, labels, scored([[0.5, 0.5]] * 100), twice, TASK, 7)}
    assert "003" not in asked
    assert (asked["001"].queue, asked["002"].queue, asked["004"].queue) == ("random", "active", "audit:9")
    assert asked["002"].reason == "answered by 1 of 2 people"


def test_labels_that_look_wrong_are_asked_again_under_the_active_queue_once():
    review = replace(REVIEW, active=Active("margin", again=0.4))  # 2 of 10 places
    labels = [label("007"), label("008") | {"rechecked": True}, label("009") | {"adjudicated": True}]
    labels += [label("010"), label("011"), label("012", stale=True)]
    doubted = dict.fromkeys(["012", "009", "008", "007", "011", "010", "050"], "suspicious")
    batch = next_batch(IDS, labels, scored([[0.5, 0.5]] * 100), replace(review, stale="recheck"), TASK, 7, doubted)
    again = [each for each in batch if each.record in doubted and each.record != "050"]
    assert again == [
        ("012", "random", "changed since people labelled it"),
        ("007", "active", "suspicious"),
        ("011", "active", "suspicious"),
    ]


def test_a_label_of_the_open_audit_is_left_alone_however_wrong_it_looks():
    review = replace(REVIEW, audit=Audit(1, 5), active=Active("margin", again=1.0))
    sample = audit.sample(7, review.audit, IDS)
    labels = [label(each, queues=["audit:1"], before=None) for each in sample]
    batch = next_batch(IDS, labels, scored([[0.5, 0.5]] * 100), review, TASK, 7, dict.fromkeys(sample, "suspicious"))
    assert not {each.record for each in batch}.intersection(sample)


def test_people_whom_re_asking_divided_are_decided_under_the_active_queue():
    given = rounds([line("1")], [line("1", "neutral", "ben", queue="active")])
    labels = settled(given, contents=dict.fromkeys("12", "c")).labels
    asked = {each.record: each for each in next_batch(list("12"), labels, {}, REVIEW, TASK, 7)}
    assert (asked["1"].queue, asked["1"].reason) == ("active", "adjudicate: ann: positive, ben: neutral")


def test_gold_records_take_their_share_and_do_not_show_as_such():
    review = replace(REVIEW, gold=Gold("gold.jsonl", 0.2))
    batch = next_batch(IDS, [], {}, review, TASK, 7, gold=["001", "002", "003", "gone"])
    mixed = [each for each in batch if each.record in ("001", "002", "003")]
    assert [(each.queue, each.reason) for each in mixed] == [("active", "asked of several people (0 so far)")] * 2
    assert len(batch) == 10
    everything = next_batch(IDS, [], {}, replace(review, batch=200), TASK, 7, gold=["001", "002", "003"])
    assert [each.queue for each in everything if each.record == "001"] == ["active"]


def test_a_changed_record_is_asked_again_first_among_the_active_ones_under_the_queue_that_it_was_in():
    recheck = replace(REVIEW, stale="recheck")
    batch = next_batch(IDS[:7], [label("001", stale=True), label("002")], {}, recheck, TASK, 7)
    assert batch[-1] == ("001", "random", "changed since people labelled it")
    assert "001" not in {each.record for each in next_batch(IDS, [label("001", stale=True)], {}, REVIEW, TASK, 7)}


def test_the_open_audit_comes_first_whatever_the_batch():
    review = replace(REVIEW, audit=Audit(1, 30))
    batch = next_batch(IDS, [label("001")], {}, review, TASK, 7)
    sample = audit.sample(7, review.audit, [each for each in IDS if each != "001"])
    assert [each.record for each in batch] == sample
    assert {each.queue for each in batch} == {"audit:1"}


def test_a_record_of_the_open_audit_is_asked_under_the_audit_alone():
    review = replace(REVIEW, audit=Audit(1, 30), batch=100)
    sample = audit.sample(7, review.audit, IDS)
    labels = [label(each, queues=["audit:1"], before=None) for each in sample[:25]]
    batch = next_batch(IDS, labels, scored([[0.5, 0.5]] * 100), review, TASK, 7)
    assert [each.record for each in batch if each.queue == "audit:1"] == sample[25:]
    assert {each.record for each in batch} == set(IDS).difference(sample[:25])
    twice = next_batch(IDS, labels, {}, replace(review, overlap=2), TASK, 7)
    assert [each.record for each in twice if each.queue == "audit:1"] == sample[25:] + sample[:25]


@settings(deadline=None)
@given(
    people=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["random", "active", "direct"]), st.booleans()), max_size=40
    ),
    share=st.floats(0, 1),
    batch=st.integers(1, 60),
    overlap=st.integers(1, 3),
    size=st.none() | st.integers(1, 20),
    stale=st.sampled_from(["keep", "recheck"]),
    model=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_a_queue_is_full_without_doubles_and_independent_of_order(
    people, share, batch, overlap, size, stale, model, order
):
    ids = IDS[:40]
    labels = [
        label(each, count, [queue] * bool(count), old, before="positive" if count else None)
        for each, (count, queue, old) in zip(ids, people, strict=False)
    ]
    review = replace(REVIEW, mix=Mix(share, 1 - share), batch=batch, overlap=overlap, stale=stale)
    review = replace(review, audit=Audit(1, size) if size else None)
    proposals = scored([[place / 40, 1 - place / 40] for place in range(len(ids))]) if model else {}
    asked = next_batch(ids, labels, proposals, review, TASK, 7)

    done = {
        each["record"] for each in labels if each["people"] >= overlap and not (each["stale"] and stale == "recheck")
    }
    records = [each.record for each in asked]
    assert len(set(records)) == len(records)
    assert not done.intersection(records)
    sample = audit.sample(7, review.audit, audit.population(ids, labels)) if size else []
    assert {each.record for each in asked if each.queue == "audit:1"} == set(sample).difference(done)
    open_at_random = {
        each
        for each in ids
        if each not in done and each not in sample and each not in {one["record"] for one in labels}
    }
    assert len(records) <= max(batch, len(sample))
    assert len(records) >= min(batch, len(open_at_random) + len(set(sample).difference(done)))

    shuffled = order.sample(labels, len(labels))
    assert next_batch(ids, shuffled, proposals, review, TASK, 7) == asked


# settings


def configured(**changes):
    return TypeAdapter(Review).validate_python(yaml.safe_load(Path("conf/review/default.yaml").read_text()) | changes)


def test_the_default_settings_are_valid():
    assert configured().mix == Mix(0.5, 0.5)
    assert configured(audit={"number": 1, "size": 300}).audit == Audit(1, 300)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"batch": 0}, "batch: 1 or more is expected, found 0"),
        ({"overlap": 0}, "overlap: 1 or more"),
        ({"audit": {"number": 0, "size": 3}}, "audit.number: 1 or more"),
        ({"audit": {"number": 1, "size": 0}}, "audit.size: 1 or more"),
        ({"mix": {"random": 0.5, "active": 0.6}}, "sum to 1 are expected, found random: 0.5, active: 0.6"),
        ({"mix": {"random": 1.5, "active": -0.5}}, "from 0 to 1"),
        ({"mix": {"random": float("nan"), "active": 0.5}}, "from 0 to 1"),
        ({"adjudicate": 1.5}, "adjudicate: a share from 0 to 1 is expected, found 1.5"),
        ({"deletions": -0.1}, "deletions: a share"),
        ({"gold": {"file": "gold.jsonl", "share": 2}}, "gold.share: a share"),
    ],
)
def test_a_setting_out_of_range_is_an_error(changes, found):
    with pytest.raises(InputError, match=found):
        configured(**changes)


@pytest.mark.parametrize(
    "changes",
    [{"extra": 1}, {"mix": {"random": 1}}, {"stale": "ask"}, {"active": {"strategy": "x"}}, {"batch": "many"}],
)
def test_a_setting_of_the_wrong_form_is_an_error(changes):
    with pytest.raises(ValidationError):
        configured(**changes)
