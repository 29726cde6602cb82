"""Metadata that search engines and loaders read: Croissant, a JSON-LD vocabulary for datasets."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from stages import media
from stages.publishing.base import Version

CONFORMS = "http://mlcommons.org/croissant/1.0"
PARQUET = "application/x-parquet"  # as mlcroissant calls it
TYPES = {
    "number": "sc:Float",
    "whole": "sc:Integer",
    "image": "sc:ImageObject",
    "audio": "sc:AudioObject",
    "label": ["sc:Text", "cr:Label"],
    "labels": ["sc:Text", "cr:Label"],
}
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
COLUMNS = {
    "id": "The record's id.",
    "label": "What the record is.",
    "origin": "Who gave the label: human or auto.",
    "confidence": "The share of people who gave the label, or the annotator's probability of being right.",
    "source": "The source of the record.",
}


def metadata(folder: Path, version: Version) -> dict[str, Any]:
    """Describe the Parquet files below a folder: each with its SHA-256, and a record set for each split.

    Parameters
    ----------
    folder
        It holds `data/<split>/*.parquet`.
    version
        The version that is in them.

    References
    ----------
    Akhtar et al., Croissant: A Metadata Format for ML-Ready Datasets, DEEM (2024);
    https://docs.mlcommons.org/croissant/docs/croissant-spec.html
    """
    about = version.about
    files = [path for split in version.tables for path in sorted((folder / "data" / split).glob("*.parquet"))]
    language = {"inLanguage": about.language} if about.language else {}
    source = f"; made from: {about.citation}" if about.citation else ""
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS,
        "name": version.name,
        "description": f"{about.title}. {version.promise}",
        "license": about.license,
        "version": version.fingerprint,  # its number, MAJOR.MINOR.PATCH, is only given by the tag that releases it
        "citeAs": f"{about.title}, version {version.fingerprint}{source}",
        **language,
        "distribution": [
            *(_file(path, folder) for path in files),
            *(_files(split) for split in version.tables),
        ],
        "recordSet": [_records(split, version) for split in version.tables],
    }


def _file(path: Path, folder: Path) -> dict[str, Any]:
    place = path.relative_to(folder).as_posix()
    return {
        "@type": "cr:FileObject",
        "@id": place,
        "name": place,
        "contentUrl": place,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": PARQUET,
        "sha256": sha256(path.read_bytes()).hexdigest(),
    }


def _files(split: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{split}-files",
        "name": f"{split}-files",
        "includes": f"data/{split}/*.parquet",
        "encodingFormat": PARQUET,
    }


def _records(split: str, version: Version) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "key": {"@id": f"{split}/id"},
        "field": [field for name, kind in version.kinds.items() if (field := _field(split, name, kind, version))],
    }


def _field(split: str, name: str, kind: str, version: Version) -> dict[str, Any] | None:
    bytes = {"transform": {"jsonPath": "bytes"}} if kind in media.FILES else {}
    source = {"fileSet": {"@id": f"{split}-files"}, "extract": {"column": name}, **bytes}
    place = f"{split}/{name}"
    column = version.task.column
    field = {
        "@type": "cr:Field",
        "@id": place,
        "name": place,
        "description": COLUMNS.get(name, f"A field of the record ({kind})."),
        **({"repeated": True} if kind == "labels" or (kind == "regions" and isinstance(column, list)) else {}),
    }
    if kind == "regions":
        region = column[0] if isinstance(column, list) else {key: each for key, each in column.items() if _told(each)}
        return (
            {**field, "subField": [_part(place, key, each, source) for key, each in region.items()]} if region else None
        )
    return {**field, "dataType": TYPES.get(kind, "sc:Text"), "source": source}


def _told(kind: Any) -> bool:
    """Tell whether a part of a value can be described: no vocabulary is read back that has objects within objects."""
    return isinstance(kind, str) or (isinstance(kind, list) and isinstance(kind[0], str))


def _part(whole: str, key: str, kind: Any, source: dict[str, Any]) -> dict[str, Any]:
    """Describe what each region says under a key."""
    repeated = {"repeated": True} if isinstance(kind, list) else {}
    while isinstance(kind, list):
        (kind,) = kind
    return {
        "@type": "cr:Field",
        "@id": f"{whole}/{key}",
        "name": f"{whole}/{key}",
        "description": f"The {key} of what is marked.",
        "dataType": TYPES.get("label" if key == "label" else kind, "sc:Text"),
        **repeated,
        "source": {**source, "transform": {"jsonPath": key}},
    }
