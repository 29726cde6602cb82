"""Which tasks the server has of a record."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from stages.engine import progress
from stages.label_studio.client import MissingError, listed
from stages.label_studio.project import Project

ASKED, LENGTH = 250, 6_000  # records of a look-up: how many, and how many characters of an address they may fill
PAGE = 500  # tasks of its answer that come at once


def look_up(project: Project, records: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Give the tasks of each record that has any, by ascending id."""
    found = defaultdict(list)
    for some in progress(list(_chunks(records)), "looking up"):
        for task in project.connection.safely(partial(_tasks, project=project.id, records=some)):
            found[task["data"]["record"]].append(task)
    return {record: sorted(tasks, key=itemgetter("id")) for record, tasks in found.items()}


def _chunks(records: Sequence[str]) -> Iterator[list[str]]:
    some: list[str] = []
    length = 0
    for record in records:
        more = len(quote(json.dumps(record))) + 5
        if some and (len(some) == ASKED or length + more > LENGTH):
            yield some
            some, length = [], 0
        some.append(record)
        length += more
    if some:
        yield some


def _tasks(api: Any, project: int, records: Sequence[str]) -> list[dict[str, Any]]:
    asked = {"filter": "filter:tasks:data.record", "operator": "in_list", "type": "String", "value": records}
    page = api.tasks.list(
        project=project,
        query=json.dumps({"filters": {"conjunction": "and", "items": [asked]}}),
        fields="all",
        include="id,data,overlap,annotations,predictions",
        page_size=PAGE,
        resolve_uri=False,
    )
    return [
        found for each in listed(page, PAGE) if (found := each.model_dump(mode="json"))["data"]["record"] in records
    ]


def without_doubles(
    project: Project, found: Mapping[str, list[dict[str, Any]]], dry_run: bool
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Leave one task of each record: with answers, else the lowest id; name the records with answers on several."""
    one, several = {}, []
    for record, tasks in found.items():
        answered = [task for task in tasks if task["annotations"]]
        one[record] = (answered or tasks)[0]
        if len(answered) > 1:
            several.append(record)
        for task in tasks:
            if task is not one[record] and task not in answered and not dry_run:
                _delete(project, task["id"])
    return one, sorted(several)


def _delete(project: Project, task: int) -> None:
    with suppress(MissingError):  # gone already
        project.connection.safely(lambda api: api.tasks.delete(str(task)))
