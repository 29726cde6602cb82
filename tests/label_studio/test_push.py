from __future__ import annotations

import dataclasses
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages import InputError
from stages.label_studio import exports, pulling, pushing
from stages.label_studio.client import connect
from stages.label_studio.looking_up import _chunks
from stages.label_studio.project import ensure, find
from stages.label_studio.pseudonyms import Names, read_salt
from stages.review import read_rounds
from stages.tables import write_json
from stages.tasks import load
from stages.tasks.pictures import rle
from tests.label_studio.conftest import Server
from tests.label_studio.desk import MOOD, XML, Desk, exported, queue_of


@pytest.fixture
def desk(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    return Desk(tmp_path, server, f"project {sha256(request.node.nodeid.encode()).hexdigest()[:12]}", overlap=2)


def counts(pushed: pushing.Pushed) -> tuple[int, int, int, int]:
    return pushed.new, pushed.updated, pushed.unchanged, len(pushed.kept)


def test_pushing_twice_makes_each_task_once(desk: Desk) -> None:
    queue = queue_of(12)
    assert counts(desk.push(queue, dry_run=True)) == (12, 0, 0, 0)
    assert desk.tasks() == []
    assert counts(desk.push(queue, batch=5)) == (12, 0, 0, 0)
    desk.one_each(queue)
    assert counts(desk.push(queue)) == (0, 0, 12, 0)
    assert counts(desk.push(queue + queue_of(13)[12:])) == (1, 0, 12, 0)
    desk.one_each(queue_of(13))


def test_a_record_may_have_any_name(desk: Desk) -> None:
    names = [
        "a,b",
        'say "so"',
        "it's",
        "[1, 2]",
        "naïve 😀",
        "a\\b",
        "100%&x=1#?",
        " ",
        "0",
        "null",
        "x" * 3000,
        "y" * 3000,
    ]
    queue = [each | {"data": each["data"] | {"record": name}} for each, name in zip(queue_of(12), names, strict=True)]
    assert counts(desk.push(queue)) == (12, 0, 0, 0)
    assert counts(desk.push(queue)) == (0, 0, 12, 0)
    desk.one_each(queue)


def test_a_new_model_replaces_the_prediction_and_is_the_one_that_is_shown(desk: Desk) -> None:
    desk.push(queue_of(3))
    queue = queue_of(3, "linear@2")
    queue[0]["predictions"] = []
    assert counts(desk.push(queue)) == (0, 3, 0, 0)
    desk.one_each(queue)
    assert desk.connection().api.projects.get(desk.project().id).model_version == "linear@2"
    queue = queue_of(3, "linear@2")
    assert counts(desk.push(queue)) == (0, 1, 2, 0)
    desk.one_each(queue)


def test_doubles_are_taken_away_unless_people_answered_them(desk: Desk) -> None:
    queue = queue_of(4)
    desk.push(queue)
    project, api = desk.project(), desk.connection().api
    for _ in range(2):
        api.projects.import_tasks(project.id, request=queue)
    tasks = sorted(desk.tasks(), key=lambda task: task["id"])
    good = MOOD.task.show("good")
    api.annotations.create(tasks[5]["id"], result=good)  # the second of r00001
    api.annotations.create(tasks[2]["id"], result=good)  # the first and the third of r00002
    api.annotations.create(tasks[10]["id"], result=[], was_cancelled=True)
    assert len(desk.tasks()) == 12
    assert desk.push(queue, dry_run=True).doubled == ["r00002"]
    assert len(desk.tasks()) == 12
    pushed = desk.push(queue)
    assert sorted(task["id"] for task in desk.tasks()) == sorted(tasks[i]["id"] for i in (0, 5, 2, 10, 3))
    assert "1 records have answers on more than one task: r00002" in pushed.summary()


def test_what_the_server_does_meanwhile_for_a_push_that_was_killed_makes_no_doubles(desk: Desk) -> None:
    queue = queue_of(6)
    dead, done, connection = desk.here, [], desk.connection()

    def late(request: Any) -> None:
        if request.method == "POST" and not done:
            done.append(desk.direct.api.projects.import_tasks(dead.id, request=queue[:3]))

    connection.api._client_wrapper.httpx_client.httpx_client.event_hooks["request"].append(late)
    assert desk.push(queue, connection, batch=2).new == 6
    assert done
    desk.one_each(queue)


def test_a_wrong_prediction_is_refused_and_the_rest_is_sent(desk: Desk) -> None:
    queue = queue_of(6)
    queue[2]["predictions"][0]["result"][0]["value"]["choices"] = ["great"]
    queue[5]["predictions"][0]["score"] = 7
    pushed = desk.push(queue)
    assert pushed.new == 4
    assert list(pushed.refused) == ["r00002", "r00005"]
    assert "great" in pushed.refused["r00002"]
    assert "2 refused:\n  record r00002: " in pushed.summary()
    desk.one_each([each for i, each in enumerate(queue) if i not in (2, 5)])


@pytest.mark.parametrize(
    ("queue", "match"),
    [
        ([1], "task 1 .* no data.record"),
        ([{"data": {}}], "task 1 .* no data.record"),
        (queue_of(1) * 2, "a second one of record r00000"),
    ],
    ids=str,
)
def test_a_queue_that_is_none_is_refused(desk: Desk, queue: Any, match: str) -> None:
    with pytest.raises(InputError, match=match):
        desk.push(queue)


def test_two_people_disagree_change_skip_delete_and_decide(desk: Desk, server: Server) -> None:
    bob = server.join("bob.the.second@example.org")
    queue = queue_of(6)
    desk.push(queue)
    names = desk.names()
    ann_, bob_ = (names.of({"id": 0, "email": email}) for email in (server.account.email, bob.email))

    first = desk.answer("r00000", "good")
    desk.answer("r00000", "good", bob.token)
    desk.answer("r00001", "good")
    second = desk.answer("r00001", "bad", bob.token)
    third = desk.answer("r00002", None, bob.token)
    before = desk.push(queue)  # the queue as it was: nothing to do, though there are answers
    assert counts(before) == (0, 0, 6, 0)
    pulled = desk.pull()
    assert len(pulled.lines) == 5
    assert all(line["at"].endswith("Z") for line in pulled.lines)
    assert {line["seconds"] for line in pulled.lines} == {2.5}
    assert all(line["shown"] == {"by": "linear@1", "value": "good", "confidence": 0.75} for line in pulled.lines)
    assert desk.said() == {
        ("r00000", ann_): "good",
        ("r00000", bob_): "good",
        ("r00001", ann_): "good",
        ("r00001", bob_): "bad",
        ("r00002", bob_): "skipped",
    }
    assert desk.pull().lines == []
    (desk.folder / "export.json").write_text(exported(desk))
    by_hand = exports.from_file(desk.folder / "export.json", queue)
    found = pulling.pull(by_hand, MOOD, names, desk.standing(), (), "export.json", 0)
    assert (found.lines, found.difference.unchanged) == ([], 5)

    # Bob changes his mind on one record, takes back another, and answers what he had skipped; a new model comes
    api = desk.connection(token=bob.token).api
    api.annotations.update(second, result=MOOD.task.show("good"))
    api.annotations.update(third, result=MOOD.task.show("bad"), was_cancelled=False)
    api.annotations.delete(first)
    queue = queue_of(6, "linear@2")
    assert desk.push(queue).kept == ["r00001", "r00002"]  # nobody could tell any more what was shown to whom
    with pytest.raises(InputError, match="--allow-deletions"):
        desk.pull(deletions=0.1)
    lines = desk.pull().lines
    assert [(line["record"], line["action"]) for line in lines] == [
        ("r00000", "deleted"),
        ("r00001", "submitted"),
        ("r00002", "submitted"),
    ]
    assert {line["shown"]["by"] for line in lines if line["shown"]} == {"linear@1"}
    assert desk.pull().lines == []
    assert counts(desk.push(queue)) == (0, 2, 4, 0)
    desk.one_each(queue)

    # the queue asks again: one more person decides, though two have answered, and her word is the ground truth
    queue[1]["data"]["why"] = "adjudicate: a: good, b: bad"
    desk.push(queue)
    [asked] = [task for task in desk.tasks() if task["data"]["record"] == "r00001"]
    task = desk.connection().api.tasks.get(str(asked["id"]))
    assert (task.overlap, task.is_labeled) == (3, False)
    carl = server.join("carl@example.org")
    desk.answer("r00001", "bad", carl.token, ground_truth=True)
    [line] = desk.pull().lines
    assert line["ground_truth"] is True
    assert desk.pull().lines == []
    assert desk.push(queue).kept == []

    told = desk.text() + desk.push(queue).summary() + desk.pull().summary()
    for secret in (server.token, bob.token, carl.token, server.account.email, bob.email, carl.email, "example.org"):
        assert secret not in told


def test_the_answers_of_somebody_who_left_stay_theirs(desk: Desk, server: Server) -> None:
    leaver = server.join("leaver@example.org")
    queue = queue_of(3)
    desk.push(queue)
    desk.answer("r00000", "good", leaver.token)
    late = desk.answer("r00001", "good", leaver.token)
    desk.pull()
    said = desk.said()
    api = desk.direct.api
    [number] = [number for number, email in desk.direct.people().items() if email == leaver.email]
    desk.connection(token=leaver.token).api.annotations.update(late, result=MOOD.task.show("bad"))
    api.organizations.members.delete(id=api.users.whoami().active_organization, user_pk=number)
    assert number not in desk.direct.people()
    [line] = desk.pull().lines
    assert (line["record"], (line["record"], line["annotator"]) in said) == ("r00001", True)
    assert desk.pull().lines == []


def test_the_guideline_and_the_overlap_are_kept_up_to_date(desk: Desk) -> None:
    api = desk.connection().api
    project = api.projects.get(desk.project().id)
    assert project.expert_instruction == "<p>Say how it feels: &lt;good&gt; &amp; bad.</p>"
    assert (project.maximum_annotations, project.show_instruction) == (2, True)
    other = dataclasses.replace(MOOD, instruction="Say it again.")
    assert ensure(desk.connection(), desk.title, other, 3).id == project.id
    project = api.projects.get(project.id)
    assert (project.expert_instruction, project.maximum_annotations) == ("<p>Say it again.</p>", 3)


def test_what_is_as_it_should_be_is_not_written_again(desk: Desk) -> None:
    connection = desk.connection()
    desk.project(connection)
    written = []
    connection.api._client_wrapper.httpx_client.httpx_client.event_hooks["request"].append(
        lambda request: written.append(request.method)
    )
    desk.project(connection)
    assert set(written) == {"GET"}


def test_another_labelling_interface_is_shown_and_replaced_only_on_demand(desk: Desk) -> None:
    desk.project()
    laid_out = dataclasses.replace(
        MOOD, xml=XML.replace("\n", "").replace(' value="good"/>', " value='good'></Choice>")
    )
    assert find(desk.connection(), desk.title, laid_out)
    other = dataclasses.replace(MOOD, xml=XML.replace('"bad"', '"awful"'))
    for way in (
        lambda: find(desk.connection(), desk.title, other),
        lambda: ensure(desk.connection(), desk.title, other, 2),
    ):
        with pytest.raises(InputError, match="--replace-interface") as refused:
            way()
        assert '\n  -    <Choice value="bad" />\n  +    <Choice value="awful" />\n' in str(refused.value)
    ensure(desk.connection(), desk.title, other, 2, replace=True)
    assert find(desk.connection(), desk.title, other)


def test_a_project_that_is_not_there_is_found_by_nobody_and_made_by_push(desk: Desk) -> None:
    with pytest.raises(InputError, match=f"no project '{desk.title}' at {desk.server.url}; push makes it"):
        find(desk.connection(), desk.title, MOOD)


def test_two_projects_of_one_title_are_refused(desk: Desk, server: Server) -> None:
    desk.project()
    token = server.join("twin@example.org").token
    desk.connection(token=token).api.projects.create(title=desk.title, label_config=XML)
    with pytest.raises(InputError, match=r"has 2 projects .* rename all but one"):
        desk.project()


def test_what_the_server_refuses_is_told(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"refused \(400\): .*validation_errors.*title") as refused:
        ensure(desk.connection(), "x", MOOD, 1)
    assert "\n" not in str(refused.value)


def test_a_wrong_token_is_told_without_it(server: Server, desk: Desk) -> None:
    wrong = "fedcba9876543210fedcba9876543210fedcba98"
    with pytest.raises(InputError, match=r"does not take the token \(401\): set LABEL_STUDIO_API_KEY") as refused:
        desk.push(queue_of(1), desk.connection(token=wrong))
    assert wrong not in str(refused.value)


# without a server


@pytest.fixture
def known(tmp_path: Path) -> Path:
    write_json(tmp_path / "connection.json", {"url": "http://127.0.0.1:9/", "token": "a" * 40})
    return tmp_path


def test_the_server_of_up_is_known(known: Path) -> None:
    connection = connect(known)
    assert connection.url == "http://127.0.0.1:9"
    assert "a" * 40 not in repr(connection)


def test_a_server_that_is_down_is_told_at_once(known: Path) -> None:
    with pytest.raises(InputError, match=r"^no Label Studio answers at http://127.0.0.1:9: start it .*, or correct"):
        ensure(connect(known), "mood", MOOD, 1)


def test_the_environment_goes_before_what_up_wrote(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", "https://labels.example.org/team")
    with pytest.raises(InputError, match="LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY both"):
        connect(known)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "b" * 40)
    assert connect(known).url == "https://labels.example.org/team"


def test_without_any_server_both_ways_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="label_studio up, or set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY"):
        connect(tmp_path)


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("127.0.0.1:8080", "secret0"),
        ("ftp://host", "secret0"),
        ("http://me:secret1@host", "secret0"),
        ("http://host", "secret0 secret"),
        ("http://host", "secret0\nX-Other: 1"),
        ("http://host", "sécret0"),
        ("http://[host", "secret0"),
        ("http://host", "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.secret0"),
    ],
)
def test_a_wrong_address_or_token_is_told_without_secrets(
    url: str, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABEL_STUDIO_URL", url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", token)
    with pytest.raises(InputError) as refused:
        connect(tmp_path)
    assert "cret" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", '{"url": "http://host"}', '{"url": 1, "token": 2}'])
