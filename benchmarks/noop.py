"""`dvc repro` with nothing to do, against a plain chain of ten `cp` stages: `python -m benchmarks.noop`.

`--pictures 20000`: of so many pictures of 32 × 32 pixels, which come in tar shards.
"""

from __future__ import annotations

import argparse
import tarfile
from io import BytesIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import yaml

from benchmarks.measure import commit, copy, run

TURNS = 7


def chain(folder: Path) -> None:
    """Write ten stages that each copy the file of the one before."""
    lines = ["stages:"]
    for i in range(10):
        lines += [f"  s{i}:", f"    cmd: cp f{i} f{i + 1}", f"    deps: [f{i}]", f"    outs: [f{i + 1}]"]
    (folder / "dvc.yaml").write_text("\n".join(lines) + "\n")
    (folder / "f0").write_text("x\n")
    run(["git", "init", "-q"], folder)
    run(["dvc", "init", "-q"], folder)
    run(["dvc", "config", "core.analytics", "false"], folder)
    run(["dvc", "repro"], folder)
    commit(folder)


def pictures(folder: Path, count: int) -> None:
    """Put so many small pictures in the place of a project's dataset."""
    import numpy as np

    from stages.media.pictures import encode

    random = np.random.default_rng(0)
    raw = folder / "data/raw"
    for start in range(0, count, 1000):
        with tarfile.open(raw / f"part-{start // 1000:05}.tar", "w") as shard:
            for number in range(start, min(count, start + 1000)):
                data = encode(random.integers(0, 256, (32, 32), dtype=np.uint8))
                entry = tarfile.TarInfo(f"{number:06}.png")
                entry.size = len(data)
                shard.addfile(entry, BytesIO(data))
    config = yaml.safe_load((folder / "conf/dataset/digits.yaml").read_text(encoding="utf-8"))
    config["sources"] = {"shards": {"_target_": "stages.sources.pictures.TarShards", "path": "data/raw/part-*.tar"}}
    config |= {"id": "name", "fields": {"image": "image", "name": "text"}, "rounds": "none"}
    (folder / "conf/dataset/digits.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    choices = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    choices |= {"dataset": "digits", "cleaning": "images", "annotator": "image_linear", "augmentation": "none"}
    (folder / "params.yaml").write_text(yaml.safe_dump(choices), encoding="utf-8")
    review = folder / "conf/review/default.yaml"
    review.write_text(review.read_text(encoding="utf-8").replace("{number: 1, size: 300}", "null"), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int)
    count = parser.parse_args().pictures
    with TemporaryDirectory() as ours, TemporaryDirectory() as plain:
        copy(Path(ours))
        if count:
            pictures(Path(ours), count)
        run(["dvc", "repro"], Path(ours))
        chain(Path(plain))
        for folder in (ours, plain):
            run(["dvc", "repro"], Path(folder))
        pairs = [(run(["dvc", "repro"], Path(ours)), run(["dvc", "repro"], Path(plain))) for _ in range(TURNS)]
    mine, theirs = median(each.cpu for each, _ in pairs), median(each.cpu for _, each in pairs)
    ratio = median(one.cpu / other.cpu for one, other in pairs)
    print(f"no-op dvc repro: {mine:.2f} s CPU; ten cp stages: {theirs:.2f} s CPU; ratio {ratio:.2f} ({TURNS} turns)")


if __name__ == "__main__":
    main()
