"""Annotators that ask a service, which costs: what they asked, and what they would ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from stages import InputError
from stages.annotators.base import Annotator, Composite
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


def askers(annotator: object) -> dict[str, Asking]:
    """Give what asks a service: the annotator itself, without a name, or those of its members that do, by name."""
    if isinstance(annotator, Asking):
        return {"": annotator}
    members = annotator.members if isinstance(annotator, Composite) else {}
    inner = {name: askers(each) for name, each in members.items()}
    return {f"{name}.{deeper}".rstrip("."): each for name, found in inner.items() for deeper, each in found.items()}


def responses(*annotators: object) -> Iterator[dict[str, Any]]:
    """Give the lines of `data/labels/responses.jsonl`; none of annotators that ask nothing."""
    asked = (each for annotator in annotators for each in askers(annotator).values())
    yield from merge(*(each.responses() for each in asked), key=itemgetter("record"))


def usage(annotator: Annotator) -> dict[str, Any]:
    """Give the block `asked` of `reports/annotator.json`, by name if members ask; nothing if nothing is asked."""
    used = {name: each.usage() for name, each in askers(annotator).items()}
    return {"asked": used.get("", used)} if used else {}


def refuse_asking(annotator: Annotator, key: str) -> None:
    """Refuse an annotator that asks a service as a part of another, which would not keep its answers.

    Raises
    ------
    InputError
        It asks a service, or one of its members does.
    """
    if askers(annotator):
        raise InputError(
            f"{key}: {annotator.name} asks a service, and can be asked for all at once; choose it in place of the whole"
        )


def plan(annotator: Annotator, records: pd.DataFrame, labels: Mapping[str, Value], task: Task, seed: int) -> str:
    """Say what labelling would ask and cost, and ask nothing; the parameters are those of `crossfit`."""
    planning, counts = _planning(annotator)
    if not counts:
        return "nothing is asked: this annotator works on this machine"
    crossfit(planning, records, labels, task, seed)
    told = zip(askers(annotator), counts, strict=True)
    return "; ".join(f"{name}: {count}" if name else str(count) for name, count in told)


def _planning(annotator: Annotator) -> tuple[Annotator, list[object]]:
    if isinstance(annotator, Asking):
        planning, count = annotator.planning()
        return planning, [count]
    if not isinstance(annotator, Composite):
        return annotator, []
    inner = {name: _planning(each) for name, each in annotator.members.items()}
    counts = [count for _, each in inner.values() for count in each]
    return annotator.having({name: each for name, (each, _) in inner.items()}), counts
