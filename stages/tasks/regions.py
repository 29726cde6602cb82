"""What is marked in a record: what boxes, polygons, masks and spans have in common."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stages.tasks.base import Value

if TYPE_CHECKING:
    import numpy as np

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


def grouped(
    votes: Sequence[Value],
    labels: Sequence[str],
    overlaps: Callable[[Sequence[Region], Sequence[Region]], np.ndarray],
    least: float,
) -> list[list[Region]]:
    """Put together what different people mean by the same label, the pair with the greatest overlap first.

    Parameters
    ----------
    votes
        A value of each person.
    labels
        The labels in their order.
    overlaps
        Gives the overlap of each pair, shape (one, other).
    least
        How far two must overlap to be put together; nobody has two regions in a group.
    """
    marked = sorted(
        ((each, person) for person, vote in enumerate(votes) for each in vote), key=lambda pair: canonical(pair[0])
    )
    pairs = []
    for label in labels:
        places = [place for place, (each, _) in enumerate(marked) if each["label"] == label]
        shared = overlaps(*[[marked[place][0] for place in places]] * 2).round(6)
        pairs += [
            (-shared[i, j], one, other)
            for i, one in enumerate(places)
            for j, other in enumerate(places)
            if i < j and shared[i, j] >= least and marked[one][1] != marked[other][1]
        ]
    group = list(range(len(marked)))
    people = [{person} for _, person in marked]
    for _, one, other in sorted(pairs):
        first, second = group[one], group[other]
        if first != second and people[first].isdisjoint(people[second]):
            people[first] |= people[second]
            group = [first if each == second else each for each in group]
    return [[marked[i][0] for i, each in enumerate(group) if each == name] for name in sorted(set(group))]


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
