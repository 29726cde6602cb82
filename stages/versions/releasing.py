"""The number of the next version, from what changed since the last; and its line in the changelog."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stages import InputError
from stages.quality import spent

TAG = re.compile(r"dataset-v([0-9]+)\.([0-9]+)\.([0-9]+)")
SECTION = "## Dataset"


def next_tag(last: str | None, report: Mapping[str, Any]) -> str:
    """Number the next version.

    Parameters
    ----------
    last
        The tag of the last version; None before the first.
    report
        What changed since then, as `difference.summary` gives it.

    Returns
    -------
    With records removed, or splits or labels of existing records changed, the next major number; with records or
    labels added, the next minor one; with anything else, the next patch.

    Raises
    ------
    InputError
        Nothing changed.
    """
    if last is None:
        return "dataset-v0.1.0"
    major, minor, patch = _numbers(last)
    if report["same"]:
        raise InputError(f"nothing changed since {last}: there is nothing to release")
    changed = {what for part in ("records", "labels", "splits") for what, each in report[part].items() if each["count"]}
    if changed & {"removed", "changed", "moved", "lost", "relabelled"}:
        return f"dataset-v{major + 1}.0.0"
    if changed & {"added", "gained"}:
        return f"dataset-v{major}.{minor + 1}.0"
    return f"dataset-v{major}.{minor}.{patch + 1}"


def latest(tags: Sequence[str]) -> str | None:
    """Give the tag with the highest number."""
    return max((tag for tag in tags if TAG.fullmatch(tag)), key=_numbers, default=None)


def entry(tag: str, report: Mapping[str, Any] | None, quality: Mapping[str, Any]) -> str:
    """Write a version's line for the changelog."""
    labelled = quality["dataset"]["labelled"]
    if report is None:
        told = ["the first version"]
    else:
        told = [
            f"{each['count']:,} {'labels' if part == 'labels' else 'records'} {what}"
            for part in ("records", "labels", "splits")
            for what, each in report[part].items()
            if each["count"]
        ] or ["the same records and labels"]
    return (
        f"- `{tag}`: {', '.join(told)}; {labelled['human']:,} labels by people, {labelled['auto']:,} automatic, "
        f"{labelled['none']:,} records without; {_promise(quality['guarantee'])}; {verdict(quality['gates'])}."
    )


def verdict(gates: Mapping[str, Any]) -> str:
    """Say how a version stands with its gates."""
    told = [
        f"{what}: {', '.join(gates[key])}"
        for key, what in (("failed", "gates failed"), ("undecided", "not enough data for the gates"))
        if gates.get(key)
    ]
    return "; ".join(told) or "all gates passed"


def written(changelog: str, line: str) -> str:
    """Put a line first among those of the changelog's section on the dataset, which is made if there is none."""
    if not re.search(f"^{SECTION}$", changelog, re.MULTILINE):
        return f"{changelog.rstrip()}\n\n{SECTION}\n\n{line}\n"
    head, _, rest = re.split(f"^({SECTION}\n)", changelog, maxsplit=1, flags=re.MULTILINE)
    place = found.start() if (found := re.search(r"^(- |## )", rest, re.MULTILINE)) else len(rest)
    after = rest[place:] if rest[place:].startswith("- ") or not rest[place:] else f"\n{rest[place:]}"
    return f"{head}{SECTION}\n{rest[:place]}{line}\n{after}"


def check_audit(history: Sequence[Mapping[str, Any]]) -> None:
    """Hold an audit to its alpha, which all annotators that were judged by it share.

    Parameters
    ----------
    history
        Statements of quality, the oldest first; the last is that of the version to be released.

    Raises
    ------
    InputError
        The last version's guarantee takes more than its share.
    """
    using = [each["guarantee"] | {"by": each["annotator"]["name"]} for each in history if _promises(each)]
    if not using or not _promises(history[-1]):
        return
    same = [each for each in using if each["audit"] == using[-1]["audit"]]
    judged = sorted({each["by"] for each in same})
    share = float(spent(same[0]["alpha"], len(judged)))
    if using[-1]["alpha"] > share:
        raise InputError(
            f"audit {using[-1]['audit']} has judged {len(judged)} annotators ({', '.join(judged)}): for its promise to "
            f"hold for all of them, set alpha to {share:.4g} or less in conf/quality/ (guarantee), or open a new "
            "audit in conf/review/"
        )


def _promises(quality: Mapping[str, Any]) -> bool:
    return quality.get("guarantee", {}).get("error_bound") is not None


def _numbers(tag: str) -> tuple[int, ...]:
    found = TAG.fullmatch(tag)
    return tuple(map(int, found.groups())) if found else ()


def _promise(guarantee: Mapping[str, Any]) -> str:
    if guarantee.get("error_bound") is None:
        return f"nothing is promised ({guarantee.get('reason') or 'no audit'})"
    return f"at most {guarantee['epsilon']:.1%} wrong by audit {guarantee['audit']}, α = {guarantee['alpha']:g}"
