from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from stages import InputError
from stages.annotators import Linear
from stages.annotators.calibration import propose
from stages.label_studio.backend import LARGEST, Proposer, serving
from stages.tasks import Proposal, load
from tests.e2e.datasets import reviews
from tests.label_studio.conftest import LOOPBACK, listening

XML = """<View><Text name="text" value="$text"/><Choices name="mood" toName="text">
<Choice value="positive"/><Choice value="neutral"/><Choice value="negative"/></Choices></View>"""
TASK = load(XML, "mood.xml")


@pytest.fixture(scope="module")
def proposer() -> Proposer:
    texts, moods = zip(*reviews(120).values(), strict=True)
    model = Linear(("text",)).fit(pd.DataFrame({"text": texts}), moods, TASK, seed=1)
    return Proposer("linear@abcdef", TASK, ("text",), lambda records: propose(model.predict(records), {}, TASK))


class Speaker:
    """Speaks to the backend; `said` is what it logged."""

    def __init__(self, url: str, said: list[str]) -> None:
        self.port, self.said = int(url.rpartition(":")[2]), said

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, data, headers)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found


@pytest.fixture
def backend(proposer: Proposer) -> Iterator[Speaker]:
    said: list[str] = []
    with serving(0, proposer, said.append) as url:
        yield Speaker(url, said)


def test_health_names_the_model(backend: Speaker) -> None:
    status, health = backend.ask("GET", "/health")
    assert (status, health["status"], health["model_version"]) == (200, "UP", "linear@abcdef")


def test_setup_agrees_on_the_version_and_forgets_the_token(backend: Speaker, capfd) -> None:
    body = {"project": "1.1", "schema": XML, "hostname": "http://127.0.0.1", "access_token": "s3cret"}
    assert backend.ask("POST", "/setup", body) == (200, {"model_version": "linear@abcdef"})
    assert "s3cret" not in "".join([*capfd.readouterr(), *backend.said])


@pytest.mark.parametrize("schema", [XML.replace("neutral", "mixed"), "<View/>", "<View", None, 7])
def test_setup_refuses_another_labelling_interface_and_says_why(backend: Speaker, schema: Any) -> None:
    status, answer = backend.ask("POST", "/setup", {"schema": schema, "access_token": "s3cret"})
    assert status == 400
    assert "project" in answer["error"]
    assert "s3cret" not in answer["error"]


def test_predictions_are_the_models_one_per_task_in_their_order(backend: Speaker, proposer: Proposer) -> None:
    texts = ["a great lovely superb hotel", "an awful broken rotten phone", "printed monday table"]
    status, answer = backend.ask("POST", "/predict", {"tasks": [{"id": 1, "data": {"text": text}} for text in texts]})
    sure = [each.confidence for each in proposer.annotate(pd.DataFrame({"text": texts})) if each]
    assert status == 200
    assert [TASK.parse(each["result"]) for each in answer["results"]] == ["positive", "negative", "neutral"]
    assert [each["score"] for each in answer["results"]] == sure
    assert {each["model_version"] for each in answer["results"]} == {"linear@abcdef"}


@pytest.mark.parametrize("data", [{}, {"text": None}, {"text": ""}, {"other": 1}, {"text": 7}])
def test_a_task_that_lacks_what_the_model_reads_gets_a_prediction_all_the_same(backend: Speaker, data: Any) -> None:
    status, answer = backend.ask("POST", "/predict", {"tasks": [{"data": data}]})
    assert status == 200
    assert TASK.parse(answer["results"][0]["result"]) in TASK.labels


def test_no_task_no_prediction(backend: Speaker) -> None:
    assert backend.ask("POST", "/predict", {"tasks": []}) == (200, {"results": []})


def test_a_webhook_is_counted_and_logged_and_changes_nothing_else(backend: Speaker, proposer: Proposer) -> None:
    task = {"tasks": [{"data": {"text": "what a lovely day"}}]}
    before = backend.ask("POST", "/predict", task)
    for action in ("ANNOTATION_CREATED", "ANNOTATION_UPDATED"):
        assert backend.ask("POST", "/webhook", {"action": action, "annotation": {"id": 1}}) == (200, {})
    assert backend.said == ["backend: ANNOTATION_CREATED (1 so far)", "backend: ANNOTATION_UPDATED (2 so far)"]
    assert backend.ask("GET", "/health")[1]["webhooks"] == 2
    assert backend.ask("POST", "/predict", task) == before


@pytest.mark.parametrize("action", ["x\nforged line", "\x1b[2J", None, ["A"], "A" * 1000])
def test_a_webhook_cannot_write_what_it_likes_into_the_log(backend: Speaker, action: Any) -> None:
    backend.ask("POST", "/webhook", {"action": action})
    assert backend.said == ["backend: an unknown action (1 so far)"]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/", None, {}, 404),
        ("GET", "/etc/passwd", None, {}, 404),
        ("POST", "/train", {}, {}, 404),
        ("POST", "/predict", b"{", {}, 400),
        ("POST", "/predict", b"[" * 100_000, {}, 400),
        ("POST", "/predict", b"\xff\xfe", {}, 400),
        ("POST", "/predict", [1], {}, 400),
        ("POST", "/predict", {}, {}, 400),
        ("POST", "/predict", {"tasks": {"data": {}}}, {}, 400),
        ("POST", "/predict", {"tasks": [1]}, {}, 400),
        ("POST", "/predict", {"tasks": [{"data": "x"}]}, {}, 400),
        ("POST", "/predict", None, {"Content-Length": str(LARGEST + 1)}, 413),
        ("POST", "/predict", None, {"Content-Length": "-1"}, 411),
        ("POST", "/predict", None, {"Content-Length": "many"}, 411),
        ("POST", "/predict", None, {"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_what_is_not_label_studios_is_refused_and_the_backend_goes_on(
    backend: Speaker, method: str, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    found, answer = backend.ask(method, path, body, **headers)
    assert (found, list(answer)) == (status, ["error"])
    assert backend.ask("GET", "/health")[0] == 200


def test_a_taken_port_is_an_error(proposer: Proposer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} of 127.0.0.1 cannot be used"), serving(port, proposer):
            pass


def test_the_backend_listens_on_loopback_alone(backend: Speaker) -> None:
    assert listening(backend.port) == [LOOPBACK]


def test_records_have_the_datasets_fields_and_no_others(proposer: Proposer) -> None:
    seen: list[pd.DataFrame] = []

    def annotate(records: pd.DataFrame) -> list[Proposal | None]:
        seen.append(records)
        return [None] * len(records)

    made = Proposer("x@1", TASK, ("text", "size"), annotate).propose([{"text": "a", "record": "r", "why": "w"}])
    assert made == [{"model_version": "x@1", "score": None, "result": []}]
    assert seen[0].to_dict("records") == [{"text": "a", "size": None}]
