"""Label Studio: how long 10,000 tasks take to push and to pull. `python -m benchmarks.label_studio`."""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import ROOT
from stages import tasks
from stages.label_studio import exports, pulling, pushing
from stages.label_studio.account import Account
from stages.label_studio.client import reach
from stages.label_studio.project import ensure
from stages.label_studio.pseudonyms import Names
from stages.label_studio.server import migrate, running
from stages.review import current, read_rounds

TASKS, ANSWERED = 10_000, 500
ACCOUNT = Account("benchmark@localhost", "only-for-benchmarks", "0123456789abcdef0123456789abcdef01234567")


def main() -> None:
    interface = tasks.read(ROOT / "conf/labeling", "tweets")
    queue = [_task(i, interface.task.show("positive")) for i in range(TASKS)]
    with TemporaryDirectory() as name, _server(Path(name)) as url:
        connection = reach(url, ACCOUNT.token)
        project = ensure(connection, "benchmark", interface, overlap=2)
        names = Names("only for benchmarks", connection.people())
        for what in ("push", "push again"):
            with _timed(what):
                print(pushing.push(project, queue, interface, [], names).summary())
        answered: Any = [_answered(_task(TASKS + i, []), interface.task.show("neutral")) for i in range(ANSWERED)]
        connection.api.projects.import_tasks(project.id, request=answered)
        rounds = Path(name) / "rounds"
        for what in ("pull", "pull again"):
            with _timed(what), pulling.alone(rounds):
                found = exports.from_server(project)
                standing = current(read_rounds(rounds.glob("*.jsonl"), interface.task))
                pulled = pulling.pull(found, interface, names, standing, (), "benchmark", 0)
                pulling.write(rounds, pulled.lines)
                print(f"{len(found):,} tasks, {pulled.summary().splitlines()[0]}")


def _task(number: int, result: list[dict[str, Any]]) -> dict[str, Any]:
    data = {
        "record": f"{number:016x}",
        "content": "c",
        "queue": "random",
        "why": "next",
        "text": f"tweet {number} " * 10,
    }
    return {"data": data, "predictions": [{"model_version": "linear@1", "score": 0.75, "result": result}]}


def _answered(task: dict[str, Any], result: list[dict[str, Any]]) -> dict[str, Any]:
    return {"data": task["data"], "annotations": [{"result": result, "lead_time": 3.5}]}


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    (folder / "media").mkdir()
    made = next(ROOT.glob(".pytest_cache/d/label-studio/[0-9]*"), None)  # the tests' empty database, if there is one
    if made:
        shutil.copytree(made, folder / "data")
    else:
        migrate(folder / "data")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with running(folder, port, ACCOUNT, media=folder / "media") as server:
        yield server.url


@contextmanager
def _timed(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
