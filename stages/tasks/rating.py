"""A rating: a whole number from 1 to the highest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages.tasks.base import Value
from stages.tasks.choice import Choice
from stages.tasks.results import only

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Rating(Choice):
    """A Label Studio `Rating` control: a choice whose labels are numbers, and so have an order and distances.

    Parameters
    ----------
    labels
        "1" and on, without a gap; the value of a label is its number.
    """

    type: str = "rating"

    @property
    def values(self) -> tuple[int, ...]:
        return tuple(map(int, self.labels))

    @property
    def column(self) -> str:
        return "whole"

    @property
    def headline(self) -> str:
        return "quadratic_kappa"

    def parse(self, result: Sequence[Mapping[str, Any]]) -> Value:
        rating = only(result, self.name, "rating", "rating")
        if type(rating) is not int or not 1 <= rating <= len(self.labels):
            raise ValueError(f"a whole number from 1 to {len(self.labels)} is expected, found {rating!r:.100}")
        return rating

    def show(self, value: Value) -> list[dict[str, Any]]:
        told = {"rating": value}
        return [{"from_name": self.name, "to_name": self.to_name, "type": "rating", "value": told}]

    def answered(self, answer: Any, texts: Mapping[str, str]) -> Value:
        return int(super().answered(answer, texts))

    def answer(self, value: Value, texts: Mapping[str, str]) -> Any:  # noqa: ARG002
        return str(value)  # as the schema lists the labels; of texts none begins another, as 1 does 10

    def compare(self, one: Value, other: Value) -> float:
        """Give 1 for the same rating, 0 for those farthest apart, and in between in proportion."""
        return 1 - abs(one - other) / (len(self.labels) - 1)

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Take the median; of an even number of votes the lower one."""
        median = sorted(votes)[(len(votes) - 1) // 2]
        same = sum(vote == median for vote in votes)
        return median, same / len(votes), same

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        """Say of each record which cell of the confusion matrix it falls into, row by row."""
        import numpy as np

        n = len(self.labels)
        cells = n * (np.asarray(truth, dtype=int) - 1) + np.asarray(given, dtype=int) - 1
        rows = np.zeros((len(cells), n * n))
        rows[np.arange(len(cells)), cells] = 1
        return rows

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Accuracy, mean absolute error, kappa with quadratic weights (Cohen 1968), and Spearman's rank correlation.

        Ties have their mean rank. Kappa and correlation are undefined where all ratings are the same.
        """
        import numpy as np

        n = len(self.labels)
        cells = sums.reshape(*sums.shape[:-1], n, n)
        total = cells.sum(axis=(-2, -1))
        true, given = cells.sum(axis=-1), cells.sum(axis=-2)
        apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = cells / total[..., None, None]
            chance = true[..., :, None] * given[..., None, :] / (total * total)[..., None, None]
            ranks = [_centred_ranks(each, total) for each in (true, given)]
            together = (cells * ranks[0][..., :, None] * ranks[1][..., None, :]).sum(axis=(-2, -1))
            spread = [(each * rank**2).sum(axis=-1) for each, rank in zip((true, given), ranks, strict=True)]
            return {
                "accuracy": (shares * np.eye(n)).sum(axis=(-2, -1)),
                "mean_absolute_error": (shares * apart).sum(axis=(-2, -1)),
                "quadratic_kappa": 1 - (shares * apart**2).sum(axis=(-2, -1)) / (chance * apart**2).sum(axis=(-2, -1)),
                "rank_correlation": together / np.sqrt(spread[0] * spread[1]),
            }


def _centred_ranks(counts: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Give each rating's mean rank among those counted, less the mean of all ranks."""
    return counts.cumsum(axis=-1) - counts / 2 - total[..., None] / 2
