"""Clean and augment pictures with the shipped options, beside imagehash, imagededup and a bare albumentations loop.

python -m benchmarks.pictures [--count 2000] [--side 256] [--processes 2] [--what clean boxes masks] [--rounds 1]
                              [--peers PYTHON] [--keep FOLDER]

The pictures are crops of scikit-learn's two photographs, with noise, as JPEG; in each three ellipses are marked, by
boxes or by masks. imagehash and imagededup only make their perceptual hashes; imagededup brings torch, so `--peers` may
name the Python of another environment that has it. The bare loop makes as many pictures, in one process, with their
boxes in JSON, or their masks as PNG. Imports and starting processes count on both sides. In each round ours and its
peers run once, after what was written is on the disk and all pictures were read, so that none waits for it. The
pictures are drawn anew, or kept for another run in the folder that `--keep` names.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import ROOT, Cost, run
from stages.tasks.pictures import Boxes, Masks

FIELDS = {"image": "image"}
LABELS = ("a", "b", "c")
TASKS: dict[str, Boxes | Masks] = {each.type: each("marks", "image", LABELS) for each in (Boxes, Masks)}

HASHES = {
    "imagehash": """
import sys
from pathlib import Path
import imagehash
from PIL import Image
print(len({str(imagehash.phash(Image.open(path))) for path in sorted(Path(sys.argv[1]).glob("*.jpg"))}))
""",
    "imagededup": """
import sys
from pathlib import Path
from imagededup.methods import PHash
encoder = PHash(verbose=False)
print(len({encoder.encode_image(image_file=str(path)) for path in sorted(Path(sys.argv[1]).glob("*.jpg"))}))
""",
}
LOOP = """
import json, os, sys
from pathlib import Path
os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import albumentations as A, cv2, numpy as np, yaml
from PIL import Image
cv2.setNumThreads(1)
source, what, target = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
option = yaml.safe_load(open("conf/augmentation/images.yaml"))["operators"]
compose = A.Compose(
    [getattr(A, each["name"])(**each["arguments"]) for each in option.values()],
    bbox_params=A.BboxParams("pascal_voc", label_fields=["labels"], min_visibility=0.5) if what == "boxes" else None,
)
for number, path in enumerate(sorted(source.glob("*.jpg"))):
    compose.set_random_seed(number)
    picture = np.asarray(Image.open(path))
    if what == "boxes":
        given = {"bboxes": json.loads(path.with_suffix(".json").read_text()), "labels": ["a", "b", "c"]}
    else:
        given = {"masks": [np.asarray(Image.open(path.with_suffix(f".{label}.png"))) for label in "abc"]}
    made = compose(image=picture, **given)
    Image.fromarray(made["image"]).save(target / f"{path.stem}.png", compress_level=6)
    if what == "boxes":
        marked = {"boxes": np.asarray(made["bboxes"]).tolist(), "labels": list(made["labels"])}
        (target / f"{path.stem}.json").write_text(json.dumps(marked))
    for label, mask in zip("abc", made.get("masks", [])):
        Image.fromarray(mask).save(target / f"{path.stem}.{label}.png")
