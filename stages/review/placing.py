"""Answers that say where in a text something is, held against the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from stages import InputError
from stages.review.rounds import Annotation
from stages.tasks import Task, Textual


def placed(
    annotations: Sequence[Annotation], records: Mapping[str, Sequence[Any]], fields: Sequence[str], task: Task
) -> list[Annotation]:
    """Take answers as void whose record has changed since, if their spans no longer stand where they stood.

    Parameters
    ----------
    annotations
        All rounds, as `rounds.read` gives them.
    records
        The columns `id`, `content` and the fields of `data/clean/records`.
    fields
        The fields with text that people see, in their order.
    task
        What a value is; of one that is not about places in a text, nothing changes.

    Raises
    ------
    InputError
        A span of an answer to the present text ends beyond it.
    """
    if not isinstance(task, Textual):
        return list(annotations)
    answered = {each.record for each in annotations if each.value is not None}
    rows = zip(records["id"], records["content"], *(records[name] for name in fields), strict=True)
    known = {
        id: (content, {name: text or "" for name, text in zip(fields, texts, strict=True)})
        for id, content, *texts in rows
        if id in answered
    }
    found = []
    for each in annotations:
        content, texts = known.get(each.record, (None, {}))
        if each.value is not None and content == each.content and (problem := task.beyond(each.value, texts)):
            raise InputError(
                f"round-{each.round:04}.jsonl, line {each.line}: record {each.record}: {problem}; offsets count code "
                "points; correct the line or take it out"
            )
        moved = each.value is not None and content not in (None, each.content) and not task.stands(each.result, texts)
        found.append(replace(each, void=True) if moved else each)
    return found
