from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import InputError, tasks
from stages.annotators import Annotator
from stages.augmenting import Augmentation
from stages.cleaning import Operators
from stages.configuration import Dataset, instantiate, stage, targets
from stages.engine import Engine
from stages.publishing import Publish
from stages.quality import Quality
from stages.review import Review
from stages.tables import write

ROOT = Path(__file__).parent.parent
CHOSEN = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
CHOICE = f"annotator: {CHOSEN['annotator']}"
COMMANDS = {
    name: shlex.split(each["cmd"])
    for name, each in yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"].items()
}
OPTIONS = {group: sorted(path.stem for path in (ROOT / "conf" / group).glob("*.yaml")) for group in [*CHOSEN, "engine"]}


@stage
def build(dataset: Dataset, cleaning: Operators, seed: int) -> str:
    kept = [name for name, operator in cleaning.items() if operator is not None]
    return f"{dataset.name} {seed} {' '.join(kept)}"


@stage
def build_all(
    dataset: Dataset,
    cleaning: Operators,
    annotator: Annotator,
    review: Review,
    augmentation: Augmentation,
    quality: Quality,
    publish: Publish,
    engine: Engine,
    seed: int,
) -> str:
    sources = instantiate(dataset.sources, "dataset.sources")
    operators = instantiate(augmentation.operators, "augmentation.operators")
    forms = instantiate(publish.forms, "publish.forms")
    interface = tasks.read("conf/labeling", dataset.labeling)
    return repr([cleaning, annotator, review, quality, engine, seed, sources, operators, forms, interface])


@dataclass
class Project:
    """A copy of conf/ in an empty folder, which is the working directory."""

    root: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.root / "conf" / file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert text.count(old) >= 1, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1) if old else new, encoding="utf-8")

    def run(self, *arguments: str, command: Callable[[], None] = build) -> str:
        self.monkeypatch.setattr(sys, "argv", ["stage", *arguments])
        command()
        return self.capsys.readouterr().out.strip()

    def refused(self, *arguments: str) -> str:
        """Run what must be refused: one line, exit code 1, nothing written. Give the line without `error: `."""
        before = self.files()
        with pytest.raises(SystemExit) as stopped:
            self.run(*arguments)
        assert stopped.value.code == 1
        assert self.files() == before
        out, err = self.capsys.readouterr()
        assert out == ""
        assert err.startswith("error: ")
        assert err.endswith("\n")
        assert err.count("\n") == 1
        return err[len("error: ") : -1]

    def files(self) -> dict[Path, bytes]:
        return {path: path.read_bytes() if path.is_file() else b"" for path in self.root.rglob("*")}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    shutil.copytree(ROOT / "conf", tmp_path / "conf", ignore=shutil.ignore_patterns("local"))
    monkeypatch.chdir(tmp_path)
    for name in ("LABELMILL_ENGINE", "LABELMILL_PROCESSES"):
        monkeypatch.delenv(name, raising=False)
    return Project(tmp_path, monkeypatch, capsys)


BASE = ("dataset=tweets", "cleaning=text", "seed=7")


@pytest.mark.slow
@pytest.mark.parametrize("place", range(max(map(len, OPTIONS.values()))))
def test_every_option_of_every_group_composes_and_is_made(project: Project, place: int) -> None:
    chosen = {group: options[place % len(options)] for group, options in OPTIONS.items() if options}
    assert project.run("seed=7", *(f"{group}={option}" for group, option in chosen.items()), command=build_all)


def test_no_group_is_left_out() -> None:
    assert {path.parent.name for path in (ROOT / "conf").glob("*/*.yaml")} == {g for g, each in OPTIONS.items() if each}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_stage_composes_the_groups_on_its_command_line_and_no_other(project: Project, name: str) -> None:
    python, flag, module, *arguments = COMMANDS[name]
    assert (python, flag, module) == ("python", "-m", f"stages.{name}")
    groups = [argument.partition("=")[0] for argument in arguments]
    assert arguments == [f"{group}=${{{group}}}" for group in groups]
    given = [f"{group}={CHOSEN[group]}" for group in groups]
    shown = yaml.safe_load(project.run(*given, "--cfg", "job", command=importlib.import_module(module).main))
    assert set(shown) == {"engine", "plan", "seed", *groups}


def test_what_is_chosen_reaches_the_stage_in_order(project: Project) -> None:
    assert project.run(*BASE) == "tweets 7 repair missing length personal_data duplicates near_duplicates"


