"""What all readers of labels have in common."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.tasks import Choice, Interface, Task
from stages.tasks.pictures import Boxes, Masks, Polygons
from stages.tasks.regions import Region

if TYPE_CHECKING:
    import numpy as np

SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
LARGEST = 1 << 28  # bytes of a file of labels

Point = tuple[float, float]
Edges = tuple[float, float, float, float]


@dataclass(frozen=True)
class Mark:
    """A label in a picture, or of the picture as a whole.

    Parameters
    ----------
    label
        As the file calls it.
    where
        The file, and the line or key, for messages.
    edges
        Left, top, right and bottom of an upright box, in pixels.
    outline
        The corners of a polygon or of a rotated box, in pixels; of an object of several parts, those of each.
    mask
        Booleans of shape (height, width).
    """

    label: str
    where: str
    edges: Edges | None = None
    outline: Sequence[Sequence[Point]] = ()
    mask: np.ndarray | None = None


@dataclass(frozen=True)
class Found:
    """What a file says of one picture.

    Parameters
    ----------
    picture
        Its file.
    marks
        Its labels, given the picture's width and height in pixels.
    """

    picture: Path
    marks: Callable[[int, int], list[Mark]]


Reader = Callable[[Path], Iterator[Found]]


def result(marks: Sequence[Mark], interface: Interface, width: int, height: int) -> tuple[list[dict[str, Any]], int]:
    """Turn labels into Label Studio's result list, with the names that the file has.

    Parameters
    ----------
    marks
        All labels of a picture.
    interface
        What may be said; labels of an earlier label set that it corrects are taken.
    width, height
        Of the picture, in pixels.

    Returns
    -------
    The result, and how many boxes were cut at the picture's edge.

    Raises
    ------
    InputError
        A label is not in the interface, is of another kind than the task's, or lies outside the picture.
    """
    task = interface.task
    for mark in marks:
        if mark.label not in (*task.labels, *interface.corrections):
            raise InputError(
                f"{mark.where}: the label {mark.label!r:.100} is not in the labelling interface; it has "
                f"{', '.join(task.labels)} (what an earlier label is called now: conf/labeling/<name>.yaml)"
            )
    if isinstance(task, Choice):
        return task.show([marks[0].label] if task.multiple else marks[0].label), 0
    regions, cut = [], 0
    for mark in marks:
        region = _region(mark, task, width, height)
        cut += region.pop("cut", False)
        regions.append({**region, "label": mark.label})
    return task.show(regions), cut


def _region(mark: Mark, task: Task, width: int, height: int) -> Region:
    if isinstance(task, Masks) and mark.mask is not None:
        if mark.mask.shape != (height, width):
            raise InputError(
                f"{mark.where}: a mask of {mark.mask.shape[::-1]} pixels, and the picture has {width, height}"
            )
        return task.region(mark.mask, mark.label)
    within = all(-1 <= x <= width + 1 and -1 <= y <= height + 1 for part in mark.outline for x, y in part)
    if not isinstance(task, Boxes) and not within:
        raise InputError(f"{mark.where}: an outline that leaves the picture of {width} × {height} pixels")
    if isinstance(task, Masks) and mark.outline:
        return task.region(_filled(mark.outline, width, height), mark.label)
    if isinstance(task, Polygons) and len(mark.outline) > 1:
        raise InputError(
            f"{mark.where}: an object of {len(mark.outline)} parts, and a polygon has one; <BrushLabels> in the "
            "labelling interface would take it"
        )
    if isinstance(task, Polygons) and mark.outline:
        return {"points": [[_share(x, width), _share(y, height)] for x, y in mark.outline[0]]}
    if isinstance(task, Boxes) and mark.edges is not None:
        return _upright(mark.edges, mark.where, width, height)
    if isinstance(task, Boxes) and [len(part) for part in mark.outline] == [4]:
        return _rotated(mark.outline[0], width, height)
    kinds = {"a box": mark.edges, "an outline": mark.outline or None, "a mask": mark.mask}
    given = next((kind for kind, each in kinds.items() if each is not None), "a class")
    raise InputError(
        f"{mark.where}: {given}, and the labelling interface asks for {task.type}; choose another of the two"
    )


def _upright(edges: Edges, where: str, width: int, height: int) -> Region:
    left, top, right, bottom = edges
    kept = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if kept[0] >= kept[2] or kept[1] >= kept[3]:
        raise InputError(f"{where}: a box without area in the picture of {width} × {height} pixels: {edges}")
    return {
        "x": _share(kept[0], width),
        "y": _share(kept[1], height),
        "width": _share(kept[2] - kept[0], width),
        "height": _share(kept[3] - kept[1], height),
        "rotation": 0.0,
        "cut": max(abs(one - other) for one, other in zip(kept, edges, strict=True)) >= 1,
    }


def _rotated(points: Sequence[Point], width: int, height: int) -> Region:
    """Give the box of four corners, clockwise from its first one."""
    (x, y), second, third, _ = points
    turn = math.degrees(math.atan2(second[1] - y, second[0] - x)) % 360
    box = {
        "x": _share(x, width),
        "y": _share(y, height),
        "width": _share(math.dist(points[0], second), width),
        "height": _share(math.dist(second, third), height),
        "rotation": turn,
    }
    return {**box, "size": [width, height]} if turn else box


def _filled(outline: Sequence[Sequence[Point]], width: int, height: int) -> np.ndarray:
    """Mark the pixels whose centre is inside of one part at least: from its left, an odd number of edges away."""
    import numpy as np

    mask = np.zeros((height, width), dtype=bool)
    rows = np.arange(height)[:, None] + 0.5
    for part in outline:
        x, y = np.array(part, dtype=float).T
        right, below = np.roll(x, -1), np.roll(y, -1)
        row, edge = np.nonzero((y <= rows) != (below <= rows))
        at = x[edge] + (row + 0.5 - y[edge]) * (right - x)[edge] / (below - y)[edge]
        edges = np.zeros((height, width + 1), dtype=int)
        np.add.at(edges, (row, np.ceil(at - 0.5).clip(0, width).astype(int)), 1)
        mask |= edges.cumsum(axis=1)[:, :width] % 2 == 1
    return mask


def _share(pixels: float, side: int) -> float:
    return min(max(pixels, 0.0), float(side)) / side * 100


def inside(folder: Path, name: Any, where: str) -> Path:
    """Give a file of a folder, by a name from outside.

    Raises
    ------
    InputError
        The name leads out of the folder, or there is no such file.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise InputError(f"{where}: the name of a file is expected, found {name!r:.60}")
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{where}: {name!r:.100} leads out of {folder}")
    if not path.is_file():
        raise InputError(f"{where}: there is no picture {path}")
    return path


def content(path: Path) -> bytes:
    """Read a file of labels.

    Raises
    ------
    InputError
        It is missing, or too large.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f"{path}: {path.stat().st_size:,} bytes, more than {LARGEST:,}")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def lines(path: Path) -> list[str]:
    try:
        return content(path).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from error


def pictures(folder: Path) -> list[Path]:
    """Find the pictures below a folder, sorted by path."""
    if not folder.is_dir():
        raise InputError(f"{folder}: there is no such folder")
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
