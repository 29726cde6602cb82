"""Records as Label Studio tasks with predictions, checked before a server sees them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

from stages import media
from stages.tasks import Interface, Task


class Queued(Protocol):
    """What a queue asks."""

    @property
    def queue(self) -> str: ...
    @property
    def reason(self) -> str: ...


def task(
    record: Mapping[str, Any], shown: Mapping[str, str], asked: Queued, proposal: Mapping[str, Any] | None, of: Task
) -> dict[str, Any]:
    """Make a task as Label Studio imports it, by its API or by hand in its web interface.

    Parameters
    ----------
    record
        A row of `data/clean/records`.
    shown
        The fields that an annotator sees: name and type.
    asked
        The queue that asks for the record (`random`, `active`, `audit:<number>`), and why.
    proposal
        Its line of `data/labels/auto.jsonl`; None without one.
    of
        What a value is.
    """
    fields = {name: _shown(record[name], kind) for name, kind in shown.items()}
    data = {"record": record["id"], "content": record["content"], "queue": asked.queue, "why": asked.reason, **fields}
    made: dict[str, Any] = {"data": data}
    if proposal is not None:
        result = of.show(proposal["value"])
        made["predictions"] = [{"model_version": proposal["by"], "score": proposal["confidence"], "result": result}]
    return made


def _shown(value: Any, kind: str) -> Any:
    """Give a field's value as a task holds it: a file by the server's address of it, JSON parsed, for charts."""
    if value is None or value != value:  # NaN is missing
        return None
    if kind in media.FILES:
        return f"/data/local-files/?d={value.partition('/')[2]}"  # the server's root is the first folder
    return json.loads(value) if kind == "json" else value


def check(tasks: Sequence[Mapping[str, Any]], to: Interface) -> None:
    """Check every task and prediction against the labelling interface, since the server takes what is wrong.

    Parameters
    ----------
    tasks
        As `task` makes them.
    to
        The labelling interface.

    Raises
    ------
    ValueError
        A prediction is not one that the interface can show: a fault of the annotator.
    """
    interface = _sdk().LabelInterface(to.xml)
    fields = {each.name: each.value_name for each in interface.objects}
    for each in tasks:
        for prediction in each.get("predictions", []):
            faults = list(interface.validate_prediction(prediction, return_errors=True))
            try:  # what the SDK lets pass
                if prediction["result"] and to.task.show(to.task.parse(prediction["result"])) != prediction["result"]:
                    faults.append("the result does not survive being read back")
            except ValueError as error:
                faults.append(str(error))
            faults = faults or list(_beyond(prediction["result"], each["data"], fields))
            if faults:
                raise ValueError(f"record {each['data']['record']}: {'; '.join(map(str, faults))}")


def _sdk() -> Any:
    """Import the SDK's checks without JSF, which makes samples that nothing here asks for.

    With it come the clients of every cloud that is installed: more than a second of CPU, most of what a small queue
    takes.
    """
    unused = ModuleType("jsf")
    unused.JSF = None  # type: ignore[attr-defined]
    known = sys.modules.setdefault("jsf", unused)
    try:
        return import_module("label_studio_sdk.label_interface.interface")
    finally:
        if known is unused:
            del sys.modules["jsf"]


def _beyond(result: Sequence[Mapping[str, Any]], data: Mapping[str, Any], fields: Mapping[str, str]) -> Iterator[str]:
    """Say which spans end after the text."""
    for item in result:
        if item.get("type") == "labels":
            text = data.get(fields[item["to_name"]]) or ""
            if item["value"]["end"] > len(text):
                yield f"the span {item['value']!r:.100} ends beyond the text, which has {len(text):,} characters"
