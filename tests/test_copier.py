"""The repository as its own template: copied by copier, run, tested, and updated."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks.measure import commit, copy
from stages.media import pictures, sounds
from tests.e2e.project import Project

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PEOPLE = ("-c", "user.name=x", "-c", "user.email=x@x")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *PEOPLE, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template") / "labelmill"
    folder.mkdir()
    copy(folder)
    git(folder, "tag", "1.0.0")
    return folder


def copier(*arguments: str, folder: Path) -> None:
    names = {f"GIT_{who}_{what}": "x@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = [sys.executable, "-m", "copier", *arguments, "--quiet", "--defaults"]
    done = subprocess.run(command, cwd=folder, env=os.environ | names, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def made(template: Path, folder: Path, kinds: str) -> Project:
    data = {"project": 'Our "tickets"', "dataset": "tickets", "kinds": kinds, "labels": "bill, <other>"}
    given = [part for key, value in data.items() for part in ("--data", f"{key}={value}")]
    copier("copy", *given, str(template), str(folder), folder=template)
    commit(folder)
    return Project(folder)


@pytest.fixture(scope="module")
def copied(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Project]:
    """Give a copy of one's own for some kinds of data; copier, which takes five seconds, makes each but once."""
    originals: dict[str, Path] = {}

    def copied(folder: Path, kinds: str) -> Project:
        if kinds not in originals:
            originals[kinds] = made(template, tmp_path_factory.mktemp("original") / "copy", kinds).folder
        shutil.copytree(originals[kinds], folder, symlinks=True)
        return Project(folder)

    return copied


def files(project: Project) -> list[str]:
    return git(project.folder, "ls-files").splitlines()


@pytest.fixture
def texts(copied: Callable[[Path, str], Project], tmp_path: Path) -> Project:
    return copied(tmp_path / "texts", "[text]")


def test_a_copy_has_the_user_s_names_and_none_of_our_data(texts: Project) -> None:
    assert yaml.safe_load(texts.text("params.yaml"))["dataset"] == "tickets"
    assert yaml.safe_load(texts.text("conf/dataset/tickets.yaml"))["about"]["title"] == 'Our "tickets"'
    assert '<Choice value="&lt;other&gt;"/>' in texts.text("conf/labeling/tickets.xml")
    assert yaml.safe_load(texts.text("conf/review/default.yaml"))["audit"] is None
    assert 'name = "tickets"' in texts.text("pyproject.toml")
    ours = (
        "round-",
        "tweets",
        "digits",
        "penguins",
        "your_own",
        ".jinja",
        "dvc.lock",
        "reports/",
        "docs/",
        "copier.yml",
    )
    assert not [name for name in files(texts) if any(each in name for each in ours)]
    written = [name for name in files(texts) if name.startswith("conf/") or "/" not in name]
    assert not [name for name in written if "tweet" in texts.text(name).lower()]


def test_a_copy_has_the_options_and_tests_of_its_kinds_alone(
    texts: Project, copied: Callable[[Path, str], Project], tmp_path: Path
) -> None:
    pictures = copied(tmp_path / "pictures", "[images]")
    rows = copied(tmp_path / "rows", "[tables]")
    sounds = copied(tmp_path / "sounds", "[audio]")
    for project in (texts, pictures, rows):
        assert '\n  "soundfile>=0.13",\n' not in project.text("pyproject.toml").split("optional-dependencies")[0]
        assert not [name for name in files(project) if name.startswith(("conf/", "tests/")) and "sound" in name]
    assert '\n  "soundfile>=0.13",\n' in sounds.text("pyproject.toml").split("optional-dependencies")[0]
    assert "albumentations" not in texts.text("pyproject.toml")
    assert "albumentations==" in pictures.text("pyproject.toml")
    for project in (texts, rows):
        assert not [name for name in files(project) if re.search("image|picture|boxes|masks", name)]
        asked = [line for name in files(project) if name.endswith(".py") for line in project.text(name).splitlines()]
        foreign = re.compile(" *(from|import) .*(pictures|PIL|shapely|cv2|albumentations)")
        assert not [line for line in asked if foreign.match(line)]
        assert not [name for name in ("pillow", "shapely") if name in project.text("pyproject.toml")]
    for project in (pictures, rows):
        assert not [name for name in files(project) if name.endswith(("/text.yaml", "/linear.yaml", "/spans.yaml"))]
    for project in (texts, pictures):
        assert not [name for name in files(project) if name.endswith(("/tables.yaml", "columns.yaml"))]
    assert {
        group for group in ("augmentation", "cleaning", "publish") if f"conf/{group}/tables.yaml" in files(rows)
    } == {group for group, option in yaml.safe_load(rows.text("params.yaml")).items() if option == "tables"}
    for project in (texts, pictures, rows, sounds):
        for group, option in yaml.safe_load(project.text("params.yaml")).items():
            assert group == "seed" or f"conf/{group}/{option}.yaml" in files(project)
        there = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files(project)}
        asked = {module for name in files(project) if name.endswith(".py") for module in imported(project.text(name))}
        assert "benchmarks.readme" in asked
        assert sorted(asked - there) == []


