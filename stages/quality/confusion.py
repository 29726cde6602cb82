from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stages.tasks import Choice, Value


def confusion(task: Choice, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
    """Count records by what is true (rows) and what was given (columns).

    Returns
    -------
    Choice of one label: shape (labels, labels), in the order of the task's labels. Choice of several: a table of
    no and yes for each label, shape (labels, 2, 2).
    """
    true, chosen = task.codes(truth).astype(int), task.codes(given).astype(int)
    n = len(task.labels)
    if task.multiple:
        cells = 4 * np.arange(n) + 2 * true + chosen
        return np.bincount(cells.ravel(), minlength=4 * n).reshape(n, 2, 2)
    cells = n * true.argmax(axis=1) + chosen.argmax(axis=1)
    return np.bincount(cells, minlength=n * n).reshape(n, n)
