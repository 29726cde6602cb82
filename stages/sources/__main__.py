"""`python -m stages.sources snapshot [NAME]`: fetch what can change outside, beside the DAG."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from typing import NoReturn

from stages import InputError
from stages.configuration import Dataset, chosen, instantiate
from stages.sources.places import innermost, require_below
from stages.sources.snapshots import MANIFEST, Fetched, snapshot


def fetch(options: argparse.Namespace) -> None:
    (dataset,) = chosen(dataset=Dataset)
    sources = instantiate(dataset.sources, "dataset.sources")
    require_below("data/raw", sources)
    inner = {name: innermost(source) for name, source in sources.items()}
    known = {name: source for name, source in inner.items() if hasattr(source, "fetch")}
    if options.name is not None and options.name not in known:
        there = ", ".join(known) or "none"
        raise InputError(f"{options.name}: no source of {dataset.name} of this name is fetched; those are {there}")
    names = [options.name] if options.name else list(known)
    if not names:
        print(f"{dataset.name}: no source needs a snapshot, each is in data/raw/ or pinned by a hash")
    for name in names:
        _fetch(name, known[name])


def _fetch(name: str, source: Fetched) -> None:
    try:
        items = snapshot(source)
    except InputError as error:
        raise InputError(f"sources.{name}: {error}") from None  # whose cause may hold an address
    counts = Counter(item.status for item in items)
    size = sum(item.size or 0 for item in items)
    said = ", ".join(f"{counts[each]:,} {each}" for each in ("fetched", "failed", "refused") if counts[each])
    print(f"{name}: {said}; {size:,} bytes in {source.path}")
    if counts["fetched"] < len(items):
        print(f"  {source.path}/{MANIFEST} says why not all")
    place = shlex.quote(source.path)
    print(f"  to keep it: dvc add {place} && git add {place}.dvc {place.rpartition('/')[0]}/.gitignore && git commit")


def main() -> NoReturn:
    parser = argparse.ArgumentParser(prog="python -m stages.sources", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("snapshot", help="fetch the sources of the chosen dataset that no hash pins")
    command.add_argument("name", metavar="NAME", nargs="?", help="one of them; without it, all")
    command.set_defaults(run=fetch)
    options = parser.parse_args()
    try:
        options.run(options)
    except InputError as error:
        raise SystemExit(f"error: {error}") from None
    except KeyboardInterrupt:
        raise SystemExit("stopped; the same command goes on from here") from None
    sys.exit()


if __name__ == "__main__":
    main()
