"""In which order the active queue asks for records that nobody has answered."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.review.vectors import text_vectors
from stages.sampling import order
from stages.tasks import Choice, Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from stages.review.settings import Strategy

TIMED = 20  # answers with seconds, at least, to say how long others take
WIDE = 10  # times as many uncertain records as there are places, among which diverse ones are looked for

Line = Mapping[str, Any]
Ranking = Iterator[tuple[str, str]]  # records with the reason for asking, the first to be asked first


@dataclass(frozen=True)
class Pool:
    """Records that nobody has answered, and what is known of them.

    Parameters
    ----------
    records
        Their ids, sorted.
    proposals
        Lines of `data/labels/auto.jsonl`, by record.
    labels
        Lines of `data/labels/human.jsonl`.
    shown
        All records: the column `id`, and the text fields that people see.
    task, seed
        What a value is; what is drawn at random.
    places
        How many of them the active queue asks for at most.
    """

    records: Sequence[str]
    proposals: Mapping[str, Line]
    labels: Sequence[Line]
    shown: pd.DataFrame | None
    task: Task
    seed: int
    places: int

    @cached_property
    def known(self) -> list[str]:
        """Those with a proposal."""
        return [each for each in self.records if each in self.proposals]

    @cached_property
    def texts(self) -> dict[str, str]:
        """What people read of each record."""
        if self.shown is None or len(self.shown.columns) < 2:
            return {}
        rows = self.shown.drop(columns="id").astype(object).fillna("").astype(str)
        return {id: "\n".join(row) for id, row in zip(self.shown["id"], rows.itertuples(index=False), strict=True)}

    def unsure(self, strategy: Strategy = "margin") -> list[float]:
        """Say how uncertain each of the known ones is; a tie is a tie on every machine."""
        import numpy as np

        lines = [self.proposals[each] for each in self.known]
        if lines and isinstance(self.task, Choice):
            scores = np.array([list(line["scores"].values()) for line in lines])
            return uncertainty(scores, strategy, self.task.multiple).round(9).tolist()
        return [round(1 - line["confidence"], 9) for line in lines]


def uncertainty(scores: np.ndarray, strategy: Strategy, multiple: bool = False) -> np.ndarray:
    """Say how unsure a model is of each record; more is less sure.

    Parameters
    ----------
    scores
        Probability per label, shape (records, labels).
    strategy
        `margin`: 1 minus the lead of the likeliest label over the next; `least_confident`: 1 minus its probability;
        `entropy`: of all labels, in nats.
    multiple
        Whether several labels may hold at once; the record is then as uncertain as its most uncertain label.

    Returns
    -------
    Shape (records,).

    References
    ----------
    B. Settles, Active Learning Literature Survey, University of Wisconsin-Madison (2009), section 3.1.
    """
    import numpy as np

    outcomes = np.stack([scores, 1 - scores], axis=-1) if multiple else scores
    if strategy == "entropy":
        unsure = -(outcomes * np.log(np.maximum(outcomes, np.finfo(float).tiny))).sum(axis=-1)
    else:
        top = np.partition(outcomes, -2, axis=-1)
        unsure = 1 - top[..., -1] + (top[..., -2] if strategy == "margin" else 0)
    return unsure.max(axis=1) if multiple else unsure


def ranking(pool: Pool, strategy: Strategy) -> Ranking:
    """Order a pool by a strategy of `conf/review/`.

    What the annotator proposes nothing for comes first, except where chance or likeness decides.

    Raises
    ------
    InputError
        The strategy needs what is not there.
    """
    if not pool.records:
        return
    if strategy == "random":
        yield from ((each, "active at random") for each in order(f"active|{pool.seed}", pool.records))
    elif strategy == "diverse":
        yield from _diverse(pool)
    else:
        yield from ((each, "no proposal") for each in pool.records if each not in pool.proposals)
        if pool.known:
            yield from RANKINGS[strategy](pool) if strategy in RANKINGS else _uncertain(pool, strategy)


def _uncertain(pool: Pool, strategy: Strategy) -> Ranking:
    yield from _sorted(pool.known, pool.unsure(strategy), f"{strategy} uncertainty")


def _committee(pool: Pool) -> Ranking:
    """Query by committee: H. S. Seung, M. Opper and H. Sompolinsky, COLT (1992)."""
    if not all("disagreement" in pool.proposals[each] for each in pool.known):
        raise InputError(
            "active.strategy: committee goes by how far the parts of an ensemble disagree, and this annotator is none; "
            "choose annotator: ensemble in params.yaml, or another strategy in conf/review/"
        )
    told = {each: pool.proposals[each]["disagreement"] for each in pool.known}
    judged = [each for each in pool.known if told[each] is not None]
    yield from _sorted(judged, [told[each] for each in judged], "committee disagreement")
    yield from ((each, "one opinion alone") for each in pool.known if told[each] is None)


def _balanced(pool: Pool) -> Ranking:
    """Take the most uncertain of the label that is rarest among people's labels and those that would be asked."""
    if not isinstance(pool.task, Choice) or pool.task.multiple:
        raise InputError("active.strategy: balanced is for a choice of one label; choose another in conf/review/")
    counts = Counter(line["value"] for line in pool.labels)
    waiting: dict[str, deque[tuple[str, str]]] = {label: deque() for label in pool.task.labels}
    for record, reason in _uncertain(pool, "margin"):
        value = pool.proposals[record]["value"]
        waiting[value].append((record, f"proposed as {value}, {reason}"))
    while left := [label for label, line in waiting.items() if line]:
        label = min(left, key=lambda each: counts[each])  # the first of those that are as rare
        counts[label] += 1
        yield waiting[label].popleft()


