"""What people answered in Label Studio, from its server or from an export made by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.label_studio.pseudonyms import Names
from stages.review.lines import QUEUE, Line, number, text, time_of
from stages.tables import read_json, rounded
from stages.tasks import Interface, Textual

if TYPE_CHECKING:
    from stages.label_studio.project import Project

PATIENCE = 10  # times as long as for other requests: the server writes an export of 10,000 tasks in about 50 seconds
EARLIEST = datetime.fromisoformat("0001-01-01T00:00:00+00:00")

Key = tuple[str, str]  # record, annotator


@dataclass(frozen=True)
class Answers:
    """The answers of an export.

    Attributes
    ----------
    given
        The latest of each person on each record.
    left_out
        Why an answer cannot be taken.
    since
        When each record's task was made; None where the export does not say.
    empty
        How many were submitted without any result, though the interface asks for one.
    """

    given: dict[Key, Line]
    left_out: dict[Key, str]
    since: dict[str, datetime | None]
    empty: int


def from_server(project: Project) -> list[Any]:
    """Read all tasks of a project, each with its annotations and its predictions."""
    found = read(project)
    predictions = project.connection.safely(partial(_predictions, project=project))
    return [
        task | {"predictions": [predictions[id] for id in sorted(predictions.keys() & _ids(task))]}
        if isinstance(task, dict)
        else task
        for task in found
    ]


def read(project: Project, tasks: Sequence[int] = ()) -> list[Any]:
    """Read all tasks of a project, or those with the given numbers, each with its annotations."""
    return project.connection.safely(partial(_tasks, project=project, numbers=tasks))


def _tasks(api: Any, project: Project, numbers: Sequence[int]) -> list[Any]:
    parts = api.projects.exports.download_sync(
        project.id,
        export_type="JSON",
        download_all_tasks=True,
        request_options=_patient(project) | {"additional_query_parameters": {"ids[]": list(numbers)}},
    )
    found = json.loads(b"".join(parts), parse_constant=_no_number)
    if not isinstance(found, list):
        raise TypeError
    return found


def _predictions(api: Any, project: Project) -> dict[int, Any]:
    found = api.predictions.list(project=project.id, request_options=_patient(project))
    return {each.id: {key: getattr(each, key) for key in ("id", "model_version", "score", "result")} for each in found}


def _patient(project: Project) -> dict[str, Any]:
    return {"timeout_in_seconds": PATIENCE * project.connection.timeout}


def _ids(task: Mapping[str, Any]) -> set[int]:
    listed = task.get("predictions")
    return {each for each in listed if isinstance(each, int)} if isinstance(listed, list) else set()


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def from_file(path: Path, queue: Iterable[Mapping[str, Any]]) -> list[Any]:
    """Read an export that was made by hand.

    Parameters
    ----------
    path
        Label Studio's JSON export.
    queue
        The tasks that were asked; they say what was shown, where the export gives numbers alone.

    Raises
    ------
    InputError
        It is not such an export.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    tasks = read_json(path)
    if not isinstance(tasks, list):
        raise InputError(f"{path}: a list of tasks is expected, found {tasks!r:.60}; export as JSON")
    asked = {each["data"]["record"]: each.get("predictions", []) for each in queue}
    read = []
    for place, task in enumerate(tasks, 1):
        if not isinstance(task, dict) or not isinstance(task.get("annotations"), list):
            raise InputError(
                f"{path}, task {place}: an object with data and annotations is expected, found {task!r:.60}; "
                "export as JSON, not as JSON-MIN"
            )
        listed = task.get("predictions")
        if _ids(task):
            record = _data(task).get("record")
            listed = asked.get(record, []) if isinstance(record, str) else []
        read.append(task | {"predictions": listed if isinstance(listed, list) else []})
    return read


