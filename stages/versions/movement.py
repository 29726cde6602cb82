"""Whether quality and the distribution of labels moved between two versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from stages.quality.drift import paired_change, spread
from stages.versions.loading import Version, parsed

SEED = 0  # of the bootstrap: a comparison has no seed of its own, and says the same each time


def movement(a: Version, b: Version) -> dict[str, Any]:
    """Compare the annotators of two versions on the same records, and the labels of all.

    Returns
    -------
    `annotator`: for the random queue and for audits, as `quality.drift.paired_change`, with people's labels as they are
    in the later version for truth. Proposals for records that an annotator learned from are out of fold, so they may be
    judged as well. `distribution` of labels: as `quality.drift.spread`.
    """
    people = {line["record"]: line for line in map(parsed, b.human) if line["value"] is not None}
    before, after = (_proposals(version.auto, people) for version in (a, b))
    paired = {}
    for queue in ("random", "audit"):
        asked = {
            id: line["value"] for id, line in people.items() if any(each.startswith(queue) for each in line["queues"])
        }
        right = [{id: value == asked[id] for id, value in each.items() if id in asked} for each in (before, after)]
        paired[queue] = paired_change(right[0], right[1], SEED)
    return {"annotator": paired, "distribution": spread(_values(a), _values(b))}


def _proposals(lines: Sequence[bytes], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Read the lines of `auto.jsonl` for some records; most of a large dataset is not needed."""
    starts = {json.dumps(record, ensure_ascii=False).encode() for record in wanted}
    head = len(b'{"record": ')
    found = (parsed(line) for line in lines if line[head : line.find(b', "value"')] in starts)
    return {line["record"]: line["value"] for line in found}


def _values(version: Version) -> list[Any]:
    return [value for value in version.records["label"].to_pylist() if value is not None]
