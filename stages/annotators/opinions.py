"""What several models say of the same records: how to make one of it, and how far it is apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from stages.tables import DIGITS
from stages.tasks import Choice, Proposal, Task

if TYPE_CHECKING:
    import numpy as np

LEAST = 1e-4  # a probability in a logarithm


def features(scores: np.ndarray, task: Choice) -> np.ndarray:
    """Turn probabilities, shape (models, records, labels), into features to stack: (records, models times labels).

    They are log-odds of each label; of a single choice logarithms, centred. A model that says nothing gives 0.
    """
    import numpy as np

    logs = np.log(np.clip(scores, LEAST, 1))
    odds = logs - np.log(np.clip(1 - scores, LEAST, 1)) if task.multiple else logs - logs.mean(axis=2, keepdims=True)
    return np.hstack(list(np.where(np.isnan(scores), 0.0, odds)))


def mean(scores: np.ndarray) -> np.ndarray:
    """Average probabilities over the models that say something; NaN where none does."""
    import numpy as np

    said = ~np.isnan(scores)
    with np.errstate(invalid="ignore"):
        return np.where(said, scores, 0.0).sum(axis=0) / said.sum(axis=0)


def divergence(scores: np.ndarray, multiple: bool) -> list[float | None]:
    """Give the Jensen-Shannon divergence among the models, as a share of the most that there can be.

    Parameters
    ----------
    scores
        Probabilities, shape (models, records, labels); NaN where a model says nothing.
    multiple
        Whether several labels may hold at once; it is then that of the label they disagree on most.

    Returns
    -------
    Per record from 0 to 1; None where fewer than two models say something.

    References
    ----------
    J. Lin, Divergence Measures Based on the Shannon Entropy, IEEE Transactions on Information Theory 37 (1991).
    """
    import numpy as np

    # (models, records, questions, outcomes): a question per label, or one
    outcomes = np.stack([scores, 1 - scores], axis=-1) if multiple else scores[:, :, None, :]
    count = (~np.isnan(scores[..., 0])).sum(axis=0)
    most = np.log(np.clip(count, 2, outcomes.shape[-1]))  # no more than so many sides can be taken
    apart = _entropy(mean(outcomes)) - mean(_entropy(outcomes))
    shares = np.clip(apart.max(axis=1) / most, 0, 1).round(DIGITS)
    return [float(share) if known > 1 else None for share, known in zip(shares, count, strict=True)]


def elected(proposals: Sequence[Proposal | None], task: Task) -> Proposal | None:
    """Take the proposal that is most like all of them, each counting as much as it is sure; None if there is none.

    Its confidence is how like them it is on average, of those that propose something.
    """
    given = [each for each in proposals if each is not None]
    if not given:
        return None
    support = [sum(other.confidence * task.compare(each.value, other.value) for other in given) for each in given]
    best = max(range(len(given)), key=lambda place: (round(support[place], DIGITS), -place))
    return replace(given[best], confidence=min(1.0, support[best] / len(given)))


def unlike(proposals: Sequence[Proposal | None], task: Task) -> float | None:
    """Say how unlike proposals are, from 0 to 1: the mean over all pairs; None where there are fewer than two."""
    given = [each.value for each in proposals if each is not None]
    apart = [1 - task.compare(*pair) for pair in combinations(given, 2)]
    return round(sum(apart) / len(apart), DIGITS) if apart else None


def _entropy(outcomes: np.ndarray) -> np.ndarray:
    import numpy as np

    return -(outcomes * np.log(np.maximum(outcomes, np.finfo(float).tiny))).sum(axis=-1)
