"""Answer the queue of the digits from what their writers were told to write: `python -m benchmarks.played`.

Nobody looked at a picture: the rounds in data/annotations/digits/ are played. Each person gives the true digit, but for
a declared share of answers, which are one of the nine others with equal chances. These slips are drawn from the SHA-256
of `played|<record>|<person>`, so that the same queue gets the same answers. They do not depend on how hard a picture
is, as people's do, so that agreement and consensus look better than they would with people.
"""

from __future__ import annotations

import argparse
from hashlib import sha256
from itertools import count, islice
from pathlib import Path

from benchmarks.answers import write_round
from stages import tasks
from stages.sources import Digits

ERROR = 0.03  # the share of a person's answers that are wrong


def said(record: str, person: str, true: str, labels: tuple[str, ...], error: float = ERROR) -> str:
    """What a person says of a record."""
    digest = sha256(f"played|{record}|{person}".encode()).digest()
    if int.from_bytes(digest[:8], "big") >= error * 2**64:
        return true
    others = [label for label in labels if label != true]
    return others[int.from_bytes(digest[8:16], "big") % len(others)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=3, help="answers per task (default 3)")
    parser.add_argument("--error", type=float, default=ERROR, help=f"share of wrong answers (default {ERROR})")
    given = parser.parse_args()
    interface = tasks.read("conf/labeling", "digits")
    rows = [row for part in Digits().read(["id", "digit"]) for row in part.table.to_pylist()]
    truth = {row["id"]: row["digit"] for row in rows}

    def answer(record: str, asked: set[str]) -> dict[str, str]:
        people = (person for number in count(1) if (person := f"played-{number}") not in asked)
        labels = tuple(interface.task.labels)
        return {each: said(record, each, truth[record], labels, given.error) for each in islice(people, given.people)}

    print(write_round(Path("data/annotations/digits"), interface, answer))


if __name__ == "__main__":
    main()
