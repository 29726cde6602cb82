"""Names for people that say who they are to those who hold the salt, and to nobody else."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stages import InputError
from stages.tables import whole

VARIABLE = "LABEL_STUDIO_SALT"
SHORTEST = 16  # characters: a short salt can be tried out, and the e-mail addresses behind it with it


@dataclass(frozen=True)
class Names:
    """Pseudonyms of a server's people: stable as long as the salt is.

    Attributes
    ----------
    salt
        What keeps the e-mail addresses from being tried out.
    emails
        By the server's number for a person.
    """

    salt: str = field(repr=False)
    emails: Mapping[int, str] = field(repr=False)

    def of(self, author: Any) -> str:
        """Name the author of an annotation, given as a number or as an object with `id` and `email`.

        Raises
        ------
        ValueError
            It is neither.
        """
        number, email = (author.get("id"), author.get("email")) if isinstance(author, dict) else (author, None)
        if not isinstance(email, str) or "@" not in email:
            if type(number) is not int:  # True is no number
                raise ValueError("it names nobody as its author")
            email = self.emails.get(number, f"user {number}")
        return self._name(email.strip().lower())

    def everybody(self) -> set[str]:
        """Name all whom the server knows."""
        return {self.of(number) for number in self.emails}

    def _name(self, person: str) -> str:
        return "a-" + hmac.new(self.salt.encode(), person.encode("utf-8", "replace"), "sha256").hexdigest()[:10]


def read_salt(folder: Path) -> str:
    """Take the salt from the environment, else from `salt` in a folder, where it is made if it is not there.

    Raises
    ------
    InputError
        It is too short.
    """
    path = folder / "salt"
    salt = os.environ.get(VARIABLE, "").strip()
    if not salt:
        if not path.exists():
            with whole(path) as (draft,):
                draft.touch(mode=0o600)
                draft.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
        salt = path.read_text(encoding="utf-8", errors="replace").strip()
    if len(salt) < SHORTEST:
        raise InputError(
            f"{VARIABLE} or {path}: a salt of {SHORTEST} characters or more is expected, found {len(salt)}"
        )
    return salt
