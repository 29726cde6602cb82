"""Let the labelling page show files of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stages.label_studio.client import Connection


def share(connection: Connection, project: int, folder: Path) -> None:
    """Let a project's tasks show the files below a folder, as `/data/local-files/?d=<path>`.

    Parameters
    ----------
    connection
        To a server on this machine.
    project
        Its number.
    folder
        Below, and not itself, the folder that the server was started with; the path of a file counts from there.
    """
    path = str(folder.resolve())
    known = connection.safely(lambda api: api.import_storage.local.list(project=project))
    if path not in [storage.path for storage in known]:
        connection.once(
            lambda api: api.import_storage.local.create(
                project=project, path=path, title=str(folder), use_blob_urls=True
            )
        )
