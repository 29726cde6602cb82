"""A copy of this project in a folder of its own, and what the tests do with it: run it, answer its queue, hash it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import copy

UNSET = re.compile("CI|PYTEST.*|DVC_.*|MLFLOW_.*|DO_NOT_TRACK|OPENAI_.*|LABELMILL_(ENGINE|PROCESSES|OFFLINE|RESPONSES)")
SEED = 20261122
CHOICES = {"dataset": "tweets", "cleaning": "text", "annotator": "linear", "augmentation": "text", "seed": SEED}
REVIEW = {"batch": 200, "mix": {"random": 0.5, "active": 0.5}, "overlap": 1, "stale": "keep", "audit": None}
LABELS = ("positive", "neutral", "negative")
OTHERWISE = {  # a machine that is set up in another way
    "TZ": "Asia/Tokyo",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONHASHSEED": "12345",
    "LABELMILL_PROCESSES": "2",
    "OMP_NUM_THREADS": "4",
    "OPENBLAS_NUM_THREADS": "4",
}

IN_ORDER = """
import json, runpy, sys
for module, *choices in json.loads(sys.argv[1]):
    sys.argv = [module, *choices]
    runpy.run_module(module, run_name="__main__")
"""


@dataclass(frozen=True)
class Project:
    folder: Path

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command as a user would after activating the project's environment."""
        return subprocess.run(
            command, cwd=self.folder, env=self.env | dict(env or {}), capture_output=True, text=True, errors="replace"
        )

    def do(self, *command: str, env: Mapping[str, str] | None = None) -> str:
        """Run a command that must end well; give all that it printed."""
        done = self.run(*command, env=env)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def stage(self, name: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a stage by itself, without DVC."""
        return self.run(*self.command(name).split(), env=env)

    def in_order(self, *stages: str) -> list[str]:
        """A command that runs stages one after the other in one process: most of `dvc repro` is starting processes."""
        commands = [self.command(name).split()[2:] for name in self.pipeline if name in stages]
        return ["python", "-c", IN_ORDER, json.dumps(commands)]

    def command(self, stage: str) -> str:
        choices = yaml.safe_load(self.text("params.yaml"))
        return re.sub(r"\$\{(\w+)\}", lambda match: str(choices[match[1]]), self.pipeline[stage]["cmd"])

    @property
    def env(self) -> dict[str, str]:
        """Neither the settings of whoever runs the tests, nor what a former run left behind."""
        kept = {name: value for name, value in os.environ.items() if not UNSET.fullmatch(name)}
        own = self.folder.with_name(f"{self.folder.name}.dvc")
        places = {f"DVC_{name}_DIR": str(own / name) for name in ("SITE_CACHE", "GLOBAL_CONFIG", "SYSTEM_CONFIG")}
        people = {f"GIT_{who}_{what}": f"{who}@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return kept | places | people | {"PATH": path, "GIT_CONFIG_GLOBAL": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}

    @property
    def pipeline(self) -> dict[str, Any]:
        stages: dict[str, Any] = yaml.safe_load(self.text("dvc.yaml"))["stages"]
        return stages

    def path(self, name: str) -> Path:
        return self.folder / name

    def text(self, name: str) -> str:
        return self.path(name).read_text(encoding="utf-8")

    def report(self, name: str) -> Any:
        return json.loads(self.text(f"reports/{name}.json"))

    def lines(self, name: str) -> list[Any]:
        return [json.loads(line) for line in self.text(name).splitlines()]

    def write(self, name: str, text: str) -> None:
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, encoding="utf-8")

    def edit(self, file: str, **changes: Any) -> None:
        """Change keys of a YAML file; `a__b` is b below a."""
        settings = yaml.safe_load(self.text(file))
        for key, value in changes.items():
            *above, last = key.split("__")
            place = settings
            for part in above:
                place = place[part]
            place[last] = value
        self.write(file, yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))

    def outputs(self, *kinds: str, of: str | None = None) -> list[str]:
        """Where the stages, or one of them, write."""
        stages = [self.pipeline[of]] if of else self.pipeline.values()
        entries = [each for stage in stages for kind in kinds for each in stage.get(kind, [])]
        return [next(iter(each)) if isinstance(each, dict) else each for each in entries]

    def made(self, of: str | None = None) -> dict[str, str | None]:
        """A hash of every output as it lies there."""
        return {out: self.content(out) for out in self.outputs("outs", "metrics", "plots", of=of)}

    def hashes(self) -> dict[str, str]:
        """What dvc.lock says of every output."""
        stages = yaml.safe_load(self.text("dvc.lock"))["stages"].values()
        return {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}

    def content(self, name: str) -> str | None:
        """A hash of a file or folder as it lies there; None if it is not there."""
        path = self.path(name)
        if path.is_dir():
            files = sorted(each for each in path.rglob("*") if each.is_file() and each.name != ".gitignore")
            lines = [f"{_hash(each.read_bytes())}  {each.relative_to(path)}" for each in files]
            return _hash("\n".join(lines).encode())
        return _hash(path.read_bytes()) if path.is_file() else None

    def rounds(self) -> str | None:
        return self.content("data/annotations")

    def drafts(self) -> list[str]:
        """What a stage that did not end left beside its outputs."""
        names = [path for place in ("data", "reports") for path in self.path(place).rglob("*partial*")]
        return sorted(str(path.relative_to(self.folder)) for path in names)

    def queue(self) -> list[dict[str, Any]]:
        """What people are asked: the data of each task."""
        return [task["data"] for task in json.loads(self.text("data/review/tasks.json"))]

    def add_round(
        self,
        said: Mapping[str, tuple[str, Any]],
        person: str = "ann",
        queue: str = "random",
        control: tuple[str, str] = ("sentiment", "text"),
        folder: str = "data/annotations",
    ) -> None:
        """Write a round of what one person said of records, each with the hash of what they saw."""
        number = len(list(self.path(folder).glob("round-*.jsonl"))) + 1
        rows = [annotation(record, content, value, person, queue, control) for record, (content, value) in said.items()]
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        self.write(f"{folder}/round-{number:04}.jsonl", text)


def annotation(
    record: str, content: str, value: Any, person: str, queue: str, control: tuple[str, str]
) -> dict[str, Any]:
    name, shown = control
    choices = value if isinstance(value, list) else [value]
    chosen = {"from_name": name, "to_name": shown, "type": "choices", "value": {"choices": choices}}
    return {
        "record": record,
        "content": content,
        "annotator": person,
        "action": "submitted",
        "queue": queue,
        "result": [chosen] if choices else [],
        "shown": None,
        "guideline": "0",
        "seconds": None,
        "at": None,
    }


def new(folder: Path) -> Project:
    """Copy this project with its first choices, without what its stages made and without what people labelled."""
    folder.mkdir(parents=True)
    copy(folder)
    project = Project(folder)
    for path in project.path("data/annotations").glob("round-*.jsonl"):
        path.unlink()
    project.edit("params.yaml", **CHOICES, review="default", quality="default")
    project.edit("conf/review/default.yaml", **REVIEW)
    project.edit("conf/quality/default.yaml", guarantee__epsilon=0.1, guarantee__alpha=0.05)
    return project


def twin(project: Project, folder: Path) -> Project:
    """Copy the sources of a project, people's rounds among them, to another place; no outputs, no cache."""
    folder.mkdir(parents=True)
    copy(folder, project.folder)
    return Project(folder)


def clone(project: Project, folder: Path) -> Project:
    """Copy a project as it stands: outputs, cache, history and all."""
    shutil.copytree(project.folder, folder, symlinks=True)
    return Project(folder)


def ran(output: str) -> list[str]:
    """The stages that a `dvc repro` ran."""
    return re.findall(r"^Running stage '(\w+)'", output, re.MULTILINE)


def offline_command() -> tuple[list[str], dict[str, str]]:
    """How to run a command cut off from the network: what stands before it, and its environment.

    A network namespace without interfaces; where that is not permitted, a proxy that nobody answers at.
    """
    for command in (["unshare", "-rn"], ["unshare", "-n"]):
        if shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command, {}
    return [], dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def content_of(*shown: str | None) -> str:
    """The hash of what an annotator sees, as the project's contract has it."""
    return _hash(json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode())[:12]


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()
