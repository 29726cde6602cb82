"""Whatever happens on the way, running the command again ends with one task per record, and each answer once."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stages import InputError
from stages.label_studio import pulling
from stages.label_studio.client import Connection
from tests.label_studio.conftest import Account, Server
from tests.label_studio.desk import MOOD, Desk, queue_of
from tests.label_studio.proxy import COOKIE, FAULTS, Choose, Proxy, proxy

STALL = 0.8  # seconds until the client gives up, where the proxy stalls
RECORDS, BATCH = 40, 10
CHANCES, KILLS = 5, 20


@pytest.fixture(scope="module")
def between(server: Server) -> Iterator[Proxy]:
    with proxy(server.url) as made:
        yield made


@pytest.fixture(scope="module")
def bob(server: Server) -> Account:
    return server.join("bob.of.the.faults@example.org")


class Trial:
    """A desk that works through the proxy, and what it was told when that failed."""

    def __init__(self, desk: Desk, between: Proxy, tried: list[str]) -> None:
        self.desk, self.between, self.tried = desk, between, tried
        self.queue, self.told = queue_of(RECORDS), ""

    def run(self, command: Callable[[Connection], Any], choose: Choose, timeout: float) -> bool:
        """Run a command under faults; say whether it ended well. It may only fail as for a person."""
        self.between.begin(choose)
        connection = self.desk.connection(self.between.url, timeout=timeout)
        try:
            command(dataclasses.replace(connection, pauses=(0.0, 0.05, 0.1)))
        except InputError as error:
            self.told += "".join(traceback.format_exception(error))
            return False
        finally:
            self.tried += self.between.met
        return True

    def push(self, choose: Choose, timeout: float = STALL) -> bool:
        return self.run(lambda each: self.desk.push(self.queue, each, batch=BATCH), choose, timeout)

    def pull(self, choose: Choose, timeout: float = STALL) -> bool:
        return self.run(self.desk.pull, choose, timeout)

    def ends(self, command: Callable[..., bool]) -> None:
        """Run a command again, without faults, to its end."""
        assert command(lambda place, method, path: None, timeout=30)
        for secret in (self.desk.server.token, COOKIE, self.desk.server.account.email, "example.org"):
            assert secret not in self.told
            assert secret not in self.desk.text()


def every(fault: str) -> Choose:
    """Fail each request once: what is tried again gets through."""
    step = 5 if "stall" in fault else 2
    return lambda place, method, path: fault if place % step == 1 else None


def from_then(at: int, fault: str) -> Choose:
    return lambda place, method, path: fault if place >= at else None


def by_chance(seed: int) -> Choose:
    draw = random.Random(seed)
    faults = [fault for fault in FAULTS if "stall" not in fault]
    return lambda place, method, path: draw.choice(faults) if draw.random() < 0.3 else None


@pytest.fixture(scope="module")
def tried() -> Iterator[list[str]]:
    """Count the faults of all tests here; seen with pytest -rP or -s."""
    faults: list[str] = []
    yield faults
    print("\nfaults tried:", len(faults), dict(sorted(Counter(faults).items())))


def answered(desk: Desk, people: list[int]) -> None:
    """Give every record an answer of each person, in one request."""
    tasks = [
        {
            **task,
            "annotations": [
                {"result": MOOD.task.show(label), "completed_by": person, "lead_time": 1.5}
                for person, label in zip(people, ("good", "bad"), strict=True)
            ],
        }
        for task in queue_of(RECORDS)
    ]
    project = desk.project()
    project.connection.api.projects.import_tasks(project.id, request=tasks)


def every_answer_once(desk: Desk) -> None:
    lines = Counter((each.record, each.annotator, each.value) for each in desk.lines())
    assert len(lines) == 2 * RECORDS
    assert set(lines.values()) == {1}


def people_of(desk: Desk, *accounts: Account) -> list[int]:
    numbers = {email: number for number, email in desk.direct.people().items()}
    return [numbers[each.email] for each in accounts]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_push_gets_over_faults(fault: str, server: Server, between: Proxy, tried: list[str], tmp_path: Path) -> None:
    trial = Trial(Desk(tmp_path, server, f"push, {fault}"), between, tried)
    trial.push(every(fault))
    assert between.met
    trial.ends(trial.push)
    trial.desk.one_each(queue_of(RECORDS))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_push_that_fails_for_good_is_ended_by_the_next(
    fault: str, server: Server, between: Proxy, tried: list[str], tmp_path: Path
) -> None:
    trial = Trial(Desk(tmp_path, server, f"push, {fault} from then"), between, tried)
    assert not trial.push(from_then(7, fault))
    assert trial.told
    trial.ends(trial.push)
    trial.desk.one_each(queue_of(RECORDS))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_pull_gets_over_faults(
    fault: str, server: Server, between: Proxy, bob: Account, tried: list[str], tmp_path: Path
) -> None:
    trial = Trial(Desk(tmp_path, server, f"pull, {fault}"), between, tried)
    answered(trial.desk, people_of(trial.desk, server.account, bob))
    trial.pull(every(fault))
    assert between.met
    trial.ends(trial.pull)
    every_answer_once(trial.desk)


@pytest.mark.parametrize("fault", ["503 after", "reset within", "cut"])
def test_a_new_model_gets_over_faults(
    fault: str, server: Server, between: Proxy, tried: list[str], tmp_path: Path
) -> None:
    trial = Trial(Desk(tmp_path, server, f"update, {fault}"), between, tried)
    trial.queue = queue_of(5)
    trial.desk.push(trial.queue)
    trial.queue = queue_of(5, "linear@2", why="asked anew")
    trial.queue[0]["predictions"] = []
    trial.push(every(fault))
    assert len(between.met) > 5
    trial.ends(trial.push)
    trial.desk.one_each(trial.queue)


@pytest.mark.parametrize("seed", range(CHANCES))
def test_push_and_pull_get_over_many_faults(
    seed: int, server: Server, between: Proxy, bob: Account, tried: list[str], tmp_path: Path
) -> None:
    trial = Trial(Desk(tmp_path, server, f"chance {seed}"), between, tried)
    choose = by_chance(seed)
    while not trial.push(choose, timeout=30):
        pass
    trial.ends(trial.push)
    trial.desk.one_each(queue_of(RECORDS))
    api = trial.desk.connection(token=bob.token).api
    for task in trial.desk.tasks()[:2]:
        api.annotations.create(task["id"], result=MOOD.task.show("bad"))
    while not trial.pull(choose, timeout=30):
        pass
    trial.ends(trial.pull)
    assert Counter(line.record for line in trial.desk.lines()) == Counter(["r00000", "r00001"])


def killed(command: Callable[[], Any], after: float) -> bool:
    """Run a command in a process of its own and kill it -9; say whether it was still at work."""
    process = multiprocessing.get_context("fork").Process(target=command)
    process.start()
    process.join(after)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL


def moments(whole: float, seed: int) -> list[float]:
    draw = random.Random(seed)
    return [whole * (i + draw.random()) / KILLS for i in range(KILLS)]


def took(command: Callable[[], Any]) -> float:
    start = time.monotonic()
    process = multiprocessing.get_context("fork").Process(target=command)
    process.start()
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - start


def test_a_push_may_be_killed_at_any_moment(server: Server, tried: list[str], tmp_path: Path) -> None:
    queue = queue_of(RECORDS)

    def push(desk: Desk) -> Any:
        return desk.push(queue, desk.connection(), batch=BATCH)

    whole = took(lambda: push(Desk(tmp_path / "whole", server, "a push that is not killed")))
    deaths = 0
    for place, after in enumerate(moments(whole, 1)):
        desk = Desk(tmp_path / str(place), server, f"a push that is killed, {place}")
        deaths += killed(lambda desk=desk: push(desk), after)
        push(desk)
        desk.one_each(queue)
    tried += ["kill -9"] * deaths
    assert deaths >= KILLS // 2


def test_a_pull_may_be_killed_at_any_moment(server: Server, bob: Account, tried: list[str], tmp_path: Path) -> None:
    desk = Desk(tmp_path / "whole", server, "pulls that are killed")
    answered(desk, people_of(desk, server.account, bob))
    whole = took(lambda: desk.pull(desk.connection()))
    every_answer_once(desk)
    deaths = 0
    for place, after in enumerate(moments(whole, 2)):
        desk = Desk(tmp_path / str(place), server, desk.title)
        deaths += killed(lambda desk=desk: desk.pull(desk.connection()), after)
        desk.pull()
        every_answer_once(desk)
        assert len(list(desk.rounds.iterdir())) == 1
    tried += ["kill -9"] * deaths
    assert deaths >= KILLS // 2


@pytest.mark.parametrize("lines", [0, 1, 79])
def test_a_pull_that_is_killed_while_it_writes_leaves_no_round(
    lines: int, server: Server, bob: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path, server, f"a pull that is killed after {lines}")
    answered(desk, people_of(desk, server.account, bob))

    def some(path: Path, values: list[Any]) -> None:
        with open(path, "w") as file:
            file.writelines(json.dumps(value) + "\n" for value in values[:lines])
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patched:
        patched.setattr(pulling, "write_lines", some)
        assert killed(lambda: desk.pull(desk.connection()), 30)
    assert not list(desk.rounds.glob("*.jsonl"))
    desk.pull()
    every_answer_once(desk)
    assert [path.name for path in desk.rounds.iterdir()] == ["round-0001.jsonl"]
