"""dvc.yaml, params.yaml and conf/ fit the code: what a stage imports, reads and writes is computed from its source."""

from __future__ import annotations

import ast
import dataclasses
import re
import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks import readme
from stages import InputError, of_kind

ROOT = Path(__file__).resolve().parents[1]
PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
CHOICES: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
FILES = sorted(path.stem for path in (ROOT / "stages").glob("*.py") if path.stem != "__init__")
PACKAGES = sorted(path.parent.name for path in (ROOT / "stages").glob("*/__init__.py"))
INFRASTRUCTURE = {"tables", "engine", "media"}
SHARED = {"tasks", "sampling"}
# What a package that is no stage's may import more.
BESIDE_THE_DAG = {"versions": {"quality", "report"}, "label_studio": {"review"}}
BESIDE = {"configuration"}  # knows Hydra and the paths of conf/: for stage files alone
KINDS = ("pictures",)  # of data, of which a copy of the template may lack some
LINES = 55

each_stage = pytest.mark.parametrize("stage", PIPELINE)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def module_path(name: str) -> Path | None:
    """The file of a module of this project; None for a module from elsewhere."""
    base = ROOT / name.replace(".", "/")
    return next((path for path in (base / "__init__.py", base.with_suffix(".py")) if path.is_file()), None)


def with_parents(name: str) -> Iterator[str]:
    """`a.b.c` runs a and a.b before it."""
    parts = name.split(".")
    yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


@cache
def imported(path: Path) -> frozenset[str]:
    """Every module that a file may import, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names.update(part for alias in node.names for part in with_parents(alias.name))
        elif isinstance(node, ast.ImportFrom):
            package = path.relative_to(ROOT).parent.parts
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            names.update(with_parents(base))
            names.update(f"{base}.{alias.name}" for alias in node.names if module_path(f"{base}.{alias.name}"))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "of_kind":
            kind, domain = node.args  # of kinds that are computed, all
            kinds = [kind.value] if isinstance(kind, ast.Constant) else KINDS
            names.update(part for each in kinds for part in with_parents(f"stages.{ast.literal_eval(domain)}.{each}"))
    return frozenset(names)


@cache
def reachable(*modules: str) -> frozenset[str]:
    """Files of this project, from its root, that importing the modules may run."""
    waiting = [part for module in modules for part in with_parents(module)]
    seen: set[str] = set()
    while waiting:
        path = module_path(waiting.pop())
        if path and (name := path.relative_to(ROOT).as_posix()) not in seen:
            seen.add(name)
            waiting += imported(path)
    return frozenset(seen)


def main(stage: str) -> ast.FunctionDef:
    body = tree(ROOT / f"stages/{stage}.py").body
    return next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == "main")


def groups(stage: str) -> list[str]:
    """The config groups that a stage's function asks for."""
    return [argument.arg for argument in main(stage).args.args if (ROOT / "conf" / argument.arg).is_dir()]


def targets(settings: Any) -> Iterator[str]:
    if isinstance(settings, dict):
        yield from ([settings["_target_"]] if "_target_" in settings else [])
        yield from (name for each in settings.values() for name in targets(each))


@cache
def options(group: str) -> list[Any]:
    paths = (ROOT / "conf" / group).glob("*.yaml")
    return [yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in paths]


@cache
def named_modules(stage: str) -> frozenset[str]:
    """Modules of the classes that any option of the stage's groups may make it import.

    A group given as a dataclass is instantiated in those keys alone for which the stage calls `instantiate`; one given
    as plain settings, nowhere.
    """
    module = vars(import_module(f"stages.{stage}"))
    calls = [node for node in ast.walk(main(stage)) if isinstance(node, ast.Call)]
    opened = {ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func) == "instantiate"}
    names: set[str] = set()
    for argument in main(stage).args.args:
        group = argument.arg
        kind = eval(ast.unparse(argument.annotation), module)
        for settings in options(group):
            if isinstance(kind, type) and dataclasses.is_dataclass(kind):
                settings = {key: each for key, each in settings.items() if f"{group}.{key}" in opened}
            if kind != dict[str, Any]:
                names.update(targets(settings))
    return frozenset(name.rpartition(".")[0] for name in names)


def code(stage: str) -> frozenset[str]:
    return reachable(f"stages.{stage}", *named_modules(stage))


def listed(stage: str, *keys: str) -> list[str]:
    """Paths under the keys of a stage, without what is said about them."""
    entries = [each for key in keys for each in PIPELINE[stage].get(key, [])]
    return [next(iter(each)) if isinstance(each, dict) else each for each in entries]


def outputs(stage: str) -> list[str]:
    return listed(stage, "outs", "metrics", "plots")


def covers(listed: str, path: str) -> bool:
    return path == listed or path.startswith(f"{listed}/")


