"""Objects in a picture: what boxes, polygons and masks have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from stages.tasks.base import Doubt, Value
from stages.tasks.pictures.doubts import doubts
from stages.tasks.regions import Region, Regions, grouped

if TYPE_CHECKING:
    import numpy as np

Match = tuple[int, int, int, list[float]]


@dataclass(frozen=True)
class Objects(Regions):
    """Regions that are objects, each of which has its counterpart or has none.

    Two values are as alike as the worst overlap (intersection over union) of their objects, matched one to one within
    each label so that the sum of overlaps is greatest (Kuhn 1955); 0 if an object has no counterpart.
    """

    headline: ClassVar[str] = "f1"

    @abstractmethod
    def overlaps(self, one: Sequence[Region], other: Sequence[Region]) -> np.ndarray:
        """Give the intersection over union of each pair, shape (one, other)."""

    @abstractmethod
    def average(self, same: Sequence[Region]) -> Region:
        """Make one object of several people's."""

    def doubts(self, value: Value, proposed: Value, scores: Sequence[float] | None, confidence: float) -> list[Doubt]:
        return doubts(value, proposed, scores, confidence, self.overlaps, self.bar)

    def compare(self, one: Value, other: Value) -> float:
        return _worst(self._matches(one, other))

    def matched(self, one: Sequence[Region], other: Sequence[Region]) -> list[tuple[int, int, float]]:
        """Match objects one to one so that the sum of overlaps is greatest: places in both, and the overlap."""
        overlaps = self.overlaps(one, other).round(6)  # as exact as values are: what is at the bar must reach it
        if 1 in overlaps.shape:  # the usual case, without scipy
            best = int(overlaps.argmax())
            row, column = divmod(best, overlaps.shape[1])
            return [(row, column, float(overlaps[row, column]))]
        from scipy.optimize import linear_sum_assignment

        pairs = zip(*linear_sum_assignment(overlaps, maximize=True), strict=True)
        return [(int(row), int(column), float(overlaps[row, column])) for row, column in pairs]

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Keep what most people marked.

        Objects of different people with the same label are put together, the pair with the greatest overlap first, as
        long as they overlap by half and nobody has two of them; what more than half of the people marked is kept.
        """
        if len(votes) == 1:
            return list(votes[0]), 1.0, 1
        groups = grouped(votes, self.labels, self.overlaps, self.bar)
        kept = [self.average(group) for group in groups if 2 * len(group) > len(votes)]
        value = self.ordered(kept)
        same = sum(self.compare(vote, value) >= self.bar for vote in votes)
        return value, same / len(votes), same

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        """Per record: for each label the found, the true and the given objects; their overlaps; right as a whole; 1."""
        import numpy as np

        n = len(self.labels)
        rows = np.zeros((len(truth), 3 * n + 3))
        for row, pair in zip(rows, zip(truth, given, strict=True), strict=True):
            matches = self._matches(*pair)
            for label, true, proposed, overlaps in matches:
                hits = [overlap for overlap in overlaps if overlap >= self.bar]
                row[[label, n + label, 2 * n + label]] = len(hits), true, proposed
                row[3 * n] += sum(hits)
            row[3 * n + 1] = _worst(matches) >= self.bar
        rows[:, -1] = 1
        return rows

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Precision, recall and F1 of objects at an overlap of one half; their mean overlap; records that are right.

        `accuracy` is the share of records with all objects found and none too many. `iou` is the mean overlap of those
        found. Of each label also how many true objects were `missed`, and how many proposed ones were `spurious`.
        """
        import numpy as np

        n = len(self.labels)
        hits, true, given = sums[..., :n], sums[..., n : 2 * n], sums[..., 2 * n : 3 * n]
        with np.errstate(divide="ignore", invalid="ignore"):
            each, precision, recall = 2 * hits / (true + given), hits / given, hits / true
            metrics = {
                "f1": 2 * hits.sum(axis=-1) / (true + given).sum(axis=-1),
                "precision": hits.sum(axis=-1) / given.sum(axis=-1),
                "recall": hits.sum(axis=-1) / true.sum(axis=-1),
                "macro_f1": np.nansum(each, axis=-1) / (true + given > 0).sum(axis=-1),
                "iou": sums[..., 3 * n] / hits.sum(axis=-1),
                "accuracy": sums[..., 3 * n + 1] / sums[..., 3 * n + 2],
            }
        for i, label in enumerate(self.labels):
            metrics[f"precision_{label}"] = precision[..., i]
            metrics[f"recall_{label}"] = recall[..., i]
            metrics[f"f1_{label}"] = each[..., i]
            metrics[f"missed_{label}"] = true[..., i] - hits[..., i]
            metrics[f"spurious_{label}"] = given[..., i] - hits[..., i]
        return metrics

    def _matches(self, one: Value, other: Value) -> list[Match]:
        """For each label that occurs: its place, how many objects each value has, and the overlaps of those matched."""
        found = []
        for place, label in enumerate(self.labels):
            mine, theirs = ([each for each in value if each["label"] == label] for value in (one, other))
            if mine or theirs:
                pairs = self.matched(mine, theirs) if mine and theirs else []
                found.append((place, len(mine), len(theirs), [overlap for _, _, overlap in pairs]))
        return found


def _worst(matches: Sequence[Match]) -> float:
    if any(mine != theirs for _, mine, theirs, _ in matches):
        return 0.0
    return min((overlap for *_, overlaps in matches for overlap in overlaps), default=1.0)