def test_null_switches_an_element_off(project: Project) -> None:
    project.edit("cleaning/strict.yaml", "length: {minimum: 10}", "length: null")
    found = project.run("dataset=tweets", "cleaning=strict", "seed=7", "cleaning.missing=null")
    assert found == "tweets 7 repair personal_data duplicates near_duplicates"


def test_the_command_line_overrides_the_file(project: Project) -> None:
    assert project.run(*BASE, "dataset.name=${dataset.labeling}_2").startswith("tweets_2 ")


def test_showing_the_configuration_does_no_work(project: Project) -> None:
    before = project.files()
    shown = yaml.safe_load(project.run(*BASE, "cleaning.length.minimum=three", "--cfg", "job"))
    assert shown["cleaning"]["length"]["minimum"] == "three"
    assert project.files() == before


TWEETS, TEXT, STRICT = "dataset/tweets.yaml", "cleaning/text.yaml", "cleaning/strict.yaml"
GROUPS = "annotator, augmentation, cleaning, dataset, engine, publish, quality, review"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("sead=8", f"unknown key; allowed here are seed, {GROUPS};"),
        ("birds.name=x", f"unknown key; allowed here are seed, {GROUPS};"),
        ("review.batch=1", "no option of review is chosen; write review=… too"),
        ("cleaning.length.minimun=1", "unknown key; allowed here are _target_, field, minimum, maximum;"),
        ("+cleaning.length.minimun=1", "unknown key; stages.cleaning.Length allows field, minimum, maximum"),
        ("cleaning.length.minimum=three", "should be a valid integer"),
        ("dataset.name=???", "a value is missing (???); set it"),
        ("dataset.name=${nothing}", "Interpolation key 'nothing' not found"),
    ],
)
def test_a_wrong_setting_on_the_command_line_is_refused(project: Project, override: str, expected: str) -> None:
    key = override.lstrip("+").partition("=")[0]
    assert project.refused(*BASE, override).startswith(f"{key} (on the command line): {expected}")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["dataset=birds"],
            "dataset=birds: there is no conf/dataset/birds.yaml; "
            "allowed are digits, penguins, peoples_daily, scenes, scenes_masks, tweet_ratings, tweets, your_own",
        ),
        (["dataset=tweets", "cleaning=text"], "the command line lacks seed=…"),
        (["dataset=tweets", "seed=7"], "the command line lacks cleaning=…"),
        (["dataset=tweets", "cleaning=text", "seed=seven"], "params.yaml: seed: should be a valid integer"),
        (
            [*BASE, "dataset.about={by: me}"],
            "dataset.about.by (on the command line): unknown key; allowed here are title,",
        ),
        ([*BASE, "nonsense"], "conf/: Error parsing override 'nonsense'"),
        ([*BASE, "seed=1,2", "-m"], "a stage runs once; for a sweep: dvc exp run"),
    ],
)
def test_a_wrong_command_line_is_refused(project: Project, arguments: list[str], expected: str) -> None:
    assert project.refused(*arguments).startswith(expected)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (TWEETS, "group: null", "grop: null", "grop: unknown key; allowed here are name, labeling, about, sources, "),
        (TWEETS, "labeling: tweets", "", "labeling: this key is missing"),
        (TWEETS, "name: tweets", "name: ???", "name: a value is missing (???); set it"),
        (TWEETS, "requirement:", "requirement: ??? #", "sources.ratings.requirement: a value is missing (???)"),
        (TWEETS, "shown: [text]", "shown: text", "shown: should be a valid list, found 'text'"),
        (TWEETS, "name: tweets", "name: ${nothing}", "name: Interpolation key 'nothing' not found"),
        (TWEETS, "name: tweets", "name: ${oc.env:LABELMILL_NO}", "name: KeyError raised while resolving interpolation"),
        (TWEETS, "name: tweets", "name: ${nothing", "name: "),
        (TEXT, "cleaning.Length", "cleaning.Lenght", "length._target_: no class 'stages.cleaning.Lenght'"),
        (TEXT, "repair:\n", "shout: loud\nrepair:\n", "shout: a mapping with _target_, or null, is expected"),
    ],
)
def test_a_wrong_file_is_refused_with_its_key(project: Project, file: str, old: str, new: str, expected: str) -> None:
    project.edit(file, old, new)
    assert project.refused(*BASE).startswith(f"conf/{file}: {expected}")


