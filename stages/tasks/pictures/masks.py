"""Masks over a picture: which pixels belong to which label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stages.tasks.base import Doubt, Value
from stages.tasks.pictures import rle
from stages.tasks.pictures.doubts import doubts
from stages.tasks.pictures.outlines import Point
from stages.tasks.regions import Region, Regions, size_of

if TYPE_CHECKING:
    import numpy as np

BOUNDARY = 0.02  # of the picture's diagonal: how far its boundary reaches into a mask


@dataclass(frozen=True)
class Masks(Regions):
    """A Label Studio `BrushLabels` control.

    A region has `rle`, Label Studio's run-length encoding as a list of bytes, `size`, the picture's width and height in
    pixels, and `label`. Regions of one label are one mask: strokes add up. Two values are as alike as the worst overlap
    (intersection over union) of their labels' masks.
    """

    type: ClassVar[str] = "masks"
    control: ClassVar[str] = "brushlabels"
    column: ClassVar[Any] = [{"rle": ["whole"], "size": ["whole"], "label": "text"}]
    headline: ClassVar[str] = "iou"

    def place(self, item: Mapping[str, Any]) -> Region:
        encoded = item["value"].get("rle")
        if item["value"].get("format") != "rle" or not isinstance(encoded, list):
            raise ValueError(f"a mask of the format 'rle' is expected, found {item['value']!r:.200}")
        if not all(isinstance(each, int) and 0 <= each < 256 for each in encoded):
            raise ValueError("'rle' must be a list of bytes")
        size = size_of(item)
        rle.decode(encoded, size)
        return {"rle": list(encoded), "size": size}

    def shown(self, each: Region) -> dict[str, Any]:
        width, height = each["size"]
        value = {"format": "rle", "rle": list(each["rle"])}
        return {"original_width": width, "original_height": height, "value": value}

    def region(self, mask: np.ndarray, label: str) -> Region:
        """Make a region of the marked pixels, booleans of shape (height, width)."""
        return {"rle": rle.encode(mask), "size": [mask.shape[1], mask.shape[0]], "label": label}

    def mask(self, value: Value, label: str) -> np.ndarray | None:
        """Give the pixels of a label, booleans of shape (height, width); None if it is not there."""
        import numpy as np

        masks = [rle.decode(each["rle"], each["size"]) for each in value if each["label"] == label]
        return np.logical_or.reduce(masks) if masks else None

    def outlines(self, value: Value, width: float, height: float) -> list[list[Point]]:
        """Give the outer border of each stroke and island, in pixels of a picture of that size."""
        import cv2
        import numpy as np

        found = []
        for each in value:
            mask = rle.decode(each["rle"], each["size"]).astype(np.uint8)
            borders, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
            scale = (width / each["size"][0], height / each["size"][1])
            found += [[(x * scale[0], y * scale[1]) for x, y in border[:, 0].tolist()] for border in borders]
        return found

    def united(self, value: Value) -> Value:
        """Give the one mask of each label, for strokes that add up to it."""
        counts = self.count([value])
        strokes = [label for label in self.labels if counts[label] > 1]
        whole = [each for each in value if each["label"] not in strokes]
        masks = {label: self.mask(value, label) for label in strokes}
        return self.ordered(whole + [self.region(mask, label) for label, mask in masks.items() if mask is not None])

    def overlaps(self, one: Sequence[Region], other: Sequence[Region]) -> np.ndarray:
        """Give the intersection over union of each pair, shape (one, other)."""
        import numpy as np

        sides = [[rle.decode(each["rle"], each["size"]) for each in side] for side in (one, other)]
        found = np.zeros((len(one), len(other)))
        for row, mine in enumerate(sides[0]):
            for column, theirs in enumerate(sides[1]):
                shared, true, given = _areas(mine, theirs)
                found[row, column] = shared / max(1, true + given - shared)
        return found

    def doubts(self, value: Value, proposed: Value, scores: Sequence[float] | None, confidence: float) -> list[Doubt]:
        """Compare label by label: each has one mask."""
        return doubts(self.united(value), proposed, scores, confidence, self.overlaps, self.bar)

    def compare(self, one: Value, other: Value) -> float:
        return self._worst(self._sums(one, other))

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Keep the pixels that more than half of the people gave a label."""
        import numpy as np

        if len(votes) == 1:
            return list(votes[0]), 1.0, 1
        kept = []
        for label in self.labels:
            masks = [mask for vote in votes if (mask := self.mask(vote, label)) is not None]
            if 2 * len(masks) > len(votes):
                most = 2 * np.sum(masks, axis=0, dtype=int) > len(votes)
                kept += [self.region(most, label)] if most.any() else []
        value = self.ordered(kept)
        same = sum(self.compare(vote, value) >= self.bar for vote in votes)
        return value, same / len(votes), same

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        """Per record: for each label shared, true and given pixels, and the same of boundaries; right as a whole; 1."""
        import numpy as np

        rows = np.ones((len(truth), 6 * len(self.labels) + 2))
        for row, pair in zip(rows, zip(truth, given, strict=True), strict=True):
            sums = self._sums(*pair, boundaries=True)
            row[:-2] = sums.ravel()
            row[-2] = self._worst(sums[:3]) >= self.bar
        return rows

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Intersection over union, Dice and boundary IoU of all pixels, each the mean over the labels that occur.

        `accuracy` is the share of records whose every mask overlaps by half or more.

        References
        ----------
        B. Cheng et al., Boundary IoU: Improving Object-Centric Image Segmentation Evaluation, CVPR (2021).
        """
        import numpy as np

        shared, true, given, *edges = np.moveaxis(sums[..., :-2].reshape(*sums.shape[:-1], 6, -1), -2, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = shared / (true + given - shared)
            metrics = {
                "iou": _mean(each),
                "dice": _mean(2 * shared / (true + given)),
                "boundary_iou": _mean(edges[0] / (edges[1] + edges[2] - edges[0])),
                "accuracy": sums[..., -2] / sums[..., -1],
            }
        return metrics | {f"iou_{label}": each[..., i] for i, label in enumerate(self.labels)}

    def _sums(self, one: Value, other: Value, boundaries: bool = False) -> np.ndarray:
        """Shared, true and given pixels of each label, and of its boundary: shape (3 or 6, labels)."""
        import numpy as np

        sums = np.zeros((6 if boundaries else 3, len(self.labels)))
        for place, label in enumerate(self.labels):
            pair = [self.mask(value, label) for value in (one, other)]
            sums[:3, place] = _areas(*pair)
            if boundaries:
                sums[3:, place] = _areas(*(mask if mask is None else boundary(mask) for mask in pair))
        return sums

    def _worst(self, sums: np.ndarray) -> float:
        import numpy as np

        shared, true, given = sums
        overlaps = np.divide(shared, true + given - shared, out=np.ones_like(shared), where=true + given > 0)
        return float(overlaps.min())


def boundary(mask: np.ndarray) -> np.ndarray:
    """Give the pixels of a mask that are near its outline, by Cheng et al. (2021): within 2 % of the diagonal."""
    import cv2
    import numpy as np

    steps = max(1, round(BOUNDARY * float(np.hypot(*mask.shape))))
    padded = np.pad(mask.astype(np.uint8), 1)  # the picture's border is an outline, too
    inner = cv2.erode(padded, np.ones((3, 3), dtype=np.uint8), iterations=steps)[1:-1, 1:-1]
    return mask & (inner == 0)


def _areas(true: np.ndarray | None, given: np.ndarray | None) -> tuple[int, int, int]:
    shared = 0 if true is None or given is None else int((true & given).sum())
    return shared, *(0 if mask is None else int(mask.sum()) for mask in (true, given))  # type: ignore[return-value]


def _mean(each: np.ndarray) -> np.ndarray:
    """Mean over the labels that occur; NaN if none does."""
    import numpy as np

    known = ~np.isnan(each)
    return np.where(known, each, 0).sum(axis=-1) / known.sum(axis=-1)
