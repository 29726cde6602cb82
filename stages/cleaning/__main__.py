"""Propose which values of a column are spellings of one: `python -m stages.cleaning FIELD`.

Prints an operator for `conf/cleaning/`. Strike out what is wrong before you paste it: the command changes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys

from stages import InputError
from stages.cleaning.spelling import spellings
from stages.tables import shards


def main() -> None:
    """Read the values as they were collected."""
    parser = argparse.ArgumentParser(prog="python -m stages.cleaning", description=__doc__)
    parser.add_argument("field")
    parser.add_argument("--similarity", type=float, default=0.85, help="from 0 to 1 (default 0.85)")
    given = parser.parse_args()
    try:
        print(proposal(given.field, given.similarity))
    except InputError as error:
        sys.exit(f"error: {error}")


def proposal(field: str, similarity: float) -> str:
    """Give the text of an operator that merges spellings."""
    if not 0 < similarity <= 1:
        raise InputError(f"--similarity: a number above 0 and at most 1 is expected, found {similarity:g}")
    counts: dict[str, int] = {}
    for shard in shards("data/collected"):
        table = shard.read()
        if field not in table:
            there = ", ".join(name for name in map(str, table) if name not in ("id", "source"))
            raise InputError(f"data/collected: there is no field {field!r}; the dataset has {there}")
        for value, count in table[field].value_counts().items():
            counts[str(value)] = counts.get(str(value), 0) + int(count)
    found = spellings(counts, similarity)
    if not found:
        return f"# {field}: {len(counts):,} values, none like another"
    lines = [
        f"    {_quoted(each.value)}: {_quoted(each.of)}  # {each.count:,} like {each.times:,}, {each.similarity:.2f}"
        for each in found
    ]
    head = [f"spelling_{field}:", "  _target_: stages.cleaning.MapValues", f"  field: {_quoted(field)}", "  values:"]
    return "\n".join([*head, *lines])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # JSON is YAML


if __name__ == "__main__":
    main()
