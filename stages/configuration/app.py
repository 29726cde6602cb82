from __future__ import annotations

import inspect
import os
import re
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stages import InputError
from stages.configuration import targets

CONF = Path("conf")


def stage(function: Callable[..., str]) -> Callable[[], None]:
    """Make a command out of a stage's function.

    The function's parameters are the keys of the configuration that it reads: a config group such as `dataset`, or
    `seed`. A parameter annotated with a dataclass is checked against it and made; one annotated with `dict[str, Any]`
    is given as plain settings; any other group is instantiated by its `_target_`, or, where it is a mapping of
    elements, element by element. The function returns one line that says what it did. An InputError becomes one line
    on the standard error output, and exit code 1.
    """

    def main() -> None:
        try:
            print(_run(function))
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(1) from None

    main.__doc__ = function.__doc__
    return main


def _run(function: Callable[..., str]) -> str:
    import hydra
    from hydra.errors import HydraException
    from omegaconf import DictConfig
    from omegaconf.errors import OmegaConfBaseException
    from yaml import YAMLError

    if not CONF.is_dir():
        raise InputError(f"there is no folder {CONF}/ here: run stages from the root of the project")
    _check_choices(sys.argv[1:])
    made: list[dict[str, Any]] = []

    def job(config: DictConfig) -> None:
        try:
            made.append(_arguments(function, config))
        except InputError as error:  # Hydra would print lines of its own about it
            failed.append(error)
        except OmegaConfBaseException as error:
            failed.append(InputError(f"{targets.where(str(error.full_key))}: {str(error).splitlines()[0]}"))

    failed: list[InputError] = []
    os.environ["HYDRA_FULL_ERROR"] = "1"  # let exceptions through, to be told in one line below
    app = hydra.main(version_base="1.3", config_path=str(CONF.resolve()), config_name="config")(job)
    try:
        app()
    except (HydraException, OmegaConfBaseException, YAMLError, UnicodeDecodeError) as error:
        raise InputError(_unknown_key(error) or _broken_file() or f"{CONF}/: {_one_line(error)}") from error
    if failed:
        raise failed[0]
    return function(**made[0]) if made else ""  # nothing was made where Hydra only showed the configuration


def _arguments(function: Callable[..., Any], config: Any) -> dict[str, Any]:
    from hydra.core.hydra_config import HydraConfig

    targets.places.set(targets.Places(CONF, dict(HydraConfig.get().runtime.choices), sys.argv[1:]))
    hints = typing.get_type_hints(function)
    made = {}
    for name in inspect.signature(function).parameters:
        if config.get(name) is None:
            raise InputError(f"the command line lacks {name}=…: dvc.yaml passes it, as chosen in params.yaml")
        made[name] = targets.make(hints[name], targets.plain(config, name), name)
    return made


def _check_choices(arguments: list[str]) -> None:
    if {"-m", "--multirun"} & set(arguments):
        raise InputError("a stage runs once; for a sweep: dvc exp run --queue -S <key>=<value>,<value>")
    for argument in arguments:
        group, sign, option = argument.partition("=")
        folder = CONF / group
        if sign and folder.is_dir() and not (folder / f"{option}.yaml").is_file():
            allowed = ", ".join(sorted(path.stem for path in folder.glob("*.yaml")))
            raise InputError(f"{group}={option}: there is no {folder}/{option}.yaml; allowed are {allowed}")


def _unknown_key(error: Exception) -> str | None:
    if not (unknown := re.match(r"Could not override '([^']+)'", str(error))):
        return None
    key = unknown[1]
    group = key.partition(".")[0]
    groups = sorted({path.parent.name for path in CONF.glob("*/*.yaml")})
    allowed = ["seed", *groups]
    if group in groups:
        if not any(argument.startswith(f"{group}=") for argument in sys.argv[1:]):
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
    from yaml import MarkedYAMLError, YAMLError

    for path in sorted(CONF.rglob("*.yaml")):
        try:
            OmegaConf.load(path)
        except MarkedYAMLError as error:
            line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
            return f"{path}{line}: not YAML ({error.problem})"
        except (YAMLError, UnicodeDecodeError) as error:
            return f"{path}: not YAML in UTF-8 ({_one_line(error)})"
        except OmegaConfBaseException as error:
            return f"{path}: {error.full_key}: {str(error).splitlines()[0]}"
    return None


def _one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).partition("Config search path")[0].splitlines()]
    return "; ".join(line for line in lines if line).rstrip(";.")
