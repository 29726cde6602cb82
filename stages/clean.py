"""Keep what is usable, and keep the reason for what is not."""

from shutil import rmtree

from stages import cleaning as steps
from stages.configuration import Dataset, stage
from stages.engine import Engine
from stages.media import Store, rows
from stages.tables import shards, whole, write, write_json


@stage
def main(dataset: Dataset, cleaning: steps.Operators, engine: Engine) -> str:
    kept_columns, rejected_columns = steps.columns(dataset.fields)
    outputs = ("data/clean/records", "data/clean/rejected", "data/clean/trail", "reports/cleaning.json")
    with whole(*outputs, "data/clean/scratch") as (records, rejected, trail, report, scratch):
        scratch.mkdir()
        table, store = shards("data/collected"), Store(records, "data/clean/records", dataset.forms)
        fields, shown = dataset.fields, dataset.shown
        cleaned = steps.clean(table, cleaning, fields, shown, engine, scratch, store, dataset.schema)
        kept = write(records, cleaned.kept, kept_columns, rows(dataset.fields))
        dropped = write(rejected, cleaned.rejected, rejected_columns)
        write(trail, cleaned.trail, steps.TRAIL)
        write_json(report, {"seen": kept + dropped, "kept": kept, "rejected": dropped, "operators": cleaned.counts})
        store.pack()
        rmtree(scratch)
    return f"clean: {kept + dropped:,} records seen, {kept:,} kept, {dropped:,} rejected"


if __name__ == "__main__":
    main()
