"""Clean a table of 20 columns with the operators of conf/cleaning/tables.yaml: CPU-seconds, and memory.

python -m benchmarks.table [--rows 1000000] [--processes 1]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from benchmarks.measure import ROOT, run

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = [f"number_{place}" for place in range(13)]
CATEGORIES = [f"category_{place}" for place in range(7)]
FIELDS = {**dict.fromkeys(NUMBERS, "number"), **dict.fromkeys(CATEGORIES, "category")}
SHARD = 50_000
GAPS, FAR, TWICE = 0.02, 0.001, 0.01  # of the cells, of the numbers, of the rows


def frames(rows: int, seed: int = 1) -> Iterator[pd.DataFrame]:
    """Make tables of texts as they are collected: numbers with gaps and outliers, categories, repeated rows."""
    import numpy as np
    import pandas as pd

    random = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, rows, SHARD):
        count = min(SHARD, rows - start)
        columns: dict[str, Any] = {}
        for place, name in enumerate(NUMBERS):
            values = random.normal(100 * place, 10, count).round(place % 4)
            values[random.random(count) < FAR] *= 1000
            columns[name] = pd.Series(values.astype(str)).mask(random.random(count) < GAPS)
        for place, name in enumerate(CATEGORIES):
            chosen = np.char.add("value ", random.integers(0, 3 + 20 * place, count).astype(str))
            columns[name] = pd.Series(chosen).mask(random.random(count) < GAPS)
        frame = pd.DataFrame(columns, dtype="str")
        again = random.random(count) < TWICE
        frame[again] = frame.iloc[random.integers(0, count, int(again.sum()))].to_numpy()
        yield frame.assign(id=[f"{row:09}" for row in range(start, start + count)], source="made")


def operators() -> Any:
    """The operators of the option `tables`, for these columns."""
    from stages.configuration import instantiate

    settings = yaml.safe_load((ROOT / "conf/cleaning/tables.yaml").read_text(encoding="utf-8"))
    for each in settings.values():
        each.update({key: list(FIELDS) for key, value in each.items() if value == "${dataset.shown}"})
    return instantiate(settings, "cleaning")


def clean(source: Path, target: Path, processes: int) -> None:
    """Clean, and say what became of the rows."""
    from stages import cleaning, tables
    from stages.engine import Local

    (target / "scratch").mkdir(parents=True)
    engine = Local(processes)
    cleaned = cleaning.clean(tables.shards(source), operators(), FIELDS, list(FIELDS), engine, target / "scratch")
    kept_columns, rejected_columns = cleaning.columns(FIELDS)
    kept = tables.write(target / "records", cleaned.kept, kept_columns)
    tables.write(target / "rejected", cleaned.rejected, rejected_columns)
    tables.write(target / "trail", cleaned.trail, cleaning.TRAIL)
    print(f"{kept:,} kept; " + ", ".join(f"{name} {each['rejected']:,}" for name, each in cleaned.counts.items()))


def main() -> None:
    from stages import tables

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        source, target = map(Path, given.worker)
        clean(source, target, given.processes)
        return
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        source = Path(folder) / "collected"
        columns = dict.fromkeys(["id", *FIELDS, "source"], "text")
        tables.write(source, frames(given.rows), columns)
        print(f"{given.rows:,} rows of {len(FIELDS)} columns made in {time.perf_counter() - start:.0f} s", flush=True)
        command = [sys.executable, "-m", "benchmarks.table", "--processes", str(given.processes)]
        cost = run([*command, "--worker", str(source), str(Path(folder) / "clean")], ROOT)
        rate = given.rows / cost.cpu
        print(f"{cost.cpu:.1f} CPU-s, {cost.wall:.1f} s, {cost.peak:,.0f} MB at most; {rate:,.0f} rows per CPU-s")


if __name__ == "__main__":
    main()
