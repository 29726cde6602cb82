"""The queue as tasks on the server: one for each record, whatever happens on the way."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any

from stages import InputError
from stages.engine import progress
from stages.label_studio import exports, looking_up
from stages.label_studio.backend import TITLE
from stages.label_studio.client import DoubtfulError, MissingError
from stages.label_studio.forms import check
from stages.label_studio.project import Project
from stages.label_studio.pseudonyms import Names
from stages.label_studio.pulling import difference
from stages.review import Line
from stages.tasks import Interface

BATCH = 250  # tasks per request; the server stores about 320 a second
NAMED = 10  # reasons that a summary names at most

Tasks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Pushed:
    """What became of the queue.

    Attributes
    ----------
    new, updated, unchanged
        How many tasks were made, brought up to date, or left as they are.
    kept
        Records whose task differs from the queue, but has answers that were not pulled yet: they were given on what
        the task shows now.
    refused
        Why a task was not sent, by record.
    doubled
        Records with answers on more than one task; a pull takes each person's latest.
    dry
        Nothing was changed: this is what would be done.
    """

    new: int
    updated: int
    unchanged: int
    kept: list[str]
    refused: dict[str, str]
    doubled: list[str]
    dry: bool

    def summary(self) -> str:
        said = [
            f"{'would be ' if self.dry else ''}{self.new:,} new, {self.updated:,} updated, {self.unchanged:,} unchanged"
        ]
        if self.kept:
            said.append(
                f"{len(self.kept):,} kept as they are, since they have answers that are not in the rounds: pull first"
            )
        if self.doubled:
            said.append(
                f"{len(self.doubled):,} records have answers on more than one task: {', '.join(self.doubled[:NAMED])}"
            )
        if self.refused:
            said.append(f"{len(self.refused):,} refused:")
            said += [f"  {reason}" for _, reason in sorted(self.refused.items())[:NAMED]]
        return "\n".join(said)


def push(
    project: Project,
    queue: Tasks,
    interface: Interface,
    rounds: Iterable[Line],
    names: Names,
    dry_run: bool = False,
    batch: int = BATCH,
) -> Pushed:
    """Bring the queue to the server. May be interrupted at any point, and run again.

    Parameters
    ----------
    project
        Where to.
    queue
        Tasks as `forms.task` makes them, one for each record.
    interface
        What a prediction may say.
    rounds
        The standing lines of all rounds, one per record and annotator: they tell which answers were pulled.
    names
        Who is who.
    dry_run
        Change nothing.
    batch
        Tasks per request.

    Raises
    ------
    InputError
        The queue is none, or the server refuses, or fails several times in a row.
    """
    wanted = _by_record(queue)
    refused = _refused(list(wanted.values()), interface)
    wanted = {record: task for record, task in wanted.items() if record not in refused}
    before = _size(project)
    there, doubled = looking_up.without_doubles(project, looking_up.look_up(project, list(wanted)), dry_run)
    missing = {record: task for record, task in wanted.items() if record not in there}
    differ = {record: found for record, found in there.items() if not _same(found, wanted[record])}
    kept = _unpulled(project, differ.values(), interface, rounds, names)
    if not dry_run:
        _make(project, missing, batch)
        for record in progress([record for record in differ if record not in kept], "updating"):
            _update(project, differ[record], wanted[record])
        if _size(project) != before + len(missing):  # others were at work, or the server for a push that was killed
            again, later = looking_up.without_doubles(project, looking_up.look_up(project, list(missing)), dry_run)
            doubled = sorted({*doubled, *later})
            if lost := missing.keys() - again.keys():
                raise InputError(f"{len(lost):,} of the new tasks are no longer there; run push again")
        _choose_model(project, list(wanted.values()))
    updated = len(differ) - len(kept)
    return Pushed(len(missing), updated, len(there) - len(differ), sorted(kept), refused, doubled, dry_run)


def _by_record(queue: Tasks) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for place, task in enumerate(queue, 1):
        data = task.get("data") if isinstance(task, dict) else None
        record = data.get("record") if isinstance(data, dict) else None
        if not isinstance(record, str) or not record:
            raise InputError(f"task {place} of the queue has no data.record; dvc repro makes the queue anew")
        if record in found:
            raise InputError(f"task {place} of the queue is a second one of record {record}; dvc repro makes it anew")
        found[record] = task
    return found


def _refused(tasks: Tasks, interface: Interface) -> dict[str, str]:
    try:
        check(tasks, interface)
    except ValueError as error:
        if len(tasks) == 1:
            return {tasks[0]["data"]["record"]: str(error)}
        half = len(tasks) // 2
        return _refused(tasks[:half], interface) | _refused(tasks[half:], interface)
    return {}


def _size(project: Project) -> int:
    return project.connection.safely(lambda api: int(api.projects.get(project.id).task_number or 0))


def _same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    there = [_prediction(each) for each in found["predictions"]]
    return found["data"] == wanted["data"] and there == [_prediction(each) for each in wanted.get("predictions", [])]


def _prediction(prediction: Mapping[str, Any]) -> dict[str, Any]:
    return {key: prediction.get(key) for key in ("model_version", "score", "result")}


def _unpulled(
    project: Project, tasks: Iterable[Mapping[str, Any]], interface: Interface, rounds: Iterable[Line], names: Names
) -> set[str]:
    """Say which records have answers on the server that the rounds do not hold."""
    answered = [task["id"] for task in tasks if task["annotations"]]
    parts = [answered[start : start + looking_up.ASKED] for start in range(0, len(answered), looking_up.ASKED)]
    whole = [task for part in parts for task in exports.read(project, part)]
    found = exports.answers(whole, interface, names, f"project {project.title!r}")
    waiting = difference(found, rounds, names.everybody(), interface.guideline)
    return {each.record for each in [*waiting.new, *waiting.changed]} | {record for record, _ in found.left_out}


def _make(project: Project, tasks: Mapping[str, Mapping[str, Any]], batch: int) -> None:
    """Import tasks; after a failure, look up what the server has stored all the same."""
    waiting = dict(tasks)
    pauses = iter(project.connection.pauses)
    bar = iter(progress(range(len(tasks)), "pushing", len(tasks)))
    while waiting:
        some = list(islice(waiting, batch))
        try:
            _store(project, [waiting[record] for record in some])
            stored: Iterable[str] = some
            pauses = iter(project.connection.pauses)
        except DoubtfulError as error:
            if (pause := next(pauses, None)) is None:
                done = len(tasks) - len(waiting)
                raise InputError(
                    f"{error}; {done:,} of {len(tasks):,} new tasks are there, and push goes on from them"
                ) from None
            time.sleep(pause)
            stored = looking_up.look_up(project, some)
        for record in stored:
            del waiting[record]
            next(bar, None)


def _store(project: Project, tasks: Tasks) -> None:
    request: Any = [dict(task) for task in tasks]
    project.connection.once(lambda api: api.projects.import_tasks(project.id, request=request))


def _update(project: Project, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    safely = project.connection.safely
    if found["data"] != wanted["data"]:
        people = max(found["overlap"], len(found["annotations"]) + 1)  # one more than have answered is to see it
        safely(lambda api: api.tasks.update(str(found["id"]), data=wanted["data"], overlap=people, is_labeled=False))
    surplus = sorted(found["predictions"], key=itemgetter("id"))
    for prediction in map(_prediction, wanted.get("predictions", [])):
        number = surplus.pop()["id"] if surplus else None
        _predict(project, found["id"], number, prediction)
    for each in surplus:
        _forget(project, each["id"])


def _predict(project: Project, task: int, number: int | None, prediction: dict[str, Any]) -> None:
    """Replace a prediction in one request, so that a task is never without; twice would do no harm."""
    if number is None:
        project.connection.safely(lambda api: api.predictions.create(task=task, **prediction))
    else:
        project.connection.safely(lambda api: api.predictions.update(number, **prediction))


def _forget(project: Project, prediction: int) -> None:
    with suppress(MissingError):
        project.connection.safely(lambda api: api.predictions.delete(prediction))


def _choose_model(project: Project, tasks: Tasks) -> None:
    """Let the labelling page show our predictions: it shows those of one model alone."""
    safely = project.connection.safely
    versions = sorted({each["model_version"] for task in tasks for each in task.get("predictions", [])})
    if versions and safely(lambda api: api.projects.get(project.id).model_version) not in (*versions, TITLE):
        safely(lambda api: api.projects.update(project.id, model_version=versions[-1]))
