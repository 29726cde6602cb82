"""Record this version in MLflow: one run per dataset fingerprint."""

from pathlib import Path
from typing import Any

from stages import tracking
from stages.configuration import stage
from stages.tables import read_json, whole, write_json

Plain = dict[str, Any]


@stage
def main(
    dataset: Plain, cleaning: Plain, annotator: Plain, review: Plain, augmentation: Plain, quality: Plain, seed: int
) -> str:
    parameters = {
        "dataset": dataset,
        "cleaning": cleaning,
        "annotator": annotator,
        "review": review,
        "augmentation": augmentation,
        "quality": quality,
        "seed": seed,
    }
    statement = read_json("reports/quality.json")
    new = tracking.record(statement, parameters, Path("reports/index.html").read_text(encoding="utf-8"))
    fingerprint = statement["dataset"]["fingerprint"]
    with whole("data/tracked.json") as (tracked,):  # so that a fresh clone records its version too
        write_json(tracked, {"fingerprint": fingerprint})
    return f"track: MLflow run of {fingerprint} {'made' if new else 'is up to date'}"


if __name__ == "__main__":
    main()