def _gain(pool: Pool) -> Ranking:
    """Take the most uncertainty per second that people would need (Settles, Craven and Friedland, 2008)."""
    unsure = pool.unsure()
    pace = _pace(pool)
    if pace is None:
        yield from _sorted(pool.known, unsure, "too few answers are timed, margin uncertainty")
        return
    seconds = [pace(each) for each in pool.known]
    worth = [round(doubt / each, 9) for doubt, each in zip(unsure, seconds, strict=True)]
    for row in _descending(worth):
        yield pool.known[row], f"margin uncertainty {unsure[row]:.3f} in about {seconds[row]:.1f} s"


def _pace(pool: Pool) -> Callable[[str], float] | None:
    """Say how many seconds a record takes: a power of its length, fitted by least squares to what answers took."""
    import numpy as np

    timed = [(line["record"], line["seconds"]) for line in pool.labels if line["seconds"]]
    if len(timed) < TIMED:
        return None
    size = {record: log(1 + len(text)) for record, text in pool.texts.items()}
    x = np.array([size.get(record, 0.0) for record, _ in timed])
    y = np.log([seconds for _, seconds in timed])
    spread = x - x.mean()
    slope = max(0.0, float(spread @ y) / float(spread @ spread)) if x.std() > 1e-9 else 0.0
    level = float(y.mean()) - slope * float(x.mean())
    return lambda record: max(0.1, round(exp(level + slope * size.get(record, 0.0)), 3))


def _diverse(pool: Pool) -> Ranking:
    """Take one of each group of alike records, uncertain ones counting more; then the next uncertain ones.

    Where people see no text there is nothing to tell what is alike, and the most uncertain come first.

    References
    ----------
    F. Zhdanov, Diverse Mini-Batch Active Learning, arXiv:1901.05954 (2019).
    """
    import numpy as np
    from sklearn.cluster import KMeans

    if not any(pool.texts.values()):
        yield from ranking(pool, "margin")
        return
    doubts = dict.fromkeys(pool.records, 1.0) | dict(zip(pool.known, pool.unsure(), strict=True))
    by_doubt = sorted(pool.records, key=lambda each: (-doubts[each], each))
    near = by_doubt[: WIDE * pool.places]
    if near:
        vectors = text_vectors([pool.texts[each] for each in near], pool.seed)
        groups = min(pool.places, len(np.unique(vectors, axis=0)))
        weights = np.maximum([doubts[each] for each in near], 1e-6)
        means = KMeans(groups, n_init=1, random_state=pool.seed % 2**32).fit(vectors, sample_weight=weights)
        distances = means.transform(vectors)[range(len(near)), means.labels_].round(6)
        sizes = Counter(means.labels_.tolist())
        taken: dict[int, str] = {}
        for row in sorted(range(len(near)), key=lambda row: (distances[row], row)):
            taken.setdefault(int(means.labels_[row]), near[row])
        chosen = {each: sizes[group] for group, each in taken.items()}
        yield from ((each, f"stands for {chosen[each]} alike") for each in near if each in chosen)
        by_doubt = [each for each in by_doubt if each not in chosen]
    yield from ((each, f"margin uncertainty {doubts[each]:.3f}") for each in by_doubt)


RANKINGS = {"committee": _committee, "balanced": _balanced, "gain": _gain}


def _sorted(records: Sequence[str], values: Sequence[float], what: str) -> Ranking:
    for row in _descending(values):
        yield records[row], f"{what} {values[row]:.3f}"


def _descending(values: Sequence[float]) -> list[int]:
    return sorted(range(len(values)), key=lambda row: (-values[row], row))  # ties stay in the order of ids
