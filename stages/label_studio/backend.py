"""An ML backend: Label Studio asks it for proposals while people label.

The protocol is Label Studio's own: GET /health; POST /setup, /predict, /webhook.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.label_studio.server import HOST, check_port
from stages.tasks import Proposal, Task, load

if TYPE_CHECKING:
    import pandas as pd
    from label_studio_sdk import LabelStudio

    from stages.label_studio.client import Connection

TITLE = "labelmill"  # of the backend in Label Studio
LARGEST = 50_000_000  # bytes of a request


@dataclass(frozen=True)
class Proposer:
    """A fitted annotator that answers for Label Studio's tasks.

    Parameters
    ----------
    name
        Its name with a hash of what it learned, as in `data/labels/auto.jsonl`: the version of its predictions.
    task
        What a value is.
    fields
        The fields of a record; those that a task does not show are missing to the annotator.
    annotate
        Gives each record's proposal, or None.
    """

    name: str
    task: Task
    fields: Sequence[str]
    annotate: Callable[[pd.DataFrame], list[Proposal | None]]

    def propose(self, shown: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Make one prediction per task, as Label Studio takes it, from the tasks' data; empty if there is none."""
        import pandas as pd

        records = pd.DataFrame({name: [data.get(name) for data in shown] for name in self.fields})
        return [
            {
                "model_version": self.name,
                "score": proposal.confidence if proposal else None,
                "result": self.task.show(proposal.value) if proposal else [],
            }
            for proposal in (self.annotate(records) if shown else [])
        ]


class Refused(Exception):  # noqa: N818
    """A request that is not Label Studio's: HTTP status and reason."""


class Backend(ThreadingHTTPServer):
    """The server; `webhooks` counts what Label Studio has told it."""

    daemon_threads = True

    def __init__(self, port: int, proposer: Proposer, log: Callable[[str], None]) -> None:
        super().__init__((HOST, port), _Handler)
        self.proposer, self.log, self.webhooks, self.counting = proposer, log, 0, Lock()

    def health(self) -> dict[str, Any]:
        version = self.proposer.name
        return {"status": "UP", "model_class": TITLE, "model_version": version, "webhooks": self.webhooks}

    def setup(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Agree on the labelling interface. The request holds an access token: it is neither kept nor logged."""
        try:
            theirs = load(str(asked.get("schema")), "the project")
        except InputError as error:
            raise Refused(400, str(error)) from error
        if theirs != self.proposer.task:
            raise Refused(400, "the project's labelling interface is not the one that the model was fitted for")
        return {"model_version": self.proposer.name}

    def predict(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        tasks = asked.get("tasks")
        if not isinstance(tasks, list) or not all(isinstance(_data(task), dict) for task in tasks):
            raise Refused(400, "a list of tasks, each with data, is expected")
        return {"results": self.proposer.propose([_data(task) for task in tasks])}

    def webhook(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Count and log; what is learned from new annotations is for `dvc repro`."""
        action = asked.get("action")
        known = isinstance(action, str) and re.fullmatch(r"[A-Z_]{1,50}", action)
        with self.counting:
            self.webhooks += 1
            self.log(f"backend: {action if known else 'an unknown action'} ({self.webhooks:,} so far)")
        return {}


@contextmanager
def serving(port: int, proposer: Proposer, log: Callable[[str], None] = print) -> Iterator[str]:
    """Run the backend on 127.0.0.1 until the block ends; gives its address.

    Parameters
    ----------
    port
        0 for any that is free.
    proposer
        Who answers.
    log
        Called with a line per event.

    Raises
    ------
    InputError
        The port is taken.
    """
    check_port(port)
    with Backend(port, proposer, log) as backend:
        thread = Thread(target=backend.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://{HOST}:{backend.server_port}"
        finally:
            backend.shutdown()
            thread.join()


@contextmanager
def connected(connection: Connection, project: int, url: str) -> Iterator[None]:
    """Let a project ask this backend for proposals until the block ends.

    Parameters
    ----------
    connection
        To a server that can reach the backend.
    project
        Its number.
    url
        The backend's address.
    """
    before = connection.safely(lambda api: api.projects.get(id=project)).model_version
    connection.once(lambda api: api.ml.create(project=project, url=url, title=TITLE))
    connection.safely(lambda api: api.projects.update(id=project, model_version=TITLE))
    try:
        yield
    finally:
        with suppress(InputError):  # the server may be gone; `disconnect` comes before the next start
            disconnect(connection, project)
            connection.safely(lambda api: api.projects.update(id=project, model_version=before))


def disconnect(connection: Connection, project: int) -> None:
    """Take away our backend, since a project that waits for one which is gone shows no proposals."""
    ours = [each for each in connection.safely(lambda api: api.ml.list(project=project)) if each.title == TITLE]

    def take_away(api: LabelStudio) -> None:
        for hook in api.webhooks.list(project=project):
            if hook.url in [f"{each.url}/webhook" for each in ours]:  # made with the backend, and outlives it
                api.webhooks.delete(hook.id)
        for each in ours:
            api.ml.delete(each.id)

    if ours:
        connection.once(take_away)


class _Handler(BaseHTTPRequestHandler):
    server: Backend
    timeout = 30  # seconds without a byte, then the connection is closed
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, self.server.health())
        else:
            self._answer(404, {"error": "GET /health; POST /setup, /predict, /webhook"})

    def do_POST(self) -> None:
        answers = {"/setup": self.server.setup, "/predict": self.server.predict, "/webhook": self.server.webhook}
        try:
            asked = self._body()
            if self.path not in answers:
                raise Refused(404, "GET /health; POST /setup, /predict, /webhook")
            self._answer(200, answers[self.path](asked))
        except Refused as refused:
            status, reason = refused.args
            self._answer(status, {"error": reason})

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            self.close_connection = True  # what follows has not been read
            raise Refused(413 if length.isdecimal() else 411, f"a body of up to {LARGEST:,} bytes is expected")
        try:
            asked = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            asked = None
        if not isinstance(asked, dict):
            raise Refused(400, "a JSON object is expected")
        return asked

    def _answer(self, status: int, answer: Mapping[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


def _data(task: Any) -> Any:
    return task.get("data") if isinstance(task, dict) else None
