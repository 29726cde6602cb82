"""`python -m stages.label_studio up`, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from stages.label_studio import client
from stages.label_studio.account import kept
from stages.label_studio.client import Connection
from stages.label_studio.server import healthy
from tests.e2e.project import Project, clone
from tests.label_studio.conftest import free_port, home_of

UP = ("python", "-m", "stages.label_studio", "up")
TRACE = ("strace", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg", "-o")


def can_trace() -> bool:
    """Tell whether strace is there, and allowed: containers may forbid it."""
    strace = shutil.which("strace")
    return bool(strace) and subprocess.run([str(strace), "-o", os.devnull, "true"], capture_output=True).returncode == 0


class Up:
    """A running `up`."""

    def __init__(self, project: Project, template: Path, *options: str, trace: bool = False) -> None:
        self.project, self.port, self.printed = project, free_port(), project.path("printed")
        home = project.path(".label-studio")
        home.mkdir(mode=0o700)
        kept(home / "account.json")
        home_of(template, home)
        self.calls = project.path("calls") if trace and can_trace() else None
        before = (*TRACE, str(self.calls)) if self.calls else ()
        with open(self.printed, "w") as output:
            self.process = subprocess.Popen(
                [*before, *UP, "--port", str(self.port), *options],
                cwd=project.folder,
                env=project.env,
                stdout=output,
                stderr=output,
                preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's `&` has it ignored
            )
        self.until("Ctrl-C stops the server")
        self.account = json.loads(project.text(".label-studio/account.json"))

    def until(self, said: str) -> None:
        end = time.monotonic() + 120
        while said not in self.printed.read_text():
            assert self.process.poll() is None, self.printed.read_text()
            assert time.monotonic() < end, self.printed.read_text()
            time.sleep(0.1)

    @property
    def connection(self) -> Connection:
        return client.reach(f"http://127.0.0.1:{self.port}", self.account["token"])

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal `up` itself, below the tracer if there is one."""
        below = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        subprocess.run(["kill", f"-{how.value}", below[0] if self.calls else str(self.process.pid)], check=True)
        return self.process.wait(60)


@pytest.fixture(scope="module")
def up(labelled: Project, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    started = Up(clone(labelled, tmp_path_factory.mktemp("up") / "project"), template, "--backend", trace=True)
    yield started
    started.end()


def test_the_queue_is_there_and_what_is_printed_lets_one_in(up: Up) -> None:
    [project] = up.connection.safely(lambda api: list(api.projects.list()))
    assert (project.title, project.task_number) == ("reviews", len(up.project.queue()))
    assert "Choose the sentiment" in project.expert_instruction
    printed = up.printed.read_text()
    assert f"http://127.0.0.1:{up.port}/projects/{project.id}" in printed
    assert up.account["email"] in printed
    assert up.account["password"] in printed
    assert up.account["token"] not in printed


def test_secrets_are_their_owners_alone(up: Up) -> None:
    home = up.project.path(".label-studio")
    assert home.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in home.glob("*.json")} == {
        "account.json": 0o600,
        "connection.json": 0o600,
    }


def test_a_second_up_says_where_the_first_runs_and_pushes_to_it(up: Up) -> None:
    said = up.project.do(*UP, "--port", str(free_port()))
    assert "runs already, as process " in said
    assert f"http://127.0.0.1:{up.port}/projects/" in said
    assert f"{len(up.project.queue())} unchanged" in said


def test_a_task_without_a_proposal_gets_one_from_the_backend_and_answers_are_counted(up: Up) -> None:
    record = {"record": "new", "content": "0", "queue": "direct", "why": "by hand", "text": "so awful broken"}
    api = up.connection.api
    [project] = list(api.projects.list())
    api.projects.import_tasks(project.id, request=[{"data": record}])
    task = max(each.id for each in api.tasks.list(project=project.id, fields="all"))
    [found] = api.tasks.get(str(task)).predictions
    prediction = found.model_dump()
    assert prediction["model_version"] == up.project.report("annotator")["name"]
    assert prediction["result"][0]["value"] == {"choices": ["negative"]}
    api.annotations.create(task, result=prediction["result"])
    up.until("backend: ANNOTATION_CREATED")
    api.tasks.delete(str(task))


def test_nothing_reaches_out(up: Up) -> None:
    if up.calls is None:
        pytest.skip("needs strace, and leave to trace")
    calls = re.findall(r".*sa_family=AF_INET6?\b.*", up.calls.read_text(errors="replace"))
    assert len(calls) > 10
    assert [call for call in calls if "127.0.0.1" not in call and '"::1"' not in call] == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_up_ends_at_a_signal_and_leaves_no_process(project: Project, template: Path, how: signal.Signals) -> None:
    up = Up(project, template)
    assert up.end(how) == 0
    assert "stopped" in up.printed.read_text()
    assert not healthy(up.port)
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert not [command for command in commands if str(up.port).encode() in command.split(b"\0")]
    assert not project.path(".label-studio/connection.json").exists()
    after = project.run("python", "-m", "stages.label_studio", "pull")
    assert (after.returncode, after.stderr.count("\n")) == (1, 1)
    assert "run python -m stages.label_studio up" in after.stderr


@pytest.mark.parametrize(
    ("command", "missing", "said"),
    [
        ("up", "data/review/tasks.json", "tasks.json is not there; dvc repro makes it"),
        ("push", "data/review/tasks.json", "tasks.json is not there; dvc repro makes it"),
        ("up --backend", "data/model", "data/model/ is not there; dvc repro makes it"),
        ("backend", "data/model", "data/model/ is not there; dvc repro makes it"),
        ("push", None, "no Label Studio is known"),
        ("pull", None, "no Label Studio is known"),
        ("pull", "data/clean", "data/clean/records holds no table; dvc repro makes it"),
        ("pull --file no.json", None, "no.json: there is no such file"),
        ("up", "conf/labeling/tweets.xml", "conf/labeling/tweets.xml"),
        ("push", "params.yaml", "run this from the root of a project"),
    ],
)
def test_what_is_missing_is_told_in_one_line(project: Project, command: str, missing: str | None, said: str) -> None:
    if missing:
        project.path(missing).rename(project.path("away"))
    ended = project.run("python", "-m", "stages.label_studio", *command.split())
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_model_of_other_labels_than_the_interface_has_now_is_refused(project: Project) -> None:
    interface = "conf/labeling/tweets.xml"
    project.write(interface, project.text(interface).replace('value="neutral"', 'value="mixed"'))
    ended = project.run("python", "-m", "stages.label_studio", "backend")
    assert "was fitted with another annotator or label set than is chosen now; run dvc repro" in ended.stderr


def test_without_a_model_yet_the_backend_says_so(project: Project) -> None:
    for path in project.path("data/annotations").glob("*.jsonl"):
        path.unlink()
    project.do(*project.in_order("import_labels", "annotate"))
    ended = project.run("python", "-m", "stages.label_studio", "up", "--backend")
    assert ended.stderr.startswith("error: there is no model yet: ")
    assert not project.path(".label-studio").exists()


def test_data_without_its_account_is_not_given_another(project: Project) -> None:
    project.path(".label-studio/data").mkdir(parents=True)
    ended = project.run("python", "-m", "stages.label_studio", "up")
    assert ".label-studio/account.json is missing" in ended.stderr
