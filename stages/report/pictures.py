"""A picture in the report, with what is marked in it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping

from stages.media import pictures as codec
from stages.report.markup import Markup, tag
from stages.tasks import Outlined, Task, Value

SIDE = 360  # pixels, at most


def drawn(path: str, values: Mapping[str, Value], task: Task) -> Markup:
    """Draw a picture, and into it what each value marks, if that is areas; its key becomes the class of the lines."""
    look = codec.look(path)
    small = b64encode(codec.thumbnail(path, SIDE)).decode()
    image = tag("image", href=f"data:image/jpeg;base64,{small}", width=look.width, height=look.height)
    marks: list[Markup] = []
    if isinstance(task, Outlined):
        for key, value in values.items():
            for outline in task.outlines(value, look.width, look.height):
                points = " ".join(f"{x:.1f},{y:.1f}" for x, y in outline)
                marks.append(tag("polygon", points=points, class_=key))
    return tag("svg", image, *marks, viewBox=f"0 0 {look.width} {look.height}", role="img", class_="picture")
