"""`python -m stages.importing FORM SOURCE --annotator NAME`: labels that are there already.

They become the next round, as answers that nobody was asked for (queue `direct`). They are read from a field of the
records (`field`), or, of pictures, from the folders of other tools (`coco`, `folders`, `voc`, `yolo`), so the records
have to be collected and cleaned first. Run again it adds what is new.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from stages import InputError, media, of_kind, tasks
from stages.configuration import Dataset, chosen
from stages.importing import fields
from stages.label_studio import pulling
from stages.review import Line, current, read_rounds
from stages.tables import read, rounded

ROUNDS = Path("data/annotations")
GUIDELINE = "unknown"  # by which the labels were given
NAMED = 10
FIELD, PICTURES = "field", ("coco", "folders", "voc", "yolo")


def main() -> None:
    options = _parser().parse_args()
    try:
        raise SystemExit(not run(options.form, options.source, options.annotator))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def run(form: str, source: str, annotator: str) -> bool:
    """Write the next round, and say what is in it; False if a label is left out."""
    (dataset,) = chosen(dataset=Dataset)
    interface = tasks.read("conf/labeling", dataset.labeling)
    contents = dict(read("data/clean/records", ["id", "content"]).values.tolist())
    if form == FIELD:
        found = fields.labelled(source, _cells(dataset, source), interface)
    else:
        pictures = of_kind("pictures", "importing")
        found = pictures.labelled(form, Path(source), interface, _by_picture(dataset, contents), contents)
    rejected = dict(read("data/clean/rejected", ["id", "reason"]).values.tolist())
    rounds = ROUNDS / dataset.rounds
    answers: dict[str, Line] = {}
    left_out: list[str] = []
    known: set[str] = set()
    cut = 0
    with pulling.alone(rounds):
        standing = {
            each.record: each.result
            for each in current(read_rounds(sorted(rounds.glob("*.jsonl")), interface.task, interface.corrections))
            if each.annotator == annotator
        }
        for each in found:
            record = each.record
            if record not in contents:
                why = f"rejected by clean ({rejected[record]})" if record in rejected else "not among the records"
                left_out.append(f"{each.where}: {why}")
                continue
            shown = rounded(each.result)
            if record in answers and answers[record].result != shown:
                raise InputError(f"{each.where}: another picture with the same bytes has other labels; remove one")
            if standing.get(record) == shown:
                known.add(record)
                continue
            answers[record] = Line(
                record, contents[record], annotator, "submitted", "direct", shown, None, GUIDELINE, None, None
            )
            cut += each.cut
        written = pulling.write(rounds, [answers[record].written() for record in sorted(answers)])
    print(
        f"{written or 'nothing new, no round written'}: {len(answers):,} labelled records, {len(known):,} as they were"
    )
    if cut:
        print(f"{cut:,} boxes reached beyond their pictures by a pixel or more, and were cut there")
    if left_out:
        print(f"{len(left_out):,} left out:")
        print("\n".join(f"  {reason}" for reason in left_out[:NAMED]))
    return not left_out


def _cells(dataset: Dataset, name: str) -> list[tuple[str, Any]]:
    """Give what a field has of each record that was collected, also of those that cleaning rejected."""
    if name not in dataset.fields:
        raise InputError(
            f"field: conf/dataset/ declares no field {name!r:.100}; it has {', '.join(dataset.fields)}. Declare it, "
            "leave it out of `shown`, and run dvc repro clean"
        )
    if name in dataset.shown:
        raise InputError(f"field: {name!r} is among the fields `shown`, so people and models would see the labels")
    table = read("data/collected", ["id", name])
    return list(zip(table["id"].tolist(), table[name].tolist(), strict=True))


def _by_picture(dataset: Dataset, kept: Collection[str]) -> Mapping[str, str]:
    """Give the id of each record by the SHA-256 of its picture as it was collected; of several, the one kept."""
    named = [name for name, kind in dataset.fields.items() if kind == "image"]
    if len(named) != 1:
        raise InputError(f"conf/dataset/: one field of type image is expected, found {len(named)}")
    records: dict[str, str] = {}
    for id, reference in read("data/collected", ["id", named[0]]).values.tolist():
        if isinstance(reference, str) and media.is_file(reference):
            digest = sha256(media.read(reference)).hexdigest()
            if digest not in records or id in kept:
                records[digest] = id
    return records


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages.importing", description="Labels that are there already.")
    parser.add_argument("form", choices=[FIELD, *PICTURES], help="how the labels are written")
    parser.add_argument("source", help="the field's name; of pictures the folder, of COCO the file of annotations")
    parser.add_argument("--annotator", required=True, type=_pseudonym, help="who gave them: a pseudonym")
    return parser


def _pseudonym(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise argparse.ArgumentTypeError(f"letters, digits, ., _ and - are expected, found {text!r:.80}")
    return text


if __name__ == "__main__":
    main()
