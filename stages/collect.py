"""Bring records from all sources into one table with stable ids."""

from stages.configuration import Dataset, instantiate, stage
from stages.media import Store, rows
from stages.sources import collect, require_below
from stages.tables import whole, write


@stage
def main(dataset: Dataset) -> str:
    sources = instantiate(dataset.sources, "dataset.sources")
    require_below("data/raw", sources)
    with whole("data/collected") as (collected,):
        store = Store(collected, "data/collected")
        records = collect(sources, dataset.id, dataset.fields, dataset.shown, store, dataset.sample)
        columns = dict.fromkeys(["id", *dataset.fields, "source"], "text")
        write(collected, [records], columns, rows(dataset.fields))
        store.pack()
    return f"collect: {len(records):,} records from {len(sources)} source(s)"


if __name__ == "__main__":
    main()
