"""Annotators that ask a service, which costs: what they asked, and what they would ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
    """Give what asks a service: the annotator itself, without a name, or those of its members that do, by name.

    A mapping counts as made of what it holds.
    """
    if isinstance(annotator, Asking):
        return {"": annotator}
    inner = {name: askers(each) for name, each in _members(annotator).items()}
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
    return rehearsed(annotator, lambda planning: crossfit(planning, records, labels, task, seed))


def rehearsed(annotator: Any, run: Callable[[Any], object]) -> str:
    """Say what a run would ask and cost: it is given the same annotator, but for asking nothing."""
    planning, counts = _planning(annotator)
    if not counts:
        return "nothing is asked: all is done on this machine"
    run(planning)
    told = zip(askers(annotator), counts, strict=True)
    return "; ".join(f"{name}: {count}" if name else str(count) for name, count in told)


def _planning(annotator: Any) -> tuple[Any, list[object]]:
    if isinstance(annotator, Asking):
        planning, count = annotator.planning()
        return planning, [count]
    inner = {name: _planning(each) for name, each in _members(annotator).items()}
    counts = [count for _, each in inner.values() for count in each]
    members = {name: each for name, (each, _) in inner.items()}
    return annotator.having(members) if isinstance(annotator, Composite) else members or annotator, counts


def _members(annotator: object) -> Mapping[str, Any]:
    if isinstance(annotator, Mapping):
        return annotator
    return annotator.members if isinstance(annotator, Composite) else {}
