"""Compare ways to a consensus: `python -m benchmarks.consensus`.

Some of the ratings of each tweet and film sentence, drawn by chance, become one label; the truth is what most of all
its raters said. Then the time of 100,000 records with five people each, who are right four times in five. A place in a
list of ratings is a stable person in the film set, if anywhere.
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks.ratings import most, rated, sentiment
from stages.review import dawid_skene, majority

WAYS = {"majority": majority, "Dawid–Skene": dawid_skene}


def main() -> None:
    task = sentiment()
    print(f"{'texts':<18}{'people':>7}" + "".join(f"{name:>14}" for name in WAYS))
    for name in ("tweets", "film sentences"):
        texts = rated(name)
        truth = {each.id: most(task, each.votes) for each in texts}
        for people in (3, 5, 9):
            random = np.random.default_rng(people)
            votes = {}
            for each in texts:
                places = random.choice(min(15, len(each.votes)), people, replace=False)
                votes[each.id] = {f"{place:02}": each.votes[place] for place in sorted(places)}
            right = [
                np.mean([each.value == truth[id] for id, each in way(task, votes).items()]) for way in WAYS.values()
            ]
            print(f"{name:<18}{people:>7}" + "".join(f"{each:>14.3f}" for each in right))
    random = np.random.default_rng(1)
    truth_of = random.integers(0, 3, (100_000, 1))
    slips = np.where(random.random((100_000, 5)) < 0.8, 0, random.integers(1, 3, (100_000, 5)))
    said = ((truth_of + slips) % 3).tolist()
    who = random.permuted(np.tile(np.arange(50), (100_000, 1)), axis=1)[:, :5].tolist()
    votes = {
        f"{i:06}": {f"{person:02}": task.labels[label] for person, label in zip(*row, strict=True)}
        for i, row in enumerate(zip(who, said, strict=True))
    }
    for name, way in WAYS.items():
        start = time.process_time()
        way(task, votes)
        print(f"100,000 records x 5 people, {name}: {time.process_time() - start:.2f} s CPU")


if __name__ == "__main__":
    main()