def answers(tasks: Iterable[Any], interface: Interface, names: Names, where: str) -> Answers:
    """Take the present answers from the tasks of an export, whatever their order.

    Parameters
    ----------
    tasks
        With `data`, `annotations` and `predictions`; as untrusted as the server they come from.
    interface
        What a result may say, and the guideline that people were shown.
    names
        Who is who.
    where
        The project or file, for messages.

    Raises
    ------
    InputError
        A task does not say which record it is of.
    """
    latest: dict[Key, tuple[tuple[datetime, int], Mapping[str, Any], Mapping[str, Any]]] = {}
    left_out: dict[Key, str] = {}
    since: dict[str, datetime | None] = {}
    for task in tasks:
        data = _asked(task, where)
        record, made = data["record"], time_of(task.get("created_at"))
        known = since.get(record, made)
        since[record] = min(known, made) if known and made else None
        for annotation in task.get("annotations") or []:
            try:
                person = names.of(annotation["completed_by"])
                order = (time_of(annotation.get("updated_at")) or EARLIEST, int(annotation["id"]))
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                left_out[record, f"{annotation!r:.200}"] = (
                    f"record {record}: an annotation without author or id ({error})"
                )
                continue
            if (record, person) not in latest or latest[record, person][0] < order:
                latest[record, person] = (order, task, annotation)
    given, empty = {}, 0
    for key in sorted(latest):
        _, task, annotation = latest[key]
        try:
            answer = _answer(task, annotation, key[1], interface)
        except (ValueError, RecursionError) as error:
            left_out[key] = f"record {key[0]}, annotation {annotation['id']} of task {task.get('id')}: {error}"
        else:
            given[key] = answer
            empty += answer.action == "skipped" and not annotation.get("was_cancelled")
    return Answers(given, left_out, since, empty)


def _data(task: Any) -> Mapping[str, Any]:
    data = task.get("data") if isinstance(task, dict) else None
    return data if isinstance(data, dict) else {}


def _asked(task: Any, where: str) -> Mapping[str, Any]:
    data = _data(task)
    name = f"{where}: task {task.get('id')!r:.40}" if isinstance(task, dict) else f"{where}: {task!r:.40}"
    for key in ("record", "content", "queue"):
        if not text(data.get(key)):
            raise InputError(
                f"{name} has no data.{key}, so it was not made from data/review/tasks.json; delete it on the server, "
                "or use a project of its own"
            )
    if not QUEUE.fullmatch(data["queue"]):
        raise InputError(f"{name}: data.queue is {data['queue']!r:.40}; random, active, direct or audit:1 is expected")
    if not isinstance(task.get("annotations") or [], list):
        raise InputError(f"{name}: annotations are no list")
    return data


def _answer(task: Mapping[str, Any], annotation: Mapping[str, Any], person: str, interface: Interface) -> Line:
    result = annotation.get("result")
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise ValueError(f"a list of results is expected, found {result!r:.60}")
    result = rounded(result)
    json.dumps(result, ensure_ascii=False).encode()  # half a surrogate pair could be written nowhere
    texts = {name: each for name, each in task["data"].items() if isinstance(each, str)}
    data, seconds, at = task["data"], annotation.get("lead_time"), annotation.get("updated_at")
    return Line(
        record=data["record"],
        content=data["content"],
        annotator=person,
        action=_action(annotation, result, texts, interface),
        queue=data["queue"],
        result=result,
        shown=_shown([*(task.get("predictions") or []), annotation.get("prediction")], interface),
        guideline=interface.guideline,
        seconds=seconds if number(seconds) and seconds >= 0 else None,
        at=at if time_of(at) else None,
        ground_truth=annotation.get("ground_truth") is True,
    )


def _action(
    annotation: Mapping[str, Any], result: list[dict[str, Any]], texts: Mapping[str, str], interface: Interface
) -> str:
    if annotation.get("was_cancelled"):
        return "skipped"
    try:
        value = interface.task.parse(result)
    except ValueError:
        if result:
            raise
        return "skipped"
    if isinstance(interface.task, Textual) and (problem := interface.task.beyond(value, texts)):
        raise ValueError(problem)
    return "submitted"


def _shown(predictions: Sequence[Any], interface: Interface) -> dict[str, Any] | None:
    """Give the last of the predictions: the one that Label Studio kept with the annotation, else the task's newest."""
    for prediction in reversed(predictions):
        if not isinstance(prediction, dict):
            continue
        by, score, result = prediction.get("model_version"), prediction.get("score"), prediction.get("result")
        try:
            value = interface.task.parse(result)  # type: ignore[arg-type]
        except ValueError:
            continue
        if text(by) and number(score) and 0 <= score <= 1:
            return {"by": by, "value": value, "confidence": score}
    return None
