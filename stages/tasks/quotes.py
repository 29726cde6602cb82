"""Where quotations stand in a text: a language model quotes what it means, since it cannot count characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Place = tuple[int, int]


def located(quoted: Iterable[tuple[str, str]], text: str) -> list[dict[str, Any]]:
    """Find mentions in a text, in the order in which they are given.

    Each is put at the first place from the left that no mention has, and that lies outside of the others if there is
    one. What has no place left is left out.

    Parameters
    ----------
    quoted
        The words of each mention, and its label.
    text
        Where they stand.

    Returns
    -------
    Spans: `start`, `end`, `label`.
    """
    found: list[dict[str, Any]] = []
    taken: set[Place] = set()
    covered = bytearray(len(text))
    for mention, label in quoted:
        free = (place for place in _places(mention, text) if not any(covered[slice(*place)]))
        left = (place for place in _places(mention, text) if place not in taken)
        if place := next(free, None) or next(left, None):
            start, end = place
            taken.add(place)
            covered[start:end] = b"\1" * (end - start)
            found.append({"start": start, "end": end, "label": label})
    return found


def standing(quoted: Iterable[tuple[Place, Any]], text: str) -> bool:
    """Tell whether mentions that were quoted from an earlier text stand in this one where they stood in that.

    Each must find its words in its place, and these words must stand nowhere else, but where they are quoted as well:
    else it might be another mention that has moved there.

    Parameters
    ----------
    quoted
        The place of each mention, and its words as Label Studio writes them: a line's end is a backslash and an n, and
        a browser may have shortened white space.
    text
        The text as it is now.
    """
    places: dict[str, set[Place]] = {}
    for (start, end), words in quoted:
        now = text[start:end]
        if end > len(text) or not isinstance(words, str) or not (now == words or _written(now, words)):
            return False
        places.setdefault(now, set()).add((start, end))
    return all(marked.issuperset(_places(words, text)) for words, marked in places.items())


def _written(now: str, words: str) -> bool:
    return now == now.strip() and now.split() == words.replace("\\n", " ").split()


def _places(mention: str, text: str) -> Iterator[Place]:
    start = text.find(mention) if mention else -1
    while start >= 0:
        yield start, start + len(mention)
        start = text.find(mention, start + 1)
