"""Put the dataset together: people's labels, and automatic ones where the guarantee admits them."""

from stages import assembling, tasks
from stages.configuration import Dataset, stage
from stages.quality import Quality, admission
from stages.review import Review, audited
from stages.tables import read, read_lines, whole, write, write_json, write_lines


@stage
def main(dataset: Dataset, review: Review, quality: Quality, seed: int) -> str:
    interface = tasks.read("conf/labeling", dataset.labeling)
    records = read("data/clean/records")
    human = list(read_lines("data/labels/human.jsonl"))
    auto = list(read_lines("data/labels/auto.jsonl"))
    audit = audited(records["id"], human, auto, review.audit, interface.task, quality.bar(interface.task), seed)
    admitted, guarantee = admission(quality.guarantee, audit, auto, human, len(records))
    lines = assembling.label_lines(human, auto, admitted, interface.guideline)
    table = assembling.dataset(records, read("data/split"), lines)
    columns = assembling.columns(dataset.fields, interface.task.column)
    with whole("data/dataset", "reports/guarantee.json") as (made, report):
        for split in ("train", "validation", "test"):
            write(made / split, [table[table["split"] == split]], columns)
        write_lines(made / "labels.jsonl", lines)
        write_json(report, {"fingerprint": assembling.fingerprint(table, dataset.fields, lines), **guarantee})
    return f"assemble: {len(lines):,} of {len(table):,} records labelled, {len(admitted):,} of them automatically"


if __name__ == "__main__":
    main()