def test_a_broken_note_of_up_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "connection.json").write_text(text)
    with pytest.raises(InputError, match=r"connection\.json: "):
        connect(tmp_path)


def test_look_ups_fit_into_an_address() -> None:
    records = [f"{i:064x}" for i in range(500)] + ["😀" * 2000, "x"]
    chunks = list(_chunks(records))
    assert [each for chunk in chunks for each in chunk] == records
    assert all(len(json.dumps(chunk)) < 8000 for chunk in chunks if len(chunk) > 1)
    assert max(map(len, _chunks(list(map(str, range(1000)))))) == 250


SINGLE, SEVERAL, PICTURE = (
    f'<View>{shown}<Choices name="mood" toName="it" choice="{choice}">'
    '<Choice value="good"/><Choice value="bad" alias="not good"/></Choices></View>'
    for shown, choice in [
        ('<Text name="it" value="$text"/>', "single-radio"),
        ('<Text name="it" value="$text"/>', "multiple"),
        ('<Image name="it" value="$image"/>', "single"),
    ]
)


BOXES, POLYGONS, MASKS = (
    f'<View><Image name="it" value="$image"/><{tag} name="mood" toName="it"><Label value="cat"/></{tag}></View>'
    for tag in ("RectangleLabels", "PolygonLabels", "BrushLabels")
)
UPRIGHT = {"x": 10.0, "y": 20.5, "width": 30.25, "height": 40.0, "rotation": 0.0, "label": "cat"}
ROTATED = UPRIGHT | {"rotation": 33.3, "size": [300, 100]}  # of a picture three times as wide as high
POLYGON = {"points": [[10.0, 10.0], [90.5, 12.0], [50.0, 80.0]], "label": "cat"}
MASK = {"rle": rle.encode(np.tri(20, 60, 15, dtype=bool)), "size": [60, 20], "label": "cat"}


