"""Start and stop a Label Studio of one's own: on 127.0.0.1, with its data in one folder, silent towards the world."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

from stages import InputError
from stages.label_studio.account import Account
from stages.tables import whole

HOST = "127.0.0.1"
KEPT = ("HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PATH", "TMPDIR")  # any other variable may be a setting of its own
SILENT = {
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "LABEL_STUDIO_LATEST_VERSION_CHECK": "false",
    "LABEL_STUDIO_SENTRY_DSN": "",
    "LABEL_STUDIO_FRONTEND_SENTRY_DSN": "",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
}
LOOPBACK = {"LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "false", "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false"}
START, STOP = 300, 15  # seconds; a start takes 5 to 12


class AlreadyRunning(InputError):  # noqa: N818
    """Another process runs, or is starting, a Label Studio with the same data."""


@dataclass(frozen=True)
class Running:
    """A Label Studio that is healthy.

    Attributes
    ----------
    url
        Its address.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def wait(self) -> NoReturn:
        """Wait for ever.

        Raises
        ------
        InputError
            It ended all the same.
        """
        self.process.wait()
        raise InputError(f"Label Studio ended by itself: {_last_line(self.log)}")


def migrate(folder: Path) -> None:
    """Make Label Studio's data with an empty database, whole or not at all; takes about 90 seconds.

    There is no account in it yet: `running` makes the first. A copy of the folder serves as well.

    Raises
    ------
    InputError
        Label Studio is not installed, or failed.
    """
    command = [*_command(), "init", "--quiet"]
    with whole(folder) as (draft,):
        draft.mkdir()
        log = draft / "init.log"
        with open(log, "wb") as output:
            failed = subprocess.call(
                command, env=_env(draft), cwd=draft, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        if failed:
            raise InputError(f"Label Studio could not make its database: {_last_line(log)}")


@contextmanager
def running(home: Path, port: int, account: Account, media: Path, backend: bool = False) -> Iterator[Running]:
    """Run Label Studio until the block ends.

    Parameters
    ----------
    home
        A folder that exists: its data is in `data/`, made if it is not there, its log is `server.log`.
    port
        On 127.0.0.1.
    account
        Made at the first start; to be the same ever after.
    media
        The folder below which its local storages may serve files.
    backend
        Let it reach an ML backend on this machine, which it refuses otherwise.

    Yields
    ------
    The server, once it is healthy.

    Raises
    ------
    AlreadyRunning
        Another runs with the same data.
    InputError
        It is not installed, the port is taken, or it did not start.
    """
    command = [*_command(), "start", "--no-browser", "--internal-host", HOST, "--port", str(port)]
    data, log = home / "data", home / "server.log"
    with _locked(home / "lock") as lock:
        check_port(port)
        if not data.exists():
            migrate(data)
        settings = {
            "LABEL_STUDIO_USERNAME": account.email,
            "LABEL_STUDIO_PASSWORD": account.password,
            "LABEL_STUDIO_USER_TOKEN": account.token,
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(media.resolve()),
        }
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [*command, "--enable-legacy-api-token"],
                env=_env(data) | settings | (LOOPBACK if backend else {}),
                cwd=data,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C reaches us alone
                pass_fds=[lock.fileno()],  # as long as it lives, even without us, the data is taken
            )
        try:
            lock.write(str(process.pid))
            lock.flush()
            _wait(process, port, log)
            yield Running(f"http://{HOST}:{port}", process, log)
        finally:
            _stop(process)


def healthy(port: int) -> bool:
    """Whether a Label Studio answers on this port of 127.0.0.1."""
    from http.client import HTTPConnection, HTTPException

    with closing(HTTPConnection(HOST, port, timeout=10)) as connection:
        try:
            connection.request("GET", "/health")
            return b'"UP"' in connection.getresponse().read(1000)
        except (OSError, HTTPException):
            return False


def check_port(port: int) -> None:
    """Refuse a port that is taken; Label Studio would silently use the next.

    Raises
    ------
    InputError
        It is taken, or not ours to take.
    """
    import socket

    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise InputError(
                f"port {port} of {HOST} cannot be used: {error.strerror}; free it, or choose another with --port"
            ) from error


def _command() -> list[str]:
    from importlib.util import find_spec

    if find_spec("label_studio") is None:
        raise InputError("Label Studio is not installed here; run: make label, or: pip install '.[label-studio]'")
    return [sys.executable, "-P", "-m", "label_studio.server"]


def _env(data: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | SILENT | {"LABEL_STUDIO_BASE_DATA_DIR": str(data.resolve())}


@contextmanager
def _locked(path: Path) -> Iterator[TextIO]:
    import fcntl

    with open(path, "a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            which = f"runs already, as process {number}" if (number := lock.read()) else "is being started already"
            raise AlreadyRunning(f"Label Studio with the data in {path.parent} {which}") from None
        lock.truncate(0)
        yield lock


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START
    while not healthy(port):
        if process.poll() is not None:
            raise InputError(f"Label Studio ended before it was ready: {_last_line(log)}")
        if time.monotonic() > end:
            raise InputError(f"Label Studio was not ready after {START} seconds: {_last_line(log)}")
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"{lines[-1][:300] if lines else 'it said nothing'} (all of it: {log})"