def loops(body: ast.AST) -> dict[str, list[str]]:
    """Names that run over texts written out, as in `for split in ("train", "test")`."""
    found: dict[str, list[str]] = {}
    for node in ast.walk(body):
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Tuple | ast.List):
            found.setdefault(ast.unparse(node.target), []).extend(ast.literal_eval(node.iter))
    return found


def paths(stage: str) -> set[str]:
    """Paths below conf/, data/ and reports/ that a stage file writes out in its text."""
    body = main(stage)
    inner = {id(part) for node in ast.walk(body) if isinstance(node, ast.JoinedStr) for part in node.values}
    texts: list[str] = []
    for node in ast.walk(body):
        if isinstance(node, ast.JoinedStr):
            made = [""]
            for part in node.values:
                if isinstance(part, ast.Constant):
                    endings = [str(part.value)]
                else:
                    endings = loops(body).get(ast.unparse(part.value), ["*"])  # type: ignore[attr-defined]
                made = [start + end for start in made for end in endings]
            texts += made
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            texts.append(node.value)
    return {text for text in texts if re.match(r"(conf|data|reports)/\S", text)}


def written(stage: str) -> set[str]:
    """The outputs that a stage hands to `whole`."""
    body = main(stage)
    assigned = {ast.unparse(node.targets[0]): node.value for node in ast.walk(body) if isinstance(node, ast.Assign)}
    found: set[str] = set()
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "whole":
            for argument in node.args:
                given = assigned[ast.unparse(argument.value)] if isinstance(argument, ast.Starred) else argument
                value = ast.literal_eval(given)
                found.update([value] if isinstance(value, str) else value)
    return found


def test_stages_of_the_pipeline_are_the_files_in_stages():
    assert sorted(PIPELINE) == FILES


@each_stage
def test_everything_that_a_stage_may_import_is_among_its_deps(stage):
    deps = listed(stage, "deps")
    assert not {path for path in code(stage) if not any(covers(dep, path) for dep in deps)}


@each_stage
def test_no_dep_below_stages_is_one_that_the_stage_does_not_import(stage):
    deps = [dep for dep in listed(stage, "deps") if not dep.startswith(("conf/", "data/", "reports/"))]
    assert not {dep for dep in deps if not any(covers(dep, path) for path in code(stage))}


@each_stage
def test_the_command_line_of_a_stage_names_what_its_function_asks_for(stage):
    module, *given = PIPELINE[stage]["cmd"].removeprefix("python -m ").split()
    assert module == f"stages.{stage}"
    asked = [argument.arg for argument in main(stage).args.args if argument.arg not in ("engine", "plan")]
    assert given == [f"{name}=${{{name}}}" for name in asked]


@each_stage
def test_every_choice_on_the_command_line_is_tracked_and_nothing_else(stage):
    asked = [name for name in groups(stage) if name != "engine"]  # the engine changes no byte
    params = [f"conf/{group}/${{{group}}}.yaml" for group in asked]
    seed = ["seed"] if "seed" in (argument.arg for argument in main(stage).args.args) else []
    assert sorted(listed(stage, "params")) == sorted(params + seed)
    assert all(each[key] is None for each in PIPELINE[stage]["params"] if isinstance(each, dict) for key in each)
    tracked = {dep for dep in listed(stage, "deps") if dep.startswith("conf/")}
    assert tracked - {"conf/labeling"} == {"conf/config.yaml", *(f"conf/{group}" for group in asked)}


@each_stage
def test_every_path_that_a_stage_file_names_is_tracked(stage):
    reads = paths(stage) - written(stage)
    deps = listed(stage, "deps")
    assert not {path for path in reads if not any(covers(dep, path) for dep in deps)}
    made = outputs(stage)
    assert not {path for path in kept(stage) if not any(covers(out, path) or covers(path, out) for out in made)}


def kept(stage: str) -> set[str]:
    """What a stage hands to `whole` and does not remove again itself."""
    return {path for path in written(stage) if not path.endswith("/scratch")}


@each_stage
def test_every_tracked_path_is_one_that_the_stage_names(stage):
    named = paths(stage)
    if stage == "collect":  # its sources are in conf/dataset/
        named |= {"data/raw"}
    if stage in ("augment", "publish"):  # the dataset's table names the pictures there
        named |= {"data/clean/records"}
    deps = [dep for dep in listed(stage, "deps") if dep.startswith(("data/", "reports/", "conf/labeling"))]
    assert not {dep for dep in deps if not any(covers(dep, path) or fnmatch(dep, path) for path in named)}
    assert not {out for out in outputs(stage) if not any(covers(path, out) for path in kept(stage))}


def test_raw_files_that_any_dataset_names_are_below_data_raw():
    for path in (ROOT / "conf/dataset").glob("*.yaml"):
        sources = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"].values()
        assert all(source.get("path", "data/raw/").startswith("data/raw/") for source in sources)


