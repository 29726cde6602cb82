"""Get an answer: from the record if it is there, else from the server if that is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stages import InputError
from stages.annotators.llm import record
from stages.annotators.llm.costs import Purse
from stages.annotators.llm.record import Answer, Store


class Asker:
    """Answers requests, and keeps every new answer before anyone sees it. Threads may share it.

    Parameters
    ----------
    store
        The record of answers.
    purse
        Counts what is spent.
    send
        Asks the server; None as its answer where nothing is to be sent.
    """

    def __init__(self, store: Store, purse: Purse, send: Callable[[Mapping[str, Any]], Answer | None]) -> None:
        self._store, self._purse, self._send = store, purse, send

    def knows(self, key: str) -> bool:
        return self._store.get(key) is not None

    def ask(self, request: Mapping[str, Any], sample: int) -> tuple[str, Answer | None]:
        key = record.key(request, sample)
        answer = self._store.get(key)
        if answer is not None:
            self._purse.end(None, answer)
            return key, answer
        self._purse.begin(request)
        try:
            answer = self._send(request)
            if answer is not None:
                self._store.put([(key, answer)])
        finally:
            self._purse.end(request, answer)
        return key, answer


def refuse(_: Mapping[str, Any]) -> Answer | None:
    """Stand in for a server that must not be asked."""
    raise InputError(
        "offline: an answer that this version rests on is not on record; where its data/labels/responses.jsonl is at "
        "hand, `python -m stages.annotators recall` brings the answers back"
    )
