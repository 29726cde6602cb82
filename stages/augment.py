"""Make augmented copies of the train split's labelled records, each pointing at its parent."""

from stages import augmenting, tasks
from stages.augmenting import Augmentation
from stages.configuration import Dataset, instantiate, stage
from stages.engine import Engine
from stages.tables import read, shards, whole, write


@stage
def main(dataset: Dataset, augmentation: Augmentation, engine: Engine, seed: int) -> str:
    task = tasks.read("conf/labeling", dataset.labeling).task
    operators = instantiate(augmentation.operators, "augmentation.operators")
    originals = [read(f"data/dataset/{split}", list(dataset.fields)) for split in ("train", "validation", "test")]
    parents = shards("data/dataset/train")
    copies, lacking = augmenting.augment(parents, augmentation, operators, originals, engine, seed)
    with whole("data/augmented") as (augmented,):
        write(augmented, [copies], augmenting.columns(dataset.fields, task.column))
    return f"augment: {len(copies):,} copies made, {lacking:,} not, since they would equal a text that there is"


if __name__ == "__main__":
    main()