"""


def draw(folder: Path, count: int, side: int, masks: bool) -> None:
    """Write pictures, of which one in fifty is a near-duplicate of the one before, with boxes and maybe masks."""
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
        path = folder / f"p{number:06d}.jpg"
        Image.fromarray(pixels).save(path, quality=90)
        corners = []
        down, right = np.mgrid[:side, :side] / side
        for label in LABELS:
            (x, y), (wide, high) = random.uniform(0.3, 0.7, 2), random.uniform(0.06, 0.2, 2)
            if masks:
                mask = ((right - x) / wide) ** 2 + ((down - y) / high) ** 2 < 1
                Image.fromarray(mask.astype(np.uint8) * 255).save(path.with_suffix(f".{label}.png"))
            corners.append([side * float(each) for each in (x - wide, y - high, x + wide, y + high)])
        path.with_suffix(".json").write_text(json.dumps(corners), encoding="utf-8")


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
        kept = tables.write(target / "records", cleaned.kept, cleaning.columns(FIELDS)[0], media.rows(FIELDS))
    print(f"{kept:,} kept; " + ", ".join(f"{name} {each['rejected']:,}" for name, each in cleaned.counts.items()))


def augment(folder: Path, target: Path, processes: int, task: Boxes | Masks) -> None:
    """What `stages/augment.py` does."""
    import yaml

    from stages import augmenting, media, tables
    from stages.configuration import instantiate
    from stages.engine import Local

    settings = yaml.safe_load(Path("conf/augmentation/images.yaml").read_text(encoding="utf-8"))
    chosen = augmenting.Augmentation(settings["copies"], ["image"], settings["operators"])
    operators = instantiate(settings["operators"], "augmentation.operators")
    shards, store = tables.shards(folder), media.Store(target / "copies", str(target / "copies"))
    copies, _ = augmenting.augment(shards, chosen, operators, FIELDS, [], store, Local(processes), task, 1)
    columns = augmenting.columns(FIELDS, task.column)
    tables.write(target / "copies", [copies], columns, media.rows(FIELDS))
    print(f"{len(copies):,} copies")


def table(pictures: Path, folder: Path, task: Boxes | Masks) -> None:
    """Write the table of some pictures with what is marked in them, as both stages read it."""
    import numpy as np
    import pandas as pd
    from PIL import Image

    from stages import media, tables

    def value(path: Path) -> list[dict[str, Any]]:
        if isinstance(task, Masks):
            masks = ((np.asarray(Image.open(path.with_suffix(f".{label}.png"))), label) for label in LABELS)
            return task.ordered([task.region(mask > 0, label) for mask, label in masks])
        width, height = Image.open(path).size
        edges = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        places = (
            (100 * x / width, 100 * y / height, 100 * (right - x) / width, 100 * (low - y) / height)
            for x, y, right, low in edges
        )
        boxes = (dict(zip(("x", "y", "width", "height"), place, strict=True)) for place in places)
        return task.ordered([{**box, "rotation": 0.0, "label": each} for box, each in zip(boxes, LABELS, strict=True)])

    paths = sorted(pictures.glob("*.jpg"))
    names = ["id", "content", "image", "source", "label", "origin"]
    rows = [(path.stem, "x", str(path), "made", value(path), "human") for path in paths]
    frame = pd.DataFrame(rows, columns=names).assign(confidence=1.0)
    columns = dict.fromkeys(names, "text") | {"label": task.column, "confidence": "number"}
    tables.write(folder, [frame], columns, media.rows(FIELDS))


def measure(commands: Mapping[str, Sequence[str]], pictures: Path, folder: Path, rounds: int) -> None:
    """Run commands in turn, each with a new folder as its last argument, and print how fast they were."""
    costs: dict[str, list[Cost]] = {each: [] for each in commands}
    paths = list(pictures.glob("*.jpg"))
    for number, (each, command) in product(range(rounds), commands.items()):
        os.sync()
        for path in paths:
            path.read_bytes()
        target = folder / f"{each} {number}"
        target.mkdir()
        costs[each].append(run([*command, str(target)], ROOT, {"OMP_NUM_THREADS": "1"}))
    for each, measured in costs.items():
        rates = sorted(len(paths) / cost.wall for cost in measured)
        spread = f" ({rates[0]:,.0f} to {rates[-1]:,.0f})" if rounds > 1 else ""
        per_second = median(len(paths) / cost.cpu for cost in measured)
        print(f"{each:>36}: {median(rates):6,.0f}{spread} pictures/s, {per_second:6,.1f} per CPU-second")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--what", nargs="+", choices=["clean", *TASKS], default=["clean", *TASKS])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--keep")
    parser.add_argument("--do", nargs=3, metavar=("WHAT", "SOURCE", "TARGET"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.do:
        what, source, target = given.do
        if what == "clean":
            clean(Path(source), Path(target), given.processes)
        else:
            augment(Path(source), Path(target), given.processes, TASKS[what])
        return
    asked = [given.peers, "-c", f"import importlib.util as u; print(*filter(u.find_spec, {[*HASHES]}))"]
    there = run(asked, ROOT).said.split()
    with TemporaryDirectory() as name:
        drawn = f"{given.count} of {given.side}{' with masks' * ('masks' in given.what)}"
        pictures = Path(given.keep or name, drawn, "_media")
        if not pictures.exists():
            pictures.mkdir(parents=True)
            draw(pictures, given.count, given.side, "masks" in given.what)

        ours = [sys.executable, "-m", "benchmarks.pictures", "--processes", str(given.processes), "--do"]
        for what in given.what:
            source = Path(name, f"table {what}")
            table(pictures, source, TASKS.get(what, TASKS["boxes"]))
            title = f"augment, {what}" if what in TASKS else what
            commands = {f"{title}, {given.processes} process(es)": [*ours, what, str(source)]}
            if what in TASKS:
                commands[f"bare loop, {what}, 1 process"] = [sys.executable, "-c", LOOP, str(pictures), what]
            else:
                commands |= {
                    f"{peer} alone, 1 process": [given.peers, "-c", HASHES[peer], str(pictures)] for peer in there
                }
            measure(commands, pictures, Path(name), given.rounds)


if __name__ == "__main__":
    main()
