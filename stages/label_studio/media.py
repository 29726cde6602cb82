"""Let the labelling page show files of this machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import media

if TYPE_CHECKING:
    from stages.label_studio.client import Connection


ADDRESS = "/data/local-files/?d="


def bring(tasks: Iterable[Mapping[str, Any]], data: Path, served: Path) -> None:
    """Put the files of tasks where the server finds them, as ones of its own: they stay when a version goes.

    Parameters
    ----------
    tasks
        Label Studio's tasks; of their fields, the addresses of files.
    data
        The folder from which their paths count.
    served
        The folder that the server was started with.
    """
    fields = (value for task in tasks for value in task["data"].values() if isinstance(value, str))
    for path in sorted({value.removeprefix(ADDRESS) for value in fields if value.startswith(ADDRESS)}):
        if media.is_file(str(data / path)):
            (served / path).parent.mkdir(parents=True, exist_ok=True)
            (served / path).write_bytes(media.read(str(data / path)))


def share(connection: Connection, project: int, folder: Path) -> None:
    """Let a project's tasks show the files below a folder, by their `ADDRESS` and path.

    Parameters
    ----------
    connection
        To a server on this machine.
    project
        Its number.
    folder
        Below, and not itself, the folder that the server was started with; the path of a file counts from there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = str(folder.resolve())
    known = connection.safely(lambda api: api.import_storage.local.list(project=project))
    if path not in [storage.path for storage in known]:
        connection.once(
            lambda api: api.import_storage.local.create(
                project=project, path=path, title=str(folder), use_blob_urls=True
            )
        )
