"""What is marked in a picture: what boxes, polygons and masks have in common."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from stages.tasks.base import Value

Region = dict[str, Any]  # its `label`, and where it is


@dataclass(frozen=True)
class Regions(ABC):
    """A Label Studio control that marks regions with labels; a value is a list of regions in a fixed order.

    Parameters
    ----------
    name, to_name
        The control's name and the name of what it labels.
    labels
        The labels in their order.
    """

    name: str
    to_name: str
    labels: tuple[str, ...]

    type: ClassVar[str]
    control: ClassVar[str]  # Label Studio's name of a result, and of the labels in it
    column: ClassVar[Any]
    bar: ClassVar[float] = 0.5  # as in the PASCAL VOC challenge

    @abstractmethod
    def place(self, item: Mapping[str, Any]) -> Region:
        """Take from a result where the region is.

        Raises
        ------
        ValueError
            The result does not say.
        """

    @abstractmethod
    def shown(self, each: Region) -> dict[str, Any]:
        """Give what a result has to say where the region is: `value` without labels, and the picture's size."""

    def parse(self, result: Sequence[Mapping[str, Any]]) -> Value:
        if not isinstance(result, list):
            raise ValueError(f"a list of results is expected, found {result!r:.200}")
        found = []
        for item in result:
            if not isinstance(item, Mapping) or item.get("from_name") != self.name or item.get("type") != self.control:
                expected = f"a result of {self.name!r} with type {self.control!r}"
                raise ValueError(f"{expected} is expected, found {item!r:.200}")
            value = item.get("value")
            given = value.get(self.control) if isinstance(value, Mapping) else None
            if not isinstance(given, list) or len(given) != 1:
                raise ValueError(f"'value' must hold a list of one of {self.control!r}, found {value!r:.200}")
            if given[0] not in self.labels:
                known = ", ".join(self.labels)
                raise ValueError(f"label {given[0]!r} is not in the labelling interface; it has {known}")
            found.append({**self.place(item), "label": given[0]})
        return self.ordered(found)

    def show(self, value: Value) -> list[dict[str, Any]]:
        made = []
        for each in value:
            shown = self.shown(each)
            labelled = {**shown.pop("value"), self.control: [each["label"]]}
            made.append(
                {"from_name": self.name, "to_name": self.to_name, "type": self.control, **shown, "value": labelled}
            )
        return made

    def ordered(self, regions: Sequence[Region]) -> Value:
        """Put regions into the order of a value: that of the labels, then of their places."""
        return sorted(regions, key=lambda each: (self.labels.index(each["label"]), canonical(each)))

    def count(self, values: Sequence[Value]) -> dict[str, int]:
        counts = Counter(each["label"] for value in values for each in value)
        return {label: counts[label] for label in self.labels}


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def numbers(given: Mapping[str, Any], keys: Sequence[str]) -> dict[str, float]:
    """Take numbers from what a server or a file says.

    Raises
    ------
    ValueError
        One is missing, or is no finite number.
    """
    found = {}
    for key in keys:
        each = given.get(key)
        if isinstance(each, bool) or not isinstance(each, int | float) or not math.isfinite(each):
            raise ValueError(f"{key!r} must be a number, found {each!r:.100}")
        found[key] = float(each)
    return found


def size_of(item: Mapping[str, Any]) -> list[int]:
    """Give the picture's width and height in pixels, as a result has them."""
    size = [item.get("original_width"), item.get("original_height")]
    if not all(isinstance(each, int) and not isinstance(each, bool) and each > 0 for each in size):
        raise ValueError(f"'original_width' and 'original_height' must be numbers of pixels, found {size!r:.100}")
    return size  # type: ignore[return-value]