@contextmanager
def chosen(conf: Path, **options: str) -> Iterator[None]:
    """Settings are said to come from the files of these options."""
    token = targets.places.set(targets.Places(conf, options, []))
    yield
    targets.places.reset(token)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"about": {"title": "x", "licence": "MIT"}}, "about.licence: unknown key; allowed here are title, license,"),
        ({"about": {"title": "x"}}, "about.license: this key is missing"),
        (
            {"about": {"title": "x", "license": "MIT", "language": "English"}},
            "about.language: a tag such as en or pt-BR is expected, found 'English'",
        ),
        (
            {"fields": {"text": "txt"}},
            "fields.text: should be 'text', 'number', 'date', 'category', 'image', 'audio' or 'json',",
        ),
        ({"fields": {"text": "text", "id": "text"}}, "fields: 'id' is a column of the pipeline's own"),
        ({"fields": {}}, "shown: one or more of the fields are expected (), found ['text']"),
        ({"shown": []}, "shown: one or more of the fields are expected (text), found []"),
        ({"group": "author"}, "group: one of the fields (text) or null is expected, found 'author'"),
        ({"name": "../tweets"}, "name '../tweets': letters, digits, - and _ are allowed"),
        ({"split": {"train": 0.5}}, "split: shares from 0 to 1 that sum to 1 are expected"),
        ({"split": {"train": 1.5, "test": -0.6}}, "split: shares from 0 to 1 that sum to 1 are expected"),
    ],
)
def test_a_dataset_is_checked(change: dict[str, Any], expected: str) -> None:
    settings = yaml.safe_load((ROOT / "conf" / TWEETS).read_text(encoding="utf-8"))
    targets.make(Dataset, settings, "dataset")
    with chosen(ROOT / "conf", dataset="tweets"), pytest.raises(InputError) as refused:
        targets.make(Dataset, settings | change, "dataset")
    assert str(refused.value).startswith(f"{ROOT / 'conf' / TWEETS}: {expected}")


ALLOWED = "stages.cleaning.Length allows field, minimum, maximum"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"_target_": "stages.clean_ing.Length"},
            "._target_: package.Class is expected, found 'stages.clean_ing.Length'",
        ),
        ({"_target_": "Length"}, "._target_: package.Class is expected, found 'Length'"),
        ({"_target_": 5}, "._target_: package.Class is expected, found 5"),
        ({"_target_": "stages.tables.ROWS"}, "._target_: no class 'stages.tables.ROWS'; stages.tables has Rule, Shard"),
        ({"_target_": "stages.tables"}, "._target_: no class 'stages.tables'"),
        ({"minimun": 3}, f".minimun: unknown key; {ALLOWED}"),
        ({"minimum": "three"}, ".minimum: should be a valid integer"),
        ({"minimum": 20}, ": "),
        ({"field": None}, ".field: should be a valid string, found None"),
    ],
)
def test_an_element_is_checked(change: dict[str, Any], expected: str) -> None:
    settings = {"_target_": "stages.cleaning.Length", "field": "text", "minimum": 3, "maximum": 10}
    instantiate(settings, "cleaning.length")
    with chosen(ROOT / "conf", cleaning="text"), pytest.raises(InputError) as refused:
        instantiate(settings | change, "cleaning.length")
    assert str(refused.value).startswith(f"{ROOT / 'conf' / TEXT}: length{expected}")


def test_a_missing_argument_is_named() -> None:
    with chosen(ROOT / "conf", cleaning="text"), pytest.raises(InputError) as refused:
        instantiate({"length": {"_target_": "stages.cleaning.Length", "minimum": 3}}, "cleaning")
    assert str(refused.value) == f"{ROOT / 'conf' / TEXT}: length: 'field' is missing; {ALLOWED}"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("shown: [text]", "shown: [text", ", line 21: not YAML ("),
        ("shown: [text]", "shown: [text]\nshown: [text]", ", line 21: not YAML (found duplicate key shown)"),
        ("group: null", "\tgroup: null", ", line 21: not YAML ("),
    ],
)
def test_broken_yaml_is_named_with_its_line(project: Project, old: str, new: str, expected: str) -> None:
    project.edit(TWEETS, old, new)
    assert project.refused(*BASE).startswith(f"conf/{TWEETS}{expected}")


def test_a_file_that_is_not_utf8_is_named(project: Project) -> None:
    (project.root / "conf" / TWEETS).write_bytes("name: café\n".encode("latin-1"))
    assert project.refused(*BASE).startswith(f"conf/{TWEETS}: not YAML in UTF-8")


@pytest.mark.parametrize("text", ["", "- tweets\n"])
def test_a_file_without_settings_is_refused(project: Project, text: str) -> None:
    (project.root / "conf" / TWEETS).write_text(text)
    assert project.refused(*BASE).startswith(f"conf/{TWEETS}: ")


