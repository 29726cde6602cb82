"""The statement of quality that comes with a version: `reports/quality.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np

from stages import of_kind
from stages.quality.admission import Audited
from stages.quality.advice import advice
from stages.quality.calibration import calibration, reliability
from stages.quality.confusion import confusion
from stages.quality.findings import IMPORTED
from stages.quality.forecast import Effort, forecast
from stages.quality.gates import judge
from stages.quality.intervals import bootstrap
from stages.quality.issues import precision
from stages.quality.settings import Quality
from stages.tasks import Choice, Doubt, DoubtKind, Locating, Outlined, Task

AGREEMENT = ("n", "alpha", "pairwise", "person_error", "consensus_error")

Line = Mapping[str, Any]
Plots = dict[str, list[dict[str, Any]]]


def statement(
    version: Mapping[str, Any],
    human: Sequence[Line],
    auto: Sequence[Line],
    audit: Audited | None,
    settings: Quality,
    task: Task,
    seed: int,
) -> tuple[dict[str, Any], Plots]:
    """State how good this version's labels are, and judge its gates.

    The annotator's quality is estimated twice: on the records of the random queue, whose proposals come from models
    that had not learned their labels (it speaks for what the active queue has not taken); and, once an audit is
    complete, on its sample, where records that people only skipped are left out. Both take what people first said, not
    what became of it when a label that the annotator doubts was asked again.

    Parameters
    ----------
    version
        `name`, `labels` (lines of `labels.jsonl`), `splits` (records per split), and the reports `cleaning`,
        `agreement`, `annotator`, `guarantee`; `curve` (lines of `data/labels/curve.jsonl`), `suspicious` (the ranking
        of `label_issues`) and `seconds` (the median of people's answers, or None).
    human, auto
        Lines of `data/labels/human.jsonl` and `data/labels/auto.jsonl`.
    audit
        The open audit, or None.
    settings
        The gates.
    task, seed
        What a value is, and what the bootstrap draws by.

    Returns
    -------
    The statement, and the rows of the plots: from the audit if it is complete, else from the random queue.
    """
    first = {line["record"]: line["first"] for line in human}
    values = {record: said["value"] for record, said in first.items() if said["value"] is not None}
    proposals = {line["record"]: line for line in auto}
    random = [record for record in values if "random" in first[record]["queues"]]
    judged = [] if audit is None or audit.missing else [record for record in audit.wrong if record in values]
    nothing = version["annotator"]["reason"]
    none_at_random = nothing or _no_sample(first[record]["queues"] for record in values)
    none_judged = nothing or version["guarantee"]["reason"] or "people skipped every record of the sample"
    held_out = _known(random, values, proposals)
    audited = _known(judged, values, proposals)
    origins = Counter(line["origin"] for line in version["labels"])
    records = sum(version["splits"].values())
    guarantee = {key: value for key, value in version["guarantee"].items() if key != "fingerprint"}
    stated = {
        "dataset": {
            "name": version["name"],
            "fingerprint": version["guarantee"]["fingerprint"],
            "records": records,
            "rejected": version["cleaning"]["rejected"],
            "labelled": {
                "human": origins["human"],
                "auto": origins["auto"],
                "none": records - origins.total(),
            },
            "splits": version["splits"],
        },
        "annotator": {
            "name": version["annotator"]["name"],
            "cross_validated": _metrics(held_out, task, settings.bar(task), seed, none_at_random),
            "audit": _metrics(audited, task, settings.bar(task), seed, none_judged),
        },
        "guarantee": guarantee,
        "agreement": {key: version["agreement"][key] for key in AGREEMENT if key in version["agreement"]},
        "issues": _issues(version["suspicious"], human, auto, task, nothing),
        "forecast": _forecast(version, human, {record: values[record] for record in random}, settings, task, seed),
    }
    gates = judge(settings.gates, stated)
    return stated | {"gates": gates, "advice": advice(gates, stated)}, _plots(
        audited or held_out, task, settings.bar(task)
    )


def write_plots(folder: Path, plots: Plots) -> None:
    """Write each plot's rows as `<name>.csv`."""
    from csv import writer

    folder.mkdir()
    for name, rows in plots.items():
        columns = {"confusion": ["actual", "proposed"], "calibration": ["confidence", "accuracy", "count"]}[name]
        with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            table = writer(file, lineterminator="\n")
            table.writerow(columns)
            for row in rows:  # of a confusion one for each record, as dvc's template counts them
                cells = [f"{row[key]:.6f}" if isinstance(row[key], float) else row[key] for key in columns]
                table.writerows([cells] * (row["count"] if name == "confusion" else 1))


def _no_sample(queues: Iterable[Collection[str]]) -> str:
    asked = {queue for each in queues for queue in each}
    return IMPORTED if asked == {"direct"} else "nobody has labelled records of the random queue yet"


def _known(records: Sequence[str], values: Mapping[str, Any], proposals: Mapping[str, Line]) -> list[tuple[Any, Line]]:
    return [(values[record], proposals[record]) for record in records if record in proposals]


def _metrics(pairs: Sequence[tuple[Any, Line]], task: Task, bar: float, seed: int, nothing: str) -> dict[str, Any]:
    truth, given, right, confidence = _columns(pairs, task, bar)
    metrics = bootstrap(task.statistics(truth, given), task.score, seed) | calibration(confidence, right, seed)
    if isinstance(task, Outlined):
        metrics |= _average_precision(task, truth, given, [line.get("scores") for _, line in pairs], seed)
    if not pairs:  # one reason for all of them
        unknown = {"value": None, "low": None, "high": None}
        return {"n": 0, "reason": nothing, **dict.fromkeys(metrics, unknown)}
    return {"n": len(pairs), **metrics}


def _average_precision(
    task: Outlined, truth: Sequence[Any], given: Sequence[Any], scores: Sequence[Any], seed: int
) -> dict[str, Any]:
    if None not in scores:
        found: dict[str, Any] = of_kind("pictures", "quality").average_precision(task, truth, given, scores, seed)
        return found
    unknown = {"value": None, "low": None, "high": None, "reason": "the annotator gives no confidence for each object"}
    return dict.fromkeys(("ap50", "ap50_95"), unknown)


def _columns(
    pairs: Sequence[tuple[Any, Line]], task: Task, bar: float
) -> tuple[list[Any], list[Any], np.ndarray, np.ndarray]:
    """What is true, what is proposed, whether that is right, and how sure it is."""
    truth = [value for value, _ in pairs]
    given = [line["value"] for _, line in pairs]
    right = np.array([task.compare(*pair) >= bar for pair in zip(truth, given, strict=True)], dtype=bool)
    return truth, given, right, np.array([line["confidence"] for _, line in pairs], dtype=float)


def _forecast(
    version: Mapping[str, Any],
    human: Sequence[Line],
    truth: Mapping[str, Any],
    settings: Quality,
    task: Task,
    seed: int,
) -> dict[str, Any]:
    judged = [line for line in version["curve"] if line["record"] in truth and None not in line["proposals"].values()]
    given = {
        int(size): [line["proposals"][size] for line in judged] for size in (judged[0]["proposals"] if judged else ())
    }
    nothing = version["annotator"]["reason"]
    if not version["curve"]:
        nothing = nothing or "the annotator is not fitted on parts of the labels, or these are too few"
    people = [line["people"] for line in human if line["value"] is not None]
    splits = version["splits"]
    effort = Effort(
        learned=1 - splits["test"] / max(1, sum(splits.values())),
        answers=sum(people) / max(1, len(people)),
        seconds=version["seconds"],
    )
    return forecast(settings.gates, [truth[line["record"]] for line in judged], given, effort, task, seed, nothing)


def _issues(
    ranking: Mapping[str, Sequence[Doubt]], human: Sequence[Line], auto: Sequence[Line], task: Task, nothing: str | None
) -> dict[str, Any]:
    if not auto or all(line["value"] is None for line in human):
        unknown = dict.fromkeys(("suspicious", "rechecked", "precision_at"))
        return unknown | {"reason": nothing or "people have labelled nothing yet"}
    found: dict[str, Any] = {"suspicious": len(ranking), "rechecked": sum(line["rechecked"] for line in human)}
    if isinstance(task, Locating):
        kinds = Counter(each.kind for doubts in ranking.values() for each in doubts)
        found["objects"] = {kind: kinds[kind] for kind in get_args(DoubtKind)}
    if not found["rechecked"]:
        return found | {"precision_at": None, "reason": "no label has been asked again because it looks wrong"}
    return found | {"precision_at": precision(task, list(ranking), human), "reason": None}


def _plots(pairs: Sequence[tuple[Any, Line]], task: Task, bar: float) -> Plots:
    truth, given, right, confidence = _columns(pairs, task, bar)
    cells: list[dict[str, Any]] = []
    if pairs and isinstance(task, Choice) and not task.multiple:
        cells = [
            {"actual": actual, "proposed": proposed, "count": count}
            for actual, row in zip(task.labels, confusion(task, truth, given).tolist(), strict=True)
            for proposed, count in zip(task.labels, row, strict=True)
        ]
    return {"confusion": cells, "calibration": reliability(confidence, right) if pairs else []}
