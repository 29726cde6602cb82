"""Which words a text may have, and which language it must be in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.cleaning.base import Outcome
from stages.cleaning.webtext import judged

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class BlockedWords:
    """Reject texts with blocked words, without regard to case (C4; Raffel et al. 2020, JMLR 21(140)).

    Parameters
    ----------
    field
        The column.
    words
        Words, or several in a row.
    maximum
        The largest share of the text's words that may be blocked ones.
    """

    field: str
    words: list[str]
    maximum: float = 0.0

    def __post_init__(self) -> None:
        if not self.words or not all(word.strip() for word in self.words):
            raise InputError("'words' must be one or more, none of them empty")

    def apply(self, table: pd.DataFrame) -> Outcome:
        any_of = "|".join(re.escape(word.lower()) for word in sorted(self.words, key=len, reverse=True))
        pattern = re.compile(rf"(?<!\w)(?:{any_of})(?!\w)")

        def problems(text: str) -> Iterator[str]:
            found = pattern.findall(text.lower())
            if found and len(found) / max(1, len(text.split())) > self.maximum:
                yield f"has {len(found)} blocked words, the first {found[0]!r}"

        return judged(table, self.field, problems)


@dataclass(frozen=True)
class Language:
    """Reject texts that are not in a language (py3langid, after Lui and Baldwin 2012; `pip install '.[web]'`).

    Parameters
    ----------
    field
        The column.
    languages
        ISO 639-1 codes of those that are wanted.
    minimum
        How sure it must be, from 0 to 1; short texts are seldom sure.
    """

    field: str
    languages: list[str]
    minimum: float = 0.5

    def apply(self, table: pd.DataFrame) -> Outcome:
        identifier = _identifier()
        if unknown := sorted(set(self.languages) - set(identifier.labels)):
            raise InputError(f"'languages' has {', '.join(unknown)}; known are {', '.join(identifier.labels)}")

        def problems(text: str) -> Iterator[str]:
            language, sure = identifier.classify(text)
            sure = round(sure, 2)  # its last digits are the machine's
            if language not in self.languages:
                yield f"is in {language}, not in {' or '.join(self.languages)} (probability {sure:.2f})"
            elif sure < self.minimum:
                yield f"may be in {language}, with probability {sure:.2f}, less than {self.minimum:g}"

        return judged(table, self.field, problems)


@cache
def _identifier() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise InputError("the operator Language needs py3langid; run: pip install '.[web]'") from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