def test_a_cleaning_that_is_left_empty_is_not_taken_to_clean_nothing(project: Project) -> None:
    (project.root / "conf" / TEXT).write_text("# to be done\n")
    assert project.refused(*BASE).startswith(f"conf/{TEXT}: this file sets nothing")


def test_a_stage_that_is_interrupted_says_so_in_one_line(project: Project) -> None:
    @stage
    def wait(seed: int) -> str:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as stopped:
        project.run("seed=7", command=wait)
    assert stopped.value.code == 130
    assert project.capsys.readouterr().err.startswith("interrupted: nothing is half-written")


@pytest.mark.parametrize("group", ["cleaning", "annotator"])
def test_a_group_of_another_form_is_refused(project: Project, group: str) -> None:
    (project.root / "conf" / group / "mine.yaml").write_text("- a\n")
    arguments = [f"{name}={CHOSEN[name]}" for name in ("dataset", "cleaning", "annotator") if name != group]

    @stage
    def find(dataset: Dataset, cleaning: Operators, annotator: Annotator) -> str:
        return ""

    with pytest.raises(SystemExit):
        project.run(*arguments, f"{group}=mine", command=find)
    said = f"error: conf/{group}/mine.yaml: a mapping with _target_ is expected, found ['a']\n"
    assert project.capsys.readouterr().err == said


def test_what_a_stage_finds_wrong_is_told_with_the_file_of_its_key(project: Project) -> None:
    @stage
    def find(cleaning: Operators) -> str:
        raise InputError("cleaning.length: there is no field 'txt'")

    with pytest.raises(SystemExit):
        project.run("cleaning=strict", command=find)
    said = f"error: conf/{STRICT}: length: there is no field 'txt'\n"
    assert project.capsys.readouterr().err == said


def test_a_fault_is_looked_for_in_the_file_that_an_option_inherits(project: Project) -> None:
    project.edit(TEXT, "similarity: 0.8", "similarty: 0.8")
    project.edit(STRICT, "near_duplicates: {similarity: 0.7}", "")
    found = project.refused("dataset=tweets", "cleaning=strict", "seed=7")
    assert found.startswith(f"conf/{TEXT}: near_duplicates.similarty: unknown key;")
    project.edit(TEXT, "similarty: 0.8", "similarity: 0.8")
    project.edit(STRICT, "length: {minimum: 10}", "length: {minimum: ten}")
    found = project.refused("dataset=tweets", "cleaning=strict", "seed=7")
    assert found.startswith(f"conf/{STRICT}: length.minimum: should be a valid integer")


def test_an_option_that_inherits_nothing_known_is_refused(project: Project) -> None:
    project.edit(STRICT, "[text]", "[txt]")
    found = project.refused("dataset=tweets", "cleaning=strict", "seed=7")
    assert found == "conf/: In 'cleaning/strict': Could not load 'cleaning/txt'"


def test_a_wrong_environment_is_refused(project: Project) -> None:
    project.monkeypatch.setenv("LABELMILL_ENGINE", "abacus")
    assert (
        project.refused(*BASE)
        == "conf/: In 'config': Could not find 'engine/abacus'; Available options in 'engine':; local"
    )


def test_elsewhere_than_at_the_root_of_the_project_is_refused(project: Project) -> None:
    project.monkeypatch.chdir(project.root / "conf" / "dataset")
    assert project.refused(*BASE) == "there is no folder conf/ here: run stages from the root of the project"


def test_another_project_s_conf_is_refused(project: Project) -> None:
    (project.root / "conf" / "config.yaml").unlink()
    assert project.refused(*BASE).startswith("conf/: Cannot find primary config 'config'")


MINE = """
from dataclasses import dataclass
from typing import Literal

from stages import InputError


@dataclass(frozen=True)
class Shout:
    field: str
    times: int = 1
    mark: Literal["!", "?"] = "!"

    def __post_init__(self):
        if self.times < 1:
            raise InputError(f"times: 1 or more is expected, found {self.times}")

    def apply(self, table):
        from stages.cleaning import Outcome

        louder = table[self.field].str.upper() + self.mark * self.times
        return Outcome(table.assign(**{self.field: louder}), table[self.field].iloc[:0])
"""


