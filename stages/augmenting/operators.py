"""Slips of the hand, as people make them when they type: the text still says the same.

Whole words are neither removed nor replaced, since that may turn a label round ("not good"). Only plain words of
alphabets with upper and lower case are touched, and of these the long ones, where a slip does not make another word
("bad", "bed"): never a handle, hashtag, address, emoticon, placeholder such as <EMAIL>, or a word with digits,
apostrophe or hyphen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Protocol

from stages import InputError

LETTER = "[A-Za-zÀ-ÖØ-öø-ɏͰ-ϿЀ-ԯ]"  # Latin, Greek, Cyrillic
OPENING, MARKS, CLOSING = r"""["'(“‘«¿¡]*""", "[.,!?]*", r"""["')”’»]*"""
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
STAGGER = (0, 0.25, 0.75)  # how far each row of keys is moved to the right
KEYS = {key: (place + STAGGER[row], row) for row, keys in enumerate(KEYBOARD) for place, key in enumerate(keys)}
NEIGHBOURS = {
    key: "".join(each for each, (a, b) in KEYS.items() if each != key and abs(a - x) <= 1 and abs(b - y) <= 1)
    for key, (x, y) in KEYS.items()
}


Edit = tuple[int, int, str]  # where the characters are that go, and what comes in their place


class Operator(Protocol):
    """What changes a text. It takes all its chances from `rng`; a text that it cannot change it returns as it is."""

    def apply(self, text: str, rng: Random) -> str: ...


class Editor(Protocol):
    """An operator that says what it changes, so that spans can move along."""

    def edits(self, text: str, rng: Random) -> Iterator[Edit]:
        """Give one edit after the other, each of the text that those before have made."""
        ...


def edited(text: str, edit: Edit) -> str:
    start, end, new = edit
    return text[:start] + new + text[end:]


@dataclass(frozen=True)
class _Slips:
    """Make slips at random places.

    Parameters
    ----------
    share
        Slips per word, on average.
    """

    share: float
    # group 1 is what `_slip` replaces
    pattern: ClassVar[re.Pattern[str]] = re.compile(rf"(?<!\S){OPENING}({LETTER}{{5,}}){MARKS}{CLOSING}(?!\S)")

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"share: a number from 0 to 1 is expected, found {self.share}")

    def apply(self, text: str, rng: Random) -> str:
        for edit in self.edits(text, rng):
            text = edited(text, edit)
        return text

    def edits(self, text: str, rng: Random) -> Iterator[Edit]:
        for _ in range(int(self.share * (text.count(" ") + 1) + rng.random())):
            place = int(rng.random() * len(text))
            found = self.pattern.search(text, place) or self.pattern.search(text)
            if found is None:
                break
            edit = (*found.span(1), self._slip(found, rng))
            yield edit
            text = edited(text, edit)

    def _slip(self, found: re.Match[str], rng: Random) -> str:
        raise NotImplementedError


class Swap(_Slips):
    """Swap two neighbouring letters inside a word."""

    def _slip(self, found: re.Match[str], rng: Random) -> str:
        word = found[1]
        place = 1 + int(rng.random() * (len(word) - 3))
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


class Delete(_Slips):
    """Leave out a letter inside a word."""

    def _slip(self, found: re.Match[str], rng: Random) -> str:
        word = found[1]
        place = 1 + int(rng.random() * (len(word) - 2))
        return word[:place] + word[place + 1 :]


class Typo(_Slips):
    """Hit a neighbouring key of a QWERTY keyboard instead of a letter inside a word."""

    def _slip(self, found: re.Match[str], rng: Random) -> str:
        word = found[1]
        place = 1 + int(rng.random() * (len(word) - 2))
        letter = word[place]
        keys = NEIGHBOURS.get(letter.lower(), letter)
        key = keys[int(rng.random() * len(keys))]
        return word[:place] + (key.upper() if letter.isupper() else key) + word[place + 1 :]


class Case(_Slips):
    """Write a word in small letters, in capitals, or with a capital."""

    def _slip(self, found: re.Match[str], rng: Random) -> str:
        word = found[1]
        forms = [form for form in (word.lower(), word.upper(), word.capitalize()) if form != word] or [word]
        return forms[int(rng.random() * len(forms))]


class Punctuation(_Slips):
    """Leave out a mark at the end of a word, double it, or put one where there is none."""

    pattern = re.compile(rf"(?<!\S){OPENING}{LETTER}{{2,}}({MARKS})(?!\S)")

    def _slip(self, found: re.Match[str], rng: Random) -> str:
        marks = found[1]
        if not marks:
            return "." if found.end() == len(found.string) else ","
        if len(marks) > 1:
            return marks[0]
        return marks * 2 if marks in "!?" and rng.random() < 0.5 else ""
