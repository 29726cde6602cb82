"""Lists of words and regular expressions that mark spans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages import InputError
from stages.annotators.finding import Finder, Mention
from stages.tasks import Spans
from stages.tasks.iob import IDEOGRAPH

LETTER = rf"[^\W{IDEOGRAPH}]"  # of a script that parts words


@dataclass(frozen=True)
class Entries:
    """What is marked with a label.

    Parameters
    ----------
    label
        One of the labelling interface.
    words
        Names of one word or several, as they are written. Within another word they do not count; Chinese and Japanese
        do not part words, so there they count anywhere.
    pattern
        A regular expression, in Python's syntax.
    """

    label: str
    words: tuple[str, ...] = ()
    pattern: str | None = None

    def check(self, where: str) -> None:
        """Refuse what marks nothing."""
        if not all(word.strip() for word in self.words) or (not self.words and not self.pattern):
            raise InputError(f"{where}: words, or a pattern, are expected, and no word that is empty")
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise InputError(f"{where}.pattern: {self.pattern!r} is no regular expression ({error})") from error

    def expressions(self) -> Iterator[re.Pattern[str]]:
        if self.words:
            longest = sorted(self.words, key=lambda word: (-len(word), word))
            yield re.compile("|".join(map(_word, longest)))
        if self.pattern:
            yield re.compile(self.pattern)


@dataclass(frozen=True)
class Gazetteer(Finder):
    """Marks what is on lists of words and what regular expressions find; needs no label.

    Where two matches overlap the longer one is kept, of those of one length the first. People's labels say how right
    each list is, which gives the confidence.

    Parameters
    ----------
    lists
        By name; null switches one off.
    """

    lists: dict[str, Entries | None]

    def __post_init__(self) -> None:
        for name, entries in self.active.items():
            entries.check(f"lists.{name}")

    @property
    def name(self) -> str:
        return "gazetteer"

    def find(self, texts: Sequence[str], task: Spans) -> Iterator[list[Mention]]:
        for name, entries in self.active.items():
            if entries.label not in task.labels:
                allowed = ", ".join(task.labels)
                raise InputError(
                    f"annotator.lists.{name}.label: {entries.label!r} is not in the interface; it has {allowed}"
                )
        expressions = [
            (each, entries.label, name) for name, entries in self.active.items() for each in entries.expressions()
        ]
        for text in texts:
            yield _longest(
                Mention(match.start(), match.end(), label, name)
                for expression, label, name in expressions
                for match in expression.finditer(text)
            )

    @property
    def active(self) -> dict[str, Entries]:
        return {name: entries for name, entries in self.lists.items() if entries is not None}


def _longest(found: Iterator[Mention]) -> list[Mention]:
    kept: list[Mention] = []
    for each in sorted(found, key=lambda mention: (mention.start - mention.end, mention.start)):
        if each.start < each.end and all(each.end <= other.start or other.end <= each.start for other in kept):
            kept.append(each)
    return sorted(kept)


def _word(word: str) -> str:
    before = rf"(?<!{LETTER})" if re.match(LETTER, word) else ""
    after = rf"(?!{LETTER})" if re.match(LETTER, word[-1]) else ""
    return f"{before}{re.escape(word)}{after}"
