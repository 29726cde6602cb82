"""CPU seconds of each stage on twenty labelled records, and of bare imports: `python -m benchmarks.startup`."""

from __future__ import annotations

import shlex
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import yaml

from benchmarks.measure import copy, run
from stages import tasks
from stages.tables import read, write_lines

TURNS = 3
LABELS = ("positive", "neutral", "negative")


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        copy(folder)
        for each in (folder / "data/annotations").glob("round-*.jsonl"):
            each.unlink()
        rows = [{"id": str(i), "text": f"{LABELS[i % 3]} word{i % 7} text number {i}"} for i in range(20)]
        write_lines(folder / "data/raw/tiny.jsonl", rows)
        config = yaml.safe_load((folder / "conf/dataset/tweets.yaml").read_text())
        source = {"_target_": "stages.sources.Files", "path": "data/raw/tiny.jsonl", "format": "jsonl"}
        config["sources"] = {"tiny": source}
        (folder / "conf/dataset/tweets.yaml").write_text(yaml.safe_dump(config))
        bare = [run(["python", "-c", "import hydra, pandas, pyarrow.parquet"], folder).cpu for _ in range(TURNS)]
        print(f"{'imports alone':14} {median(bare):.2f} s CPU")
        stages = yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]
        choices = yaml.safe_load((folder / "params.yaml").read_text())
        for stage, settings in stages.items():
            command = settings["cmd"]
            for key, value in choices.items():
                command = command.replace(f"${{{key}}}", str(value))
            costs = [run(shlex.split(command), folder) for _ in range(TURNS)]
            cpu, peak = median(cost.cpu for cost in costs), max(cost.peak for cost in costs)
            print(f"{stage:14} {cpu:.2f} s CPU, {peak:.0f} MB")
            if stage == "split":
                _label(folder)


def _label(folder: Path) -> None:
    records = read(folder / "data/clean/records")
    task = tasks.read(folder / "conf/labeling", "tweets").task
    write_lines(
        folder / "data/annotations/round-0001.jsonl",
        [
            {
                "record": id,
                "content": content,
                "annotator": "a-1",
                "action": "submitted",
                "queue": "random",
                "result": task.show(LABELS[int(id) % 3]),
                "shown": None,
                "guideline": "0",
                "seconds": None,
                "at": None,
            }
            for id, content in zip(records["id"], records["content"], strict=True)
        ],
    )


if __name__ == "__main__":
    main()
