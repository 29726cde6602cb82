"""The active queue of pictures."""

from __future__ import annotations

from stages.review.strategies import ranking
from stages.tasks.pictures import Boxes
from tests.review.test_strategies import ids, pool

BOXES = Boxes("box", "picture", ("cat",))


def test_other_tasks_are_ranked_by_confidence() -> None:
    proposals = {id: {"value": [], "confidence": sure} for id, sure in zip(ids(3), (0.9, 0.2, 0.5), strict=True)}
    found = list(ranking(pool([[1, 0, 0]], records=ids(3), proposals=proposals, task=BOXES), "margin"))
    assert [record for record, _ in found] == ["001", "002", "000"]
