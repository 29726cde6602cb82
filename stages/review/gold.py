"""Gold records: their values are known, and people are asked them unawares."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from stages import InputError
from stages.sampling import order
from stages.tables import read_lines
from stages.tasks import Task, Value


def read_gold(path: Path, task: Task) -> dict[str, Value]:
    """Read gold records: lines `{"record": …, "value": …}`.

    Raises
    ------
    InputError
        The file is missing, or a line is not of this form, names a record twice, or holds no value of the task.
    """
    if not path.is_file():
        raise InputError(f"{path}: gold.file names this file, but it is missing; write it, or set gold: null")
    gold: dict[str, Value] = {}
    for number, line in enumerate(read_lines(path), 1):
        if not isinstance(line, dict) or set(line) != {"record", "value"} or not isinstance(line["record"], str):
            raise InputError(f'{path}, line {number}: {{"record": "…", "value": …}} is expected, found {line!r:.100}')
        if line["record"] in gold:
            raise InputError(f"{path}, line {number}: record {line['record']!r} stands twice; take one out")
        try:
            gold[line["record"]] = task.parse(task.show(line["value"]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(f"{path}, line {number}: not a value of the task ({error})") from error
    return gold


def mixed_in(gold: Collection[str], labels: Sequence[Mapping[str, Any]], count: int, seed: int) -> dict[str, int]:
    """Choose the gold records that are asked next, those that fewest people have answered first, ties by hash.

    Parameters
    ----------
    gold
        Those that may be asked.
    labels
        Lines of `data/labels/human.jsonl`.
    count
        How many, at most.
    seed
        Of the hash `gold|<seed>|<record>`.

    Returns
    -------
    How many people have answered each; what everybody who has answered anything has answered is left out.
    """
    answered = {label["record"]: label["people"] for label in labels}
    everybody = len({name for label in labels for name in label["by"]})
    waiting = [each for each in order(f"gold|{seed}", gold) if answered.get(each, 0) < max(1, everybody)]
    waiting.sort(key=lambda each: answered.get(each, 0))
    return {each: answered.get(each, 0) for each in waiting[:count]}
