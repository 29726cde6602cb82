"""The dataset card: what a version is and is not good for, in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from stages.report import wording
from stages.report.blocks import Block
from stages.report.page import About
from stages.report.wording import ESTIMATES

METRICS = (
    *("accuracy", "macro_precision", "macro_recall", "macro_f1"),
    *("ap50", "ap50_95", "iou", "dice", "boundary_iou", "calibration_error"),
)
LABELLED = ("f1_", "iou_")
COUNTED = {"people": "people", "rounds": "rounds", "annotations": "answers", "skipped": "of them skipped"}
ORIGINS = {"human": "labelled by people", "auto": "labelled by the annotator", "none": "not labelled"}


def card(statement: Block, version: Block, about: About) -> str:
    """Write the dataset card of one version.

    Parameters
    ----------
    statement
        `reports/quality.json`.
    version
        `published`: how many records are published, in each of `splits` by origin, of each of `labels` by split, and
        from each of `sources`; `sources`: their settings; the reports `cleaning` and `agreement`.
    about
        Title, license and citation.

    Returns
    -------
    Markdown, whose bytes depend on the arguments alone. Text from the dataset is escaped, and no record is shown.
    """
    published = version["published"]
    parts = [
        _head(statement, about),
        _composition(statement["dataset"], published),
        _collection(published["sources"], version["sources"], version["cleaning"]),
        _people(statement, version["agreement"]),
        _quality(statement),
        _guarantee(statement),
        _limits(statement, published),
        _citation(statement["dataset"], about),
    ]
    return "\n\n".join(block for part in parts for block in part) + "\n"


def _head(statement: Block, about: About) -> list[str]:
    dataset = statement["dataset"]
    return [
        f"# {_text(about.title)}",
        f"Dataset `{dataset['name']}`, version `{dataset['fingerprint']}`. License: {_text(about.license)}.",
        _text(wording.promise(statement)),
        f"Gates: {_text(wording.verdict(statement))}.",
    ]


def _composition(dataset: Block, published: Block) -> list[str]:
    splits, labels = published["splits"], published["labels"]
    records = sum(sum(each.values()) for each in splits.values())
    by_origin = [
        [split, *(f"{each[origin]:,}" for origin in ORIGINS), f"{sum(each.values()):,}"]
        for split, each in splits.items()
    ]
    by_label = [[_text(name), *(f"{each.get(split, 0):,}" for split in splits)] for name, each in labels.items()]
    without = dataset["labelled"]["none"]
    if records < dataset["records"]:
        told = f"The {without:,} records without a label are left out."
    else:
        told = f"The {without:,} records without a label are in it, with an empty `label`."
    return [
        "## Composition",
        f"{records:,} of the version's {dataset['records']:,} records. {told if without else 'All have a label.'}",
        *_table(["split", *ORIGINS.values(), "records"], by_origin),
        *(_table(["label", *splits], by_label) if by_label else []),
        "Beside its fields a record has `id`, `label`, `origin` (`human` or `auto`), `confidence` (the share of people "
        "who gave the label, or the annotator's probability of being right) and `source`.",
    ]


def _collection(counts: Mapping[str, int], sources: Mapping[str, Any], cleaning: Block) -> list[str]:
    lines = [
        f"- {_text(name)}{_origin(sources.get(name))}: {count:,} published records" for name, count in counts.items()
    ]
    operators = [
        [_text(name), f"{each['changed']:,}", f"{each['rejected']:,}"]
        for name, each in cleaning["operators"].items()
        if each["changed"] or each["rejected"]
    ]
    return [
        "## Collection",
        *(["\n".join(lines)] if lines else []),
        f"Of {cleaning['seen']:,} records collected, cleaning rejected {cleaning['rejected']:,}; each rejected one "
        "is kept with its reason beside the dataset.",
        *(_table(["step", "records changed", "records rejected"], operators) if operators else []),
    ]


def _origin(settings: Any) -> str:
    """Say where a source is; nothing else of its settings, which may name what is not for everyone."""
    place = next((settings[key] for key in ("requirement", "path") if key in settings), None) if settings else None
    return f" ({_text(str(place))})" if place else ""


def _people(statement: Block, agreement: Block) -> list[str]:
    counts = ", ".join(f"{agreement[key]:,} {noun}" for key, noun in COUNTED.items())
    stated = statement.get("agreement") or {}
    return [
        "## People",
        f"{counts}. People are known by pseudonyms, which are not published.",
        f"Krippendorff's alpha between them is {_text(wording.found(stated or statement, 'alpha'))}, over "
        f"{stated.get('n') or 0:,} labels of records that several people labelled; 1 is full agreement, 0 is what "
        "chance gives.",
        *_mistakes(stated),
    ]


def _mistakes(agreement: Block) -> list[str]:
    if not wording.known(agreement.get("consensus_error")):
        return []
    return [
        f"As far as their errors are independent, one person is wrong on {wording.found(agreement, 'person_error')} of "
        f"the records, and their consensus on {wording.found(agreement, 'consensus_error')}."
    ]


def _quality(statement: Block) -> list[str]:
    annotator = statement["annotator"]
    known = {key: annotator[key] for key in ESTIMATES if (annotator.get(key) or {}).get("n")}
    unknown = [
        f"{head.capitalize()}: not known ({_text(wording.reason(annotator.get(key) or annotator, 'accuracy'))})."
        for key, head in ESTIMATES.items()
        if key not in known
    ]
    tables: list[str] = []
    if known:
        best = known[wording.best(statement)]
        labels = [(name, *name.split("_", 1)) for name in best if name.startswith(LABELLED)]
        rows = [
            [text, *(_text(wording.found(block, name)) for block in known.values())]
            for name, text in [
                *((name, wording.metric(name)) for name in METRICS if name in best),
                *((name, f"{wording.metric(kind)} of {_text(label)}") for name, kind, label in labels),
            ]
        ]
        heads = [f"{ESTIMATES[key]}, {block['n']:,} records" for key, block in known.items()]
        tables = [*_table(["", *heads], rows), "In brackets: 95% intervals, over records."]
    return [
        "## Quality of the automatic labels",
        f"How well the annotator `{annotator['name']}` agrees with people, on records that it did not learn from.",
        *unknown,
        *tables,
    ]


def _guarantee(statement: Block) -> list[str]:
    told = [_text(wording.promise(statement))]
    if wording.promises(statement):
        guarantee = statement["guarantee"]
        told.append(
            f"When audit {guarantee['audit']} opened, {guarantee['population']:,} records had no label by people. "
            f"{guarantee['sample']:,} of them were drawn at random and labelled by people, and automatic labels were "
            "accepted from the most confident on, as far as the errors in this sample allow."
        )
    return ["## Guarantee", *told]


def _limits(statement: Block, published: Block) -> list[str]:
    limits = [
        "People's labels are taken for right wherever quality is measured. How far people agree is known, how often "
        "they are wrong together is not.",
        "The cross-validated figures speak for all cleaned records, the audit's for those that people had not labelled "
        "when the audit opened. Neither speaks for the accepted automatic labels alone, or for records from elsewhere.",
        "Records are split by a hash of the record, or of a declared group. What else two records have in common, such "
        "as an author or a topic, may be in both train and test.",
        "A record may have been given to people because the annotator was unsure of it, so their labels are no uniform "
        "sample.",
    ]
    if wording.promises(statement):
        limits.insert(0, "The promise is about the automatic labels together, not about any one of them.")
    if any(each["auto"] for each in published["splits"].values()):
        limits += [
            "Validation and test hold automatic labels too. To measure a model, take the records whose `origin` is "
            "`human`; the others tell how well it imitates the annotator.",
            "What has no label is what the annotator was least sure of: labelled records are easier than all are, and "
            "their shares of labels differ.",
        ]
    return ["## Known limits", "\n".join(f"- {each}" for each in limits)]


def _citation(dataset: Block, about: About) -> list[str]:
    return [
        "## License and citation",
        f"License: {_text(about.license)}.",
        *([f"The data come from: {_text(about.citation)}"] if about.citation else []),
        f"Cite the version with the name, since labels change from one to the next: {_text(about.title)}, version "
        f"`{dataset['fingerprint']}`. The fingerprint is a hash of all records and labels; the commit whose "
        "`reports/quality.json` names it rebuilds this version.",
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return ["\n".join(f"| {' | '.join(line)} |" for line in lines)]


def _text(text: str) -> str:
    """Escape what Markdown or HTML would take for its own, on one line."""
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", escape(" ".join(text.split()), quote=False))
