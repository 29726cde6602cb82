"""What a second run costs when 1 % of the records are new: `python -m benchmarks.second_run [--sets tweets ...]`.

Texts of `benchmarks.ratings` are labelled from 200 people's labels with an empty store of vectors, all but 1 % of them,
and then all. Each run is a process of its own. Told are its seconds of CPU, in all and without what it takes to load
libraries and the model, which is the same however many texts there are.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from tempfile import TemporaryDirectory

from benchmarks.few_shot import annotator
from benchmarks.ratings import SETS, most, rated, sentiment

LEARNED, SHARE_NEW = 200, 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annotator", default="embeddings")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=["tweets"])
    parser.add_argument("--part", type=float, help=argparse.SUPPRESS)  # of a process that is measured
    parser.add_argument("--store", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.store:
        print(*labelled(given.annotator, given.sets, given.part, given.store))
        return
    with TemporaryDirectory() as store:
        command = [sys.executable, "-m", "benchmarks.second_run", "--annotator", given.annotator, "--store", store]
        runs = [
            subprocess.run(
                [*command, "--part", part, "--sets", *given.sets], capture_output=True, text=True, check=True
            ).stdout.split()
            for part in (str(1 - SHARE_NEW), "1")
        ]
    (first, first_whole, _), (second, second_whole, records) = (map(float, run) for run in runs)
    print(f"{records:,.0f} records, {given.annotator}: seconds of CPU of a first run, of a second with 1 % new")
    print(f"labelling {first:.1f}, {second:.2f}: {second / first:.1%}")
    print(f"with all that is loaded {first_whole:.1f}, {second_whole:.1f}: {second_whole / first_whole:.1%}")


def labelled(option: str, sets: Sequence[str], part: float, store: str) -> tuple[float, float, int]:
    """Label a part of the texts; give the seconds of CPU that it took, those of the process, and how many."""
    import pandas as pd

    from stages.annotators import crossfit

    task = sentiment()
    texts = [(f"{name} {each.id}", each.text, most(task, each.votes)) for name in sets for each in rated(name)]
    table = pd.DataFrame(texts, columns=["id", "text", "label"]).sample(frac=1, random_state=0)  # some sets are sorted
    table = table.iloc[: round(part * len(table))]
    known: dict[str, str] = dict(table[["id", "label"]].iloc[:LEARNED].itertuples(index=False))
    os.environ["LABELMILL_CACHE"] = store
    chosen = annotator(option)
    chosen.encoder.encode(["a text that no record has"])
    begin = time.process_time()
    crossfit(chosen, table, known, task, 1)
    return time.process_time() - begin, time.process_time(), len(table)


if __name__ == "__main__":
    main()
