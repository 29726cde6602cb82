"""What the tests of push and pull share: a project of its own on the real server, with its queue and its rounds."""

from __future__ import annotations

import json
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.label_studio import exports, pulling, pushing
from stages.label_studio.client import Connection, connect
from stages.label_studio.project import Project, ensure, find
from stages.label_studio.pseudonyms import Names, read_salt
from stages.label_studio.pulling import Pulled
from stages.label_studio.pushing import Pushed
from stages.review import Annotation, current, read_rounds
from stages.tables import write_json
from stages.tasks import Interface, load

XML = """<View>
  <Text name="text" value="$text"/>
  <Choices name="mood" toName="text" choice="single"><Choice value="good"/><Choice value="bad"/></Choices>
</View>"""
MOOD = Interface(load(XML, "mood.xml"), XML, "Say how it feels: <good> & bad.", "0123456789ab")


def queue_of(size: int, model: str = "linear@1", **data: Any) -> list[dict[str, Any]]:
    return [
        {
            "data": {"record": f"r{i:05d}", "content": f"c{i}", "queue": "random", "why": "next", "text": f"day {i}"}
            | data,
            "predictions": [{"model_version": model, "score": 0.75, "result": MOOD.task.show("good")}],
        }
        for i in range(size)
    ]


class Desk:
    """A project, its rounds, and those who label; its answers go past any proxy."""

    def __init__(self, folder: Path, server: Any, title: str, overlap: int = 1) -> None:
        self.folder, self.server, self.title, self.overlap = folder, server, title, overlap
        self.rounds = folder / "rounds"
        self.rounds.mkdir(parents=True, exist_ok=True)

    def connection(self, url: str = "", token: str = "", timeout: float = 30) -> Connection:
        (home := self.folder / "home").mkdir(exist_ok=True)
        write_json(home / "connection.json", {"url": url or self.server.url, "token": token or self.server.token})
        return connect(home, timeout)

    def project(self, connection: Connection | None = None, **more: Any) -> Project:
        return ensure(connection or self.direct, self.title, MOOD, self.overlap, **more)

    def names(self, connection: Connection | None = None) -> Names:
        return Names(read_salt(self.folder / "home"), (connection or self.direct).people())

    def standing(self) -> list[Annotation]:
        return current(self.lines())

    def lines(self) -> list[Annotation]:
        return read_rounds(sorted(self.rounds.glob("*.jsonl")), MOOD.task)

    def push(self, queue: Any, connection: Connection | None = None, **more: Any) -> Pushed:
        connection = connection or self.direct
        project, names = self.project(connection), self.names(connection)
        return pushing.push(project, queue, MOOD, self.standing(), names, **more)

    def pull(self, connection: Connection | None = None, deletions: float | None = None) -> Pulled:
        connection = connection or self.direct
        with pulling.alone(self.rounds):
            tasks = exports.from_server(find(connection, self.title, MOOD))
            names = self.names(connection)
            pulled = pulling.pull(tasks, MOOD, names, self.standing(), (), "the project", deletions)
            pulling.write(self.rounds, pulled.lines)
        return pulled

    @cached_property
    def direct(self) -> Connection:
        return self.connection()

    @cached_property
    def here(self) -> Project:
        return self.project()

    def tasks(self) -> list[Any]:
        return exports.from_server(self.here)

    def one_each(self, queue: Any) -> None:
        """Hold the server against the queue: one task for each record, as the queue has it."""
        tasks = self.tasks()
        assert Counter(task["data"]["record"] for task in tasks) == Counter(each["data"]["record"] for each in queue)
        there = {task["data"]["record"]: task for task in tasks}
        for each in queue:
            task = there[each["data"]["record"]]
            assert task["data"] == each["data"]
            assert [
                {key: prediction[key] for key in ("model_version", "score", "result")}
                for prediction in task["predictions"]
            ] == each["predictions"]

    def answer(self, record: str, label: str | None, token: str = "", **more: Any) -> int:
        """Answer as somebody; without a label, skip."""
        api = (self.connection(token=token) if token else self.direct).api
        [task] = [task["id"] for task in self.tasks() if task["data"]["record"] == record]
        result = MOOD.task.show(label) if label else []
        return api.annotations.create(task, result=result, was_cancelled=label is None, lead_time=2.5, **more).id

    def said(self) -> dict[tuple[str, str], Any]:
        return {(each.record, each.annotator): each.value or each.action for each in self.standing()}

    def text(self) -> str:
        """Everything that is for git."""
        return "".join(path.read_text() for path in sorted(self.rounds.rglob("*")) if path.is_file())


def exported(desk: Desk) -> str:
    """Export as the web interface does: predictions are numbers there."""
    project = desk.project()
    parts = project.connection.api.projects.exports.download_sync(
        project.id, export_type="JSON", download_all_tasks=True
    )
    return json.dumps(json.loads(b"".join(parts)))
