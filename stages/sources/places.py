"""Where the files of sources lie."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages import InputError
from stages.sources.base import Source


def innermost(source: Any) -> Any:
    """The source that reads files or fetches: windows have `readings`, sentences `documents`."""
    for name in ("readings", "documents"):
        source = getattr(source, name, source)
    return source


def require_below(folder: str, sources: Mapping[str, Source]) -> None:
    """Raise InputError for a source with files outside of a folder: nothing would tell that they have changed."""
    for name, source in sources.items():
        inner = innermost(source)
        path = getattr(inner, "path", None)
        if path is None or getattr(inner, "revision", None):  # which a name on Hugging Face's hub has, and a folder not
            continue
        if Path(folder) not in Path(os.path.normpath(path)).parents:
            raise InputError(
                f"dataset.sources.{name}.path: {path!r} is not below {folder}/, which is all that `dvc repro` watches; "
                f"put the files there, and write the path from the project's root"
            )