def test_what_a_stage_reads_an_earlier_one_made():
    made = {"data/raw", "data/annotations"}
    for stage in PIPELINE:
        reads = {dep for dep in listed(stage, "deps") if dep.startswith(("data/", "reports/"))}
        assert not {path for path in reads if not any(covers(out, path) for out in made)}
        assert not made & set(outputs(stage))
        made |= set(outputs(stage))


def test_reports_stay_in_git_without_losing_the_run_cache():
    for stage in PIPELINE.values():
        assert not [each for each in stage["outs"] if isinstance(each, dict)]  # persist, or cache: false
        for path, settings in (item for each in stage.get("metrics", []) for item in each.items()):
            assert path.startswith("reports/")
            assert settings == {"cache": False}


def test_every_choice_in_params_has_its_option_and_every_group_a_choice():
    chosen = {name: option for name, option in CHOICES.items() if name != "seed"}
    assert all((ROOT / "conf" / group / f"{option}.yaml").is_file() for group, option in chosen.items())
    folders = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
    assert folders - {"engine", "labeling", "local"} == set(chosen)


@each_stage
def test_a_stage_says_in_one_line_what_it_does(stage):
    text = PIPELINE[stage]["desc"]
    assert text[0].isupper()
    assert "\n" not in text
    assert 20 <= len(text) <= 110
    assert ast.get_docstring(tree(ROOT / f"stages/{stage}.py"))


def test_the_table_in_the_readme_is_generated():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pipeline = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert readme.table(pipeline) in text
    assert readme.updated(text, pipeline) == text


@each_stage
def test_a_stage_file_is_thin(stage):
    path = ROOT / f"stages/{stage}.py"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES
    assert "pandas" not in imported(path)
    assert not [node for node in tree(path).body if isinstance(node, ast.ClassDef)]


def modules(package: str) -> list[Path]:
    """A package's files; its command, if it has one, joins packages and knows places, as stage files do."""
    return sorted(path for path in (ROOT / "stages" / package).rglob("*.py") if path.name != "__main__.py")


@pytest.mark.parametrize("package", sorted(set(PACKAGES) - INFRASTRUCTURE - BESIDE))
def test_a_domain_package_imports_no_other(package):
    allowed = {package} | SHARED | INFRASTRUCTURE | BESIDE_THE_DAG.get(package, set())
    for path in modules(package):
        names = {name.split(".")[1] for name in imported(path) if name.startswith("stages.")}
        assert names <= allowed, path


@pytest.mark.parametrize("package", sorted(INFRASTRUCTURE | SHARED | BESIDE))
def test_what_all_packages_share_imports_no_domain_package(package):
    for path in (ROOT / "stages" / package).rglob("*.py"):
        names = {name.split(".")[1] for name in imported(path) if name.startswith("stages.")}
        assert names <= {package} | INFRASTRUCTURE, path


@pytest.mark.parametrize(
    ("library", "package"),
    [("label_studio_sdk", "label_studio"), ("mlflow", "tracking"), ("hydra", "configuration"), ("dvc", "versions")],
)
def test_a_library_that_stands_for_a_service_is_known_in_one_place(library, package):
    knowing = {path for path in (ROOT / "stages").rglob("*.py") if library in imported(path)}
    assert {path.parent.name for path in knowing} == ({package} if package else set())


@pytest.mark.parametrize("package", sorted(set(PACKAGES) - BESIDE))
def test_a_package_knows_no_place_of_the_pipeline(package):
    for path in modules(package):
        opened = {
            ast.literal_eval(node.args[0])
            for node in ast.walk(tree(path))
            if isinstance(node, ast.Call)
            and ast.unparse(node.func).rpartition(".")[2] in {"open", "Path", "read", "shards", "read_lines", "whole"}
            and node.args
            and isinstance(node.args[0], ast.Constant)
        }
        assert not {each for each in opened if isinstance(each, str) and re.match("(data|conf)/", each)}, path


def test_what_a_copy_was_made_without_is_told():
    with pytest.raises(InputError, match="this project was made without smells: run copier update"):
        of_kind("smells", "tasks")


def test_what_pins_raw_data_is_seen_by_dvc_and_what_stages_make_is_not(tmp_path):
    from dvc.repo import Repo
    from dvc.scm import Git

    Git.init(str(tmp_path)).close()
    shutil.copy(ROOT / ".gitignore", tmp_path)
    for folder in ("data/raw", "data/annotations", "data/clean"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.dvc").write_text("outs: [{path: a}]\n", encoding="utf-8")
    with Repo.init(str(tmp_path)) as repo:
        seen = {Path(stage.path_in_repo) for stage in repo.index.stages}
    assert seen == {Path("data/raw/a.dvc"), Path("data/annotations/a.dvc")}
