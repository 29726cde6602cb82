"""`python -m stages.annotators recall`: bring back the answers that this version rests on, and that a service gave."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stages import InputError
from stages.annotators import Annotator
from stages.annotators.asking import askers
from stages.configuration import Dataset, chosen
from stages.tables import read_lines

RESPONSES = Path("data/labels/responses.jsonl")


def recall() -> str:
    """Put the answers in data/labels/responses.jsonl into this machine's record, so that none is asked for again."""
    _, annotator = chosen(dataset=Dataset, annotator=Annotator)
    asked = askers(annotator).values()
    if not asked:
        raise InputError("params.yaml: this annotator asks no service, there is nothing to recall")
    if not RESPONSES.exists():
        raise InputError(f"{RESPONSES} is missing: dvc pull {RESPONSES}")
    lines = list(read_lines(RESPONSES))
    return f"{max(each.recall(lines) for each in asked):,} answers of {RESPONSES} are on record"


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
