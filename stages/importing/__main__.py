"""`python -m stages.importing coco | folders | voc | yolo PATH --annotator NAME`: labels that are there already.

They become the next round, as answers that nobody was asked for (queue `direct`). A label belongs to the record whose
picture has the same bytes as the one it is beside, so the pictures have to be collected and cleaned first. Run again it
adds what is new.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path

from stages import InputError, media, tasks
from stages.configuration import Dataset, chosen
from stages.importing import READERS, result
from stages.label_studio import pulling
from stages.media import pictures as codec
from stages.review import Line, current, read_rounds
from stages.tables import read, rounded

ROUNDS = Path("data/annotations")
GUIDELINE = "unknown"  # by which the labels were given
NAMED = 10


def main() -> None:
    options = _parser().parse_args()
    try:
        raise SystemExit(not run(options.form, options.path, options.annotator))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def run(form: str, path: Path, annotator: str) -> bool:
    """Write the next round, and say what is in it; False if a label is left out."""
    (dataset,) = chosen(dataset=Dataset)
    interface = tasks.read("conf/labeling", dataset.labeling)
    if isinstance(interface.task, tasks.Choice) != (form == "folders"):
        raise InputError(
            f"{form}: the labelling interface asks for {interface.task.type}; folders are read for choices, "
            "coco, voc and yolo for what is marked"
        )
    contents = dict(read("data/clean/records", ["id", "content"]).values.tolist())
    rejected = dict(read("data/clean/rejected", ["id", "reason"]).values.tolist())
    records = _records(dataset, contents)
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
        for found in READERS[form](path):
            data = found.picture.read_bytes()
            record = records.get(sha256(data).hexdigest(), "")
            if record not in contents:
                why = f"rejected by clean ({rejected[record]})" if record in rejected else "not among the records"
                left_out.append(f"{found.picture}: {why}")
                continue
            height, width = codec.decode(data).shape[:2]
            shown, beyond = result(found.marks(width, height), interface, width, height)
            shown, content = rounded(shown), contents[record]
            if record in answers and answers[record].result != shown:
                raise InputError(f"{found.picture}: another picture with the same bytes has other labels; remove one")
            if standing.get(record) == shown:
                known.add(record)
                continue
            answers[record] = Line(
                record, content, annotator, "submitted", "direct", shown, None, GUIDELINE, seconds=None, at=None
            )
            cut += beyond
        written = pulling.write(rounds, [answers[record].written() for record in sorted(answers)])
    print(
        f"{written or 'nothing new, no round written'}: {len(answers):,} labelled records, {len(known):,} as they were"
    )
    if cut:
        print(f"{cut:,} boxes reached beyond their pictures by a pixel or more, and were cut there")
    if left_out:
        print(f"{len(left_out):,} labelled pictures left out:")
        print("\n".join(f"  {reason}" for reason in left_out[:NAMED]))
    return not left_out


def _records(dataset: Dataset, kept: Collection[str]) -> Mapping[str, str]:
    """Give the id of each record by the SHA-256 of its picture as it was collected; of several, the one kept."""
    fields = [name for name, kind in dataset.fields.items() if kind == "image"]
    if len(fields) != 1:
        raise InputError(f"conf/dataset/: one field of type image is expected, found {len(fields)}")
    records: dict[str, str] = {}
    for id, reference in read("data/collected", ["id", fields[0]]).values.tolist():
        if isinstance(reference, str) and media.is_file(reference):
            digest = sha256(media.read(reference)).hexdigest()
            if digest not in records or id in kept:
                records[digest] = id
    return records


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages.importing", description="Labels that are there already.")
    parser.add_argument("form", choices=READERS, help="how the labels are written")
    parser.add_argument("path", type=Path, help="the folder; of COCO the file of annotations")
    parser.add_argument("--annotator", required=True, type=_pseudonym, help="who gave them: a pseudonym")
    return parser


def _pseudonym(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise argparse.ArgumentTypeError(f"letters, digits, ., _ and - are expected, found {text!r:.80}")
    return text


if __name__ == "__main__":
    main()
