"""Clean and augment pictures with the shipped options, beside imagehash and a bare albumentations loop.

python -m benchmarks.pictures [--count 2000] [--side 256] [--processes 2]

The pictures are crops of scikit-learn's two photographs, with noise, as JPEG. imagehash (to be installed beside) only
makes its perceptual hashes; the bare loop makes as many files, in one process. Imports and starting processes count on
both sides.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import ROOT, Cost, run

FIELDS = {"image": "image"}

HASHES = """
import sys
from pathlib import Path
import imagehash
from PIL import Image
print(len({str(imagehash.phash(Image.open(path))) for path in sorted(Path(sys.argv[1]).glob("*.jpg"))}))
"""
LOOP = """
import os, sys
from pathlib import Path
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import albumentations as A, cv2, numpy as np, yaml
from PIL import Image
cv2.setNumThreads(1)
option = yaml.safe_load(open("conf/augmentation/images.yaml"))["operators"]
compose = A.Compose([getattr(A, each["name"])(**each["arguments"]) for each in option.values()])
for number, path in enumerate(sorted(Path(sys.argv[1]).glob("*.jpg"))):
    compose.set_random_seed(number)
    made = compose(image=np.asarray(Image.open(path)))["image"]
    Image.fromarray(made).save(Path(sys.argv[2], f"{path.stem}.png"), compress_level=6)
"""


def draw(folder: Path, count: int, side: int) -> None:
    """Write pictures, of which one in fifty is a near-duplicate of the one before."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_sample_images

    random = np.random.Generator(np.random.PCG64(1))
    photographs = load_sample_images().images
    crop = photographs[0][:side, :side]
    for number in range(count):
        if number % 50 != 1:
            photograph = photographs[number % 2]
            down, right = (int(random.integers(0, length - side)) for length in photograph.shape[:2])
            crop = np.rot90(photograph[down : down + side, right : right + side], int(random.integers(4)))
        noise = random.integers(-12, 13, crop.shape)
        pixels = np.clip(crop.astype(int) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"p{number:06d}.jpg", quality=90)


def clean(folder: Path, target: Path, processes: int) -> None:
    """What `stages/clean.py` does."""
    import yaml
    from omegaconf import OmegaConf

    from stages import cleaning, media, tables
    from stages.configuration import instantiate
    from stages.engine import Local

    settings = yaml.safe_load(Path("conf/cleaning/images.yaml").read_text(encoding="utf-8"))
    resolved = OmegaConf.to_container(OmegaConf.create({"dataset": {"shown": ["image"]}, **settings}), resolve=True)
    operators = instantiate({name: resolved[name] for name in settings}, "cleaning")  # type: ignore[index]
    with TemporaryDirectory(dir=target) as scratch:
        store = media.Store(target / "records", str(target / "records"))
        shards = tables.shards(folder)
        cleaned = cleaning.clean(shards, operators, FIELDS, ["image"], Local(processes), scratch, store)
        kept = tables.write(target / "records", cleaned.kept, cleaning.columns(FIELDS)[0], tables.rows(FIELDS))
    print(f"{kept:,} kept; " + ", ".join(f"{name} {each['rejected']:,}" for name, each in cleaned.counts.items()))


def augment(folder: Path, target: Path, processes: int) -> None:
    """What `stages/augment.py` does."""
    import yaml

    from stages import augmenting, media, tables
    from stages.configuration import instantiate
    from stages.engine import Local
    from stages.tasks import Choice

    kind = Choice("kind", "image", ("a", "b"))
    settings = yaml.safe_load(Path("conf/augmentation/images.yaml").read_text(encoding="utf-8"))
    chosen = augmenting.Augmentation(settings["copies"], ["image"], settings["operators"])
    operators = instantiate(settings["operators"], "augmentation.operators")
    shards, store = tables.shards(folder), media.Store(target / "copies", str(target / "copies"))
    copies, _ = augmenting.augment(shards, chosen, operators, FIELDS, [], store, Local(processes), kind, 1)
    columns = augmenting.columns(FIELDS, "text")
    tables.write(target / "copies", [copies], columns, tables.rows(FIELDS))
    print(f"{len(copies):,} copies")


def table(pictures: Path, folder: Path) -> None:
    """Write the table of some pictures, as both stages read it."""
    import pandas as pd

    from stages import tables

    paths = sorted(pictures.glob("*.jpg"))
    names = ["id", "content", "image", "source", "label", "origin"]
    rows = [(path.stem, "x", str(path), "made", "x", "human") for path in paths]
    frame = pd.DataFrame(rows, columns=names).assign(confidence=1.0)
    columns = dict.fromkeys(names, "text") | {"confidence": "number"}
    tables.write(folder, [frame], columns, tables.rows(FIELDS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--do", nargs=3, metavar=("WHAT", "SOURCE", "TARGET"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.do:
        what, source, target = given.do
        {"clean": clean, "augment": augment}[what](Path(source), Path(target), given.processes)
        return
    with TemporaryDirectory() as name:
        pictures, source = Path(name, "_media"), Path(name, "table")
        pictures.mkdir()
        draw(pictures, given.count, given.side)
        table(pictures, source)

        def ours(what: str) -> Cost:
            target = Path(name, what)
            target.mkdir()
            command = [sys.executable, "-m", "benchmarks.pictures", "--processes", str(given.processes)]
            return run([*command, "--do", what, str(source), str(target)], ROOT, {"OMP_NUM_THREADS": "1"})

        def peer(script: str) -> Cost:
            Path(name, "peer").mkdir(exist_ok=True)
            return run([sys.executable, "-c", script, str(pictures), f"{name}/peer"], ROOT, {"OMP_NUM_THREADS": "1"})

        told = [("clean", ours("clean"), given.processes), ("augment", ours("augment"), given.processes)]
        if importlib.util.find_spec("imagehash"):
            told.append(("imagehash alone", peer(HASHES), 1))
        told.append(("bare albumentations loop", peer(LOOP), 1))
        for what, cost, processes in told:
            print(
                f"{what:>25}, {processes} processes: {given.count / cost.wall:6,.0f} pictures/s, "
                f"{given.count / cost.cpu:6,.0f} per CPU-second"
            )


if __name__ == "__main__":
    main()
