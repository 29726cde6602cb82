"""Make augmented copies of the train split's labelled records, each pointing at its parent."""

from stages import augmenting, tasks
from stages.augmenting import Augmentation
from stages.configuration import Dataset, instantiate, stage
from stages.engine import Engine
from stages.media import Store
from stages.tables import read, rows, shards, whole, write


@stage
def main(dataset: Dataset, augmentation: Augmentation, engine: Engine, seed: int) -> str:
    task = tasks.read("conf/labeling", dataset.labeling).task
    operators = instantiate(augmentation.operators, "augmentation.operators")
    fields = dataset.fields
    originals = [read(f"data/dataset/{split}", list(fields)) for split in ("train", "validation", "test")]
    parents = shards("data/dataset/train")
    with whole("data/augmented") as (augmented,):
        store = Store(augmented, "data/augmented")
        copies, lacking = augmenting.augment(
            parents, augmentation, operators, fields, originals, store, engine, task, seed
        )
        write(augmented, [copies], augmenting.columns(fields, task.column), rows(fields))
        store.pack()
    return f"augment: {len(copies):,} copies made, {lacking:,} not, since they would equal one that there is"


if __name__ == "__main__":
    main()
