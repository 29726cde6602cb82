"""Patterns of paths, with the same meaning on disk and inside archives."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def matches(name: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a pattern; `**` stands for any number of folders."""
    places = _reached({0}, pattern)  # in the pattern, all at once: a path may have 10,000 folders
    for part in name:
        passed = {place for place in places if place < len(pattern) and pattern[place] == "**"}
        met = {place + 1 for place in places - passed if place < len(pattern) and fnmatchcase(part, pattern[place])}
        places = _reached(passed | met, pattern)
    return len(pattern) in places


def _reached(places: set[int], pattern: Sequence[str]) -> set[int]:
    """These places, and those that follow where `**` stands for no folder."""
    every = set(places)
    for place in places:
        while place < len(pattern) and pattern[place] == "**":
            place += 1
            every.add(place)
    return every


def below(name: Sequence[str], pattern: Sequence[str]) -> str:
    """The part of a matching path that the pattern leaves open; empty where it leaves nothing open."""
    opened = next((place for place, part in enumerate(pattern) if is_pattern(part)), len(pattern))
    return "/".join(name[opened:])
