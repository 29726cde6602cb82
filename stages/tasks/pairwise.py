"""Which of two is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages.tasks.base import Value
from stages.tasks.choice import Choice
from stages.tasks.results import only


@dataclass(frozen=True)
class Pairwise(Choice):
    """A Label Studio `Pairwise` control: a choice between `left` and `right`.

    Parameters
    ----------
    to_name
        The name of what is shown on the left; the editor knows the other from the interface.
    sides
        The fields that are shown on the left and on the right.
    """

    labels: tuple[str, ...] = ("left", "right")
    type: str = "pairwise"
    sides: tuple[str, str] = ("left", "right")

    def parse(self, result: Sequence[Mapping[str, Any]]) -> Value:
        selected = only(result, self.name, "pairwise", "selected")
        if selected not in self.labels:
            raise ValueError(f"'selected' must be left or right, found {selected!r:.100}")
        return selected

    def show(self, value: Value) -> list[dict[str, Any]]:
        told = {"selected": value}
        return [{"from_name": self.name, "to_name": self.to_name, "type": "pairwise", "value": told}]
