from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError
from stages.label_studio import exports, pulling
from stages.label_studio.pseudonyms import Names, read_salt
from stages.label_studio.pulling import Pulled
from stages.review import Annotation, current, read_rounds
from stages.tables import write_lines
from stages.tasks import Interface, load

XML = """<View>
  <Text name="text" value="$text"/>
  <Choices name="mood" toName="text" choice="single"><Choice value="good"/><Choice value="bad"/></Choices>
</View>"""
MOOD = Interface(load(XML, "mood.xml"), XML, "Say how it feels.", "0123456789ab")
ANN, BOB, CARL = 1, 2, 3
EMAILS = {ANN: "Ann@example.org", BOB: "bob@example.org", CARL: "carl@example.org"}
NAMES = Names("a salt that is long enough", EMAILS)
RECORDS = ["r0", "r1", "r2"]


def chosen(label: str) -> list[dict[str, Any]]:
    return [{"from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]


def annotation(person: Any = ANN, result: Any = "good", minute: int = 0, id: int = 1, **more: Any) -> dict[str, Any]:
    result = chosen(result) if isinstance(result, str) else result
    at = f"2026-11-22T10:{minute:02d}:00.000001Z"
    return {"id": id, "completed_by": person, "result": result, "updated_at": at, "lead_time": 4.25, **more}


def task(record: str = "r0", *annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"record": record, "content": f"c-{record}", "queue": "random", "why": "next", "text": "hm"}
    shown = {"id": 7, "model_version": "linear@1", "score": 0.75, "result": chosen("bad")}
    made = {"id": 5, "data": data, "annotations": [*annotations], "predictions": [shown]}
    return {**made, "created_at": "2026-11-22T09:00:00Z", **more}


class Rounds:
    """A folder of rounds, and what a pull makes of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def standing(self) -> list[Annotation]:
        return current(read_rounds(sorted(self.folder.glob("*.jsonl")), MOOD.task))

    def pull(self, *tasks: Any, deletions: float | None = None, names: Names = NAMES) -> Pulled:
        pulled = pulling.pull(tasks, MOOD, names, self.standing(), RECORDS, "the project", deletions)
        pulling.write(self.folder, pulled.lines)
        self.standing()  # what was written can be read
        return pulled

    def said(self) -> dict[tuple[str, str], Any]:
        return {(each.record, each.annotator): (each.action, each.value) for each in self.standing()}


@pytest.fixture
def rounds(tmp_path: Path) -> Rounds:
    (tmp_path / "rounds").mkdir()
    return Rounds(tmp_path / "rounds")


def test_an_answer_becomes_a_line_with_who_when_how_long_and_what_was_shown(rounds: Rounds) -> None:
    rounds.pull(task("r1", annotation(minute=7)))
    [path] = rounds.folder.iterdir()
    assert path.name == "round-0001.jsonl"
    assert json.loads(path.read_text()) == {
        "record": "r1",
        "content": "c-r1",
        "annotator": NAMES.of(ANN),
        "action": "submitted",
        "queue": "random",
        "result": chosen("good"),
        "shown": {"by": "linear@1", "value": "bad", "confidence": 0.75},
        "guideline": "0123456789ab",
        "seconds": 4.25,
        "at": "2026-11-22T10:07:00.000001Z",
    }


def test_nothing_new_makes_no_file(rounds: Rounds) -> None:
    for _ in range(3):
        rounds.pull(task("r0", annotation()), task("r1"))
    assert [path.name for path in rounds.folder.iterdir()] == ["round-0001.jsonl"]


def test_a_round_takes_the_next_number_after_the_highest(rounds: Rounds) -> None:
    write_lines(rounds.folder / "round-0041.jsonl", [])
    rounds.pull(task("r0", annotation()))
    assert sorted(path.name for path in rounds.folder.iterdir()) == ["round-0041.jsonl", "round-0042.jsonl"]


# an answer: a label, a skip, or nothing chosen; when; whether it is the ground truth
ANSWER = st.tuples(st.sampled_from(["good", "bad", "skip", "empty"]), st.integers(0, 59), st.booleans())
STATE = st.dictionaries(st.tuples(st.sampled_from(RECORDS), st.sampled_from([ANN, BOB, CARL])), ANSWER)


def tasks_of(state: Mapping[tuple[str, int], tuple[str, int, bool]]) -> list[dict[str, Any]]:
    made = []
    for record in RECORDS:
        given = []
        for (of, person), (answer, minute, truth) in sorted(state.items()):
            if of == record:
                result = [] if answer in ("skip", "empty") else answer
                at = f"2026-11-22T10:{minute:02d}:0{person}Z"
                each = annotation(person, result, id=person, was_cancelled=answer == "skip", ground_truth=truth)
                given.append({**each, "updated_at": at})
        made.append(task(record, *given))
    return made


def expected(state: Mapping[tuple[str, int], tuple[str, int, bool]]) -> dict[tuple[str, str], Any]:
    said = {"good": ("submitted", "good"), "bad": ("submitted", "bad")}
    return {
        (record, NAMES.of(person)): said.get(answer, ("skipped", None))
        for (record, person), (answer, *_) in state.items()
    }


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(states=st.lists(STATE, min_size=1, max_size=4))
def test_after_any_history_the_rounds_say_what_the_server_says_and_a_second_pull_finds_nothing(
    states: list[dict[Any, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rounds = Rounds(tmp_path_factory.mktemp("rounds"))
    for state in states:
        rounds.pull(*tasks_of(state))
        assert rounds.said() == expected(state)
        again = rounds.pull(*tasks_of(state))
        assert again.lines == []
        assert again.difference.unchanged == len(state)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(before=STATE, after=STATE, data=st.data())
def test_the_order_of_tasks_and_annotations_does_not_matter(
    before: dict[Any, Any], after: dict[Any, Any], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rounds = Rounds(tmp_path_factory.mktemp("rounds"))
    rounds.pull(*tasks_of(before))
    made = tasks_of(after)
    shuffled = [
        {**each, "annotations": data.draw(st.permutations(each["annotations"]))}
        for each in data.draw(st.permutations(made))
    ]
    standing = rounds.standing()

    def lines(tasks: Sequence[Any]) -> list[Any]:
        return pulling.pull(tasks, MOOD, NAMES, standing, RECORDS, "the project", None).lines

    assert lines(shuffled) == lines(made)


def test_lines_are_sorted_by_record_then_annotator(rounds: Rounds) -> None:
    lines = rounds.pull(task("r1", annotation(BOB), annotation(ANN)), task("r0", annotation(CARL))).lines
    assert [(line["record"], line["annotator"]) for line in lines] == sorted(
        [("r0", NAMES.of(CARL)), ("r1", NAMES.of(ANN)), ("r1", NAMES.of(BOB))]
    )


def test_the_latest_of_a_persons_answers_counts_on_whichever_task(rounds: Rounds) -> None:
    early, late = annotation(minute=3, id=9), annotation(result="bad", minute=4, id=2)
    same = annotation(result="bad", minute=3, id=10)
    rounds.pull(task("r0", early, late), task("r1", late, early), task("r2", early), task("r2", same, id=6))
    assert {key[0]: value for key, value in rounds.said().items()} == {
        "r0": ("submitted", "bad"),
        "r1": ("submitted", "bad"),
        "r2": ("submitted", "bad"),
    }


@pytest.mark.parametrize(
    ("change", "counted"),
    [
        ({}, (0, 0)),
        ({"updated_at": "2026-11-22T11:00:00Z", "lead_time": 9}, (0, 0)),
        ({"result": chosen("bad")}, (1, 0)),
        ({"was_cancelled": True}, (1, 0)),
        ({"ground_truth": True}, (1, 0)),
        (None, (0, 1)),
    ],
    ids=str,
)
def test_a_line_is_written_for_what_changed(
    rounds: Rounds, change: dict[str, Any] | None, counted: tuple[int, int]
) -> None:
    rounds.pull(task("r0", annotation(minute=1)))
    pulled = rounds.pull(task("r0", *([] if change is None else [annotation(minute=1) | change])))
    assert (len(pulled.difference.changed), len(pulled.difference.deleted)) == counted


def test_an_answer_that_is_given_again_to_a_changed_record_is_a_line(rounds: Rounds) -> None:
    rounds.pull(task("r0", annotation(minute=1)))
    other = task("r0", annotation(minute=1))["data"] | {"content": "c-new"}
    assert rounds.pull(task("r0", annotation(minute=1), data=other)).lines == []
    [line] = rounds.pull(task("r0", annotation(minute=2), data=other)).lines
    assert line["content"] == "c-new"


def test_a_ground_truth_says_so_and_nothing_else_does(rounds: Rounds) -> None:
    first, second = rounds.pull(task("r0", annotation()), task("r1", annotation(ground_truth=True))).lines
    assert "ground_truth" not in first
    assert second["ground_truth"] is True


def test_a_deleted_answer_is_a_line_and_may_be_given_anew(rounds: Rounds) -> None:
    rounds.pull(task("r0", annotation()))
    [line] = rounds.pull(task("r0")).lines
    assert (line["action"], line["result"], line["shown"], line["at"]) == ("deleted", [], None, None)
    assert line["queue"] == "random"
    assert rounds.pull(task("r0")).lines == []
    rounds.pull(task("r0", annotation(minute=5)))
    assert rounds.said() == {("r0", NAMES.of(ANN)): ("submitted", "good")}


def test_an_answer_whose_task_is_gone_is_kept_and_named(rounds: Rounds) -> None:
    rounds.pull(task("r0", annotation()), task("r1", annotation()))
    pulled = rounds.pull(task("r1", annotation()))
    assert pulled.lines == []
    assert "1 record is (r0) answered in the rounds, without a task on the server: kept" in pulled.summary()


def test_an_answer_that_was_not_given_on_this_server_is_never_taken_for_deleted(rounds: Rounds) -> None:
    rounds.pull(task("r0", annotation()), task("r1", annotation()))
    elsewhere = [
        {**json.loads(line), **change}
        for line, change in zip(
            (rounds.folder / "round-0001.jsonl").read_text().splitlines(),
            [{"annotator": "a-stranger"}, {"at": None}],
            strict=True,
        )
    ]
    write_lines(rounds.folder / "round-0001.jsonl", elsewhere)
    assert rounds.pull(task("r0"), task("r1")).lines == []


def test_an_answer_older_than_the_task_is_never_taken_for_deleted(rounds: Rounds) -> None:
    rounds.pull(task("r0", annotation(minute=5)))
    assert rounds.pull(task("r0", created_at="2026-11-22T10:06:00Z")).lines == []
    assert rounds.pull(task("r0", created_at="no time")).lines == []
    assert len(rounds.pull(task("r0", created_at="2026-11-22T10:04:00Z")).lines) == 1


def test_more_deletions_than_allowed_are_refused_and_nothing_is_written(rounds: Rounds) -> None:
    rounds.pull(*(task(record, annotation()) for record in RECORDS))
    now = [task("r0"), task("r1", annotation()), task("r2", annotation())]
    with pytest.raises(InputError, match=r"^the project: 1 of 3 answers .*share of 0\.33 .*--allow-deletions$"):
        rounds.pull(*now, deletions=0.33)
    assert len(list(rounds.folder.iterdir())) == 1
    assert len(rounds.pull(*now, deletions=0.34).lines) == 1


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (None, "data.record"),
        ({}, "data.record"),
        ({"record": 17, "content": "c", "queue": "random"}, "data.record"),
        ({"record": "r\ud800", "content": "c", "queue": "random"}, "data.record"),
        ({"record": "r", "queue": "random"}, "data.content"),
        ({"record": "r", "content": "c", "queue": "mine"}, "data.queue is 'mine'"),
    ],
    ids=str,
)
def test_a_task_that_is_not_ours_is_refused_by_its_number(rounds: Rounds, data: Any, named: str) -> None:
    with pytest.raises(InputError, match=r"the project: task 31\b.*") as refused:
        rounds.pull(task("r0", annotation()), task("r1", id=31, data=data))
    assert named in str(refused.value)
    assert not list(rounds.folder.iterdir())


@pytest.mark.parametrize(
    "result",
    [
        chosen("great"),
        [{"type": "choices"}],
        [1],
        "good",
        None,
        {},
        chosen("good") + chosen("bad"),
        [{"x": float("inf")}],
    ],
    ids=str,
)
def test_an_answer_that_the_interface_does_not_know_is_left_out_and_the_rest_is_pulled(
    rounds: Rounds, result: Any
) -> None:
    wrong = annotation(BOB) | {"result": result, "id": 77}
    pulled = rounds.pull(task("r0", annotation(), wrong), task("r1", annotation()))
    assert len(pulled.lines) == 2
    assert len(pulled.left_out) == 1
    assert pulled.left_out[0].startswith("record r0, annotation 77 of task 5: ")
    assert "1 answers left out" in pulled.summary()


def test_a_span_beyond_its_text_is_left_out() -> None:
    xml = """<View><Labels name="names" toName="it"><Label value="person"/></Labels>
        <Text name="it" value="$text"/></View>"""
    names = Interface(load(xml, "names.xml"), xml, "Mark people.", "0123456789ab")
    spans = [
        {"from_name": "names", "to_name": "it", "type": "labels", "value": {"start": 0, "end": n, "labels": ["person"]}}
        for n in (2, 3)
    ]  # the text is "hm"
    given = [task("r0", annotation(result=spans[:1])), task("r1", annotation(result=spans))]
    found = exports.answers(given, names, NAMES, "the project")
    assert [record for record, _ in found.given] == ["r0"]
    [why] = found.left_out.values()
    assert why.endswith("a span ends at 3, and the text has 2 characters")


def test_an_answer_that_became_wrong_is_not_taken_for_deleted(rounds: Rounds) -> None:
    rounds.pull(task("r0", annotation()))
    pulled = rounds.pull(task("r0", annotation(minute=2) | {"result": chosen("great")}))
    assert pulled.lines == []
    assert len(pulled.left_out) == 1


@pytest.mark.parametrize("author", [None, "ann", {}, True, [1]], ids=str)
def test_an_answer_of_nobody_is_left_out(rounds: Rounds, author: Any) -> None:
    pulled = rounds.pull(task("r0", annotation(author), annotation(BOB)))
    assert [line["annotator"] for line in pulled.lines] == [NAMES.of(BOB)]
    assert len(pulled.left_out) == 1


@pytest.mark.parametrize("prediction", [None, 3, {}, {"model_version": "x", "score": None, "result": chosen("bad")}])
def test_without_a_usable_prediction_nothing_was_shown(rounds: Rounds, prediction: Any) -> None:
    [line] = rounds.pull(task("r0", annotation(), predictions=[prediction])).lines
    assert line["shown"] is None


def test_the_prediction_that_label_studio_kept_with_the_answer_was_shown(rounds: Rounds) -> None:
    kept = {"model_version": "linear@0", "score": 0.5, "result": chosen("good")}
    [line] = rounds.pull(task("r0", annotation(prediction=kept))).lines
    assert line["shown"] == {"by": "linear@0", "value": "good", "confidence": 0.5}


@pytest.mark.parametrize("seconds", [None, -1, "4", True, float("nan")])
def test_a_time_that_is_none_is_null(rounds: Rounds, seconds: Any) -> None:
    [line] = rounds.pull(task("r0", annotation(lead_time=seconds, updated_at="yesterday"))).lines
    assert (line["seconds"], line["at"]) == (None, None)


def test_numbers_are_compared_as_they_are_written(rounds: Rounds) -> None:
    result = [chosen("good")[0] | {"score": 0.123456789}]
    rounds.pull(task("r0", annotation(result=result)))
    assert rounds.pull(task("r0", annotation(result=result))).lines == []


def test_records_that_are_no_longer_in_the_data_are_pulled_and_named(rounds: Rounds) -> None:
    pulled = rounds.pull(task("gone", annotation()), task("r0", annotation()))
    assert len(pulled.lines) == 2
    assert "1 record is (gone) not in data/clean/records: pulled all the same" in pulled.summary()


def test_another_salt_is_noticed_before_everything_is_pulled_twice(rounds: Rounds) -> None:
    rounds.pull(task("r0", annotation()))
    with pytest.raises(InputError, match=r"record r0: .* given by a-\w{10}, and now comes from a-\w{10}; the salt"):
        rounds.pull(task("r0", annotation()), names=Names("quite another salt", EMAILS))


def test_who_left_the_server_keeps_the_name(rounds: Rounds) -> None:
    rounds.pull(task("r0", annotation(BOB)), task("r1", annotation(BOB)), task("r2", annotation(ANN)))
    left = Names(NAMES.salt, {ANN: EMAILS[ANN]})
    later = annotation(BOB, "bad", minute=9)
    [line] = rounds.pull(task("r0", annotation(BOB)), task("r1", later), task("r2", annotation(ANN)), names=left).lines
    assert (line["record"], line["annotator"]) == ("r1", NAMES.of(BOB))


def test_two_pulls_at_once_are_refused(rounds: Rounds) -> None:
    with pulling.alone(rounds.folder), pytest.raises(InputError, match="another pull"), pulling.alone(rounds.folder):
        pass
    with pulling.alone(rounds.folder):
        pass


# pseudonyms


def test_a_pseudonym_is_stable_and_differs_by_person_and_salt() -> None:
    other = Names("another salt, long enough", EMAILS)
    everybody = {names.of(person) for names in (NAMES, other) for person in EMAILS}
    assert len(everybody) == 6
    assert NAMES.of(ANN) == NAMES.of({"id": 99, "email": "ann@EXAMPLE.org "}) == "a-" + NAMES.of(ANN)[2:]
    assert NAMES.of(44) != NAMES.of({"id": 45})
    assert len(NAMES.of(44)) == 12


def test_neither_salt_nor_addresses_show() -> None:
    assert "salt" not in repr(NAMES).lower()
    assert "example" not in repr(NAMES)


def test_the_salt_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    made = read_salt(tmp_path / "new")
    assert len(made) == 64
    assert read_salt(tmp_path / "new") == made
    assert (tmp_path / "new" / "salt").stat().st_mode & 0o777 == 0o600


def test_the_salt_of_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_SALT", "sixteen letters!")
    assert read_salt(tmp_path) == "sixteen letters!"
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("LABEL_STUDIO_SALT", "short")
    with pytest.raises(InputError, match="16 characters or more is expected, found 5") as refused:
        read_salt(tmp_path)
    assert "short" not in str(refused.value)


# files


def test_a_file_says_what_the_server_says(tmp_path: Path, rounds: Rounds) -> None:
    asked = {"data": {"record": "r1"}, "predictions": [{"model_version": "m", "score": 0.5, "result": chosen("good")}]}
    exported = [
        task("r0", annotation()),
        task("r1", annotation(), predictions=[3]),
        task("r2", annotation(), predictions=[4]),
    ]
    (tmp_path / "export.json").write_text(json.dumps(exported))
    lines = rounds.pull(*exports.from_file(tmp_path / "export.json", [asked])).lines
    assert [line["shown"] for line in lines] == [
        {"by": "linear@1", "value": "bad", "confidence": 0.75},
        {"by": "m", "value": "good", "confidence": 0.5},
        None,
    ]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "not JSON"),
        ('[{"data": ', "not JSON"),
        ("{}", "a list of tasks is expected"),
        ("[1]", "task 1: an object with data and annotations is expected, found 1"),
        ('[{"id": 1, "text": "x", "mood": "good"}]', "task 1: .*not as JSON-MIN"),
        ("[" * 100_000, "not JSON"),
        ('[{"annotations": NaN}]', "not JSON"),
        ('[{"annotations": 5}]', "task 1: an object with data and annotations is expected"),
        ("\udcff", "not JSON in UTF-8"),
    ],
)
def test_a_broken_file_is_told_with_its_place(tmp_path: Path, text: str, match: str) -> None:
    (path := tmp_path / "export.json").write_text(text, errors="surrogateescape")
    with pytest.raises(InputError, match=f"^{path}.*{match}"):
        exports.from_file(path, [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["good", "r0", "random"]),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(list(annotation())), inner),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(
    whole=JSON,
    data=st.fixed_dictionaries({}, optional=dict.fromkeys(["record", "content", "queue"], JSON)),
    given=st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys([*annotation(), "prediction"], JSON)) | JSON),
    predictions=JSON,
)
def test_whatever_a_file_holds_it_is_pulled_or_told(
    whole: Any, data: Any, given: Any, predictions: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    ours = task("r0", annotation() | {"extra": 1}, *given, predictions=predictions)
    for tasks in (whole, [ours], [ours | {"data": data}], [whole, ours]):
        folder = tmp_path_factory.mktemp("rounds")
        (folder / "export.json").write_text(json.dumps(tasks), errors="surrogatepass")
        with suppress(InputError):
            Rounds(folder).pull(*exports.from_file(folder / "export.json", []))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        exports.from_file(tmp_path / "export.json", [])
