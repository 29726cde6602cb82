"""Ensembles over pictures."""

from __future__ import annotations

import pytest

from stages import InputError
from stages.annotators import Ensemble, opinions
from stages.tasks import Proposal
from stages.tasks.pictures import Boxes
from tests.annotators.test_annotators import records
from tests.annotators.test_ensemble import LINEAR, RULES, box

BOXES = Boxes("box", "picture", ("cat",))


def test_other_tasks_elect_the_proposal_that_is_most_like_the_others() -> None:
    given_boxes = [Proposal(box(60), 0.9), None, Proposal(box(10), 0.6), Proposal(box(11), 0.5)]
    found = opinions.elected(given_boxes, BOXES)
    assert found is not None
    assert found.value == box(10)
    assert 0.3 < found.confidence < 0.4
    assert opinions.elected([None, None], BOXES) is None
    assert opinions.unlike([Proposal(box(10), 1), Proposal(box(10), 1)], BOXES) == 0
    assert opinions.unlike([Proposal(box(10), 1), None], BOXES) is None


def test_stacking_other_tasks_and_parts_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="stacking is for choices, and this task is boxes; set voting"):
        Ensemble({"one": LINEAR, "two": RULES}).fit(records(), [[]] * 60, BOXES, 1)
    with pytest.raises(InputError, match="two annotators or more are expected, found 1"):
        Ensemble({"one": LINEAR, "two": None})
    with pytest.raises(InputError, match=r"names of letters, digits and _ are expected, found '\.\./two'"):
        Ensemble({"one": LINEAR, "../two": RULES})
