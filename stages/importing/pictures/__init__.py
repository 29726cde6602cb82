"""Labels of pictures, read from the folders of other tools."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from stages import InputError
from stages.importing.labelled import Labelled
from stages.importing.pictures.base import Found, Mark, Reader, result
from stages.importing.pictures.coco import coco
from stages.importing.pictures.folders import folders
from stages.importing.pictures.voc import voc
from stages.importing.pictures.yolo import yolo
from stages.media import pictures as codec
from stages.tasks import Choice, Interface

READERS: dict[str, Reader] = {"coco": coco, "folders": folders, "voc": voc, "yolo": yolo}

__all__ = ["READERS", "Found", "Mark", "Reader", "labelled", "result"]


def labelled(
    form: str, path: Path, interface: Interface, records: Mapping[str, str], kept: Collection[str]
) -> Iterator[Labelled]:
    """Read labels; each belongs to the record whose picture has the same bytes as the one that it is beside.

    Parameters
    ----------
    form
        One of `READERS`.
    path
        The folder; of COCO the file of annotations.
    interface
        What may be said.
    records
        By the SHA-256 of a picture as it was collected, its record.
    kept
        The records that cleaning kept; a picture of no such record is not decoded, and has no result.

    Raises
    ------
    InputError
        The files are not of this form, or say what the interface does not ask for.
    """
    if isinstance(interface.task, Choice) != (form == "folders"):
        raise InputError(
            f"{form}: the labelling interface asks for {interface.task.type}; folders are read for choices, "
            "coco, voc and yolo for what is marked"
        )
    for found in READERS[form](path):
        data = found.picture.read_bytes()
        record = records.get(sha256(data).hexdigest(), "")
        if record not in kept:
            yield Labelled(str(found.picture), record, [])
            continue
        height, width = codec.decode(data).shape[:2]
        shown, cut = result(found.marks(width, height), interface, width, height)
        yield Labelled(str(found.picture), record, shown, cut)
