"""Agreement on what is marked in pictures."""

import pytest

from stages.quality import (
    agreement,
)
from stages.tasks.pictures import Boxes


def test_people_who_mark_objects_are_scored_against_each_other() -> None:
    def marked(*heights: float) -> list[dict[str, object]]:
        places = dict.fromkeys(("x", "y", "rotation"), 0.0)
        return [{**places, "width": 10.0, "height": each, "label": "cat"} for each in heights]

    votes = {"1": {"a": marked(10), "b": marked(9), "c": marked(10)}, "2": {"a": marked(10), "b": []}, "3": {"a": []}}
    found = agreement(votes, Boxes("objects", "image", ("cat",)), 1)
    assert found["n"] == 5
    assert found["alpha"]["value"] is None
    assert found["pairwise"]["metric"] == "f1"
    assert found["pairwise"]["value"] == pytest.approx(2 * 3 / (2 * 3 + 1))  # three pairs agree, one object is missed
    assert agreement({}, Boxes("objects", "image", ("cat",)), 1)["pairwise"]["reason"].startswith(
        "no record has labels"
    )
