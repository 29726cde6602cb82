"""How well each person labels: against the others, against gold records, and against what they were shown."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import Any, Protocol

import numpy as np

from stages.quality.intervals import bootstrap, wilson
from stages.tasks import Choice, Rating, Task, Value

Block = dict[str, Any]

CONFUSIONS = 20  # of a person, at most
PAIRED = 20  # records in common, at least, for two people's kappa


class Answer(Protocol):
    """What one person said of one record."""

    @property
    def record(self) -> str: ...
    @property
    def annotator(self) -> str: ...
    @property
    def value(self) -> Value: ...
    @property
    def round(self) -> int: ...
    @property
    def shown(self) -> Mapping[str, Any] | None: ...
    @property
    def seconds(self) -> float | None: ...


def people(
    answers: Iterable[Answer],
    task: Task,
    gold: Mapping[str, Value],
    proposals: Mapping[str, Value],
    seed: int,
) -> Block:
    """Say how well each person labels.

    Parameters
    ----------
    answers
        Each person's present answer to each record, where they submitted one.
    task
        When two values are the same.
    gold
        Values known to be right, by record.
    proposals
        The annotator's proposals by record, for what people said without having seen them.
    seed
        Not negative; of the bootstrap.

    Returns
    -------
    The median of all `seconds`, and `people`, by name:

    - `answers`, how many they gave, and the median of their `seconds`;
    - `others`: the share that is what most of the others said of the record (records on which the others are divided
      equally are left out), and `gold`: the share of gold records that is right;
    - `by_round`: the same as `others` for each round, to see whether it drifts; and `confusion`: how often they said
      what where most others said something else, most frequent first;
    - `unchanged`: where a proposal was shown, the share that is the proposal; `independent`: where none was shown, the
      share that is it all the same. If the first is far above the second, proposals sway this person, or people are
      shown proposals on easier records.

    And `pairs`: Cohen's kappa (1960) of any two with 20 records or more in common; for ratings and for tasks beyond
    choice the task's headline metric of one against the other. Shares have `n` and Wilson's interval, kappas a
    bootstrap interval; null with a `reason` where there is nothing to compute them from.
    """
    by_person: dict[str, dict[str, Answer]] = defaultdict(dict)
    votes: dict[str, dict[str, Value]] = defaultdict(dict)
    for answer in answers:
        by_person[answer.annotator][answer.record] = answer
        votes[answer.record][answer.annotator] = answer.value
    seconds = [each.seconds for given in by_person.values() for each in given.values() if each.seconds is not None]
    return {
        "seconds": median(seconds) if seconds else None,
        "people": {
            name: _person(name, given, votes, task, gold, proposals) for name, given in sorted(by_person.items())
        },
        "pairs": _pairs(by_person, task, seed),
    }


def _person(
    name: str,
    given: Mapping[str, Answer],
    votes: Mapping[str, Mapping[str, Value]],
    task: Task,
    gold: Mapping[str, Value],
    proposals: Mapping[str, Value],
) -> Block:
    others = {record: _most([vote for by, vote in votes[record].items() if by != name], task) for record in given}
    shown = {record: each.shown["value"] for record, each in given.items() if each.shown is not None}
    unseen = {record: proposals[record] for record in given if record in proposals and record not in shown}
    seconds = [each.seconds for each in given.values() if each.seconds is not None]

    def share(truth: Mapping[str, Value | None], nothing: str, of: Collection[str] = given) -> Block:
        known = [record for record in of if truth.get(record) is not None]
        if not known:
            return {"n": 0, "value": None, "low": None, "high": None, "reason": nothing}
        same = sum(task.compare(given[record].value, truth[record]) >= task.bar for record in known)
        return {"n": len(known), **wilson(same, len(known))}

    divided = "nobody else has answered these records, or the others are divided"
    rounds: dict[int, list[str]] = defaultdict(list)
    for record, each in given.items():
        rounds[each.round].append(record)
    return {
        "answers": len(given),
        "seconds": median(seconds) if seconds else None,
        "others": share(others, divided),
        "gold": share(gold, "no gold record is among them"),
        "unchanged": share(shown, "no proposal was shown"),
        "independent": share(unseen, "all proposals were shown, or there are none"),
        "by_round": {str(number): share(others, divided, rounds[number]) for number in sorted(rounds)},
        "confusion": _confusion([(others[record], given[record].value) for record in given], task),
    }


def _confusion(pairs: Iterable[tuple[Value | None, Value]], task: Task) -> list[Block]:
    if not isinstance(task, Choice):  # others have too many values to be counted
        return []
    differ = [(most, said) for most, said in pairs if most is not None and task.compare(most, said) < 1]
    counts = Counter((_name(most), _name(said)) for most, said in differ)
    return [
        {"others": json.loads(most), "said": json.loads(said), "count": count}
        for (most, said), count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    ][:CONFUSIONS]


def _most(votes: Sequence[Value], task: Task) -> Value | None:
    """Give the value that most say, None if there is no single one; for tasks beyond choice what they merge to."""
    if not isinstance(task, Choice):
        return task.merge(votes)[0] if votes else None
    counts: dict[str, int] = defaultdict(int)
    for vote in votes:
        counts[_name(vote)] += 1
    first = [name for name, count in counts.items() if count == max(counts.values())]
    return json.loads(first[0]) if len(first) == 1 else None


def _pairs(by_person: Mapping[str, Mapping[str, Answer]], task: Task, seed: int) -> list[Block]:
    found = []
    for one, other in combinations(sorted(by_person), 2):
        common = sorted(by_person[one].keys() & by_person[other].keys())
        if len(common) >= PAIRED:
            said = [[by_person[each][record].value for record in common] for each in (one, other)]
            if isinstance(task, Choice) and not isinstance(task, Rating):
                alike = {"kappa": _kappa([[_name(value) for value in values] for values in said], seed)}
            else:
                alike = {task.headline: bootstrap(task.statistics(*said), task.score, seed)[task.headline]}
            found.append({"people": [one, other], "n": len(common), **alike})
    return found


def _kappa(said: Sequence[Sequence[str]], seed: int) -> Block:
    """Cohen's kappa of what two people said of the same records."""
    names = sorted({name for values in said for name in values})
    place = {name: i for i, name in enumerate(names)}
    n, k = len(said[0]), len(names)
    cells = np.zeros((n, 2 * k + 1))  # what the one said, what the other said, and whether it is the same
    for start, values in zip((0, k), said, strict=True):
        cells[np.arange(n), [start + place[name] for name in values]] = 1
    cells[:, -1] = [one == other for one, other in zip(*said, strict=True)]

    def score(sums: np.ndarray) -> dict[str, np.ndarray]:
        one, other, same = sums[..., :k], sums[..., k:-1], sums[..., -1]
        n = one.sum(axis=-1)
        chance = (one * other).sum(axis=-1) / (n * n)
        with np.errstate(divide="ignore", invalid="ignore"):
            return {"kappa": np.where(chance < 1, (same / n - chance) / (1 - chance), np.nan)}

    found = bootstrap(cells, score, seed)["kappa"]
    return found | {"reason": "both always gave one and the same label"} if found["value"] is None else found


def _name(value: Value) -> str:
    return json.dumps(value, sort_keys=True)
