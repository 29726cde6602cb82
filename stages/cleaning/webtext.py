"""What a page of the web must be like to be running text, by the published rules of web corpora.

Words are what white space separates, so that the rules are of use for languages that write it. A missing text passes.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.cleaning.base import Outcome, reasons, texts, with_texts

if TYPE_CHECKING:
    import pandas as pd

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
BULLETS = ("•", "●", "◦", "▪", "‣", "–", "-", "*", "·")
ELLIPSES = ("…", "...")
TOP = {2: 0.20, 3: 0.18, 4: 0.16}
REPEATED = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}

Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class Prose:
    """Reject texts that do not look like prose, by the quality filter of Gopher (Rae et al. 2021, arXiv:2112.11446).

    A null switches a rule off.

    Parameters
    ----------
    field
        The column.
    words
        How many words there are, from and to.
    length
        Their mean length in characters, from and to.
    symbols
        The most `#` or ellipses per word.
    bullets, ellipses
        The largest share of lines that begin with a bullet, and that end with an ellipsis.
    alphabetic
        The least share of words with a letter.
    stop_words
        How many different ones of the language's commonest words there must be.
    common
        What these are.
    """

    field: str
    words: Bounds | None = (50, 100_000)
    length: Bounds | None = (3, 10)
    symbols: float | None = 0.1
    bullets: float | None = 0.9
    ellipses: float | None = 0.3
    alphabetic: float | None = 0.8
    stop_words: int | None = 2
    common: tuple[str, ...] = STOP_WORDS

    def apply(self, table: pd.DataFrame) -> Outcome:
        return judged(table, self.field, self.problems)

    def problems(self, text: str) -> Iterator[str]:
        """Say which rules a text breaks."""
        words, lines = text.split(), _lines(text)
        count, rows = max(1, len(words)), max(1, len(lines))
        yield from _outside("words", len(words), self.words)
        yield from _outside("characters per word", sum(map(len, words)) / count, self.length)
        for name, signs in (("# per word", ("#",)), ("ellipses per word", ELLIPSES)):
            yield from _outside(name, sum(map(text.count, signs)) / count, (None, self.symbols))
        bulleted = sum(line.startswith(BULLETS) for line in lines)
        yield from _outside("of lines begin with a bullet", bulleted / rows, (None, self.bullets))
        open_ended = sum(line.endswith(ELLIPSES) for line in lines)
        yield from _outside("of lines end with an ellipsis", open_ended / rows, (None, self.ellipses))
        worded = sum(any(sign.isalpha() for sign in word) for word in words)
        yield from _outside("of words have a letter", worded / count, (self.alphabetic, None))
        found = len({re.sub(r"\W", "", word.lower()) for word in words} & set(self.common))
        yield from _outside("different stop words", found, (self.stop_words, None))


@dataclass(frozen=True)
class Repetition:
    """Reject texts that say the same again and again (Rae et al. 2021, arXiv:2112.11446, table A1).

    A null, or an empty mapping, switches a rule off.

    Parameters
    ----------
    field
        The column.
    lines, paragraphs
        The largest share of them that repeat an earlier one.
    line_characters, paragraph_characters
        The largest share of the characters in those.
    top
        By n, the largest share of the characters in the commonest run of n words.
    repeated
        By n, the largest share of the characters in runs of n words that occur more than once.
    """

    field: str
    lines: float | None = 0.30
    line_characters: float | None = 0.20
    paragraphs: float | None = 0.30
    paragraph_characters: float | None = 0.20
    top: Mapping[int, float] = dataclasses.field(default_factory=lambda: TOP)
    repeated: Mapping[int, float] = dataclasses.field(default_factory=lambda: REPEATED)

    def apply(self, table: pd.DataFrame) -> Outcome:
        return judged(table, self.field, self.problems)

    def problems(self, text: str) -> Iterator[str]:
        """Say which rules a text breaks."""
        paragraphs = [each.strip() for each in re.split(r"\n\s*\n", text) if each.strip()]
        for name, parts, share, characters in (
            ("lines", _lines(text), self.lines, self.line_characters),
            ("paragraphs", paragraphs, self.paragraphs, self.paragraph_characters),
        ):
            again = _repeats(parts)
            yield from _outside(f"of {name} are repeated", len(again) / max(1, len(parts)), (None, share))
            size = sum(map(len, again)) / max(1, sum(map(len, parts)))
            yield from _outside(f"of characters are in repeated {name}", size, (None, characters))
        words = text.split()
        whole = max(1, sum(map(len, words)))
        for n, share in self.top.items():
            counts = Counter(zip(*(words[start:] for start in range(n)), strict=False))
            if counts:
                most = max(counts.values())
                size = max(sum(map(len, run)) for run, times in counts.items() if times == most)
                in_top = min(1.0, size * most / whole) if most > 1 else 0.0  # runs may overlap
                yield from _outside(f"of characters are in the commonest {n} words", in_top, (None, share))
        for n, share in self.repeated.items():
            yield from _outside(f"of characters are in repeated {n} words", _covered(words, n) / whole, (None, share))


@dataclass(frozen=True)
class Lines:
    """Keep a page's lines that are sentences, and the page if enough is left (C4; Raffel et al. 2020, JMLR 21(140)).

    Parameters
    ----------
    field
        The column.
    ends
        What a line must end with; empty for anything.
    words
        How many words it must have.
    blocked
        Texts that no line may contain, without regard to case.
    sentences
        How many sentences must be left.
    removed
        The largest share of the words that may go; null for any. RefinedWeb has .05 (Penedo et al. 2023,
        arXiv:2306.01116).
    """

    field: str
    ends: tuple[str, ...] = (".", "!", "?", '"', "”")
    words: int = 5
    blocked: tuple[str, ...] = ("javascript", "privacy policy", "terms of use", "cookie policy", "use cookies")
    sentences: int = 3
    removed: float | None = None

    def apply(self, table: pd.DataFrame) -> Outcome:
        import pyarrow as pa

        column = texts(table, self.field)
        before = column.to_pylist()
        after = [None if text is None else self.cleaned(text) for text in before]
        found = [
            None if new is None else next(self.problems(new, old), None) for new, old in zip(after, before, strict=True)
        ]
        return told(with_texts(table, self.field, pa.array(after, column.type)), self.field, found)

    def cleaned(self, text: str) -> str:
        """Leave out the lines that are no sentences."""
        return "\n".join(line for line in _lines(text) if self._kept(line))

    def _kept(self, line: str) -> bool:
        low = line.lower()
        return (
            len(line.split()) >= self.words
            and (not self.ends or line.endswith(self.ends))
            and not any(each in low for each in self.blocked)
        )

    def problems(self, text: str, before: str) -> Iterator[str]:
        """Say why what is left of a text is not enough."""
        found = len(re.findall(r"[.!?]+(?=\s|[\"”']|$)", text))
        yield from _outside("sentences", found, (self.sentences, None))
        gone = 1 - len(text.split()) / max(1, len(before.split()))
        yield from _outside("of words are in lines that are no sentences", gone, (None, self.removed))


def judged(table: pd.DataFrame, name: str, problems: Callable[[str], Iterator[str]]) -> Outcome:
    """Reject the texts that break a rule, and say the first that they break."""
    every = texts(table, name).to_pylist()
    return told(table, name, [None if text is None else next(problems(text), None) for text in every])


def told(table: pd.DataFrame, name: str, found: Sequence[str | None]) -> Outcome:
    """Reject the rows of which there is something to say."""
    import numpy as np

    mask = np.array([each is not None for each in found], dtype=bool)
    return Outcome(table, reasons(table, mask, [f"{name}: {each}" for each in found if each is not None]))


def _outside(what: str, value: float, bounds: Bounds | None) -> Iterator[str]:
    low, high = bounds or (None, None)
    if low is not None and value < low:
        yield f"{value:.3g} {what}, fewer than {low:g}"
    if high is not None and value > high:
        yield f"{value:.3g} {what}, more than {high:g}"


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _repeats(parts: Sequence[str]) -> list[str]:
    """The parts that are like an earlier one."""
    seen: set[str] = set()
    return [part for part in parts if part in seen or seen.add(part)]  # type: ignore[func-returns-value]


def _covered(words: Sequence[str], n: int) -> int:
    """How many characters are in runs of n words that are like an earlier one, each counted once."""
    seen: set[tuple[str, ...]] = set()
    inside = 0
    end = 0  # of what has been counted
    for start in range(len(words) - n + 1):
        run = tuple(words[start : start + n])
        if run in seen:
            inside += sum(map(len, words[max(start, end) : start + n]))
            end = start + n
        seen.add(run)
    return inside
