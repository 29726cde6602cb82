"""What a language model cannot be asked for."""

from __future__ import annotations

import pytest

from stages import InputError
from stages.tasks import Askable
from stages.tasks.pictures import Boxes
from tests.annotators.test_llm import Make
from tests.annotators.test_llm import make as make
from tests.annotators.test_llm_spans import records


def test_a_task_that_cannot_be_asked_for_is_told(make: Make) -> None:
    boxes = Boxes("box", "picture", ("a",))
    assert not isinstance(boxes, Askable)
    with pytest.raises(InputError, match="a language model cannot be asked for boxes"):
        make().fit(records(1).iloc[:0], [], boxes, 1)
