from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from stages.importing.base import Found, Mark, pictures


def folders(root: Path) -> Iterator[Found]:
    """Read a folder per class: `<root>/<label>/**/<picture>`."""
    for path in pictures(root):
        label = path.relative_to(root).parts[0] if path.parent != root else ""
        mark = Mark(label, str(path))
        yield Found(path, lambda *_, mark=mark: [mark])
