"""Compare two versions of many records: CPU seconds and memory. `python -m benchmarks.compare [--rows 1000000]`."""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

LABELS = ("positive", "neutral", "negative")


def make(folder: Path, rows: int, version: int) -> None:
    """Write a version; the second has a hundredth more records and other labels on a fiftieth of them."""
    import pandas as pd
    import yaml

    from stages import tables

    ids = [f"{i:08d}" for i in range(version * rows // 100, rows + version * rows // 100)]
    moved = [i % 50 == 0 and version == 1 for i in range(rows)]
    values = [LABELS[(int(id) + change) % 3] for id, change in zip(ids, moved, strict=True)]
    human = [int(id) % 20 == 0 for id in ids]
    frame = pd.DataFrame({"id": ids, "content": ids, "text": [f"text number {id} of some length" for id in ids]})
    frame["source"], frame["label"], frame["confidence"] = "made", values, 0.75
    frame["origin"] = ["human" if each else "auto" for each in human]
    columns = {"id": "text", "content": "text", "text": "text", "source": "text", "label": "text", "origin": "text"}
    for split, share in (("train", (0, 8)), ("validation", (8, 9)), ("test", (9, 10))):
        part = frame[[share[0] <= int(id) % 10 < share[1] for id in ids]]
        tables.write(folder / "data/dataset" / split, [part], columns | {"confidence": "number"})
    rejected = pd.DataFrame({"id": ["x"], "operator": ["length"], "reason": ["short"]})
    tables.write(folder / "data/clean/rejected", [rejected], dict.fromkeys(("id", "operator", "reason"), "text"))
    (folder / "data/labels").mkdir()
    rest = {"confidence": 0.75, "rounds": [1], "guideline": "g", "why": "because"}
    tables.write_lines(
        folder / "data/dataset/labels.jsonl",
        (
            {"record": id, "value": value, "origin": "human" if each else "auto", "by": [f"m@{version}"], **rest}
            for id, value, each in zip(ids, values, human, strict=True)
        ),
    )
    tables.write_lines(
        folder / "data/labels/human.jsonl",
        (
            {"record": id, "value": value, "queues": ["random"]}
            for id, value, each in zip(ids, values, human, strict=True)
            if each
        ),
    )
    tables.write_lines(
        folder / "data/labels/auto.jsonl",
        ({"record": id, "value": value, "confidence": 0.75} for id, value in zip(ids, values, strict=True)),
    )
    (folder / "dvc.lock").write_text(yaml.safe_dump({"stages": {"assemble": {"deps": []}}}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    from stages.versions.difference import changes
    from stages.versions.loading import load
    from stages.versions.movement import movement
    from stages.versions.revisions import Folder
    from stages.versions.summary import summary

    with TemporaryDirectory() as name:
        for version in (0, 1):
            make(Path(name, str(version)), rows, version)
        start = time.process_time()
        a, b = (load(Folder(f"v{version}", Path(name, str(version)))) for version in (0, 1))
        every = changes(a, b)
        _ = summary(a, b, every) | movement(a, b)
        cpu = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{rows:,} records on each side, {len(every):,} changes: {cpu:.1f} s CPU, {peak:.1f} GB with making them")


if __name__ == "__main__":
    main()