@pytest.fixture
def with_mine(project: Project) -> Project:
    """A project with a module and an option of the user's own."""
    (project.root / "mine.py").write_text(MINE)
    project.edit("cleaning/mine.yaml", "", "shout: {_target_: mine.Shout, field: text, times: 3}\n")
    project.monkeypatch.syspath_prepend(project.root)
    project.monkeypatch.setattr(sys, "dont_write_bytecode", True)
    project.monkeypatch.delitem(sys.modules, "mine", raising=False)
    return project


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"times": 0}, ": times: 1 or more is expected, found 0"),
        ({"times": "loud"}, ".times: should be a valid integer"),
        ({"mark": "."}, ".mark: should be '!' or '?', found '.'"),
        ({"pitch": 1}, ".pitch: unknown key; mine.Shout allows field, times, mark"),
        ({"_target_": "mine.Whisper"}, "._target_: no class 'mine.Whisper'; mine has Shout"),
    ],
)
def test_a_class_of_the_user_s_own_is_checked_as_ours_are(
    with_mine: Project, change: dict[str, Any], expected: str
) -> None:
    settings = {"_target_": "mine.Shout", "field": "text", "times": 3}
    assert repr(instantiate(settings, "cleaning.shout")) == "Shout(field='text', times=3, mark='!')"
    with chosen(Path("conf"), cleaning="mine"), pytest.raises(InputError) as refused:
        instantiate(settings | change, "cleaning.shout")
    assert str(refused.value).startswith(f"conf/cleaning/mine.yaml: shout{expected}")


def command(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def collected(project: Path, texts: list[str]) -> None:
    import pandas as pd

    table = pd.DataFrame({"id": [str(number) for number in range(len(texts))], "text": texts, "source": "ratings"})
    write(project / "data" / "collected", [table], dict.fromkeys(["id", "text", "source"], "text"))


@pytest.mark.slow
def test_the_command_line_of_a_stage_says_what_is_wrong_and_writes_nothing(project: Project) -> None:
    collected(project.root, ["good day"])
    before = project.files()
    done = command(project.root, "stages.clean", "dataset=tweets", "cleaning=text", "cleaning.length.minimum=three")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: cleaning.length.minimum (on the command line): should be a valid integer")
    assert done.stderr.count("\n") == 1
    assert project.files() == before


@pytest.mark.parametrize(
    ("was", "line", "said"),
    [
        (CHOICE, "annotator: linea", "annotator=linea: there is no conf/annotator/linea.yaml; allowed are "),
        (CHOICE, "anotator: linear", "annotator is missing; there is anotator, augmentation, "),
        (CHOICE, "\tannotator: linear", ", line 1: not YAML ("),
        (CHOICE, "annotator: rules\nmodel: big", "model: no stage asks for it; allowed are annotator, "),
        (f"seed: {CHOSEN['seed']}", "seed: today", "seed: a whole number is expected, found 'today'"),
    ],
)
def test_what_params_yaml_chooses_is_checked_before_any_stage_runs(
    project: Project, was: str, line: str, said: str
) -> None:
    shutil.copy(ROOT / "dvc.yaml", project.root)
    text = yaml.safe_dump(CHOSEN)
    (project.root / "params.yaml").write_text(text, encoding="utf-8")
    assert command(project.root, "stages.configuration").returncode == 0
    changed = text.replace(was, line)
    (project.root / "params.yaml").write_text(changed, encoding="utf-8")
    done = command(project.root, "stages.configuration")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: params.yaml{'' if said.startswith(',') else ': '}{said}")
    assert done.stderr.count("\n") == 1


def test_a_stage_without_its_input_says_so(project: Project) -> None:
    done = command(project.root, "stages.clean", "dataset=tweets", "cleaning=text")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: data/collected holds no table; dvc repro makes it\n"


@pytest.mark.slow
def test_a_stage_runs_with_a_module_of_the_user_s_own_beside_conf(with_mine: Project) -> None:
    from stages.tables import read

    collected(with_mine.root, ["good day", "bad day"])
    done = command(with_mine.root, "stages.clean", "dataset=tweets", "cleaning=mine")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "clean: 2 records seen, 2 kept, 0 rejected\n"
    assert list(read(with_mine.root / "data/clean/records")["text"]) == ["GOOD DAY!!!", "BAD DAY!!!"]


def test_the_examples_of_sources_are_read_by_dvc_as_by_us():
    from dvc.utils.serialize import parse_yaml

    text = (ROOT / "conf/dataset/your_own.yaml").read_text(encoding="utf-8")
    examples = re.findall(r"^  # (?=\w+:(?: \{|\n))(.*\n(?:  #   .*\n)*)", text, re.MULTILINE)
    assert len(examples) == 7
    for example in examples:
        source = re.sub("^  # ", "", example, flags=re.MULTILINE)
        ((_, settings),) = parse_yaml(source, "your_own.yaml").items()
        assert settings["_target_"].startswith("stages.sources.")
        assert yaml.safe_load(source) == parse_yaml(source, "your_own.yaml")
