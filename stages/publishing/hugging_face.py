"""The form that `datasets.load_dataset` loads and the Hugging Face Hub shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import media, tables
from stages.publishing import croissant
from stages.publishing.base import Version, file

if TYPE_CHECKING:
    import pandas as pd

SIZES = {  # below so many records
    1_000: "n<1K",
    10_000: "1K<n<10K",
    100_000: "10K<n<100K",
    1_000_000: "100K<n<1M",
    10_000_000: "1M<n<10M",
    100_000_000: "10M<n<100M",
    1_000_000_000: "100M<n<1B",
}
COLUMNS = {"image": "file", "audio": "file", "number": "number", "whole": "whole", "label": "text", "labels": "texts"}
FEATURES = {"image": "image", "audio": "audio", "number": "float64", "whole": "int64"}
CHOICES = {  # by what is labelled
    "image": "image-classification",
    "audio": "audio-classification",
    "text": "text-classification",
}
CATEGORIES = {
    "boxes": "object-detection",
    "polygons": "image-segmentation",
    "masks": "image-segmentation",
    "spans": "token-classification",
    "relations": "token-classification",
}
SCALARS = {"text": "string", "number": "float64", "whole": "int64"}
LICENSES = re.compile(  # the Hub's identifiers of licenses that fit data
    r"cc0-1\.0|cc-by-2\.[05]|cc-by(-nc)?(-sa)?-[34]\.0|cc-by-nd-4\.0|cc-by-nc-nd-[34]\.0|odbl|odc-by|pddl|c-uda"
    r"|cdla-(permissive|sharing)-1\.0|cdla-permissive-2\.0|apache-2\.0|mit|bsd-[23]-clause|isc|zlib|unlicense|mpl-2\.0"
    r"|l?gpl-3\.0|agpl-3\.0|gpl-2\.0|lgpl-2\.1|etalab-2\.0|eupl-1\.[12]"
)


@dataclass(frozen=True)
class HuggingFace:
    """A dataset repository: Parquet by split in `data/`, the card `README.md`, and `croissant.json`.

    In Parquet a label is its name, or a list of names; the card declares it a `ClassLabel`, as which
    `datasets.load_dataset` gives it. Pictures and sounds are in the table, with their bytes. A split without records
    is left out, since `datasets` has no empty ones.

    References
    ----------
    https://huggingface.co/docs/hub/datasets-cards
    """

    def write(self, folder: Path, version: Version) -> None:
        version = replace(version, tables={split: table for split, table in version.tables.items() if len(table)})
        kinds = {**COLUMNS, "regions": version.task.column}
        columns = {name: kinds.get(kind, "text") for name, kind in version.kinds.items()}
        size = media.rows(version.fields)
        folder.mkdir(parents=True)
        for split, table in version.tables.items():
            tables.write(folder / "data" / split, _with_files(table, version.files, size), columns, size)
        (folder / "README.md").write_text(_header(version) + "\n" + version.card, encoding="utf-8", newline="\n")
        tables.write_json(folder / "croissant.json", croissant.metadata(folder, version))


def _with_files(table: pd.DataFrame, fields: list[str], size: int) -> Iterator[pd.DataFrame]:
    """Yield the table in parts small enough to hold their files' bytes."""
    for start in range(0, len(table), size):
        part = table.iloc[start : start + size].copy()
        for name in fields:
            part[name] = part[name].map(_embedded).astype(object)
        yield part


def _embedded(reference: Any) -> dict[str, Any] | None:
    if not isinstance(reference, str):
        return None
    return {"bytes": file(reference), "path": Path(reference).name}


def _header(version: Version) -> str:
    """The YAML that the Hub reads."""
    import yaml

    about, records = version.about, sum(map(len, version.tables.values()))
    files = [{"split": split, "path": f"data/{split}/*.parquet"} for split in version.tables]
    choices = next((CHOICES[kind] for kind in CHOICES if kind in version.fields.values()), None)
    category = choices if version.task.type == "choice" else CATEGORIES.get(version.task.type)
    if version.task.type == "text" and "audio" in version.fields.values():
        category = "automatic-speech-recognition"
    header = {
        "pretty_name": about.title,
        **_license(about.license),
        "language": [about.language] if about.language else None,
        "task_categories": [category] if category else None,
        "size_categories": [next((size for end, size in SIZES.items() if records < end), "1B<n<10B")],
        "configs": [{"config_name": "default", "data_files": files}] if files else None,
        "dataset_info": {
            # `datasets` takes what it cached of another version in a folder of this name, if all is the same here
            "description": f"Version {version.fingerprint}, {records:,} records.",
            "features": [_feature(name, kind, version) for name, kind in version.kinds.items()],
        },
    }
    given = {key: value for key, value in header.items() if value is not None}
    return f"---\n{yaml.safe_dump(given, sort_keys=False, allow_unicode=True)}---\n"


def _license(name: str) -> dict[str, str]:
    """Name a license as the Hub does; its own name for one that the Hub does not know."""
    short = re.sub(r"-(only|or-later)$", "", name.lower())
    for known in (short, short.removesuffix("-1.0")):
        if LICENSES.fullmatch(known):
            return {"license": known}
    return {"license": "other", "license_name": re.sub(r"[^a-z0-9.]+", "-", short).strip("-") or "other"}


def _feature(name: str, kind: str, version: Version) -> dict[str, Any]:
    """Declare a column as `datasets.Features` does in a card; names of labels are those of a `ClassLabel`."""
    names = {"class_label": {"names": {str(place): label for place, label in enumerate(version.task.labels)}}}

    def typed(kind: Any) -> dict[str, Any]:
        if isinstance(kind, str):
            return {"dtype": names if kind == "label" else SCALARS[kind]}
        if isinstance(kind, dict):
            fields = ((key, "label" if key == "label" else each) for key, each in kind.items())
            return {"struct": [{"name": key, **typed(each)} for key, each in fields]}
        each = typed(kind[0])
        return {"list": each if "list" in each else next(iter(each.values()))}

    if kind == "regions":
        return {"name": name, **typed(version.task.column)}
    if kind == "labels":
        return {"name": name, "list": names}
    return {"name": name, "dtype": names if kind == "label" else FEATURES.get(kind, "string")}
