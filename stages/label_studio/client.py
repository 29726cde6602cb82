"""The connection to a Label Studio server, whose failures become messages of one line without secrets."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from stages import InputError
from stages.tables import read_json

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio

Answer = TypeVar("Answer")

TIMEOUT = 60.0  # seconds
PAUSES = (0.5, 2.0, 5.0)  # seconds before a second, third and fourth attempt
LOOPBACK = ("127.0.0.1", "localhost", "::1")
DOUBTFUL = (408, 409, 425, 429)  # and all from 500 on


class DoubtfulError(InputError):
    """The server gave no clear answer: it may have done what it was asked, or not."""


class MissingError(InputError):
    """The server does not have what a request is about."""


@dataclass(frozen=True)
class Connection:
    """A server that we may speak with.

    Attributes
    ----------
    url
        Its address.
    api
        The SDK's client, which never retries by itself: a write could be done twice.
    timeout
        Seconds without a word after which a request has failed.
    pauses
        Seconds before each further attempt.
    """

    url: str
    api: LabelStudio = field(repr=False)
    timeout: float = TIMEOUT
    pauses: tuple[float, ...] = PAUSES

    def once(self, request: Callable[[LabelStudio], Answer]) -> Answer:
        """Make a request that must not be made twice.

        Raises
        ------
        DoubtfulError
            It may have been done or not; a look-up tells.
        InputError
            It was refused.
        """
        with _told(self.url):
            return request(self.api)

    def safely(self, request: Callable[[LabelStudio], Answer]) -> Answer:
        """Make a request that does no harm if it is made twice; try it again after a failure that may pass.

        Raises
        ------
        InputError
            It was refused, or failed each time.
        """
        for pause in self.pauses:
            try:
                return self.once(request)
            except DoubtfulError:
                time.sleep(pause)
        return self.once(request)

    def people(self) -> dict[int, str]:
        """Give the e-mail address of each person whom the server knows, by the server's number for them."""
        emails = self.safely(lambda api: {user.id: user.email for user in api.users.list()})
        return {id: email for id, email in emails.items() if isinstance(email, str) and "@" in email}


def connect(folder: Path, timeout: float = TIMEOUT) -> Connection:
    """Find out where the server is and who we are: from the environment, else from what `up` wrote.

    Parameters
    ----------
    folder
        Where `up` keeps `connection.json`.
    timeout
        Seconds without a word after which a request has failed.

    Raises
    ------
    InputError
        Neither says it, or what it says cannot be used.
    """
    return reach(*_address(folder), timeout)


def reach(url: str, token: str, timeout: float = TIMEOUT) -> Connection:
    """Connect to a server whose address and token are known.

    Raises
    ------
    InputError
        They cannot be used.
    """
    import httpx
    from label_studio_sdk import LabelStudio

    try:
        parts = urlsplit(url if url.isprintable() else "")
    except ValueError:  # brackets without a partner
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise InputError("LABEL_STUDIO_URL: an address like http://127.0.0.1:8080 is expected, without a user's name")
    if not re.fullmatch(r"[\w.-]+", token, re.ASCII):
        raise InputError("the token for Label Studio holds other characters than letters, digits and . _ -")
    client = httpx.Client(timeout=timeout, follow_redirects=True, trust_env=parts.hostname not in LOOPBACK)
    with _told(url):
        api = LabelStudio(  # type: ignore[no-untyped-call]
            base_url=url, api_key=token, timeout=timeout, max_retries=0, httpx_client=client
        )
    return Connection(url, api, timeout)


def listed(page: Any, size: int) -> list[Any]:
    """Give the items of all pages of an answer; the SDK itself would ask for one after the last too."""
    items = [*page.items]
    while len(page.items) == size:
        page = page.next_page()
        items += page.items
    return items


def _address(folder: Path) -> tuple[str, str]:
    url, token = os.environ.get("LABEL_STUDIO_URL"), os.environ.get("LABEL_STUDIO_API_KEY")
    path = folder / "connection.json"
    if bool(url) != bool(token):
        raise InputError("set LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY both, or neither to use the server of `up`")
    if not url and not path.is_file():
        raise InputError(
            "no Label Studio is known: run python -m stages.label_studio up, or set LABEL_STUDIO_URL and "
            "LABEL_STUDIO_API_KEY for a server that runs elsewhere"
        )
    if not url or not token:
        known = read_json(path)
        url, token = (known.get(key) if isinstance(known, dict) else None for key in ("url", "token"))
        if not isinstance(url, str) or not isinstance(token, str):
            raise InputError(f"{path}: an object with url and token is expected; up writes it anew")
    return url.strip().rstrip("/"), token.strip()


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Turn the SDK's errors into ours, and never pass on their text: it holds headers, cookies and the token."""
    import httpx
    from label_studio_sdk.core.api_error import ApiError
    from label_studio_sdk.core.parse_error import ParsingError
    from pydantic import ValidationError

    failure: InputError
    try:
        yield
        return
    except ApiError as error:
        failure = _refused(url, error.status_code, error.body)
    except httpx.ConnectError:
        remedy = "start it (python -m stages.label_studio up), or correct LABEL_STUDIO_URL"
        failure = InputError(f"no Label Studio answers at {url}: {remedy}")
    except httpx.TimeoutException:
        failure = DoubtfulError(f"Label Studio at {url} did not answer in time; run this again")
    except httpx.HTTPError:
        failure = DoubtfulError(f"Label Studio at {url} broke off its answer; run this again")
    except (ParsingError, ValidationError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        failure = DoubtfulError(f"what answers at {url} does not speak as Label Studio does; check the address")
    raise failure from None


def _refused(url: str, status: int | None, body: Any) -> InputError:
    if status is not None and status < 400:  # the SDK could not read it
        return DoubtfulError(f"what answers at {url} does not speak as Label Studio does; check the address")
    if status is None or status in DOUBTFUL or status >= 500:
        return DoubtfulError(
            f"Label Studio at {url} answered {status}; run this again, and see the server's log if it stays"
        )
    if status in (401, 403):
        return InputError(
            f"Label Studio at {url} does not take the token ({status}): set LABEL_STUDIO_API_KEY to one of its "
            "tokens, or run up for the server of this checkout"
        )
    if status == 404:
        return MissingError(f"Label Studio at {url} does not have what was asked for (404); run this again")
    return InputError(f"Label Studio at {url} refused ({status}): {_detail(body)}")


def _detail(body: Any) -> str:
    """Give what the server objects to, on one line; what it repeats of the request is not among it."""
    kept = {key: body[key] for key in ("detail", "validation_errors") if key in body} if isinstance(body, dict) else {}
    return " ".join(json.dumps(kept or "no reason given", ensure_ascii=False).split())[:500]
