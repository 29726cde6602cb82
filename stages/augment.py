"""Make augmented copies of the train split's labelled records, each pointing at its parent."""

from pathlib import Path

from stages import annotators, augmenting, tasks
from stages.annotators import Annotator
from stages.augmenting import Augmentation
from stages.configuration import Dataset, instantiate, stage
from stages.engine import Engine
from stages.media import Store, rows
from stages.tables import plain, read, shards, whole, write, write_lines


@stage
def main(
    dataset: Dataset, augmentation: Augmentation, annotator: Annotator, engine: Engine, seed: int, plan: bool
) -> str:
    task = tasks.read("conf/labeling", dataset.labeling).task
    operators = instantiate(augmentation.operators, "augmentation.operators")
    fields = dataset.fields
    originals = [read(f"data/dataset/{split}", list(fields)) for split in ("train", "validation", "test")]
    parents = shards("data/dataset/train")
    writing = augmenting.writing(operators)
    if plan:
        asked = annotators.rehearsed(
            operators, lambda dry: augmenting.rewritten(dry, parents, augmentation.fields, seed, plan)
        )
        confirming = "; then the annotator is asked for the label of each copy"
        return f"augment: {asked}" + (confirming if writing and annotators.askers(annotator) else "")
    with whole("data/augmented", "data/augmented_responses.jsonl") as (augmented, responses):
        store = Store(augmented, "data/augmented")
        changing = augmenting.rewritten(operators, parents, augmentation.fields, seed)
        copies, lacking = augmenting.augment(
            parents, augmentation, changing, fields, originals, store, engine, task, seed
        )
        doubtful = 0
        if writing:
            labels = list(map(plain, copies["label"]))
            kept = annotators.confirmed(annotator, Path("data/model"), copies, labels, task)
            copies, doubtful = copies[kept], kept.count(False)
        write(augmented, [copies], augmenting.columns(fields, task.column), rows(fields))
        write_lines(responses, annotators.responses(operators, annotator))  # none where no service is asked
        store.pack(augmentation.most)
    return f"augment: {len(copies):,} copies made, {lacking:,} not, since they would equal one that there is" + (
        f", and {doubtful:,} not, since the annotator gives them another label" if writing else ""
    )


if __name__ == "__main__":
    main()
