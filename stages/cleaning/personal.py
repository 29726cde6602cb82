"""Personal data in texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal, NamedTuple

from stages.cleaning.base import Outcome, none_rejected, strings, texts, with_texts

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Kind = Literal["email", "phone", "card", "ip", "handle"]


def _is_card(found: str) -> bool:
    digits = [int(sign) for sign in reversed(found) if sign not in " -"]
    return sum(digits[::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


def _is_ip(found: str) -> bool:
    try:
        return bool(ip_address(found))
    except ValueError:
        return False


def _is_phone(found: str) -> bool:
    fewest = 9 if found.lstrip("(").startswith("0") else 8
    is_date = re.match(r"[0-9]{1,2}[ /-][0-9]{1,2}[ /-][0-9]{4}", found)
    return fewest <= sum(sign.isdigit() for sign in found) <= 15 and not is_date


class Finder(NamedTuple):
    """How to find personal data of one kind."""

    hint: str  # of RE2: found in every text that has some, and in few others
    form: re.Pattern[str]
    check: Callable[[str], bool] = bool


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.VERBOSE | re.IGNORECASE)


# In the order in which they are looked for. No form nests unbounded repetitions, so that none takes long.
FINDERS: dict[Kind, Finder] = {
    "email": Finder(
        r"[^\s@]@[^\s@]+\.",
        _form(r"(?<![\w.+-]) [\w.+-]{1,64} @ (?:[\w-]{1,63}\.){1,8} [^\W\d_]{2,24} (?![\w-])"),
    ),
    "card": Finder(
        r"(?:[0-9][ -]?){12}[0-9]",
        _form(
            r"""(?<![\w./+-]) (?:
                  (?:[3-6][0-9]{3}|2[2-7][0-9]{2}) ([ -]?) [0-9]{4} \1 [0-9]{4} \1 [0-9]{4}
                | 3[0-9]{3} ([ -]) [0-9]{6} \2 [0-9]{4,5}
                | [3-6][0-9]{12,18}
                ) (?!\w|[.-][0-9])"""
        ),
        _is_card,
    ),
    "ip": Finder(
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[23Ff][0-9A-Fa-f]{3}:",
        _form(
            r"""(?<![\w.]) [0-9]{1,3} (?:\.[0-9]{1,3}){3} (?!\w|\.[0-9])
                | (?<![\w:.]) [23f][0-9a-f]{3} : [0-9a-f:.]{0,40} [0-9a-f] (?!\w)"""
        ),
        _is_ip,
    ),
    "phone": Finder(
        r"(?:[0-9][ ()./-]{0,2}){7}[0-9]",
        _form(  # +44 20 7946 0958 or 0044 20…; (555) 867-5309 or 1-555-867-5309; 030/1234567 or 06 12 34 56 78
            r"""(?<!\w) (?:\+|00(?=[1-9][0-9]{0,2}[ /.-])) [1-9] (?:[ ()./-]{0,2}[0-9]){7,14} (?!\w)
                | (?<![\w+./-]) (?:1[ .-])? (?:\([0-9]{3}\)[ ]?|[0-9]{3}[ .-]) [0-9]{3} [ .-] [0-9]{4} (?!\w|[.-][0-9])
                | (?<![\w+.,:/-]) \(?0[1-9][0-9]{0,3}\)? (?:[ /-]?[0-9]{2,4}){2,5} (?!\w|[.,:/-][0-9])"""
        ),
        _is_phone,
    ),
    "handle": Finder(r"@\w", _form(r"(?<![\w@/.]) @\w{1,30} (?!\w)")),
}


@dataclass(frozen=True)
class MaskPersonalData:
    """Replace what identifies a person by `<EMAIL>`, `<PHONE>`, `<CARD>`, `<IP>` or `<HANDLE>`.

    Numbers count as telephone numbers if they are written as such: with a plus, grouped as in North America, or with
    a leading zero. Card numbers must have a right checksum (Luhn, ISO/IEC 7812).

    Parameters
    ----------
    fields
        The columns.
    kinds
        What to mask; `handle` is a user's name after an `@`.
    """

    fields: list[str]
    kinds: list[Kind] = field(default_factory=lambda: ["email", "phone", "card", "ip"])

    def apply(self, table: pd.DataFrame) -> Outcome:
        for name in self.fields:
            table = with_texts(table, name, self.mask(texts(table, name)))
        return Outcome(table, none_rejected(table))

    def mask(self, values: pa.Array) -> pa.Array:
        import pyarrow as pa
        import pyarrow.compute as pc

        hint = "|".join(FINDERS[kind].hint for kind in self.kinds)
        suspects = pc.fill_null(pc.match_substring_regex(values, hint), False)
        masked = [self._masked(text) for text in strings(values.filter(suspects))]
        return pc.replace_with_mask(values, suspects, pa.array(masked, values.type))

    def _masked(self, text: str) -> str:
        for kind in FINDERS:
            if kind in self.kinds:
                text = FINDERS[kind].form.sub(partial(_mask, kind), text)
        return text


def _mask(kind: Kind, found: re.Match[str]) -> str:
    return f"<{kind.upper()}>" if FINDERS[kind].check(found[0]) else found[0]
