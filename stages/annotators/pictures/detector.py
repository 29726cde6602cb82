"""Connected components, named by logistic regression: objects without a download."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import tables
from stages.annotators import logistic
from stages.annotators.base import NotEnough
from stages.annotators.logistic import Logistic
from stages.annotators.pictures.components import Component, components, foreground
from stages.annotators.pictures.linear import SIDE, described, places
from stages.annotators.pictures.reading import decoded
from stages.annotators.pictures.regions import Edges, Regional, objects, regional, regions
from stages.annotators.texts import column
from stages.tasks import Choice, Proposal, Task, Value
from stages.tasks.pictures.boxes import intersection_over_union

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NOTHING = ""  # what a component is called that is no object
REACHES = (0, 2, 4, 8)  # pixels; the one that fits people's objects best is taken
SAME = 0.5  # the overlap from which on a component is an object


@dataclass(frozen=True)
class Detector:
    """Finds what stands out from an even background, such as print, parts on a belt or cells, and names it.

    Pixels that differ from their neighbourhood are joined to components. People's objects say how far apart the pixels
    of one object may lie, how small one may be, and, through grey values and histograms of oriented gradients, what
    each is called, nothing among them. Objects that touch become one component, and are missed. Seconds for hundreds of
    pictures, no download. Proposes boxes, polygons or masks, as the labelling interface asks.

    Parameters
    ----------
    field
        The field with the picture.
    c
        Inverse strength of the L2 penalty, as in `sklearn.linear_model.LogisticRegression`.
    """

    field: str
    c: float = 1.0
    _seen: dict[str, Any] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        return "detector"

    def fit(
        self,
        records: pd.DataFrame,
        values: Sequence[Value],
        task: Task,
        seed: int,  # noqa: ARG002  nothing here is random
    ) -> DetectorModel:
        import numpy as np

        task = regional(task)
        pictures = [self.picture(path) for path in column(records, self.field)]
        truth = [list(objects(value, task, picture[0].shape)) for value, picture in zip(values, pictures, strict=True)]
        sizes = [(right - left) * (bottom - top) for each in truth for _, (left, top, right, bottom) in each]
        if not sizes:
            raise NotEnough("people have marked no object yet")
        smallest = max(1, math.floor(min(sizes) / 2))
        found = {reach: [_candidates(marked, reach, smallest) for _, marked in pictures] for reach in REACHES}
        reach = max(REACHES, key=lambda each: (_agreement(found[each], truth), -each))
        features, names = [], []
        for (grey, _), each, known in zip(pictures, found[reach], truth, strict=True):
            features += [_features(grey, candidate) for candidate in each]
            names += _names(each, known)
        if not features:
            raise NotEnough("nothing stands out in the labelled pictures; this annotator needs an even background")
        kinds = Choice("", "", (*task.labels, NOTHING))
        return DetectorModel(self, task, reach, smallest, logistic.fit(np.array(features), names, kinds, self.c))

    def load(self, folder: Path, task: Task) -> DetectorModel:
        task = regional(task)
        said = tables.read_json(folder / "components.json")
        regression, _ = logistic.load(folder, Choice("", "", (*task.labels, NOTHING)))
        return DetectorModel(self, task, said["reach"], said["smallest"], regression)

    def picture(self, path: str) -> tuple[np.ndarray, np.ndarray]:
        """Give a picture's grey values and what is marked in it; each is looked at once, not once per fold."""
        if path not in self._seen:
            self._seen[path] = _look(path)
        return self._seen[path]


@dataclass(frozen=True)
class DetectorModel:
    settings: Detector
    task: Regional
    reach: int
    smallest: int
    regression: Logistic

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        return [self._proposed(path) if path else None for path in column(records, self.settings.field)]

    def save(self, folder: Path) -> None:
        import pandas as pd

        self.regression.save(folder, pd.DataFrame({"feature": [*places(), "shape"]}), {"feature": "text"})
        tables.write_json(folder / "components.json", {"reach": self.reach, "smallest": self.smallest})

    def _proposed(self, path: str) -> Proposal:
        """Name each component; how sure that all names are right is the product of how sure each is."""
        import numpy as np

        grey, marked = self.settings.picture(path)
        found = _candidates(marked, self.reach, self.smallest)
        if not found:
            return Proposal([], 1.0, [])
        sure = self.regression.probabilities(np.array([_features(grey, each) for each in found]))
        named = sure.argmax(axis=1)
        confidence = float(sure.max(axis=1).prod())
        labelled = [
            (each, self.task.labels[name], float(scores[name]))
            for each, name, scores in zip(found, named.tolist(), sure, strict=True)
            if name < len(self.task.labels)
        ]
        marked_out = regions(labelled, self.task, grey.shape)
        value = self.task.ordered([region for region, _ in marked_out])
        scores = [next(score for region, score in marked_out if region is each) for each in value]
        return Proposal(value, confidence, [round(score, tables.DIGITS) for score in scores])


def _look(path: str) -> tuple[np.ndarray, np.ndarray]:
    import cv2

    picture = decoded(path)
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return grey, foreground(grey)


def _candidates(marked: np.ndarray, reach: int, smallest: int) -> list[Component]:
    found = components(marked, reach)
    return [each for each in found if each.pixels.size >= smallest]


def _features(grey: np.ndarray, candidate: Component) -> np.ndarray:
    import cv2
    import numpy as np

    left, top, right, bottom = candidate.edges
    crop = cv2.resize(grey[top:bottom, left:right], (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    shape = math.log((right - left) / (bottom - top))
    return np.append(described(crop), np.float32(shape))


def _overlaps(found: Sequence[Component], truth: Sequence[tuple[str, Edges]]) -> np.ndarray:
    import numpy as np

    sides = ([each.edges for each in found], [edges for _, edges in truth])
    return intersection_over_union(*(np.array(side, dtype=float).reshape(-1, 4) for side in sides))


def _agreement(found: Sequence[Sequence[Component]], truth: Sequence[Sequence[tuple[str, Edges]]]) -> float:
    """F1 of components against people's objects, whatever these are called."""
    hits = sum(int((_overlaps(*pair) >= SAME).any(axis=0).sum()) for pair in zip(found, truth, strict=True))
    return 2 * hits / (sum(map(len, found)) + sum(map(len, truth)))


def _names(found: Sequence[Component], truth: Sequence[tuple[str, Edges]]) -> list[str]:
    """Give each component the label of the object that it overlaps most, or none."""
    if not truth:
        return [NOTHING] * len(found)
    return [truth[int(row.argmax())][0] if row.max() >= SAME else NOTHING for row in _overlaps(found, truth)]
