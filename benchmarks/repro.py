"""`dvc repro` of the default dataset from nothing, after installation: `python -m benchmarks.repro`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import copy, run


def main() -> None:
    for what, cache in (("package fetched anew", True), ("package in the user's cache", False)):
        with TemporaryDirectory() as folder, TemporaryDirectory() as fresh:
            copy(Path(folder))
            cost = run(["dvc", "repro"], Path(folder), {"LABELMILL_CACHE": fresh} if cache else {})
        print(f"dvc repro from nothing, {what}: {cost.wall:.1f} s, {cost.cpu:.1f} s CPU, {cost.peak:.0f} MB")


if __name__ == "__main__":
    main()
