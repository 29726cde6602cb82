"""All versions of the dataset, one after the other: how large, how good, at what cost, and how far each moved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Any

from stages import InputError
from stages.quality import counted, relabelled, spread
from stages.versions.loading import parsed
from stages.versions.releasing import TAG
from stages.versions.revisions import Commit, find_commit, git, read_json, read_lines, read_yaml

Row = dict[str, Any]

MOVES = ("jensen_shannon", "psi", "cramers_v")  # of how labels are spread


@dataclass(frozen=True)
class Snapshot:
    """The state of a dataset fingerprint, as the last commit with it has it.

    Parameters
    ----------
    commit
        The revision.
    time
        When the fingerprint was first committed, in seconds since 1970.
    tags
        Of all commits with the fingerprint.
    quality
        `reports/quality.json`.
    """

    commit: Commit
    time: int
    tags: tuple[str, ...]
    quality: Mapping[str, Any]


def tags() -> list[str]:
    """Give the tags of released versions, the oldest first."""
    return [tag for tag in git("tag", "--list", "dataset-v*", "--sort=v:refname").split() if TAG.fullmatch(tag)]


def history(names: Sequence[str], moves: bool = True) -> list[Row]:
    """Tell about each version, and what moved since the one before.

    Parameters
    ----------
    names
        Revisions, the oldest first.
    moves
        Whether to tell what moved: for this the labels of all versions are read, for all else what git keeps.

    Returns
    -------
    Per version:

    - `version`, `commit`, `date`, and from its statement `fingerprint`, `records`, `rejected`, `labelled`, `annotator`,
      `guarantee`, `agreement`, `gates`;
    - `cost`: `people`, `answers`, `timed` answers and their `hours`, null with a `reason` if none tells its time;
    - `moved`, if asked for, since the version before: the measures of `quality.spread`, and `relabelled`, the share of
      labelled records that got another label; null with a `reason` where there is none before, or data are not at hand.

    Raises
    ------
    InputError
        A revision has no statement.
    """
    versions = [find_commit(name) for name in names]
    rows = [_about(version) for version in versions]
    if moves:
        labels = ["the first version", *map(_labels, versions)]
        for row, (before, after) in zip(rows, pairwise(labels), strict=True):
            row["moved"] = _moved(before, after)
    return rows


def snapshots() -> Iterator[Snapshot]:
    """Give every dataset fingerprint that a commit before HEAD, or a tagged one, has; the oldest first."""
    named: dict[str, list[str]] = {}
    for tag in tags():  # a release's commit changes the changelog alone
        named.setdefault(git("log", "-1", "--format=%H", tag, "--", "dvc.lock"), []).append(tag)
    find_commit("HEAD")  # a project without a commit has no history
    found: dict[str, Snapshot] = {}
    for line in git("log", "--reverse", "--format=%H %ct", "HEAD", "--tags=dataset-v*", "--", "dvc.lock").splitlines():
        commit, time = line.split()
        version = Commit(commit[:10], commit)
        quality = read_json(version, "reports/quality.json")
        if isinstance(quality, dict) and (fingerprint := quality.get("dataset", {}).get("fingerprint")):
            first = found.get(fingerprint)
            known = (*(first.tags if first else ()), *named.get(commit, ()))
            found[fingerprint] = Snapshot(version, first.time if first else int(time), known, quality)
    yield from found.values()


def settings(version: Commit) -> Row:
    """Give all settings that the stages of a version were run with, by config group."""
    lock = read_yaml(version, "dvc.lock") or {}
    found: Row = {}
    for stage in lock.get("stages", {}).values():
        for file, values in stage.get("params", {}).items():
            group = file.split("/")[1] if file.startswith("conf/") else None
            found |= {group: values} if group else values
    return found


def page(version: Commit) -> str | None:
    """Read the report of a version; None where it has none, or it is not in DVC's cache."""
    try:
        with version.open("reports/index.html") as file:
            return file.read().decode()
    except (InputError, FileNotFoundError):
        return None


def _about(version: Commit) -> Row:
    quality = read_json(version, "reports/quality.json")
    if not isinstance(quality, dict) or "dataset" not in quality:
        raise InputError(f"{version.name} has no reports/quality.json: it is no version of a dataset")
    seconds = int(git("show", "-s", "--format=%ct", version.commit))
    dataset = quality["dataset"]
    return {
        "version": version.name,
        "commit": version.commit[:10],
        "date": datetime.fromtimestamp(seconds, UTC).date().isoformat(),
        **{key: dataset.get(key) for key in ("fingerprint", "records", "rejected", "labelled")},
        **{key: quality.get(key) or {} for key in ("annotator", "guarantee", "agreement", "gates")},
        "cost": _cost(version),
    }


def _cost(version: Commit) -> Row:
    """Count what people did; rounds are never rewritten, so each is read once for all versions."""
    dataset = (read_yaml(version, "params.yaml") or {}).get("dataset")
    below = (read_yaml(version, f"conf/dataset/{dataset}.yaml") or {}).get("rounds")
    folder = "/".join(filter(None, ("data/annotations", below)))
    listed = (line.split() for line in git("ls-tree", version.commit, f"{folder}/").splitlines())
    rounds = [_round(blob) for _, kind, blob, path in listed if kind == "blob" and path.endswith(".jsonl")]
    timed = sum(timed for _, _, timed, _ in rounds)
    cost: Row = {
        "people": len(frozenset().union(*(people for people, *_ in rounds))),
        "answers": sum(answers for _, answers, _, _ in rounds),
        "timed": timed,
    }
    if not timed:
        return cost | {"hours": None, "reason": "no answer tells how long it took"}
    return cost | {"hours": sum(seconds for *_, seconds in rounds) / 3600, "reason": None}


@cache
def _round(blob: str) -> tuple[frozenset[str], int, int, float]:
    """Tell of a round its people, answers, timed answers, and seconds."""
    lines = [json.loads(line) for line in git("cat-file", "blob", blob).splitlines()]
    took = [line["seconds"] for line in lines if line.get("seconds") is not None]
    return frozenset(line["annotator"] for line in lines), len(lines), len(took), sum(took)


def _labels(version: Commit) -> dict[str, Any] | str:
    """Read each record's label; where the data are not at hand, say so."""
    try:
        return {line["record"]: line["value"] for line in map(parsed, read_lines(version, "data/dataset/labels.jsonl"))}
    except (InputError, FileNotFoundError):
        return f"the labels of {version.name} are not in DVC's cache"


def _moved(before: dict[str, Any] | str, after: dict[str, Any] | str) -> Row:
    """Compare labels; a text in place of them says why there are none."""
    if isinstance(before, str) or isinstance(after, str):
        return dict.fromkeys((*MOVES, "relabelled")) | {"reason": before if isinstance(before, str) else after}
    labels = spread(*(counted(x for x in each.values() if x is not None) for each in (before, after)))
    measures = {key: labels[key] for key in MOVES}
    return measures | {"relabelled": relabelled(before, after)["rate"], "reason": labels["reason"]}
