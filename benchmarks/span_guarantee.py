"""Is the promise kept where a label is right only if all its spans are? `python -m benchmarks.span_guarantee`.

The tagger learns once, from 1,000 sentences of the People's Daily, and marks 4,000 others. Then so many audits of 300
are drawn, each admits what it may, and the published names say in how many more labels are wrong than was promised.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from benchmarks.tagger import TASK, sentences
from stages.annotators import Tagger
from stages.quality import Guarantee, admission
from stages.review import Audit, audited

LEARNED, POPULATION, SIZE, ALPHA = 1_000, 4_000, 300, 0.05
PROMISES: list[tuple[Literal["dataset", "accepted"], float]] = [
    ("dataset", 0.05),
    ("dataset", 0.1),
    ("accepted", 0.05),
    ("accepted", 0.1),
]

Lines = list[dict[str, Any]]


def proposed(learned: int, population: int) -> tuple[Lines, dict[str, Any]]:
    """Give a line of `auto.jsonl` for each sentence that was not learned from, and what is published of it."""
    table = sentences()[: learned + population]
    model = Tagger("text").fit(table[:learned], list(table["value"][:learned]), TASK, 0)
    rest = table[learned:]
    lines = [
        {"record": id, "value": each.value, "confidence": each.confidence}
        for id, each in zip(rest["id"], model.predict(rest), strict=True)
        if each is not None
    ]
    return lines, dict(zip(rest["id"], rest["value"], strict=True))


def trials(
    auto: Lines, truth: Mapping[str, Any], guarantee: Guarantee, seeds: Sequence[int], size: int
) -> Iterator[tuple[int, int]]:
    """Give of each audit how many labels it admits, and how many of them are wrong."""
    human = [
        {"record": id, "value": None, "before_audit": None, "first": {"value": value}, "people": 1}
        for id, value in truth.items()
    ]
    wrong = {line["record"]: TASK.compare(line["value"], truth[line["record"]]) < 1 for line in auto}
    for seed in seeds:
        audit = audited(list(truth), human, auto, Audit(1, size), TASK, 1.0, seed)
        admitted, _ = admission(guarantee, audit, auto, human, len(truth))
        yield len(admitted), sum(wrong[id] for id in admitted)


def broken(guarantee: Guarantee, admitted: int, wrong: int, records: int) -> bool:
    """Say whether more of the labels are wrong than was promised."""
    return wrong > guarantee.epsilon * (records if guarantee.scope == "dataset" else admitted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=500)
    count = parser.parse_args().trials
    auto, truth = proposed(LEARNED, POPULATION)
    right = statistics.mean(TASK.compare(line["value"], truth[line["record"]]) == 1 for line in auto)
    print(f"{right:.1%} of {len(auto):,} sentences have exactly their names; {count} audits of {SIZE}, alpha {ALPHA}")
    print(f"{'promise on':<12}{'epsilon':>8}{'admitted':>10}{'broken':>8}")
    worst = 0.0
    for scope, epsilon in PROMISES:
        guarantee = Guarantee(scope, epsilon, ALPHA)
        found = list(trials(auto, truth, guarantee, range(count), SIZE))
        rate = statistics.mean(broken(guarantee, *each, len(truth)) for each in found)
        worst = max(worst, rate)
        print(f"{scope:<12}{epsilon:>8g}{statistics.mean(n for n, _ in found):>10.0f}{rate:>8.3f}", flush=True)
    sys.exit(worst > ALPHA + 3 * (ALPHA * (1 - ALPHA) / count) ** 0.5)


if __name__ == "__main__":
    main()
