"""Publish this version in the forms that people load, with its card."""

from stages import publishing, report, tasks
from stages.configuration import Dataset, instantiate, stage
from stages.publishing import Publish
from stages.tables import read, read_json, whole


@stage
def main(dataset: Dataset, publish: Publish) -> str:
    task = tasks.read("conf/labeling", dataset.labeling).task
    forms = instantiate(publish.forms, "publish.forms")
    splits = {split: read(f"data/dataset/{split}") for split in ("train", "validation", "test")}
    tables = {split: publishing.published(table, publish.unlabelled) for split, table in splits.items()}
    statement = read_json("reports/quality.json")
    told = {
        "published": publishing.composition(tables, task),
        "sources": dataset.sources,
        "cleaning": read_json("reports/cleaning.json"),
        "agreement": read_json("reports/agreement.json"),
    }
    version = publishing.Version(
        name=dataset.name,
        fingerprint=statement["dataset"]["fingerprint"],
        about=dataset.about,
        fields=dataset.fields,
        task=task,
        tables=tables,
        promise=report.promise(statement),
        card=report.card(statement, told, dataset.about),
    )
    chosen = {name: form for name, form in forms.items() if form}
    with whole("data/published") as (made,):
        for name, form in chosen.items():
            form.write(made / name, version)
    return f"publish: {sum(map(len, tables.values())):,} records as {', '.join(chosen)}"


if __name__ == "__main__":
    main()
