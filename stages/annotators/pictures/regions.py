"""Components as the regions of a task, and regions as boxes in pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stages import InputError
from stages.annotators.pictures.components import Component, components
from stages.tables import DIGITS
from stages.tasks import Task, Value
from stages.tasks.pictures import Boxes, Masks, Polygons
from stages.tasks.pictures.boxes import corners
from stages.tasks.regions import Region

Edges = tuple[float, float, float, float]  # left, top, right, bottom in pixels
Regional = Boxes | Polygons | Masks
Named = tuple[Component, str, float]  # a component, its label, and how sure that is


def regional(task: Task) -> Regional:
    """Give the task as one of regions in a picture.

    Raises
    ------
    InputError
        It is of another type.
    """
    if not isinstance(task, Boxes | Polygons | Masks):
        raise InputError(
            f"annotator: this one proposes boxes, polygons or masks, and the labelling interface asks for {task.type}; "
            "choose another in params.yaml (conf/annotator/ says what each is for)"
        )
    return task


def objects(value: Value, task: Regional, shape: Sequence[int]) -> Iterator[tuple[str, Edges]]:
    """Give the objects of a value with the edges of their upright boxes in pixels."""
    import numpy as np

    height, width = shape[:2]
    for each in value:
        if isinstance(task, Masks):
            for part in components(np.asarray(task.mask([each], each["label"])), 0):
                yield each["label"], part.edges
        elif isinstance(task, Boxes):
            outline = np.array(corners(each, width, height))
            yield each["label"], (*outline.min(axis=0).tolist(), *outline.max(axis=0).tolist())
        else:
            outline = np.array(each["points"]) * [width / 100, height / 100]
            yield each["label"], (*outline.min(axis=0).tolist(), *outline.max(axis=0).tolist())


def regions(labelled: Sequence[Named], task: Regional, shape: Sequence[int]) -> list[tuple[Region, float]]:
    """Give named components the form of the task's regions, each with how sure it is; a mask holds all of a label."""
    if isinstance(task, Masks):
        return _masks(labelled, task, shape)
    form = _box if isinstance(task, Boxes) else _polygon
    return [({**form(each, shape), "label": label}, score) for each, label, score in labelled]


def _masks(labelled: Sequence[Named], task: Masks, shape: Sequence[int]) -> list[tuple[Region, float]]:
    import numpy as np

    made = []
    for label in dict.fromkeys(label for _, label, _ in labelled):
        mask, score = np.zeros(shape[:2], dtype=bool), 1.0
        for each, name, sure in labelled:
            if name == label:
                left, top, right, bottom = each.edges
                mask[top:bottom, left:right] |= each.pixels
                score *= sure
        made.append((task.region(mask, label), score))
    return made


def _box(each: Component, shape: Sequence[int]) -> Region:
    left, top, right, bottom = each.edges
    height, width = shape[:2]
    edges = {"x": left / width, "y": top / height, "width": (right - left) / width, "height": (bottom - top) / height}
    return {**{key: round(100 * edge, DIGITS) for key, edge in edges.items()}, "rotation": 0.0}


def _polygon(each: Component, shape: Sequence[int]) -> Region:
    """Follow the outline of the component's largest part to within a pixel."""
    import cv2
    import numpy as np

    outlines = cv2.findContours(each.pixels.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    outline = cv2.approxPolyDP(max(outlines, key=cv2.contourArea), 1.0, closed=True)[:, 0]
    left, top, right, bottom = each.edges
    points = (outline + np.array([left, top])).tolist()
    if len(points) < 3:  # a line of pixels
        points = [[left, top], [right, top], [right, bottom], [left, bottom]]
    scale = 100 / shape[1], 100 / shape[0]
    return {"points": [[round(x * scale[0], DIGITS), round(y * scale[1], DIGITS)] for x, y in points]}
