"""`dvc repro` with nothing to do, against a plain chain of ten `cp` stages: `python -m benchmarks.noop`."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measure import commit, copy, run

TURNS = 7


def chain(folder: Path) -> None:
    """Write ten stages that each copy the file of the one before."""
    lines = ["stages:"]
    for i in range(10):
        lines += [f"  s{i}:", f"    cmd: cp f{i} f{i + 1}", f"    deps: [f{i}]", f"    outs: [f{i + 1}]"]
    (folder / "dvc.yaml").write_text("\n".join(lines) + "\n")
    (folder / "f0").write_text("x\n")
    run(["git", "init", "-q"], folder)
    run(["dvc", "init", "-q"], folder)
    run(["dvc", "config", "core.analytics", "false"], folder)
    run(["dvc", "repro"], folder)
    commit(folder)


def main() -> None:
    with TemporaryDirectory() as ours, TemporaryDirectory() as plain:
        copy(Path(ours))
        run(["dvc", "repro"], Path(ours))
        chain(Path(plain))
        for folder in (ours, plain):
            run(["dvc", "repro"], Path(folder))
        pairs = [(run(["dvc", "repro"], Path(ours)), run(["dvc", "repro"], Path(plain))) for _ in range(TURNS)]
    mine, theirs = median(each.cpu for each, _ in pairs), median(each.cpu for _, each in pairs)
    ratio = median(one.cpu / other.cpu for one, other in pairs)
    print(f"no-op dvc repro: {mine:.2f} s CPU; ten cp stages: {theirs:.2f} s CPU; ratio {ratio:.2f} ({TURNS} turns)")


if __name__ == "__main__":
    main()
