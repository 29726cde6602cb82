"""A version of the project: a commit, read through git and DVC without touching the checkout, or a folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from stages import InputError

if TYPE_CHECKING:
    import pyarrow as pa

REMEDIES = {
    "not a git repository": "versions are commits: run git init here, and commit",
    "empty ident": 'say who commits: git config user.name "…", git config user.email "…"',
    "tell me who you are": 'say who commits: git config user.name "…", git config user.email "…"',
}
MAKE = "dvc pull brings it, or dvc repro makes it"


class Revision(Protocol):
    """Where a version's files are read from."""

    @property
    def name(self) -> str: ...

    def open(self, path: str) -> BinaryIO:
        """Open a file of the version, whether git or DVC keeps it.

        Raises
        ------
        FileNotFoundError
            The version has no such file.
        InputError
            It has, but its data are not at hand; says how to get them.
        """
        ...

    def list(self, folder: str) -> list[str]:
        """Give the paths of the files in a folder, sorted; none if there is no such folder."""
        ...


@dataclass(frozen=True)
class Folder:
    """A checkout as it is now."""

    name: str
    root: Path

    def open(self, path: str) -> BinaryIO:
        if not (self.root / path).is_file() and path.startswith("data/"):
            raise InputError(f"{self.name}: {path} is not there; {MAKE}")
        return open(self.root / path, "rb")

    def list(self, folder: str) -> list[str]:
        if not (self.root / folder).is_dir() and folder.startswith("data/"):
            raise InputError(f"{self.name}: {folder} is not there; {MAKE}")
        found = (path for path in (self.root / folder).glob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)


@dataclass(frozen=True)
class Commit:
    """A commit of this repository: what git keeps of it, and its data in DVC's cache."""

    name: str
    commit: str

    @cached_property
    def _files(self) -> Any:
        from dvc.api import DVCFileSystem
        from dvc.config import Config

        remote = Config.from_cwd()["core"].get("remote")  # holds versions from before it was set up, too
        return DVCFileSystem(rev=self.commit, config={"core": {"remote": remote}} if remote else None)

    @contextmanager
    def _reading(self, path: str) -> Iterator[Any]:
        from dvc.exceptions import DvcException
        from dvc_data.index import DataIndexDirError

        try:
            yield self._files
        except (DvcException, DataIndexDirError, OSError) as error:
            raise InputError(
                f"{self.name}: {path} is not in DVC's cache; bring it with "
                f"`git switch --detach {self.name} && dvc pull`, or make it again from its commit: --rebuild"
            ) from error

    def open(self, path: str) -> BinaryIO:
        kept = subprocess.run(["git", "show", f"{self.commit}:{path}"], capture_output=True, check=False)  # noqa: S607
        if not kept.returncode:  # a hundred times as fast as DVC, which would read it from git, too
            return BytesIO(kept.stdout)
        with self._reading(path) as files:
            if files.exists(path):
                return files.open(path, "rb")
        raise FileNotFoundError(f"{self.name} has no {path}")

    def list(self, folder: str) -> list[str]:
        with self._reading(folder) as files:
            if not files.isdir(folder):
                return []
            return sorted(path for path in files.ls(folder, detail=False) if files.isfile(path))

    def whole(self) -> bool:
        """Tell whether the data that are compared are at hand."""
        try:
            for folder in ("data/dataset/train", "data/clean/rejected"):
                for path in self.list(folder):
                    self.open(path).close()
        except InputError:
            return False
        return True


def find(name: str | None, root: Path = Path()) -> Revision:
    """Find a revision by its name in git; None is the checkout as it is.

    Raises
    ------
    InputError
        git knows no such revision.
    """
    return Folder("working tree", root) if name is None else find_commit(name)


def find_commit(name: str) -> Commit:
    """Find a commit by its name in git, as `find` does."""
    found = git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", check=False)
    if not found:
        tags = ", ".join(git("tag", "--list", "dataset-v*", "--sort=v:refname").split()) or "none yet"
        raise InputError(f"{name}: git knows no such revision; released versions: {tags}")
    return Commit(name, found)


def git(*arguments: str, check: bool = True) -> str:
    """Run git, and give what it says.

    Raises
    ------
    InputError
        It failed, unless it may.
    """
    english = os.environ | {"LC_ALL": "C"}  # for REMEDIES
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, env=english)  # noqa: S607
    if check and done.returncode:
        said = (done.stderr.strip() or "failed").splitlines()[0]
        todo = next((f"; {each}" for what, each in REMEDIES.items() if what in done.stderr), "")
        raise InputError(f"git {arguments[0]}: {said}{todo}")
    return done.stdout.strip() if not done.returncode else ""


def out_of_date() -> str:
    """Name a stage whose outputs are not what the checkout makes; empty if there is none."""
    from dvc.repo import Repo

    with Repo() as repo:
        changed = repo.status()
    return next(iter(sorted(changed)), "")


@contextmanager
def rebuilt(commit: Commit) -> Iterator[Folder]:
    """Make a version again from its commit, in a worktree that is removed at the end.

    The libraries are those of this environment; where the commit's were others, rows come out the same and the bytes
    of tables may not.

    Raises
    ------
    InputError
        A stage failed.
    """
    with TemporaryDirectory(prefix="labelmill-") as temporary:
        root = Path(temporary, "worktree")
        git("worktree", "add", "--detach", "--quiet", str(root), commit.commit)
        try:
            environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
            for command in (["dvc", "cache", "dir", "--local", str(Path(".dvc/cache").resolve())], ["dvc", "repro"]):
                done = subprocess.run(
                    [sys.executable, "-m", *command],
                    cwd=root,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode:
                    last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
                    raise InputError(f"{commit.name} cannot be made again: {' '.join(command)}: {''.join(last)}")
            yield Folder(commit.name, root)
        finally:
            git("worktree", "remove", "--force", str(root))


def read_json(revision: Revision, path: str) -> Any:
    """Read a report; None if the version has none."""
    try:
        with revision.open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def read_yaml(revision: Revision, path: str) -> Any:
    import yaml

    try:
        with revision.open(path) as file:
            return yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  a safe one
    except FileNotFoundError:
        return None


def read_lines(revision: Revision, path: str) -> list[bytes]:
    with revision.open(path) as file:
        return file.read().splitlines()


def read_table(revision: Revision, folder: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, or those of the columns that it has."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = []
    for path in revision.list(folder):
        if path.endswith(".parquet"):
            with revision.open(path) as stream, pq.ParquetFile(stream) as file:
                names = [name for name in file.schema_arrow.names if columns is None or name in columns]
                parts.append(file.read(names, use_threads=False))
    if not parts:
        raise InputError(f"{revision.name}: {folder} holds no table; is this a version with a dataset?")
    return pa.concat_tables(parts)
