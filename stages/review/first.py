"""What people said of a record before it was asked again on the model's account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from stages.review.rounds import Annotation


def first_asked(annotations: Iterable[Annotation], overlap: int) -> list[Annotation]:
    """Leave out what people said when a record was asked again because of what the model proposes for it.

    Parameters
    ----------
    annotations
        All rounds.
    overlap
        People per record.

    Returns
    -------
    Of a record that was drawn by chance, for the random queue or for an audit, what was said there. Of any other what
    was said until as many people as a record needs had answered.
    """
    by_record = defaultdict(list)
    for annotation in sorted(annotations, key=lambda each: (each.round, each.line)):
        by_record[annotation.record].append(annotation)
    kept: list[Annotation] = []
    for given in by_record.values():
        drawn = [each for each in given if each.queue == "random" or each.queue.startswith("audit:")]
        kept += drawn or _until_complete(given, overlap)
    return kept


def _until_complete(given: Sequence[Annotation], overlap: int) -> Sequence[Annotation]:
    people = set()
    for annotation in given:
        people.add(annotation.annotator)
        if len(people) == overlap:
            return [each for each in given if each.round <= annotation.round]
    return given
