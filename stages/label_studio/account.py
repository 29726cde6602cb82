"""The one account of a Label Studio of one's own, and where its secrets are kept."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stages import InputError
from stages.tables import read_json, whole


@dataclass(frozen=True)
class Account:
    """A person's log-in, and the token that their programs use."""

    email: str
    password: str = field(repr=False)
    token: str = field(repr=False)


def kept(path: Path) -> Account:
    """Read the account from a file, or make it with a random password and token.

    Raises
    ------
    InputError
        The file is there and is no account.
    """
    if not path.exists():
        account = Account("labeler@localhost", secrets.token_urlsafe(12), secrets.token_hex(20))
        write_secret(path, asdict(account))
        return account
    found = read_json(path)
    if not isinstance(found, dict) or sorted(found) != ["email", "password", "token"]:
        raise InputError(f"{path}: email, password and token are expected; put back the file that up made")
    return Account(**{name: str(value) for name, value in found.items()})


def write_secret(path: Path, value: Any) -> None:
    """Write JSON, whole, into a file that its owner alone may read."""
    with whole(path) as (draft,), open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(value, file)
