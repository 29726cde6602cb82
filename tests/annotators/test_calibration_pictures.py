"""Calibration of what is proposed for pictures."""

from __future__ import annotations

import numpy as np
import pytest

from stages.annotators.calibration import calibrate, propose
from stages.tasks import Proposal
from stages.tasks.pictures import Boxes
from tests.annotators.test_calibration import MOOD, in_folds

BOXES = Boxes("box", "picture", ("cat",))


def test_no_prediction_no_calibration() -> None:
    assert calibrate(np.full((12, 3), np.nan), ["good"] * 12, in_folds(12), MOOD) == {}
    assert calibrate([None] * 12, [[]] * 12, in_folds(12), BOXES) == {}


def test_other_tasks_are_calibrated_by_whether_proposals_are_right() -> None:
    box = [{"x": 10.0, "y": 10.0, "width": 20.0, "height": 20.0, "rotation": 0.0, "label": "cat"}]
    predictions: list[Proposal | None] = [Proposal(box, 0.95) for _ in range(200)]
    values = [box if row % 2 else [] for row in range(200)]
    found = calibrate([*predictions, None], [*values, box], in_folds(201), BOXES)
    assert set(found["likelihood"]) == {"platt", "beta", "isotonic"}
    assert found["likelihood"][found["method"]] == pytest.approx(np.log(0.5), abs=0.02)
    first, *_, last = propose([*predictions, None], found, BOXES)
    assert last is None
    assert first is not None
    assert (first.value, first.confidence) == (box, pytest.approx(0.5, abs=0.02))
