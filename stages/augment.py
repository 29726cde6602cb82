"""Make augmented copies of the train split's labelled records, each pointing at its parent."""

from pathlib import Path

from stages import annotators, augmenting, tasks
from stages.annotators import Annotator
from stages.augmenting import Augmentation
from stages.configuration import Dataset, instantiate, stage
from stages.engine import Engine
from stages.media import Store
from stages.tables import plain, read, rows, shards, whole, write, write_lines


@stage
def main(dataset: Dataset, augmentation: Augmentation, annotator: Annotator, engine: Engine, seed: int) -> str:
    task = tasks.read("conf/labeling", dataset.labeling).task
    operators = instantiate(augmentation.operators, "augmentation.operators")
    fields = dataset.fields
    originals = [read(f"data/dataset/{split}", list(fields)) for split in ("train", "validation", "test")]
    parents = shards("data/dataset/train")
    writers = augmenting.writers(operators)
    with whole("data/augmented", "data/augmented_responses.jsonl") as (augmented, responses):
        store = Store(augmented, "data/augmented")
        operators = augmenting.rewritten(operators, parents, augmentation.fields, seed)
        copies, lacking = augmenting.augment(
            parents, augmentation, operators, fields, originals, store, engine, task, seed
        )
        doubtful = 0
        if writers:
            labels = list(map(plain, copies["label"]))
            kept = annotators.confirmed(annotator, Path("data/model"), copies, labels, task)
            copies, doubtful = copies[kept], kept.count(False)
        write(augmented, [copies], augmenting.columns(fields, task.column), rows(fields))
        write_lines(responses, annotators.responses(*writers, annotator))  # none where no service is asked
        store.pack()
    return f"augment: {len(copies):,} copies made, {lacking:,} not, since they would equal one that there is" + (
        f", and {doubtful:,} not, since the annotator gives them another label" if writers else ""
    )


if __name__ == "__main__":
    main()
