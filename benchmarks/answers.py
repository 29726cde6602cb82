"""What the programs that answer the queue in people's place have in common: they write the next round."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stages import tasks
from stages.review import read_rounds
from stages.tables import read_json, whole, write_lines

Answers = Mapping[str, Any]  # a value for each person


def write_round(folder: Path, interface: tasks.Interface, answer: Callable[[str, set[str]], Answers]) -> str:
    """Answer each task of data/review/tasks.json, and write the next round; say where, and how many annotations.

    Parameters
    ----------
    folder
        Where the rounds are.
    interface
        What people are asked.
    answer
        Gives the answers for a record, by its id and the people who have been asked before.
    """
    files = sorted(folder.glob("round-*.jsonl"))
    asked: dict[str, set[str]] = {}
    for annotation in read_rounds(files, interface.task):
        asked.setdefault(annotation.record, set()).add(annotation.annotator)
    lines = []
    for task in read_json("data/review/tasks.json"):
        record = task["data"]["record"]
        answers = answer(record, asked.get(record, set()))
        lines += [_line(task, person, value, interface) for person, value in sorted(answers.items())]
    path = folder / f"round-{len(files) + 1:04}.jsonl"
    with whole(path) as (draft,):
        write_lines(draft, lines)
    return f"{path}: {len(lines):,} annotations"


def _line(task: dict[str, Any], person: str, value: Any, interface: tasks.Interface) -> dict[str, Any]:
    data = task["data"]
    shown = next(
        (
            {"by": each["model_version"], "value": interface.task.parse(each["result"]), "confidence": each["score"]}
            for each in task.get("predictions", [])
        ),
        None,
    )
    return {
        "record": data["record"],
        "content": data["content"],
        "annotator": person,
        "action": "submitted",
        "queue": data["queue"],
        "result": interface.task.show(value),
        "shown": shown,
        "guideline": interface.guideline,
        "seconds": None,
        "at": None,
    }
