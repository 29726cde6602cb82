"""Which records people see next, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from json import dumps
from typing import TYPE_CHECKING, Any, NamedTuple

from stages.review import audit
from stages.review.gold import mixed_in
from stages.review.settings import Review
from stages.review.strategies import Pool, ranking
from stages.tasks import Task

if TYPE_CHECKING:
    import pandas as pd

Proposals = Mapping[str, Mapping[str, Any]]  # lines of `data/labels/auto.jsonl`, by record


class Queued(NamedTuple):
    """A record to be shown to people, the queue it is asked under, and why it was chosen."""

    record: str
    queue: str
    reason: str


def next_batch(
    permutation: Sequence[str],
    labels: audit.Labels,
    proposals: Proposals,
    review: Review,
    task: Task,
    seed: int,
    doubted: Mapping[str, str] | None = None,
    gold: Collection[str] = (),
    shown: pd.DataFrame | None = None,
) -> list[Queued]:
    """Choose the records that people see next.

    What the open audit lacks comes first, all of it, then the gold records. The rest of the batch is shared between the
    random queue (the next records of the permutation) and the active one: records that have changed since they were
    labelled, or a declared share of those labelled under an older guideline; records on which people disagree or that
    too few of them have answered; labels that look wrong, each once; then those that nobody has answered, in the
    order of `active.strategy`. If one of the two runs short, the other fills its place.

    A record is asked again under the queue that it was in, unless it was or is the annotator that makes us ask: then
    under the active one, so that no estimate takes the answer for one that was drawn by chance. The sample of the open
    audit is left alone.

    Parameters
    ----------
    permutation
        All records, in the order in which the random queue asks for them.
    labels
        People's labels, as `settle` makes them.
    proposals
        Lines of `data/labels/auto.jsonl`, by record; none at all without a model.
    review
        The settings.
    task
        What a value is.
    seed
        Of the audit's sample.
    doubted
        Labelled records whose labels look wrong, in the order of asking, with the reason.
    gold
        Records with known values.
    shown
        All records: the column `id`, and the text fields that people see. Strategies that look at texts need it.

    Returns
    -------
    Records in the order of asking, none twice.
    """
    answered = {label["record"]: label for label in labels if label["people"]}
    again = {
        each
        for each, label in answered.items()
        if label["people"] < review.overlap
        or _changed(label, review)
        or _disputed(label, review, task)
        or _outdated(label, review, seed)
    }
    sample: list[str] = []
    chosen: list[Queued] = []
    if review.audit:
        sample = audit.sample(seed, review.audit, audit.population(permutation, labels))
        lacking = [each for each in sample if each not in answered]
        lacking += [each for each in sample if each in again]
        name = f"audit:{review.audit.number}"
        chosen = [
            Queued(each, name, _reason(answered.get(each), review, seed, "drawn for the audit")) for each in lacking
        ]
    known = set(gold).intersection(permutation).difference(sample)
    if review.gold:
        mixed = mixed_in(known, labels, round(review.gold.share * review.batch), seed)
        chosen += [Queued(each, "active", f"asked of several people ({n} so far)") for each, n in mixed.items()]
    left = review.batch - len(chosen)
    if left <= 0:
        return chosen

    apart = known.union(sample)  # each asked in its own way alone
    others = [each for each in sorted(permutation) if each not in apart]
    fresh = [each for each in others if each not in answered]
    queues = {each: _queue(answered[each]) for each in others if each in again}
    renewed = {each for each in queues if _changed(answered[each], review) or _outdated(answered[each], review, seed)}
    waiting = [each for each, queue in queues.items() if queue == "random" and each not in renewed]
    begun = [each for each, queue in queues.items() if queue != "random" or each in renewed]
    begun.sort(key=lambda each: not _changed(answered[each], review))  # the changed ones first
    strange: dict[str, str] = {}
    if proposals:  # twice as many as are left, since the random queue may take some of them
        places = left - round(left * review.mix.random)
        pool = Pool(fresh, proposals, labels, shown, task, seed, places)
        strange = dict(islice(ranking(pool, review.active.strategy), 2 * left))

    doubts = {
        each: why
        for each, why in (doubted or {}).items()
        if each in answered and each not in again and each not in apart and not _settled(answered[each])
    }
    doubts = dict(islice(doubts.items(), round(review.active.again * review.mix.active * left)))

    random = {*fresh, *waiting}
    drawn, active = _shared(
        [each for each in permutation if each in random], [*begun, *doubts, *strange], left, review.mix.random
    )
    chosen += [Queued(each, "random", _reason(answered.get(each), review, seed, "next at random")) for each in drawn]
    for each in active:
        reason = doubts.get(each) or _reason(answered.get(each), review, seed, strange.get(each, ""))
        chosen.append(Queued(each, queues.get(each, "active"), reason))
    return chosen


def _queue(label: Mapping[str, Any]) -> str:
    """Give the queue under which an answered record is asked again."""
    if label["rechecked"]:
        return "active"
    return "random" if "random" in label["queues"] else str(label["queues"][0])


def _settled(label: Mapping[str, Any]) -> bool:
    """Tell whether a label that looks wrong has been asked again already, or decided."""
    return bool(label["rechecked"] or label["adjudicated"])


def _changed(label: Mapping[str, Any], review: Review) -> bool:
    return bool(label["stale"]) and review.stale == "recheck"


def _disputed(label: Mapping[str, Any], review: Review, task: Task) -> bool:
    """Tell whether so few votes stand behind a label that someone has to decide."""
    if review.adjudicate is None or label["adjudicated"] or len(label["votes"]) < 2:
        return False
    votes = list(label["votes"].values())
    same = sum(task.compare(vote, label["value"]) >= task.bar for vote in votes)
    return same <= review.adjudicate * len(votes)


def _outdated(label: Mapping[str, Any], review: Review, seed: int) -> bool:
    """Tell whether a label under an older guideline is among those asked again, which its hash decides."""
    if not label["older_guideline"]:
        return False
    drawn = int(sha256(f"guideline|{seed}|{label['record']}".encode()).hexdigest()[:16], 16)
    return drawn < review.older_guideline * 2**64


def _reason(label: Mapping[str, Any] | None, review: Review, seed: int, unanswered: str) -> str:
    if label is None:
        return unanswered
    if _changed(label, review):
        return "changed since people labelled it"
    if _outdated(label, review, seed):
        return "labelled under an older guideline"
    if label["people"] < review.overlap:
        return f"answered by {label['people']} of {review.overlap} people"
    votes = (f"{name}: {value if isinstance(value, str) else dumps(value)}" for name, value in label["votes"].items())
    return f"adjudicate: {', '.join(votes)}"


def _shared(
    permutation: Sequence[str], candidates: Sequence[str], size: int, share: float
) -> tuple[list[str], list[str]]:
    """Take `size` records, `share` of them from the permutation, as far as both reach; chance goes first."""
    drawn = list(permutation[: round(size * share)])
    taken = set(drawn)
    active = list(islice((each for each in candidates if each not in taken), size - len(drawn)))
    taken.update(active)
    drawn += islice((each for each in permutation if each not in taken), size - len(drawn) - len(active))
    return drawn, active
