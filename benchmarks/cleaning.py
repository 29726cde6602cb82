"""Clean short texts with the default operators: rows per CPU-second, and memory.

python -m benchmarks.cleaning [--rows 1000000] [--processes 1]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.measure import ROOT, run

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

FIELDS = {"text": "text"}
SHARD = 50_000
WORDS = 30_000

# What is put into texts, and the share of texts that have it; near the shares of the default dataset, or above.
DIRT = {
    "  ": 0.08,  # two spaces
    " &amp; ": 0.04,
    " &lt;3": 0.01,
    "<br />": 0.003,
    ' <a href="http://example.org/a">here</a>': 0.002,
    " CafÃ© dâ€™Or": 0.005,
    " \u2764\ufe0f caf\u00e9 \u201cquoted\u201d": 0.06,
    "\x07": 0.001,
    " call 555-867-5309": 0.002,
    " mail jane.doe@example.org": 0.002,
    " 4111 1111 1111 1111": 0.0005,
    " from 192.168.17.4": 0.0005,
}
EXACT, NEAR, MISSING, SHORT = 0.02, 0.05, 0.002, 0.001


def texts(rows: int, seed: int = 1) -> Iterator[pd.DataFrame]:
    """Make tables of tweet-like texts, of which some are missing, dirty, repeated, or nearly repeated."""
    import numpy as np
    import pandas as pd

    random = np.random.Generator(np.random.PCG64(seed))
    words = np.array(sorted(_words(random)))
    shares = 1 / np.arange(10, WORDS + 10)
    words, shares = random.permutation(words), shares / shares.sum()
    earlier: list[str] = []
    for start in range(0, rows, SHARD):
        count = min(SHARD, rows - start)
        lengths = random.integers(3, 20, count)
        flat = words[random.choice(WORDS, lengths.sum(), p=shares)].tolist()
        ends = np.cumsum(lengths).tolist()
        lines = [" ".join(flat[end - length : end]) for end, length in zip(ends, lengths.tolist(), strict=True)]
        for dirt, share in DIRT.items():
            for i in np.flatnonzero(random.random(count) < share).tolist():
                middle = lines[i].find(" ", len(lines[i]) // 2)
                lines[i] = lines[i][:middle] + dirt + lines[i][middle:]
        for i in np.flatnonzero(random.random(count) < 0.5).tolist():
            lines[i] = f"@{words[i % WORDS]} {lines[i]}"
        for i in np.flatnonzero(random.random(count) < 0.16).tolist():
            lines[i] += f" http://t.co/{start + i:x}"
        if earlier:
            draw = random.random(count)
            for i in np.flatnonzero(draw < EXACT + NEAR).tolist():
                lines[i] = earlier[int(random.integers(len(earlier)))]
                if draw[i] >= EXACT:
                    lines[i] = f"RT {lines[i]}!" if i % 2 else lines[i].replace(" ", f" {words[i % WORDS]} ", 1)
        lines[:: int(1 / SHORT)] = ["ok"] * len(lines[:: int(1 / SHORT)])
        earlier += lines[::4]
        column = pd.Series(lines, dtype="str").mask(random.random(count) < MISSING)
        yield pd.DataFrame({"id": [f"{i:09d}" for i in range(start, start + count)], "text": column, "source": "made"})


def _words(random: np.random.Generator) -> set[str]:
    made: set[str] = set()
    while len(made) < WORDS:
        length = int(random.integers(2, 10))
        made.add("".join("etaoinshrdlucmfwypvbgk"[i] for i in random.integers(0, 22, length) ** 2 // 21))
    return made


def clean(source: Path, target: Path, processes: int) -> None:
    """What `stages/clean.py` does."""
    import yaml

    from stages import cleaning, tables
    from stages.configuration import instantiate
    from stages.engine import Local

    settings = yaml.safe_load(Path("conf/cleaning/text.yaml").read_text(encoding="utf-8"))
    operators = instantiate(settings, "cleaning")
    with TemporaryDirectory(dir=target) as scratch:
        shards = tables.shards(source)
        cleaned = cleaning.clean(shards, operators, FIELDS, list(FIELDS), Local(processes), scratch)
        kept_columns, rejected_columns = cleaning.columns(FIELDS)
        kept = tables.write(target / "records", cleaned.kept, kept_columns)
        rejected = tables.write(target / "rejected", cleaned.rejected, rejected_columns)
    for name, counts in cleaned.counts.items():
        print(f"{name:>16} " + "  ".join(f"{what} {count:>9,}" for what, count in counts.items()))
    print(f"{kept:,} kept, {rejected:,} rejected")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--clean", nargs=2, type=Path, metavar=("SOURCE", "TARGET"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.clean:
        source, target = arguments.clean
        clean(source, target, arguments.processes)
        return
    from stages import tables

    with TemporaryDirectory() as folder:
        source = Path(folder, "collected")
        tables.write(source, texts(arguments.rows), {"id": "text", "text": "text", "source": "text"})
        command = [sys.executable, "-m", "benchmarks.cleaning", "--processes", str(arguments.processes)]
        cost = run([*command, "--clean", str(source), folder], ROOT)
    print(
        f"{cost.said}{arguments.rows:,} rows in {cost.wall:.1f} s with {arguments.processes} processes: {cost.cpu:.1f} "
        f"CPU-s, {arguments.rows / cost.cpu:,.0f} rows per CPU-second, {cost.peak:,.0f} MiB in the largest process"
    )


if __name__ == "__main__":
    main()
