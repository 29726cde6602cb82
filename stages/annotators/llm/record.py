"""The record of answers: nothing that a model said is asked for twice, or lost."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from stages import InputError

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True)
class Answer:
    """What a server said to one request.

    Attributes
    ----------
    content
        The model's text; None if there is none.
    finish
        Why it ended: `stop`, `length`.
    tokens
        `[text, log-probability, [[text, log-probability], ...]]` per token, the latter of the most likely ones in its
        place; a text that is no UTF-8 by itself is a list of bytes. None where the server does not tell.
    input, output
        Tokens of the request and of the answer; None where the server does not count.
    refused
        Why the server did not ask its model: `content` or `length`; None otherwise.
    """

    content: str | None
    finish: str | None = None
    tokens: Sequence[Any] | None = None
    input: int | None = None
    output: int | None = None
    refused: str | None = None


def key(request: Mapping[str, Any], sample: int) -> str:
    """Name a request: a hash of model, messages, parameters, and which of several samples it is."""
    text = json.dumps([sample, request], sort_keys=True, ensure_ascii=False)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Store:
    """Answers on this machine, each safe on the disk before it is used. Threads and processes may share it.

    Parameters
    ----------
    path
        An SQLite database; made when it is first needed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._waiting: deque[tuple[str, str]] = deque()
        self._database: sqlite3.Connection | None = None

    def get(self, key: str) -> Answer | None:
        with self._lock, self._used() as database:
            found = database.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        return Answer(**json.loads(found[0])) if found else None

    def known(self, key: str) -> Answer:
        """Give an answer that is there."""
        answer = self.get(key)
        if answer is None:
            raise InputError(f"{self._path}: an answer is gone that was there a moment ago; run it again")
        return answer

    def put(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Keep answers; one that is there already stays as it is."""
        self._waiting.extend([(key, json.dumps(vars(answer), ensure_ascii=False)) for key, answer in answers])
        with self._lock:
            if rows := list(self._waiting):  # else another thread wrote ours with its own: the disk is slow
                with self._used() as database:
                    database.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?)", rows)
                for _ in rows:
                    self._waiting.popleft()

    def close(self) -> None:
        if self._database:
            self._database.close()
            self._database = None

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        import sqlite3

        try:
            with self._open() as database:
                yield database
        except sqlite3.Error as error:
            raise InputError(f"{self._path}: this store of answers cannot be used ({error})") from error

    def _open(self) -> sqlite3.Connection:
        import sqlite3

        if self._database is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, timeout=60, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")  # on the disk when `put` returns
            self._database.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        return self._database
