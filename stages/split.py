"""Give each record its split and its place in the random permutation, both by hash."""

from dataclasses import asdict

from stages import sampling
from stages.configuration import Dataset, stage
from stages.tables import read, whole, write


@stage
def main(dataset: Dataset, seed: int) -> str:
    key = dataset.group or "id"
    records = read("data/clean/records", ["id"] if key == "id" else ["id", key])
    keys = records[key].astype(object).fillna(records["id"]).astype(str)
    records["split"] = sampling.split(seed, keys, asdict(dataset.split))
    place = {id: number for number, id in enumerate(sampling.order(f"random|{seed}", records["id"]))}
    records["place"] = [place[id] for id in records["id"]]
    with whole("data/split") as (splits,):
        write(splits, [records], {"id": "text", "split": "text", "place": "whole"})
    counts = records["split"].value_counts()
    return "split: " + ", ".join(f"{counts.get(name, 0):,} {name}" for name in asdict(dataset.split))


if __name__ == "__main__":
    main()
