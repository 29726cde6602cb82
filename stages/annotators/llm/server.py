"""Ask an OpenAI-compatible server, which may be slow, busy, broken, or not to be trusted."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.annotators.llm.record import Answer

if TYPE_CHECKING:
    import httpx

OPENAI = "https://api.openai.com/v1"
LONGEST = 300.0  # seconds that a server may ask to be left alone
FIRST, SLOWEST = 0.5, 30.0  # seconds before the first and before a late repetition
REFUSALS = {"length": r"context.?(length|size|window)|maximum context", "content": r"content.?(filter|policy)"}


class Trouble(Exception):  # noqa: N818
    """Something that may be over soon; `wait` is what the server asks for, in seconds."""

    def __init__(self, what: str, wait: float | None = None) -> None:
        super().__init__(what)
        self.what, self.wait = what, wait


class Server:
    """The server at OPENAI_BASE_URL, with the key OPENAI_API_KEY if it wants one.

    Threads may share it: when it asks to be left alone, all of them wait.

    Parameters
    ----------
    timeout
        Seconds without a byte of an answer, after which a request has failed.
    retries
        How often a request is repeated that failed for a reason that may pass: no connection, too late, 408, 409, 429,
        500 and above, or an answer that is no chat completion.
    """

    def __init__(self, timeout: float, retries: int) -> None:
        self._timeout = timeout
        self._retries = retries
        self._lock = Lock()
        self._closed_until = 0.0
        self._client: httpx.Client | None = None

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """Send a chat completion request and wait for its answer.

        Raises
        ------
        InputError
            The server refuses, or does not answer after all repetitions. Neither its address nor the key is in the
            text.
        """
        for attempt in range(self._retries + 1):
            if (wait := self._closed_until - time.monotonic()) > 0:  # a sleep of 0 s would give up the processor
                time.sleep(wait)
            try:
                return self._once(request)
            except Trouble as trouble:
                problem = trouble
            if (problem.wait or 0) > LONGEST:
                raise InputError(
                    f"the model server asks to be left alone for {problem.wait:,.0f} s ({problem.what}); run it again "
                    "then to go on: every answer so far is kept"
                )
            if attempt < self._retries:
                self._pause(problem, attempt)
        raise InputError(
            f"the model server failed {self._retries + 1} times in a row: {problem.what}; check OPENAI_BASE_URL, "
            "and run it again to go on: every answer so far is kept"
        )

    def _pause(self, trouble: Trouble, attempt: int) -> None:
        if trouble.wait is None:
            time.sleep(min(SLOWEST, FIRST * 2**attempt))
        else:
            with self._lock:
                self._closed_until = max(self._closed_until, time.monotonic() + trouble.wait)

    def _once(self, request: Mapping[str, Any]) -> Answer:
        import httpx

        try:
            response = self._opened().post("/chat/completions", json=request)
        except httpx.TimeoutException:
            raise Trouble(f"no answer within {self._timeout:g} s") from None
        except httpx.RequestError:
            raise Trouble("no connection, or one that broke") from None
        if not response.is_success:
            return _refused(response)
        try:
            return read(response.content)
        except (ValueError, RecursionError):
            raise Trouble("what it sent is no chat completion") from None

    def _opened(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = _client(self._timeout)
            return self._client


def _client(timeout: float) -> httpx.Client:
    import httpx

    address, key = (os.environ.get(name, "").strip() for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"))
    if not key.isascii() or not key.isprintable():
        raise InputError("OPENAI_API_KEY in the environment is no key: it has characters that no key has")
    if not address and not key:
        raise InputError(
            "the environment names no model server: set OPENAI_BASE_URL (such as http://127.0.0.1:8080/v1), and "
            "OPENAI_API_KEY where the server wants a key"
        )
    try:
        base = httpx.URL(address or OPENAI)
    except httpx.InvalidURL:
        base = httpx.URL("")
    if base.scheme not in ("http", "https") or not base.host:
        raise InputError("OPENAI_BASE_URL in the environment is no address such as http://127.0.0.1:8080/v1")
    return httpx.Client(
        base_url=base,
        headers={"Authorization": f"Bearer {key}"} if key else None,
        timeout=timeout,
        limits=httpx.Limits(),  # as many connections as there are threads
    )


def _refused(response: httpx.Response) -> Answer:
    """Tell what concerns one record from what concerns all, and what may pass from what will not."""
    status = response.status_code
    if status in (408, 409, 429) or status >= 500:
        raise Trouble(f"it answered {status}", _wait(response.headers.get("retry-after")))
    if status in (401, 403):
        raise InputError(f"the model server refuses the key ({status}): set OPENAI_API_KEY")
    if status == 404 or 300 <= status < 400:  # records go nowhere but where the environment says
        raise InputError(
            f"the model server knows no such address or model ({status}): check OPENAI_BASE_URL and `model`"
        )
    for reason, pattern in REFUSALS.items():
        if status < 500 and re.search(pattern, response.text[:10_000], re.IGNORECASE):
            return Answer(None, refused=reason)
    raise InputError(f"the model server refuses the request ({status}): {_safe(response.text)}")


def _wait(header: str | None) -> float | None:
    """Read Retry-After, seconds or a date (RFC 9110, section 10.2.3)."""
    try:
        seconds = float(header or "")
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header or "").timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if isfinite(seconds) else None


def _safe(text: str) -> str:
    """Shorten what a server said, and take out what only the environment may know."""
    try:
        error = json.loads(text)["error"]
        text = str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        text = text.replace(os.environ.get(name) or "\0", f"<{name}>")
    return re.sub(r"https?://\S+|\bsk-\S+", "<…>", " ".join(text.split()))[:300]


def read(body: bytes) -> Answer:
    """Read a chat completion.

    Raises
    ------
    ValueError
        It is none.
    """
    said = json.loads(body.decode("utf-8", "replace"))
    try:
        choice = said["choices"][0]
        content, finish = choice["message"].get("content"), choice.get("finish_reason")
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError("no chat completion") from error
    usage = said.get("usage") if isinstance(said.get("usage"), dict) else {}
    return Answer(
        _text(content) if isinstance(content, str) else None,
        _text(finish) if isinstance(finish, str) else None,
        _tokens(choice.get("logprobs")),
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
    )


def _tokens(logprobs: Any) -> list[Any] | None:
    try:
        return [
            [*_token(each), [_token(other) for other in each.get("top_logprobs") or []]] for each in logprobs["content"]
        ] or None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _token(said: Mapping[str, Any]) -> list[Any]:
    number = float(said["logprob"])
    text = bytes(said["bytes"]) if isinstance(said.get("bytes"), list) else said["token"].encode("utf-8", "replace")
    try:
        return [text.decode(), round(max(-999.0, min(0.0, number)), 4)]
    except UnicodeDecodeError:  # a part of a character
        return [list(text), round(max(-999.0, min(0.0, number)), 4)]


def _count(number: Any) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 10**12 else None


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()  # JSON can hold half a character, a file cannot
