"""Bring records from all sources into one table with stable ids."""

from stages.configuration import Dataset, instantiate, stage
from stages.sources import collect
from stages.tables import whole, write


@stage
def main(dataset: Dataset) -> str:
    sources = instantiate(dataset.sources, "dataset.sources")
    records = collect(sources, dataset.id, dataset.fields, dataset.shown)
    with whole("data/collected") as (collected,):
        write(collected, [records], dict.fromkeys(["id", *dataset.fields, "source"], "text"))
    return f"collect: {len(records):,} records from {len(sources)} source(s)"


if __name__ == "__main__":
    main()
