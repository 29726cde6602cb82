"""`python -m stages.annotators recall`: bring back the answers that this version rests on, and that a service gave."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stages import InputError
from stages.annotators import Annotator
from stages.annotators.asking import askers
from stages.augmenting import Augmentation
from stages.configuration import Dataset, chosen, instantiate
from stages.tables import read_lines

RESPONSES = (Path("data/labels/responses.jsonl"), Path("data/augmented_responses.jsonl"))


def recall() -> str:
    """Put the answers that this version keeps into this machine's record, so that none is asked for again."""
    _, annotator, augmentation = chosen(dataset=Dataset, annotator=Annotator, augmentation=Augmentation)
    operators = instantiate(augmentation.operators, "augmentation.operators")
    asked = [each for asking in (annotator, operators) for each in askers(asking).values()]
    if not asked:
        raise InputError("params.yaml: neither annotator nor augmentation asks a service, there is nothing to recall")
    for path in RESPONSES:
        if not path.exists():
            raise InputError(f"{path} is missing: dvc pull {path}")
    lines = [line for path in RESPONSES for line in read_lines(path)]
    return f"{max(each.recall(lines) for each in asked):,} answers of {' and '.join(map(str, RESPONSES))} are on record"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m stages.annotators", description="Answers that a service gave.")
    commands = parser.add_subparsers(required=True, metavar="recall")
    commands.add_parser("recall", help=recall.__doc__, description=recall.__doc__)
    parser.parse_args()
    try:
        print(recall())
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
