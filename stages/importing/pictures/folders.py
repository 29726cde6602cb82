from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stages import InputError
from stages.importing.pictures.base import Found, Mark, pictures


def folders(root: Path) -> Iterator[Found]:
    """Read a folder per class: `<root>/<label>/**/<picture>`."""
    for path in pictures(root):
        if path.parent == root:
            raise InputError(f"{path}: a picture is expected in a folder of {root}, which is named as its label is")
        mark = Mark(path.relative_to(root).parts[0], str(path))
        yield Found(path, lambda *_, mark=mark: [mark])
