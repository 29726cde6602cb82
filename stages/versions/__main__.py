"""`python -m stages.versions compare A [B] | lineage RECORD | release | history`: versions of the dataset.

A and B are revisions as git knows them; without B, the checkout as it is. The exit code is 0 if they are the same, 1 if
they differ, 2 for an error.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from stages import InputError, tracking
from stages.configuration import Dataset, chosen
from stages.tables import rounded
from stages.versions import history as past
from stages.versions import lineage as traces
from stages.versions import overview, releasing, rendering, showing
from stages.versions.difference import changes, listed
from stages.versions.loading import load
from stages.versions.movement import movement
from stages.versions.revisions import Commit, Revision, find, git, out_of_date, read_json, rebuilt
from stages.versions.summary import summary


def compare(options: argparse.Namespace) -> int:
    with ExitStack() as stack:
        a, b = (load(_revision(name, options.rebuild, stack)) for name in (options.a, options.b))
        every = changes(a, b)
        report = summary(a, b, every) | movement(a, b)
    rows = listed(every, options.limit) if options.records else []
    if options.json:
        if options.records:
            report["changes"] = [asdict(each) for each in rows]
        print(json.dumps(rounded(report), ensure_ascii=False, indent=2))
    else:
        write = rendering.markdown if options.markdown else rendering.html if options.html else rendering.text
        print(write(showing.headline(report), showing.tables(report, rows)), end="")
        if len(every) > len(rows) and options.records and not options.html:
            print(f"\n{len(every) - len(rows):,} more; --limit {len(every)} lists all")
    return 0 if report["same"] else 1


def lineage(options: argparse.Namespace) -> int:
    (dataset,) = chosen(dataset=Dataset)
    rounds = sorted(path.as_posix() for path in Path("data/annotations", dataset.rounds).glob("round-*.jsonl"))
    for event in traces.lineage(options.record, find(None), rounds, map(find, past.tags())):
        print(f"{event.stage:16} {event.what}")
    return 0


def release(options: argparse.Namespace) -> int:
    last = releasing.latest(past.tags())
    if changed := git("status", "--porcelain"):
        raise InputError(f"the checkout differs from its commit ({changed.splitlines()[0].strip()}, …): commit first")
    if behind := out_of_date():
        raise InputError(f"dvc.lock is not what this commit makes ({behind}): run dvc repro, and commit")
    if options.tag:
        git("var", "GIT_COMMITTER_IDENT")  # before anything is written, git must know who commits
    now = load(find("HEAD"))
    if not now.quality["gates"]["passed"] and not options.despite_gates:
        raise InputError(f"gates: {releasing.verdict(now.quality['gates'])}; to release all the same: --despite-gates")
    releasing.check_audit([*(read_json(find(tag), "reports/quality.json") or {} for tag in past.tags()), now.quality])
    report = None
    if last:
        before = load(find(last))
        report = summary(before, now, changes(before, now))
    tag = releasing.next_tag(last, report or {})
    line = releasing.entry(tag, report, now.quality)
    path = Path("CHANGELOG.md")
    path.write_text(releasing.written(path.read_text("utf-8") if path.exists() else "", line), "utf-8", newline="\n")
    print(line)
    commands = [["add", "CHANGELOG.md"], ["commit", "-m", tag.replace("-v", " ")], ["tag", tag]]
    for command in commands:
        if options.tag:
            git(*command)
        else:
            print(f"git {shlex.join(command)}")
    return 0


def history(options: argparse.Namespace) -> int:
    rows = past.history(past.tags(), moves=options.json or options.html)
    if options.json:
        print(json.dumps(rounded(rows), ensure_ascii=False, indent=2))
        return 0
    title = (
        f"{len(rows)} versions of the dataset"
        if rows
        else "no version is released yet: python -m stages.versions release"
    )
    print((rendering.html if options.html else rendering.text)(title, overview.tables(rows)), end="")
    if not options.html:
        print(f"\n{_tracked()}")
    return 0


def _tracked() -> str:
    """Bring MLflow up to date with the history."""
    every, known = list(past.snapshots()), tracking.recorded()
    new = changed = 0
    for each in every:
        if known.get(each.quality["dataset"]["fingerprint"]) != (each.commit.commit, each.tags):
            made = tracking.Made(each.commit.commit, each.time, each.tags)
            added = tracking.record(each.quality, past.settings(each.commit), past.page(each.commit), made)
            new, changed = new + added, changed + (not added)
    return f"MLflow: {len(every)} fingerprints in the history, {new} runs added, {changed} brought up to date"


def _revision(name: str | None, rebuild: bool, stack: ExitStack) -> Revision:
    revision = find(name)
    if rebuild and isinstance(revision, Commit) and not revision.whole():
        return stack.enter_context(rebuilt(revision))
    return revision


def main() -> NoReturn:
    parser = argparse.ArgumentParser(prog="python -m stages.versions", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("compare", help="what changed between two versions, and why")
    command.add_argument("a", metavar="A", help="a revision, such as dataset-v0.3.0 or HEAD~1")
    command.add_argument("b", metavar="B", nargs="?", help="another; without it, the checkout as it is")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--markdown", action="store_true", help="for a review")
    form.add_argument("--html", action="store_true", help="a page for a browser")
    command.add_argument("--records", action="store_true", help="list the records that changed")
    command.add_argument("--limit", type=int, default=50, metavar="N", help="how many of them (default 50)")
    command.add_argument("--rebuild", action="store_true", help="make data that are not in the cache again")
    command.set_defaults(run=compare)
    command = commands.add_parser("lineage", help="everything that ever happened to a record")
    command.add_argument("record", metavar="RECORD", help="its id")
    command.set_defaults(run=lineage)
    command = commands.add_parser("release", help="number this version, and write it into CHANGELOG.md")
    command.add_argument("--tag", action="store_true", help="commit the changelog and make the tag, too")
    command.add_argument(
        "--despite-gates", action="store_true", help="although not all gates pass; the changelog says so"
    )
    command.set_defaults(run=release)
    command = commands.add_parser("history", help="all released versions; brings MLflow up to date with them")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs; leaves MLflow alone")
    form.add_argument("--html", action="store_true", help="a page with charts for a browser; leaves MLflow alone")
    command.set_defaults(run=history)
    options = parser.parse_args()
    try:
        code = options.run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 128 + signal.SIGPIPE  # as the shell has it; not 0, which says that two versions are the same
    raise SystemExit(code)


if __name__ == "__main__":
    main()