def imported(text: str) -> set[str]:
    """The modules of tests/ and benchmarks/ that a file imports."""
    found = re.findall(r"^ *from (tests|benchmarks)(?:\.([\w.]+)| import (\w+))", text, re.MULTILINE)
    return {f"{package}.{module or name}" for package, module, name in found}


TEXTS = [["text"], *([f"invoice {n * n} is {'wrong' * n}"] for n in range(30))]
ROWS = [["amount", "customer", "left out"], *([str(n * n), "ab"[n % 2] if n % 5 else "", "x"] for n in range(30))]


def given(folder: Path, kind: str) -> None:
    """Put thirty records of a kind into a folder."""
    folder.mkdir(parents=True)
    if kind in ("text", "tables"):
        with open(folder / "all.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(TEXTS if kind == "text" else ROWS)
        return
    random = np.random.default_rng(0)
    for number in range(30):
        noise = random.integers(0, 256, (32, 32), dtype=np.uint8)
        data = (
            pictures.encode(noise) if kind == "images" else sounds.encode(noise.ravel().repeat(16) / 256 - 0.5, 16000)
        )
        (folder / f"{number:02}.{'png' if kind == 'images' else 'wav'}").write_bytes(data)


@pytest.mark.parametrize("kind", ["text", "tables", "images", "audio"])
def test_a_copy_makes_a_version_of_the_user_s_data_and_its_tests_pass(
    copied: Callable[[Path, str], Project], tmp_path: Path, kind: str
) -> None:
    project = copied(tmp_path / "copy", f"[{kind}]")
    given(project.path("data/raw/tickets"), kind)
    project.do(*project.in_order(*(stage for stage in project.pipeline if stage != "track")))
    assert project.report("quality")["dataset"]["name"] == "tickets"
    assert len(project.queue()) == project.report("quality")["dataset"]["records"] > 20
    project.do("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_pipeline_file.py")


def test_an_update_brings_what_is_new_and_keeps_what_is_the_user_s(template: Path, tmp_path: Path) -> None:
    source = tmp_path / "labelmill"
    git(tmp_path, "clone", "-q", str(template), str(source))
    texts = made(source, tmp_path / "texts", "[text]")
    own = ("conf/quality/default.yaml", "params.yaml", "README.md", "data/annotations/round-0001.jsonl")
    for name in own:
        texts.write(name, "ours\n")
    texts.write("stages/collect.py", texts.text("stages/collect.py") + "\n# ours\n")
    git(texts.folder, "add", "-A")
    git(texts.folder, "commit", "-qm", "ours")
    for name in ("conf/quality/default.yaml", "params.yaml.jinja", "README.md.jinja", "stages/sampling/__init__.py"):
        (source / name).write_text("theirs\n", encoding="utf-8")
    (source / "conf/quality/strict.yaml").write_text("theirs\n", encoding="utf-8")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "later")
    git(source, "tag", "1.1.0")
    copier("update", folder=texts.folder)
    assert {texts.text(name) for name in own} == {"ours\n"}
    assert texts.text("stages/collect.py").endswith("# ours\n")
    assert texts.text("stages/sampling/__init__.py") == texts.text("conf/quality/strict.yaml") == "theirs\n"
