"""`conf/review/<option>.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from stages import InputError

FORBID = {"extra": "forbid"}

Strategy = Literal["random", "margin", "least_confident", "entropy", "committee", "diverse", "balanced", "gain"]


@dataclass(frozen=True)
class Mix:
    """Shares of a batch; they sum to 1."""

    __pydantic_config__: ClassVar[Any] = FORBID
    random: float
    active: float

    def __post_init__(self) -> None:
        if not (0 <= self.random <= 1 and 0 <= self.active <= 1 and abs(self.random + self.active - 1) < 1e-9):
            raise InputError(
                "mix: shares from 0 to 1 that sum to 1 are expected, "
                f"found random: {self.random:g}, active: {self.active:g}"
            )


@dataclass(frozen=True)
class Active:
    """What the active queue asks for.

    Parameters
    ----------
    strategy
        In which order records are asked for that nobody has answered (`stages.review.strategies`).
    again
        The share of its places, at most, for labels that people gave and that look wrong.
    alike
        How alike two texts are, from above 0 to 1, to be near-duplicates, whose labels ought to be the same.
    """

    __pydantic_config__: ClassVar[Any] = FORBID
    strategy: Strategy
    again: float = 0.2
    alike: float = 0.6

    def __post_init__(self) -> None:
        _share("active.again", self.again)
        if not 0 < self.alike <= 1:
            raise InputError(f"active.alike: a share from above 0 to 1 is expected, found {self.alike:g}")


@dataclass(frozen=True)
class Audit:
    """The open audit: its number, from 1, and how many records people answer for it."""

    __pydantic_config__: ClassVar[Any] = FORBID
    number: int
    size: int

    def __post_init__(self) -> None:
        _at_least_one("audit.number", self.number)
        _at_least_one("audit.size", self.size)


@dataclass(frozen=True)
class Gold:
    """Records with known values: a file in `conf/review/`, and the share of a batch that they take."""

    __pydantic_config__: ClassVar[Any] = FORBID
    file: str
    share: float

    def __post_init__(self) -> None:
        _share("gold.share", self.share)


@dataclass(frozen=True)
class Review:
    """Which records people see next, and how their answers become one label.

    Parameters
    ----------
    batch
        Records per queue.
    mix
        Shares of the random and the active queue.
    active
        What the active queue asks for.
    overlap
        People per record.
    consensus
        How several people's votes become one label: `majority` for every task, `dawid_skene` for choices, `staple` for
        masks, `token_vote` for spans.
    stale
        What becomes of an answer whose record has changed since: it is kept, or kept until someone has answered anew
        (and asked again), or dropped. Spans that no longer quote their text are void in any case (`placed`).
    audit
        The open audit, or null.
    project
        Title of the Label Studio project.
    adjudicate
        The share of the votes that a label must exceed, from 0 to 1; where it does not, one more person decides. Null
        for no adjudication.
    older_guideline
        The share of the labels given under an older guideline that is asked again, from 0 to 1.
    deletions
        The share of the answers in the project that one pull may find deleted, from 0 to 1.
    gold
        Records with known values, mixed into the queue to see how well people label; null for none.
    items
        Of pairwise comparisons, the two fields that name what stands left and right, such as the models that wrote the
        answers, so that these can be ranked; null where they have no names.
    """

    __pydantic_config__: ClassVar[Any] = FORBID
    batch: int
    mix: Mix
    active: Active
    overlap: int
    consensus: Literal["majority", "dawid_skene", "staple", "token_vote"]
    stale: Literal["keep", "recheck", "drop"]
    audit: Audit | None
    project: str
    adjudicate: float | None = 0.5
    older_guideline: float = 0.0
    deletions: float = 0.1
    gold: Gold | None = None
    items: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        _at_least_one("batch", self.batch)
        _at_least_one("overlap", self.overlap)
        _share("adjudicate", self.adjudicate or 0)
        _share("older_guideline", self.older_guideline)
        _share("deletions", self.deletions)


def _share(key: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise InputError(f"{key}: a share from 0 to 1 is expected, found {value:g}")


def _at_least_one(key: str, value: int) -> None:
    if value < 1:
        raise InputError(f"{key}: 1 or more is expected, found {value}")
