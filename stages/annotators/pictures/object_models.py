"""What pretrained models find in a picture, whatever their kind, as components with a name and a score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stages.annotators import checkpoints, pretrained, training
from stages.annotators.pictures.components import Component
from stages.tasks.pictures.boxes import intersection_over_union

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["object-detection", "zero-shot-object-detection", "image-segmentation", "mask-generation"]
Found = tuple[Component, str, float]  # what, what the model calls it, and how sure it is

BOXES: tuple[Kind, ...] = ("object-detection", "zero-shot-object-detection")
WEAKEST = 0.01  # the score of what is looked at, at all
SAME, TWICE = 0.5, 0.9  # the overlap of boxes from which on two objects are one: of one name, of two


@cache
def pipeline(folder: Path, kind: Kind) -> Any:
    """Load a pipeline of transformers, in double precision, so that the processor does not show.

    Raises
    ------
    ValueError, KeyError, OSError
        There is no model of this kind in the folder.
    """
    library = pretrained.library("transformers")
    processor = library.AutoImageProcessor.from_pretrained(str(folder), local_files_only=True, backend="pil")
    auto = {
        "object-detection": library.AutoModelForObjectDetection,
        "zero-shot-object-detection": library.AutoModelForZeroShotObjectDetection,
        "image-segmentation": _segmentation(library, folder),
        "mask-generation": library.AutoModelForMaskGeneration,
    }[kind]
    network, _ = checkpoints.entire(auto, folder, "float64")
    tokenizer = None
    if kind == "zero-shot-object-detection":
        tokenizer = library.AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    device = training.device()
    return library.pipeline(kind, model=network, image_processor=processor, tokenizer=tokenizer, device=device)


def found(model: Any, kind: Kind, picture: np.ndarray, names: Sequence[str], threshold: float) -> list[Found]:
    """Look for objects in a picture.

    Parameters
    ----------
    model
        From `pipeline`.
    kind
        Of the same.
    picture
        RGB, shape (height, width, 3), as uint8.
    names
        What to look for, where the model can be told (zero-shot); others find what they know.
    threshold
        From which score on masks are given. Boxes are given from .01 on, since those left out tell how sure one may be.

    Returns
    -------
    The surest first. Of objects with one name whose boxes overlap by half or more, the surest alone; of those with two
    names from an overlap of .9 on, as a zero-shot model names what it finds once for each name.
    """
    from PIL import Image

    image = Image.fromarray(picture)
    if kind == "image-segmentation":
        return _ordered(_segments(model, image, threshold))
    if kind == "mask-generation":
        return _distinct(_ordered(_everything(model, image, threshold)))
    told = {"candidate_labels": list(names)} if kind == "zero-shot-object-detection" else {}
    boxes = [_box(each, picture.shape) for each in model(image, threshold=WEAKEST, **told)]
    return _distinct(_ordered([each for each in boxes if each[0].pixels.size]))


def _segmentation(library: Any, folder: Path) -> Any:
    config = library.AutoConfig.from_pretrained(str(folder), local_files_only=True)
    families = ("Universal", "Instance", "Semantic", "Image")
    classes = [getattr(library, f"AutoModelFor{each}Segmentation") for each in families]
    return next((each for each in classes if type(config) in each._model_mapping), classes[-1])


def _box(said: Any, shape: Sequence[int]) -> Found:
    import numpy as np

    left, top = max(0, said["box"]["xmin"]), max(0, said["box"]["ymin"])
    right, bottom = min(shape[1], said["box"]["xmax"]), min(shape[0], said["box"]["ymax"])
    pixels = np.ones((max(0, bottom - top), max(0, right - left)), dtype=bool)
    return Component(left, top, pixels), said["label"], float(said["score"])


def _segments(model: Any, image: Any, threshold: float) -> Iterator[Found]:
    import numpy as np
    import torch

    processor = model.image_processor
    if any(hasattr(processor, f"post_process_{each}_segmentation") for each in ("panoptic", "instance")):
        for said in model(image, threshold=threshold):
            yield from _cut(np.asarray(said["mask"]) > 0, said["label"], float(said["score"]))
        return
    with torch.no_grad():
        logits = model.model(**processor(images=[image], return_tensors="pt").to(model.device, torch.float64)).logits
        logits = torch.nn.functional.interpolate(logits, size=image.size[::-1], mode="bilinear", align_corners=False)
        shares, classes = torch.softmax(logits[0], dim=0).max(dim=0)
    for number, name in sorted(model.model.config.id2label.items()):
        mask = (classes == number) & (shares >= threshold)
        score = shares[mask].mean().item() if mask.any() else 0.0
        yield from _cut(mask.cpu().numpy(), name, score)


def _everything(model: Any, image: Any, threshold: float) -> Iterator[Found]:
    """Ask for what lies at each point of a grid; without torchvision, which the pipeline takes for its last step."""
    import numpy as np

    for inputs in model.preprocess(image):
        given = model.forward(inputs, pred_iou_thresh=threshold)
        for said, score in zip(given["masks"], given["iou_scores"].tolist(), strict=True):
            turns = np.repeat(np.arange(len(said["counts"])) % 2 == 1, said["counts"])  # of pixels outside, first
            yield from _cut(turns.reshape(said["size"][::-1]).T, "", min(1.0, max(0.0, score)))


def _cut(mask: np.ndarray, name: str, score: float) -> Iterator[Found]:
    import numpy as np

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows):
        left, top = int(columns[0]), int(rows[0])
        yield Component(left, top, mask[top : rows[-1] + 1, left : columns[-1] + 1]), name, score


def _ordered(objects: Iterator[Found] | list[Found]) -> list[Found]:
    return sorted(objects, key=lambda each: (-each[2], each[1], each[0].edges))


def _distinct(objects: Sequence[Found]) -> list[Found]:
    """Suppress what overlaps a surer object."""
    import numpy as np

    kept: list[Found] = []
    for each in objects:
        sides = ([each[0].edges], [other.edges for other, *_ in kept])
        overlaps = intersection_over_union(*(np.array(side, dtype=float).reshape(-1, 4) for side in sides))[0]
        bars = np.array([SAME if name == each[1] else TWICE for _, name, _ in kept])
        if not (overlaps >= bars).any():
            kept.append(each)
    return kept
