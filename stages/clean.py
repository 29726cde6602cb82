"""Keep what is usable, and keep the reason for what is not."""

from shutil import rmtree

from stages import cleaning as steps
from stages.configuration import Dataset, stage
from stages.engine import Engine
from stages.tables import shards, whole, write, write_json


@stage
def main(dataset: Dataset, cleaning: steps.Operators, engine: Engine) -> str:
    kept_columns, rejected_columns = steps.columns(dataset.fields)
    outputs = ("data/clean/records", "data/clean/rejected", "reports/cleaning.json", "data/clean/scratch")
    with whole(*outputs) as (records, rejected, report, scratch):
        scratch.mkdir()
        table = shards("data/collected")
        cleaned = steps.clean(table, cleaning, dataset.fields, dataset.shown, engine, scratch)
        kept = write(records, cleaned.kept, kept_columns)
        dropped = write(rejected, cleaned.rejected, rejected_columns)
        write_json(report, {"seen": kept + dropped, "kept": kept, "rejected": dropped, "operators": cleaned.counts})
        rmtree(scratch)
    return f"clean: {kept + dropped:,} records seen, {kept:,} kept, {dropped:,} rejected"


if __name__ == "__main__":
    main()
