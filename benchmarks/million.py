"""State the quality of 1,000,000 labels, with all intervals: `python -m benchmarks.million [--labels 1000000]`.

What `evaluate` computes: labels of the random queue by three people each, proposals, a learning curve of three sizes.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from stages.quality import Gate, Guarantee, Quality, label_issues, statement
from stages.tasks import Choice

TASK = Choice("c", "t", ("positive", "neutral", "negative"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, default=1_000_000)
    n = parser.parse_args().labels
    random = np.random.default_rng(1)
    scores = random.dirichlet((2.0, 1.0, 1.0), n).round(6)
    truth = (scores.cumsum(axis=1) < random.random((n, 1))).sum(axis=1).clip(0, 2).tolist()
    human, auto, curve = [], [], []
    for i, (label, row) in enumerate(zip(truth, scores.tolist(), strict=True)):
        value, best = TASK.labels[label], int(np.argmax(row))
        first = {"value": value, "confidence": 1.0, "queues": ["random"]}
        human.append({"record": f"{i:07}", "value": value, "people": 3, "first": first, "rechecked": False})
        told = dict(zip(TASK.labels, row, strict=True))
        auto.append({"record": f"{i:07}", "value": TASK.labels[best], "confidence": row[best], "scores": told})
        parts = dict.fromkeys(("200000", "400000", "800000"), TASK.labels[best])
        curve.append({"record": f"{i:07}", "proposals": parts})
    null = {"value": None, "low": None, "high": None, "reason": "not part of it"}
    version = {
        "name": "million",
        "labels": [{"origin": "human"}] * n,
        "splits": {"train": n, "validation": 0, "test": 0},
        "cleaning": {"rejected": 0},
        "agreement": {"n": 0, "alpha": null, "person_error": null, "consensus_error": null},
        "annotator": {"name": "x", "reason": None},
        "guarantee": {"fingerprint": "x", "reason": "no audit is open"},
        "curve": curve,
        "seconds": 5.0,
    }
    settings = Quality(Guarantee("dataset", 0.1, 0.05), {"f1": Gate("annotator.audit.macro_f1", at_least=0.9)})
    held, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    version["suspicious"] = label_issues(TASK, human, auto)
    statement(version, human, auto, None, settings, TASK, 1)
    spent, peak = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{n:,} labels: {spent:.1f} s CPU, {peak / 2**20:.1f} GB, of which {held / 2**20:.1f} GB are its input")


if __name__ == "__main__":
    main()
