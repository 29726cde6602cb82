"""Patterns of paths, with the same meaning on disk and inside archives."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


def is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def matches(name: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a pattern; `**` stands for any number of folders."""
    if not pattern:
        return not name
    if pattern[0] == "**":
        return matches(name, pattern[1:]) or (bool(name) and matches(name[1:], pattern))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and matches(name[1:], pattern[1:])


def below(name: Sequence[str], pattern: Sequence[str]) -> str:
    """The part of a matching path that the pattern leaves open; empty where it leaves nothing open."""
    opened = next((place for place, part in enumerate(pattern) if is_pattern(part)), len(pattern))
    return "/".join(name[opened:])
