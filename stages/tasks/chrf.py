"""chrF: how alike two texts are by their runs of one to six characters, white space aside.

M. Popović, chrF: character n-gram F-score for automatic MT evaluation, WMT (2015).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ORDER = 6
SIZE = 3 * ORDER


def statistics(true: str, given: str) -> np.ndarray:
    """Count for each length the n-grams of the given text, of the true one, and those in common: shape (3 · ORDER,).

    As in sacreBLEU, those of the given text count where the true one has some of that length.
    """
    import numpy as np

    squeezed = ["".join(given.split()), "".join(true.split())]
    counts = np.zeros((ORDER, 3))
    for n in range(1, ORDER + 1):
        one, other = (Counter(text[i : i + n] for i in range(len(text) - n + 1)) for text in squeezed)
        counts[n - 1] = one.total() if other else 0, other.total(), (one & other).total()
    return counts.ravel()


def score(sums: np.ndarray, beta: float = 2.0) -> np.ndarray:
    """Turn sums of `statistics`, shape (..., 3 · ORDER), into chrF, shape (...), from 0 to 1.

    As in sacreBLEU: precision and recall are means over the lengths of which both sides have n-grams, and recall weighs
    `beta` times as much as precision.
    """
    import numpy as np

    counts = sums.reshape(*sums.shape[:-1], ORDER, 3)
    given, true, common = np.moveaxis(counts, -1, 0)
    both = (given > 0) & (true > 0)
    orders = np.maximum(both.sum(axis=-1), 1)
    precision, recall = (
        (np.divide(common, side, where=both, out=np.zeros_like(common))).sum(axis=-1) / orders for side in (given, true)
    )
    weighed = beta**2 * precision + recall
    return np.divide((1 + beta**2) * precision * recall, weighed, where=weighed > 0, out=np.zeros_like(weighed))
