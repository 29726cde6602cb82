"""Augmentation that would make the labels of pictures wrong."""

from __future__ import annotations

import pytest

from stages import InputError
from stages.augmenting import Augmentation
from stages.augmenting.pictures import Albumentation
from tests.augmenting.test_augmenting import copied, records


def test_operators_that_change_texts_are_told_from_those_for_pictures(tmp_path):
    with pytest.raises(InputError, match=r"augmentation\.operators\.Swap: Swap does not change pictures"):
        copied(tmp_path, records(), Augmentation(1, ["photo"], {"x": {"a": 1}}))
    with pytest.raises(InputError, match=r"augmentation\.operators\.flip: Albumentation does not change texts"):
        copied(tmp_path, records(), operators={"flip": Albumentation("HorizontalFlip")})
