"""Pictures in the report."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from stages.media import pictures as codec
from stages.report import page
from stages.tasks import Task, Value
from stages.tasks.pictures import Boxes, Masks
from tests.report.test_report import BOX, PIXELS, Reader, made

MASKS = Masks("m", "image", ("car",))


@pytest.mark.parametrize(
    ("task", "people", "proposed", "points", "said"),
    [
        (
            Boxes("b", "image", ("car",)),
            [BOX, BOX | {"y": 60.0}],
            [],
            ["6.0,6.0 36.0,6.0 36.0,18.0 6.0,18.0", "6.0,18.0 36.0,18.0 36.0,30.0 6.0,30.0"],
            "People: car ×2 Annotator: nothing (0.80)",
        ),
        (
            MASKS,
            [],
            [MASKS.region(PIXELS, "car")],
            ["30.0,10.0 30.0,19.0 50.0,19.0 50.0,10.0"],
            "Annotator: car (0.80)",
        ),
    ],
)
def test_what_is_marked_in_a_picture_is_drawn_into_it(
    tmp_path: Path, task: Task, people: Value, proposed: Value, points: list[str], said: str
) -> None:
    picture = tmp_path / "_media" / "7.png"
    picture.parent.mkdir()
    picture.write_bytes(codec.encode(np.zeros((30, 60, 3), dtype=np.uint8)))
    arguments = made() | {"task": task}
    case = {"record": "7", "people": people, "proposed": proposed, "confidence": 0.8}
    arguments["version"] |= {"cases": {"mistaken": [case], "suspicious": []}, "shown": {"7": {"image": str(picture)}}}
    arguments["version"]["labels"] = [{"record": "7", "value": people, "origin": "human"}]
    html = page(**arguments)
    assert re.findall(r'<polygon points="([^"]*)"', html) == points
    assert 'viewBox="0 0 60 30"' in html
    assert 'href="data:image/jpeg;base64,' in html
    assert said in Reader(html).text
