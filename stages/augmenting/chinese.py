"""What changes Chinese texts, character by character: width, homophones, punctuation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random

from stages import InputError
from stages.augmenting.operators import Edit, edited
from stages.tasks.iob import IDEOGRAPH

EASTERN = re.compile(f"[{IDEOGRAPH}]")
FULL = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}  # Unicode's Halfwidth and Fullwidth Forms
WIDTHS = FULL | {full: half for half, full in FULL.items()}
SLIPS = {
    "，": ("", "、"),
    "、": ("", "，"),
    "；": ("，", "。"),
    "：": ("",),
    "。": ("", "，"),
    "！": ("", "！！"),
    "？": ("", "？？"),
}


@dataclass(frozen=True)
class _Characters:
    """Write other characters for some.

    Parameters
    ----------
    share
        Of the characters for which there are others, how many are changed, on average.
    """

    share: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"share: a number from 0 to 1 is expected, found {self.share}")

    def apply(self, text: str, rng: Random) -> str:
        for edit in self.edits(text, rng):
            text = edited(text, edit)
        return text

    def edits(self, text: str, rng: Random) -> Iterator[Edit]:
        longer = 0
        for place, character in enumerate(text):
            others = self._others(character)
            if others and rng.random() < self.share:
                other = others[int(rng.random() * len(others))] if len(others) > 1 else others[0]
                yield place + longer, place + longer + 1, other
                longer += len(other) - 1

    def _others(self, character: str) -> Sequence[str]:
        raise NotImplementedError


class Width(_Characters):
    """Write full-width letters, digits and marks half-width and half-width ones full-width.

    Only texts with Chinese or Japanese characters are changed, since they have both.
    """

    def edits(self, text: str, rng: Random) -> Iterator[Edit]:
        return super().edits(text, rng) if EASTERN.search(text) else iter(())

    def _others(self, character: str) -> Sequence[str]:
        return WIDTHS.get(character, "")


class ChinesePunctuation(_Characters):
    """Leave out a mark, double it, or write one that is often taken for it."""

    def _others(self, character: str) -> Sequence[str]:
        return SLIPS.get(character, ())


@dataclass(frozen=True)
class Homophones(_Characters):
    """Write another character that sounds the same, as people do who type by sound.

    Parameters
    ----------
    sounds
        By name, such as the sound in Pinyin, two or more characters; one may be in several.
    """

    sounds: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sounds:
            raise InputError("sounds: characters that sound the same are expected, such as {zai: 在再}; found none")
        for name, characters in self.sounds.items():
            if len(set(characters)) < max(2, len(characters)):
                raise InputError(f"sounds.{name}: two or more different characters are expected, found {characters!r}")

    def _others(self, character: str) -> Sequence[str]:
        return self._table.get(character, "")

    @cached_property
    def _table(self) -> dict[str, str]:
        """By character the others, in the order of the declaration."""
        found: dict[str, dict[str, None]] = {}
        for characters in self.sounds.values():
            for one in characters:
                found.setdefault(one, {}).update(dict.fromkeys(each for each in characters if each != one))
        return {one: "".join(others) for one, others in found.items()}
