"""Records shown in the report, with what people and the annotator say of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stages import media, of_kind
from stages.report.markup import Markup, tag
from stages.tasks import Outlined, Spans, Task, Value

Case = Mapping[str, Any]

CHARACTERS = 300  # of a text, at most
WHO = {"people": "People", "proposed": "Annotator"}


def gallery(cases: Sequence[Case], shown: Mapping[str, Mapping[str, Any]], task: Task) -> Markup:
    """Show records, each with its people's label and its proposal.

    Parameters
    ----------
    cases
        `record`, what `people` say, what is `proposed`, with which `confidence`.
    shown
        Per record, the fields that people see; the path of a picture that is no longer there is told as a text.
    task
        What a value is. What is marked in a picture is drawn into it.
    """
    return tag("div", *(_figure(case, shown[case["record"]], task) for case in cases), class_="cases")


def _figure(case: Case, fields: Mapping[str, Any], task: Task) -> Markup:
    drawn = [_drawn(name if len(fields) > 1 else "", each, case, task) for name, each in fields.items()]
    text = next((each for each in fields.values() if isinstance(each, str)), "")
    sure = f" ({case['confidence']:.2f})"
    said = [
        tag("span", f"{who}: {_wording(case[key], task, text)}{sure if key == 'proposed' else ''}", class_=f"key {key}")
        for key, who in WHO.items()
    ]
    return tag("figure", *drawn, tag("figcaption", tag("code", case["record"]), *said))


def _drawn(name: str, cell: Any, case: Case, task: Task) -> Markup:
    if not media.is_file(str(cell)):
        return _text(name, cell)
    if cell.endswith(".wav"):
        return _text(name, f"{Path(cell).name}, {of_kind('sounds', 'media').seconds(cell):.1f} seconds")
    return _picture(cell, case, task)


def _text(name: str, cell: Any) -> Markup:
    said = _short(cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False, default=str))
    return tag("p", tag("span", f"{name}: ", class_="soft") if name else "", said)


def _picture(path: str, case: Case, task: Task) -> Markup:
    picture: Markup = of_kind("pictures", "report").drawn(path, {key: case[key] for key in WHO}, task)
    return picture


def _wording(value: Value, task: Task, text: str) -> str:
    if isinstance(task, Spans):
        said = ", ".join(f"{text[each['start'] : each['end']]} ({each['label']})" for each in value)
    elif isinstance(task, Outlined):
        counts = Counter(each["label"] for each in value)
        said = ", ".join(label if count == 1 else f"{label} ×{count}" for label, count in counts.items())
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        said = ", ".join(value)
    else:
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _short(said) or "nothing"


def _short(text: str) -> str:
    return text if len(text) <= CHARACTERS else f"{text[:CHARACTERS]}…"
