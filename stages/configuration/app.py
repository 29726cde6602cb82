from __future__ import annotations

import inspect
import os
import re
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stages import InputError
from stages.configuration import targets

CONF = Path("conf")
PARAMS = Path("params.yaml")
PIPELINE = Path("dvc.yaml")


def stage(function: Callable[..., str]) -> Callable[[], None]:
    """Make a command out of a stage's function.

    The function's parameters are the keys of the configuration that it reads: a config group such as `dataset`, or
    `seed`. A parameter annotated with a dataclass is checked against it and made; one annotated with `dict[str, Any]`
    is given as plain settings; any other group is instantiated by its `_target_`, or, where it is a mapping of
    elements, element by element. The function returns one line that says what it did. An InputError becomes one line
    on the standard error output, with the file of the key that it begins with, and exit code 1; Ctrl-C one line, and
    exit code 130.
    """

    def main() -> None:
        try:
            if said := _run(function):
                print(said)
        except InputError as error:
            print(f"error: {targets.located(str(error))}", file=sys.stderr)
            raise SystemExit(1) from None
        except KeyboardInterrupt:
            print("interrupted: nothing is half-written; dvc repro goes on, dvc checkout brings back", file=sys.stderr)
            raise SystemExit(130) from None

    main.__doc__ = function.__doc__
    return main


def chosen(**kinds: Any) -> tuple[Any, ...]:
    """Make what params.yaml chooses, for a command that is no stage.

    Parameters
    ----------
    kinds
        Keys of params.yaml, each with its type as a stage would annotate it: `chosen(dataset=Dataset, seed=int)`.

    Returns
    -------
    One object per key, in their order.

    Raises
    ------
    InputError
        params.yaml or an option's file is missing or wrong.
    """
    choices = _choices(list(kinds))
    return tuple(_made(kinds, [f"{name}={choices[name]}" for name in kinds]).values())


def check() -> None:
    """Check that params.yaml chooses what dvc.yaml asks for, and options that there are, before any stage runs.

    Raises
    ------
    InputError
        It does not; says which key, what was found and what is allowed.
    """
    asked = sorted(set(re.findall(r"\$\{(\w+)\}", PIPELINE.read_text(encoding="utf-8"))))
    choices = _choices(asked)
    if unknown := sorted(set(map(str, choices)) - set(asked)):
        raise InputError(f"{PARAMS}: {unknown[0]}: no stage asks for it; allowed are {', '.join(asked)}")
    if type(choices.get("seed", 0)) is not int:
        raise InputError(f"{PARAMS}: seed: a whole number is expected, found {choices['seed']!r:.100}")
    try:
        _check_choices([f"{name}={choices[name]}" for name in asked])
    except InputError as error:
        raise InputError(f"{PARAMS}: {error}") from None


