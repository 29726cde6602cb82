"""Annotators that ask a service, which costs: what they asked, and what they would ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from stages import InputError
from stages.annotators.base import Annotator
from stages.annotators.crossfit import crossfit
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import pandas as pd


@runtime_checkable
class Asking(Protocol):
    """What an annotator has besides `Annotator` if it asks a service and keeps the answers."""

    def responses(self) -> Iterator[dict[str, Any]]:
        """Give the answers that the proposals so far rest on, sorted."""
        ...

    def usage(self) -> dict[str, Any]:
        """Say what these answers cost; from them alone, so that a rebuild says the same."""
        ...

    def recall(self, responses: Iterable[Mapping[str, Any]]) -> int:
        """Bring back what `responses` gave; return how many answers there are."""
        ...

    def planning(self) -> tuple[Annotator, object]:
        """Give an annotator that asks nothing, and the count of what it would ask, whose text says it."""
        ...


def responses(annotator: Annotator) -> Iterator[dict[str, Any]]:
    """Give the lines of `data/labels/responses.jsonl`; none of an annotator that asks nothing."""
    if isinstance(annotator, Asking):
        yield from annotator.responses()


def usage(annotator: Annotator) -> dict[str, Any]:
    """Give the block `asked` of `reports/annotator.json`; nothing of an annotator that asks nothing."""
    return {"asked": annotator.usage()} if isinstance(annotator, Asking) else {}


def refuse_asking(annotator: Annotator, key: str) -> None:
    """Refuse an annotator that asks a service as a part of another, which would not keep its answers.

    Raises
    ------
    InputError
        It asks a service.
    """
    if isinstance(annotator, Asking):
        raise InputError(
            f"{key}: {annotator.name} asks a service, and can be asked for all at once; choose it in place of the whole"
        )


def plan(annotator: Annotator, records: pd.DataFrame, labels: Mapping[str, Value], task: Task, seed: int) -> str:
    """Say what labelling would ask and cost, and ask nothing; the parameters are those of `crossfit`."""
    if not isinstance(annotator, Asking):
        return "nothing is asked: this annotator works on this machine"
    planning, count = annotator.planning()
    crossfit(planning, records, labels, task, seed)
    return str(count)
