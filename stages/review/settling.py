"""Turn the annotations of all rounds into one label per record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from stages import of_kind
from stages.review.audit import opened
from stages.review.consensus import Consensus, Votes, dawid_skene, majority, token_vote
from stages.review.first import first_asked
from stages.review.rounds import Annotation, current
from stages.review.settings import Review
from stages.tasks import Choice, Task, Value

NAMED = 20  # how many records a report names

METHODS: dict[str, Callable[[Task, Votes], dict[str, Consensus]]] = {
    "majority": majority,
    "dawid_skene": dawid_skene,
    "staple": lambda task, votes: of_kind("pictures", "review").staple(task, votes),
    "token_vote": token_vote,
}
COMPARED = ("majority", "dawid_skene")  # of choices, whatever is used


@dataclass(frozen=True)
class Settled:
    """What people said.

    Parameters
    ----------
    labels
        Lines of `data/labels/human.jsonl`.
    votes
        Each record's values by annotator, as far as the record was not asked again on the model's account.
    answers
        What the votes were, with all that is known of each.
    report
        Counts, stale and unknown records, and how far the two ways to a consensus agree.
    """

    labels: list[dict[str, Any]]
    votes: dict[str, dict[str, Value]]
    answers: list[Annotation]
    report: dict[str, Any]


def settle(
    annotations: Sequence[Annotation],
    contents: Mapping[str, str],
    task: Task,
    review: Review,
    guideline: str,
    rejected: Collection[str] = (),
    gold: Mapping[str, Value] | None = None,
) -> Settled:
    """Settle each record's label.

    Parameters
    ----------
    annotations
        All rounds, as `rounds.read` gives them.
    contents
        Each record's present content hash.
    task
        What a value is.
    review
        The settings.
    guideline
        The present guideline's hash.
    rejected
        Records that cleaning rejected.
    gold
        Values known to be right, by record: they stand above what people say, except in `first`.

    Returns
    -------
    Labels for all records that people have answered, by submitting or skipping, sorted by record; `seconds` is the
    median of what their answers took. `before_audit` is
    what they had said in the rounds before the open audit: the annotator learns from that alone, and it decides the
    audit's population. So a record whose answers were all deleted since then keeps a line, without value or people.

    `first` is what they had said before a record was asked again because the model doubts its label (`first_asked`):
    estimates and the audit hold the model against that alone. Where only labels that it disputes are asked again, every
    slip of a person that happens to favour it would be mended in its favour, and none that happens to disfavour it.
    """
    answers = _standing(annotations, contents, review)
    votes = _votes(answers)
    agreed = _agreed(answers, votes, task, review)
    early = first_asked(annotations, review.overlap)
    first, first_votes, first_agreed = answers, votes, agreed
    if len(early) < len(annotations):
        first = _standing(early, contents, review)
        first_votes = _votes(first)
        first_agreed = _agreed(first, first_votes, task, review)
    before = agreed
    if review.audit:
        opening = opened(annotations, review.audit.number)
        learned = _standing([each for each in annotations if each.round < opening], contents, review)
        before = _agreed(learned, _votes(learned), task, review)
    agreed, before = (_known(each, gold or {}) for each in (agreed, before))
    labels = [
        _label(record, answers.get(record, []), votes.get(record, {}), agreed.get(record), contents, before.get(record))
        for record in sorted(answers.keys() | before.keys())
    ]
    for label in labels:
        record = label["record"]
        label["older_guideline"] = label["guideline"] not in (guideline, None)
        label["first"] = _first(first.get(record, []), first_agreed.get(record))
        label["adjudicated"] |= record in (gold or {})
        label["rechecked"] = len(_marks(answers.get(record, [])) - _marks(first.get(record, []))) > 0
    voted = [each for given in answers.values() for each in given if _is_vote(each)]
    return Settled(labels, first_votes, voted, _report(annotations, contents, labels, votes, task, review, rejected))


def _first(answers: Sequence[Annotation], agreed: Consensus | None) -> dict[str, Any]:
    return {
        "value": agreed.value if agreed else None,
        "confidence": agreed.confidence if agreed else None,
        "queues": sorted({each.queue for each in answers}),
    }


def _marks(answers: Iterable[Annotation]) -> set[tuple[int, int]]:
    return {(each.round, each.line) for each in answers}


def _standing(
    annotations: Iterable[Annotation], contents: Mapping[str, str], review: Review
) -> dict[str, list[Annotation]]:
    """Give the answers that count, by record."""
    answers = defaultdict(list)
    for annotation in current(annotations):
        if annotation.record in contents and not annotation.void:
            answers[annotation.record].append(annotation)
    if review.stale == "keep":
        return dict(answers)
    standing = {}
    for record, given in answers.items():
        anew = [each for each in given if each.content == contents[record]]
        if anew or review.stale == "recheck":  # what was to be rechecked counts until someone has done so
            standing[record] = anew or given
    return standing


def _votes(answers: Mapping[str, Iterable[Annotation]]) -> dict[str, dict[str, Value]]:
    """Give the votes by record and annotator; who adjudicated has seen them, and is no voter."""
    votes = {
        record: {each.annotator: each.value for each in given if _is_vote(each)} for record, given in answers.items()
    }
    return {record: given for record, given in votes.items() if given}


def _is_vote(answer: Annotation) -> bool:
    return answer.action == "submitted" and not answer.ground_truth


def _agreed(
    answers: Mapping[str, Sequence[Annotation]], votes: Mapping[str, Mapping[str, Value]], task: Task, review: Review
) -> dict[str, Consensus]:
    agreed = METHODS[review.consensus](task, votes)
    for record, given in answers.items():
        decided = [each for each in given if each.action == "submitted" and each.ground_truth]
        if decided:
            latest = max(decided, key=lambda each: (each.round, each.line))
            over = len(votes.get(record, {}))
            agreed[record] = Consensus(latest.value, 1.0, f"adjudicated by {latest.annotator} over {over} votes")
    return agreed


def _known(agreed: Mapping[str, Consensus], gold: Mapping[str, Value]) -> dict[str, Consensus]:
    return {
        record: Consensus(gold[record], 1.0, "a gold record") if record in gold else each
        for record, each in agreed.items()
    }


def _label(
    record: str,
    answers: Sequence[Annotation],
    votes: Mapping[str, Value],
    agreed: Consensus | None,
    contents: Mapping[str, str],
    before: Consensus | None,
) -> dict[str, Any]:
    skips = sum(each.action == "skipped" for each in answers)
    seconds = [each.seconds for each in answers if each.seconds is not None]
    if agreed:
        why = agreed.why + (f", {skips} skipped" if skips else "")
    else:
        why = f"skipped by {skips} of {len(answers)}" if answers else "deleted since the audit opened"
    return {
        "record": record,
        "value": agreed.value if agreed else None,
        "confidence": agreed.confidence if agreed else None,
        "by": sorted(each.annotator for each in answers if each.action == "submitted"),
        "rounds": sorted({each.round for each in answers}),
        "queues": sorted({each.queue for each in answers}),
        "people": len(answers),
        "seconds": median(seconds) if seconds else None,
        "guideline": max(answers, key=lambda each: (each.round, each.line)).guideline if answers else None,
        "stale": any(each.content != contents[record] for each in answers),
        "why": why,
        "votes": dict(sorted(votes.items())),
        "adjudicated": any(each.action == "submitted" and each.ground_truth for each in answers),
        "before_audit": before.value if before else None,
    }


def _report(
    annotations: Sequence[Annotation],
    contents: Mapping[str, str],
    labels: Sequence[Mapping[str, Any]],
    votes: Mapping[str, Mapping[str, Value]],
    task: Task,
    review: Review,
    rejected: Collection[str],
) -> dict[str, Any]:
    latest = current(annotations)
    actions = Counter(each.action for each in annotations)
    unknown = {each.record for each in latest if each.record not in contents}
    return {
        "rounds": len({each.round for each in annotations}),
        "people": len({each.annotator for each in annotations}),
        "annotations": len(annotations),
        **{action: actions[action] for action in ("submitted", "skipped", "deleted")},
        "labelled": len(votes),
        "only_skipped": _named(each["record"] for each in labels if each["people"] and each["value"] is None),
        "stale": _named(
            {each.record for each in latest if each.record in contents and each.content != contents[each.record]}
        ),
        "void": _named({each.record for each in latest if each.void}),
        "older_guideline": _named(each["record"] for each in labels if each["older_guideline"]),
        "unknown": {
            "gone": _named(unknown.difference(rejected)),
            "rejected": _named(unknown.intersection(rejected)),
        },
        "consensus": {"used": review.consensus} | _methods(task, votes),
    }


def _named(records: Iterable[str]) -> dict[str, Any]:
    names = sorted(records)
    return {"count": len(names), "records": names[:NAMED]}


def _methods(task: Task, votes: Mapping[str, Mapping[str, Value]]) -> dict[str, Any]:
    if not votes or not isinstance(task, Choice):
        reason = f"dawid_skene is for choices, this task is {task.type}" if votes else "people have labelled nothing"
        return {"records": len(votes), "agree": None, "reason": reason}
    given = {name: METHODS[name](task, votes) for name in COMPARED}
    differ = [each for each in sorted(votes) if given["majority"][each].value != given["dawid_skene"][each].value]
    return {
        "records": len(votes),
        "agree": 1 - len(differ) / len(votes),
        "differ": [{"record": each} | {name: given[name][each].value for name in COMPARED} for each in differ[:NAMED]],
        **{name: task.count([each.value for each in given[name].values()]) for name in COMPARED},
    }
