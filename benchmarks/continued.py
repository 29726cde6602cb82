"""Break the promise in continued use, if it can be broken: `python -m benchmarks.continued [--trials 500]`.

Each trial is a project of twenty rounds: people answer what the queue asks, half at random and half where the annotator
is least sure; every fourth round opens a fresh audit. The annotator learns from people which label each kind of record
mostly has; in some kinds it is never right. The project's own code settles labels, draws audits, fills the queue and
admits labels. A promise is broken if any version that rests on the audit has more wrong labels than it says.
Beside it three wrong ways, which must show: an annotator that learns from the open audit, an audit taken from the
records that the annotator is surest of, and audits that count what people say when they are asked again where the
annotator doubts them, some of them giving way to it.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from stages.quality import Guarantee, admission, share
from stages.review import Active, Annotation, Audit, Audited, Mix, Review, audited, next_batch, settle
from stages.sampling import order
from stages.tasks import Choice

TASK = Choice("kind", "text", ("no", "yes"))
RECORDS, SIZE, ROUNDS, EVERY, BATCH = 500, 40, 20, 4, 6
EPSILON, ALPHA = 0.1, 0.1
Way = Literal["ours", "learns from the audit", "audits the surest", "asks the audit again"]
WAYS: tuple[Way, ...] = ("ours", "learns from the audit", "audits the surest", "asks the audit again")


class Trial:
    """A project whose true labels are known."""

    def __init__(self, seed: int, way: Way) -> None:
        self.seed, self.way = seed, way
        random = np.random.default_rng(seed)
        self.ids = [f"{i:03}" for i in range(RECORDS)]
        kinds = random.integers(0, 12, RECORDS)
        hard = random.random(12) < 0.3
        noise = random.random(RECORDS) < np.where(hard[kinds], 0.45, 0.05)
        self.kind = dict(zip(self.ids, kinds.tolist(), strict=True))
        self.truth = {
            id: ("no", "yes")[int((kind % 2) ^ bad)] for id, kind, bad in zip(self.ids, kinds, noise, strict=True)
        }
        self.rounds: list[Annotation] = []

    def run(self) -> list[bool]:
        """Say for each audit whether a version that rests on it broke its promise."""
        broken: dict[int, bool] = {}
        permutation = order(f"random|{self.seed}", self.ids)
        for number in range(1, ROUNDS + 1):
            opened = number // EVERY
            audit = Audit(opened, SIZE) if opened else None
            review = Review(BATCH, Mix(0.5, 0.5), Active("margin"), 1, "majority", "keep", audit, "x")
            human = settle(self.rounds, dict.fromkeys(self.ids, "c"), TASK, review, "g").labels
            auto = self.propose(human)
            judged = self.judged(human, auto, audit)
            if judged and not judged.missing:
                admitted = admission(Guarantee("dataset", EPSILON, ALPHA), judged, auto, human, RECORDS)[0]
                proposal = {line["record"]: line["value"] for line in auto}
                wrong = sum(proposal[id] != self.truth[id] for id in admitted)
                broken[opened] = broken.get(opened, False) or wrong > share(EPSILON, RECORDS)
            proposals = {line["record"]: line for line in auto}
            for queued in next_batch(permutation, human, proposals, review, TASK, self.seed):
                self.answer(number, queued.record, queued.queue)
        return list(broken.values())

    def propose(self, human: list[dict[str, Any]]) -> list[dict[str, Any]]:
        key = "value" if self.way == "learns from the audit" else "before_audit"
        known = {line["record"]: line[key] for line in human if line[key] is not None}
        votes: Mapping[int, list[float]] = defaultdict(lambda: [1.0, 1.0])
        for id, value in known.items():
            votes[self.kind[id]][TASK.labels.index(value)] += 1
        lines = []
        for id in self.ids:
            no, yes = votes[self.kind[id]]
            scores = [no / (no + yes), yes / (no + yes)]
            if self.way == "learns from the audit" and id in known:  # it knows by heart what it has seen
                scores = [float(known[id] == label) for label in TASK.labels]
            best = int(scores[1] > scores[0])
            told = dict(zip(TASK.labels, scores, strict=True))
            lines.append({"record": id, "value": TASK.labels[best], "confidence": scores[best], "scores": told})
        return lines

    def judged(self, human: list[dict[str, Any]], auto: list[dict[str, Any]], audit: Audit | None) -> Audited | None:
        found = audited(self.ids, human, auto, audit, TASK, 1.0, self.seed)
        if found is None or found.missing:
            return found
        proposal = {line["record"]: line for line in auto}
        if self.way == "audits the surest":
            surest = sorted(found.population, key=lambda id: (-proposal[id]["confidence"], id))[: len(found.wrong)]
            return Audited(
                found.number, found.population, {id: proposal[id]["value"] != self.truth[id] for id in surest}, []
            )
        if self.way == "asks the audit again":
            yields = np.random.default_rng(self.seed).random(len(found.wrong)) < 0.5
            wrong = {id: bad and not weak for (id, bad), weak in zip(found.wrong.items(), yields, strict=True)}
            return Audited(found.number, found.population, wrong, [])
        return found

    def answer(self, number: int, record: str, queue: str) -> None:
        line = len(self.rounds) + 1
        given = TASK.show(self.truth[record])
        self.rounds.append(
            Annotation(
                record,
                "c",
                "ann",
                "submitted",
                queue,
                given,
                None,
                "g",
                None,
                None,
                round=number,
                line=line,
                value=self.truth[record],
            )
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=500, help="of ours; a tenth of it of each wrong way")
    trials = parser.parse_args().trials
    for way in WAYS:
        number = trials if way == "ours" else max(1, trials // 10)
        broken = [each for seed in range(number) for each in Trial(seed, way).run()]
        slack = 3 * (ALPHA * (1 - ALPHA) / len(broken)) ** 0.5
        print(f"{way:<24}{np.mean(broken):.4f} of {len(broken):,} audits broken, at most {ALPHA} (+ {slack:.3f})")
        if way == "ours" and np.mean(broken) > ALPHA + slack:
            sys.exit(1)


if __name__ == "__main__":
    main()