def _choices(names: Sequence[str]) -> dict[str, Any]:
    from yaml import YAMLError, safe_load

    try:
        choices = safe_load(PARAMS.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{PARAMS}: run this from the root of a project ({_one_line(error)})") from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise InputError(_not_yaml(PARAMS, error)) from error
    if not isinstance(choices, dict):
        raise InputError(f"{PARAMS}: a mapping is expected, such as dataset: tweets, found {choices!r:.100}")
    for name in names:
        if choices.get(name) is None:
            raise InputError(f"{PARAMS}: {name} is missing; there is {', '.join(map(str, choices))}")
    return dict(choices)


def _run(function: Callable[..., str]) -> str:
    arguments = sys.argv[1:]
    if {"-m", "--multirun"} & set(arguments):
        raise InputError("a stage runs once; for a sweep: dvc exp run --queue -S <key>=<value>,<value>")
    if any(argument.startswith("-") for argument in arguments):
        return _show(arguments)
    hints = typing.get_type_hints(function)
    return function(**_made({name: hints[name] for name in inspect.signature(function).parameters}, arguments))


def _made(kinds: Mapping[str, Any], arguments: list[str]) -> dict[str, Any]:
    """Compose the configuration once, which Hydra's own main does twice, and make each named part of it."""
    from omegaconf.errors import OmegaConfBaseException

    with _told(arguments) as hydra, hydra.initialize_config_dir(str(CONF.resolve()), version_base="1.3"):
        config = hydra.compose("config", arguments, return_hydra_config=True)
    targets.places.set(targets.Places(CONF, dict(config.hydra.runtime.choices), arguments))
    made = {}
    for name, kind in kinds.items():
        if config.get(name) is None:
            raise InputError(f"the command line lacks {name}=…: dvc.yaml passes it, as chosen in params.yaml")
        try:
            settings = targets.plain(config, name)
            if settings == {}:
                raise InputError(
                    f"{targets.where(name)}: this file sets nothing; copy another of its folder, and edit it"
                )
            made[name] = targets.make(kind, settings, name)
        except OmegaConfBaseException as error:
            raise InputError(f"{targets.where(str(error.full_key))}: {str(error).splitlines()[0]}") from error
    return made


def _show(arguments: list[str]) -> str:
    """Leave a command with flags to Hydra, which prints (`--cfg job`, `--info`, `--help`) and runs nothing."""

    def job(_: object) -> None:
        ran.append(True)

    ran: list[bool] = []
    with _told(arguments) as hydra:
        hydra.main(version_base="1.3", config_path=str(CONF.resolve()), config_name="config")(job)()
    if ran:
        raise InputError("a stage runs with key=value alone; flags that show: --cfg job, --info, --help")
    return ""


@contextmanager
def _told(arguments: list[str]) -> Iterator[Any]:
    """Give Hydra; tell its errors in one line, with the file or key."""
    import hydra
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    if not CONF.is_dir():
        raise InputError(f"there is no folder {CONF}/ here: run stages from the root of the project")
    _check_choices(arguments)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let exceptions through, to be told in one line below
    try:
        yield hydra
    except (HydraException, OmegaConfBaseException, YAMLError, UnicodeDecodeError) as error:
        told = _unknown_key(error, arguments) or _broken_file() or f"{CONF}/: {_one_line(error)}"
        raise InputError(told) from error


def _check_choices(arguments: list[str]) -> None:
    for argument in arguments:
        group, sign, option = argument.partition("=")
        folder = CONF / group
        if sign and folder.is_dir() and not (folder / f"{option}.yaml").is_file():
            allowed = ", ".join(sorted(path.stem for path in folder.glob("*.yaml")))
            raise InputError(f"{group}={option}: there is no {folder}/{option}.yaml; allowed are {allowed}")


def _unknown_key(error: Exception, arguments: list[str]) -> str | None:
    if not (unknown := re.match(r"Could not override '([^']+)'", str(error))):
        return None
    key = unknown[1]
    group = key.partition(".")[0]
    groups = sorted({path.parent.name for path in CONF.glob("*/*.yaml")})
    allowed = ["seed", *groups]
    if group in groups:
        if not any(argument.startswith(f"{group}=") for argument in arguments):
            return f"{key} (on the command line): no option of {group} is chosen; write {group}=… too"
        key = getattr(error.__cause__, "full_key", None) or key
        allowed = list(getattr(error.__cause__, "parent_node", None) or ["none"])
    return (
        f"{key} (on the command line): unknown key; allowed here are {', '.join(allowed)}; to add one, write +{key}=…"
    )


def _broken_file() -> str | None:
    """Say which file cannot be read, which Hydra does not always do."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    for path in sorted(CONF.rglob("*.yaml")):
        try:
            OmegaConf.load(path)
        except (YAMLError, UnicodeDecodeError) as error:
            return _not_yaml(path, error)
        except OmegaConfBaseException as error:
            return f"{path}: {error.full_key}: {str(error).splitlines()[0]}"
    return None


def _not_yaml(path: Path, error: Exception) -> str:
    from yaml import MarkedYAMLError

    if not isinstance(error, MarkedYAMLError):
        return f"{path}: not YAML in UTF-8 ({_one_line(error)})"
    line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
    return f"{path}{line}: not YAML ({error.problem})"


def _one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).partition("Config search path")[0].splitlines()]
    return "; ".join(line for line in lines if line).rstrip(";.")
