"""Check plain settings against the types of a class, and make it."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages import InputError


@dataclass(frozen=True)
class Places:
    """Where a key was set, for messages."""

    conf: Path
    choices: dict[str, Any]
    arguments: list[str]

    def of(self, key: str) -> str:
        group, _, rest = key.partition(".")
        given = (argument.lstrip("+").partition("=")[0] for argument in self.arguments)
        if any(f"{key}.".startswith(f"{name}.") for name in given if "." in name):
            return f"{key} (on the command line)"
        if not (option := self.choices.get(group)):
            return f"params.yaml: {key}"
        path = self._setter(group, option, rest.split(".")) or self.conf / group / f"{option}.yaml"
        return f"{path}: {rest}" if rest else str(path)

    def _setter(self, group: str, option: str, keys: list[str]) -> Path | None:
        """Find the file that sets a key: the option's own, else one that it inherits."""
        import yaml

        path = self.conf / group / f"{option}.yaml"
        settings = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
        if not isinstance(settings, dict):
            return None
        inner = settings
        for key in keys:
            if not isinstance(inner, dict):
                break
            if key not in inner:
                parents = [each for each in settings.get("defaults", []) if isinstance(each, str) and each != "_self_"]
                found = (self._setter(group, each, keys) for each in reversed(parents))
                return next((each for each in found if each), None)
            inner = inner[key]
        return path


places: ContextVar[Places | None] = ContextVar("places", default=None)


def where(key: str) -> str:
    known = places.get()
    return known.of(key) if known else key


def located(message: str) -> str:
    """Name the file of the key that a message begins with, such as `cleaning.length: …`."""
    key, _, rest = message.partition(": ")
    known = places.get()
    stands = known and "." in key and " " not in key and known.choices.get(key.partition(".")[0])
    return f"{known.of(key)}: {rest}" if known and stands else message


def plain(config: Any, key: str) -> Any:
    """Resolve a part of a composed configuration into plain dicts, lists and scalars."""
    from omegaconf import OmegaConf
    from omegaconf.errors import MissingMandatoryValue

    part = OmegaConf.select(config, key)
    if not OmegaConf.is_config(part):
        return part
    try:
        return OmegaConf.to_container(part, resolve=True, throw_on_missing=True)
    except MissingMandatoryValue as error:
        raise InputError(f"{where(str(error.full_key or key))}: a value is missing (???); set it") from error


def make(kind: Any, value: Any, key: str) -> Any:
    """Make what a stage asked for: plain settings, a checked dataclass or scalar, or what `_target_` names."""
    return value if kind == dict[str, Any] else _setting(kind, value, key)


def instantiate(value: Mapping[str, Any], key: str) -> Any:
    """Make the object that `_target_` names; of a mapping without `_target_`, make every element that is not null.

    Parameters
    ----------
    value
        Plain settings.
    key
        Where they stand in the configuration, such as `dataset.sources`, for messages.

    Raises
    ------
    InputError
        The class cannot be imported, or a setting is missing, unknown or of the wrong type.
    """
    if "_target_" not in value:
        for name, element in value.items():
            if element is not None and not (isinstance(element, Mapping) and "_target_" in element):
                expected = "a mapping with _target_, or null, is expected, or _target_ beside it"
                raise InputError(f"{where(f'{key}.{name}')}: {expected}, found {element!r:.100}")
        return {name: None if each is None else instantiate(each, f"{key}.{name}") for name, each in value.items()}
    target = _import(value["_target_"], key)
    given = {name: each for name, each in value.items() if name != "_target_"}
    parameters = inspect.signature(target).parameters
    allowed = ", ".join(parameters) or "none"
    hints = typing.get_type_hints(target if dataclasses.is_dataclass(target) else target.__init__)
    for name in given:
        if name not in parameters:
            raise InputError(f"{where(f'{key}.{name}')}: unknown key; {value['_target_']} allows {allowed}")
    for name, parameter in parameters.items():
        if name not in given and parameter.default is parameter.empty:
            raise InputError(f"{where(key)}: {name!r} is missing; {value['_target_']} allows {allowed}")
    checked = {name: _setting(hints.get(name, Any), each, f"{key}.{name}") for name, each in given.items()}
    return _call(target, checked, key)


def _setting(kind: Any, value: Any, key: str) -> Any:
    """Make what is annotated with a protocol, or with a mapping of them, from its own `_target_`; check all else."""
    if not any(getattr(each, "_is_protocol", False) for each in (kind, *_nested(kind))):
        return _checked(kind, value, key)
    if value is None and type(None) in typing.get_args(kind):
        return None
    if not isinstance(value, Mapping) or (not typing.get_args(kind) and "_target_" not in value):
        raise InputError(f"{where(key)}: a mapping with _target_ is expected, found {value!r:.100}")
    return instantiate(value, key)


def _checked(kind: Any, value: Any, key: str) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        unknown = ("unexpected_keyword_argument", "extra_forbidden")
        errors = error.errors(include_url=False)
        first = min(errors, key=lambda each: each["type"] not in unknown)  # a misspelt key is missing as well
        parts = [str(part) for part in first["loc"]]
        place = ".".join([key, *parts])
        if first["type"] in unknown:
            raise InputError(f"{where(place)}: unknown key; allowed here are {_keys(kind, parts[:-1])}") from error
        if first["type"] in ("missing", "missing_argument"):
            raise InputError(f"{where(place)}: this key is missing") from error
        if first["type"] == "dataclass_type":
            expected = f"a mapping of {_keys(kind, parts)} is expected"
            raise InputError(f"{where(place)}: {expected}, found {first['input']!r:.100}") from error
        message = first["msg"].removeprefix("Input ")
        raise InputError(f"{where(place)}: {message}, found {first['input']!r:.100}") from error
    except InputError as error:
        raise InputError(f"{where(key)}: {error}") from error


def _keys(kind: Any, parts: list[str]) -> str:
    for part in parts:
        hints = typing.get_type_hints(kind) if dataclasses.is_dataclass(kind) else {}
        inner = hints.get(part, kind)
        candidates = [each for each in (inner, *_nested(inner)) if dataclasses.is_dataclass(each)]
        kind = candidates[0] if candidates else inner
    return ", ".join(each.name for each in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else "none"


def _nested(kind: Any) -> list[Any]:
    return [each for argument in typing.get_args(kind) for each in (argument, *_nested(argument))]


def _import(name: Any, key: str) -> Any:
    from importlib import import_module

    module, _, attribute = str(name).rpartition(".")
    try:
        package = import_module(module)
    except (ImportError, ValueError) as error:
        raise InputError(f"{where(f'{key}._target_')}: package.Class is expected, found {name!r} ({error})") from error
    target = getattr(package, attribute, None)
    if not isinstance(target, type):
        classes = (each for each in vars(package) if dataclasses.is_dataclass(getattr(package, each)))
        allowed = ", ".join(sorted(classes)) or "none"
        raise InputError(f"{where(f'{key}._target_')}: no class {name!r}; {module} has {allowed}")
    return target


def _call(target: Any, arguments: dict[str, Any], key: str) -> Any:
    try:
        return target(**arguments)
    except InputError as error:
        raise InputError(f"{where(key)}: {error}") from error
