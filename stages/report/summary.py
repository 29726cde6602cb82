"""What `make repro` tells people at its end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

from stages import InputError
from stages.report import wording
from stages.tables import read_json

WIDTH, INDENT = 104, 14
METRIC = "accuracy"
FURTHER = ("macro_f1", "iou", "chrf", "mean_absolute_error")  # the first that the task has
LOOK_AT = {
    "reports/index.html": "this version, to be read in a browser",
    "reports/quality.json": "its figures",
    "data/dataset/": "its records and labels",
    "data/published/": "the same in the forms that people load",
    "data/review/tasks.json": "what people are asked next",
}


def summary(reports: Path) -> str:
    """Tell what the last `dvc repro` made, in about twenty lines of plain text.

    Parameters
    ----------
    reports
        The folder that holds `cleaning.json`, `quality.json` and `queue.json`.

    Raises
    ------
    InputError
        One of them is not there, or is not JSON.
    """
    cleaning, statement, queue = (_read(reports / f"{name}.json") for name in ("cleaning", "quality", "queue"))
    dataset, annotator = statement["dataset"], statement["annotator"]
    labelled = dataset["labelled"]
    lost = [f"{each['rejected']:,} by {name}" for name, each in cleaning["operators"].items() if each["rejected"]]
    queues = [f"{count:,} {name}" for name, count in queue["queues"].items()]
    rows = {
        "dataset": [f"{dataset['name']}, version {dataset['fingerprint']}"],
        "records in": [f"{cleaning['seen']:,}"],
        "rejected": [f"{cleaning['rejected']:,}{_listed(lost)}"],
        "labelled": [f"{labelled['human']:,} by people, {labelled['auto']:,} by {annotator['name']}"],
        "not labelled": [f"{labelled['none']:,}"],
        "agreement": [_agreement(statement)],
        "quality": [_quality(annotator, key) for key in wording.ESTIMATES],
        "guarantee": [wording.promise(statement)],
        "gates": [wording.verdict(statement), *_unpassed(statement)],
        "would help": [f"{name}: {wording.advice(each)}" for name, each in (statement.get("advice") or {}).items()],
        "for people": [f"{queue['tasks']:,} tasks{_listed(queues)}"],
        "look at": [f"{path:<24}{what}" for path, what in LOOK_AT.items()],
    }
    return "\n".join(line for head, texts in rows.items() for line in _lines(head, texts))


def _agreement(statement: Mapping[str, Any]) -> str:
    stated = statement.get("agreement") or statement
    if "pairwise" in stated:
        name = wording.metric(stated["pairwise"]["metric"])
        return f"{name} of one person's labels against another's {wording.found(stated, 'pairwise')}"
    return f"alpha {wording.found(stated, 'alpha')}"


def gates(reports: Path) -> tuple[bool, str]:
    """Say whether the version passes all its gates, and which it does not.

    Parameters
    ----------
    reports
        The folder that holds `quality.json`.

    Raises
    ------
    InputError
        It is not there, or is not JSON.
    """
    statement = _read(reports / "quality.json")
    told = [f"gates: {wording.verdict(statement)}", *_unpassed(statement)]
    return statement["gates"]["passed"], "\n".join(told)


def _lines(head: str, texts: list[str]) -> list[str]:
    """Set a heading beside its texts."""
    wrapped = [line for text in texts for line in wrap(text, WIDTH - INDENT)]
    return [f"{first:<{INDENT}}{line}" for first, line in zip([head, *[""] * len(wrapped)], wrapped, strict=False)]


def _quality(annotator: wording.Block, key: str) -> str:
    block = annotator.get(key) or {"reason": wording.reason(annotator, key)}
    if not block.get("n"):
        return f"{wording.ESTIMATES[key]}: {wording.reason(block, METRIC)}"
    further = [name for name in FURTHER if name in block]
    figures = [f"{wording.metric(name)} {wording.found(block, name)}" for name in (METRIC, *further[:1])]
    return f"{wording.ESTIMATES[key]}, n = {block['n']:,}: {', '.join(figures)}"


def _unpassed(statement: wording.Block) -> list[str]:
    gates = wording.gates(statement)
    return [f"{name}: {wording.asked(statement, name)}" for name, gate in gates.items() if gate["verdict"] != "pass"]


def _listed(items: list[str]) -> str:
    return f" ({', '.join(items)})" if items else ""


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except FileNotFoundError:
        raise InputError(f"{path} is not there yet: run make repro first") from None