@pytest.mark.parametrize(
    ("xml", "values"),
    [
        (SINGLE, ["good", "not good"]),
        (SEVERAL, [["good"], ["good", "not good"], []]),
        (PICTURE, ["not good"]),
        (BOXES, [[UPRIGHT], [ROTATED], [UPRIGHT, ROTATED], []]),
        (POLYGONS, [[POLYGON], []]),
        (MASKS, [[MASK], []]),
    ],
    ids=["one of several", "several", "of a picture", "boxes", "polygons", "masks"],
)
def test_every_kind_of_answer_comes_back_as_it_was_given(
    server: Server, tmp_path: Path, xml: str, values: list[Any]
) -> None:
    interface = dataclasses.replace(MOOD, task=load(xml, "mood.xml"), xml=xml)
    connection = Desk(tmp_path, server, "").direct
    project = ensure(connection, f"kinds {sha256(xml.encode()).hexdigest()[:12]}", interface, 1)
    names = Names(read_salt(tmp_path), connection.people())
    queue = [
        {
            "data": {
                "record": f"r{place}",
                "content": "c",
                "queue": "random",
                "why": "next",
                "text": "hm",
                "image": "x",
            },
            "predictions": [{"model_version": "m@1", "score": 0.5, "result": interface.task.show(value)}],
        }
        for place, value in enumerate(values)
    ]
    assert pushing.push(project, queue, interface, [], names).new == len(values)
    for task in exports.from_server(project):
        shown = queue[int(task["data"]["record"][1:])]["predictions"][0]["result"]
        connection.api.annotations.create(task["id"], result=shown, lead_time=1.5)
    pulled = pulling.pull(exports.from_server(project), interface, names, [], (), "the project", None)
    pulling.write(tmp_path, pulled.lines)
    read = read_rounds(sorted(tmp_path.glob("round-*.jsonl")), interface.task)
    assert [each.value for each in read] == values
    assert [each.shown["value"] for each in read if each.shown] == values
