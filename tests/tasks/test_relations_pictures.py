"""Pictures with several controls in one interface."""

from __future__ import annotations

import pytest

from stages import InputError
from stages.tasks import Choice, Combined, load
from stages.tasks.pictures import Boxes
from tests.tasks.test_relations import TOPIC


def test_pictures_can_be_combined_too():
    boxes = '<RectangleLabels name="things" toName="image"><Label value="dog"/></RectangleLabels>'
    task = load(f'<View><Image name="image" value="$image"/>{boxes}{TOPIC.replace("text", "image")}</View>', "a.xml")
    assert isinstance(task, Combined)
    assert task.parts[0] == Boxes("things", "image", ("dog",))


def test_what_no_language_model_can_be_asked_for_is_told():
    boxes = Boxes("things", "image", ("dog",))
    with pytest.raises(InputError, match="cannot be asked for boxes"):
        Combined((boxes, Choice("topic", "image", ("a", "b")))).schema()
