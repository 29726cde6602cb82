"""Requests to servers that are not ours: polite, within limits, and never beyond the declared hosts."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, ClassVar
from urllib.parse import SplitResult, urljoin, urlsplit

from stages import InputError
from stages.sources import robots
from stages.sources.robots import Robots

REDIRECTS = 5
DOUBTFUL = (408, 425, 429, 500, 502, 503, 504)  # may pass
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Limits:
    """What one page may cost, and how we behave.

    Parameters
    ----------
    bytes
        The largest page, unpacked.
    seconds
        For one attempt, and the longest that a server may have us wait for the next.
    retries
        Further attempts after a failure that may pass.
    delay
        Seconds between two requests to a host; its robots.txt may ask for more.
    in_flight
        Requests at a time.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    bytes: int = 10_000_000
    seconds: float = 30.0
    retries: int = 3
    delay: float = 1.0
    in_flight: int = 8

    def __post_init__(self) -> None:
        if self.bytes < 1 or self.seconds <= 0 or self.retries < 0 or self.delay < 0 or self.in_flight < 1:
            raise InputError(f"limits: none may be negative, bytes, seconds and in_flight not 0, found {self}")


@dataclass(frozen=True)
class Page:
    """What a server answered: the address at the end of all redirects, the media type, the charset, the bytes."""

    address: str
    type: str
    charset: str | None
    data: bytes


class MissedError(Exception):
    """A page could not be had."""


class RefusedError(Exception):
    """A page may not be fetched, by robots.txt or by the declared hosts."""


class Visitor:
    """Fetches pages from declared hosts; may be shared by threads."""

    def __init__(self, agent: str, hosts: Collection[str], limits: Limits) -> None:
        import httpx

        self._hosts, self._limits = hosts, limits
        self._token = re.split(r"[/\s(]", agent, maxsplit=1)[0]
        self._client = httpx.Client(
            headers={"User-Agent": agent, "Accept-Encoding": "gzip"},
            timeout=limits.seconds,
            trust_env=not all(urlsplit(f"//{host}").hostname in LOOPBACK for host in hosts),
        )
        self._rules: dict[str, Robots] = {}
        self._next: dict[str, float] = {}
        self._asking, self._waiting = Lock(), Lock()

    def close(self) -> None:
        self._client.close()

    def get(self, address: str) -> Page:
        """Fetch a page, by way of redirects within the declared hosts.

        Raises
        ------
        RefusedError
            It, or a page that it redirects to, may not be fetched.
        MissedError
            It is not there, too large, too slow, or the server fails.
        """
        return self._followed(address, obey=True)

    def _followed(self, address: str, *, obey: bool) -> Page:
        for _ in range(REDIRECTS + 1):
            parts = checked(address)
            if parts.netloc.lower() not in self._hosts:
                raise RefusedError(f"another host, {parts.netloc}, which `hosts` does not name")
            if obey and not (rules := self._robots(parts)).allow(_path(parts)):
                raise RefusedError(rules.why)
            status, headers, data = self._retried(address, parts.netloc)
            if status in (301, 302, 303, 307, 308) and headers.get("location"):
                address = urljoin(address, headers["location"]).partition("#")[0]
            elif status == 200:
                kind, _, rest = headers.get("content-type", "").partition(";")
                charset = re.search(r"charset=[\"']?([\w.:-]+)", rest, re.ASCII)
                return Page(address, kind.strip().lower(), charset[1] if charset else None, data)
            else:
                raise MissedError(f"status {status}")
        raise MissedError(f"more than {REDIRECTS} redirects")

    def _robots(self, parts: SplitResult) -> Robots:
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._asking:
            if origin not in self._rules:
                self._rules[origin] = self._asked(origin)
            return self._rules[origin]

    def _asked(self, origin: str) -> Robots:
        try:
            page = self._followed(f"{origin}/robots.txt", obey=False)
        except RefusedError as error:
            return robots.nothing(str(error))
        except MissedError as error:  # RFC 9309: what is not there forbids nothing, what fails forbids all
            absent = re.fullmatch(r"status 4\d\d", str(error)) and str(error) != "status 429"
            return Robots() if absent else robots.nothing(str(error))
        return robots.parse(page.data[: robots.LARGEST].decode("utf-8", "replace"), self._token)

    def _retried(self, address: str, host: str) -> tuple[int, Any, bytes]:
        import httpx

        for attempt in range(self._limits.retries + 1):
            self._wait(host)
            pause = 0.5 * 2**attempt
            try:
                status, headers, data = self._once(address)
            except httpx.TransportError as error:
                why = f"no answer ({type(error).__name__})"
            except (httpx.HTTPError, httpx.InvalidURL, zlib.error, UnicodeError) as error:
                raise MissedError(f"not an answer that can be read ({type(error).__name__})") from error
            else:
                if status not in DOUBTFUL:
                    return status, headers, data
                why = f"status {status}"
                asked = _retry_after(headers.get("retry-after", ""))
                if asked > self._limits.seconds:
                    raise MissedError(f"{why}, and asks to wait {asked:.0f} s")
                pause = max(pause, asked)
            if attempt < self._limits.retries:
                time.sleep(pause)
        raise MissedError(why)

    def _once(self, address: str) -> tuple[int, Any, bytes]:
        import httpx

        end = time.monotonic() + self._limits.seconds
        largest, data = self._limits.bytes, bytearray()
        with self._client.stream("GET", address) as answer:
            packed = answer.headers.get("content-encoding", "identity").lower()
            if packed not in ("gzip", "x-gzip", "identity", ""):
                raise MissedError(f"packed as {packed[:20]!r}, which we did not ask for")
            unpack = zlib.decompressobj(wbits=31) if "gzip" in packed else None
            for piece in answer.iter_raw():
                data += unpack.decompress(piece, largest + 1 - len(data)) if unpack else piece
                if len(data) > largest:
                    raise MissedError(f"more than {largest:,} bytes")
                if time.monotonic() > end:
                    raise MissedError(f"takes more than {self._limits.seconds:g} s")
            if unpack and data and not unpack.eof:
                raise httpx.RemoteProtocolError("cut off")
            return answer.status_code, answer.headers, bytes(data)

    def _wait(self, host: str) -> None:
        asked = max((rules.delay for origin, rules in self._rules.items() if origin.endswith(f"//{host}")), default=0.0)
        with self._waiting:
            now = time.monotonic()
            turn = max(now, self._next.get(host, now))
            self._next[host] = turn + max(self._limits.delay, asked)
        time.sleep(turn - now)


def checked(address: str) -> SplitResult:
    """Take an address apart.

    Raises
    ------
    RefusedError
        It is not one of the web, or holds a password; the text does not show it.
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not address.isprintable() or " " in address:
        raise RefusedError("not an address that begins with http:// or https://")
    if "@" in parts.netloc:
        raise RefusedError("an address with a user's name or a password")
    return parts


def _path(parts: SplitResult) -> str:
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


def _retry_after(text: str) -> float:
    """Seconds, or the time until a date."""
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return float(text)
    try:
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
