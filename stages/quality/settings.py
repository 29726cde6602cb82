"""What conf/quality/ holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from stages import InputError
from stages.tasks import Task


@dataclass(frozen=True)
class Guarantee:
    """What is promised about the automatic labels.

    Parameters
    ----------
    scope
        `dataset`: at most a share `epsilon` of the dataset's records carry a wrong automatic label. `accepted`: at most
        that share of the accepted automatic labels is wrong. `class`: one of these for each proposed label, all
        together with probability 1 - alpha.
    epsilon
        That share, from 0 to below 1.
    alpha
        The probability with which the promise may fail, above 0 and below 1.
    without_audit
        While there is no audit: null accepts no automatic label; a number accepts those of at least that confidence,
        without any promise.
    class_scope
        With the scope `class`, what is promised of each: `dataset` (the share is of the records with that proposal) or
        `accepted`. Null with the other scopes.
    bar
        How alike an automatic label and people's must be for it to be right, above 0 and at most 1: the least overlap
        of an object for boxes. Null is the task type's own.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    scope: Literal["dataset", "accepted", "class"]
    epsilon: float
    alpha: float
    without_audit: float | None = None
    class_scope: Literal["dataset", "accepted"] | None = None
    bar: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon < 1:
            raise InputError(f"guarantee.epsilon: a share from 0 to below 1 is expected, found {self.epsilon}")
        if not 0 < self.alpha < 1:
            raise InputError(f"guarantee.alpha: a probability above 0 and below 1 is expected, found {self.alpha}")
        if self.without_audit is not None and not 0 <= self.without_audit <= 1:
            raise InputError(
                f"guarantee.without_audit: a confidence from 0 to 1, or null, is expected, found {self.without_audit}"
            )
        if self.bar is not None and not 0 < self.bar <= 1:
            raise InputError(f"guarantee.bar: above 0 and at most 1, or null, is expected, found {self.bar}")
        if (self.scope == "class") != (self.class_scope is not None):
            expected = "dataset or accepted" if self.scope == "class" else "null"
            raise InputError(
                f"guarantee.class_scope: {expected} is expected with scope: {self.scope}, "
                f"found {self.class_scope or 'null'}"
            )


@dataclass(frozen=True)
class Gate:
    """A bound that a metric of the quality report must clear.

    Parameters
    ----------
    metric
        Its place in reports/quality.json, parted by dots, such as `annotator.audit.macro_f1`.
    at_least, at_most
        The bound; one of the two.
    end
        Which end of the metric's interval must clear it: `low`, `value` or `high`. Null is the end nearer to the bound:
        `low` for at_least, `high` for at_most. A metric without an interval is judged by its value.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    end: Literal["low", "value", "high"] | None = None

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            found = "neither" if self.at_least is None else "both"
            raise InputError(f"gates: the gate on {self.metric!r} needs one of at_least and at_most, found {found}")

    @property
    def judged(self) -> Literal["low", "value", "high"]:
        return self.end or ("low" if self.at_most is None else "high")


@dataclass(frozen=True)
class Quality:
    """What a version of the dataset promises, and the gates that it must pass."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    guarantee: Guarantee
    gates: dict[str, Gate | None] = field(default_factory=dict)

    def bar(self, task: Task) -> float:
        """From which `Task.compare` on an automatic label is right."""
        return task.bar if self.guarantee.bar is None else self.guarantee.bar

    def __post_init__(self) -> None:
        for name in ("passed", "failed", "undecided"):
            if name in self.gates:
                raise InputError(f"gates: the name {name!r} is taken by the report of the gates; choose another")
