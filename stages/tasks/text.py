"""Free text: a summary, a translation, an answer, a transcript."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stages.tasks import chrf
from stages.tasks.base import Value
from stages.tasks.results import only

if TYPE_CHECKING:
    import numpy as np

WORD = re.compile(r"[㐀-鿿豈-﫿]|[^\W㐀-鿿豈-﫿]+")  # a Chinese character, or a word of another script


@dataclass(frozen=True)
class Text:
    """A Label Studio `TextArea` control; a value is the text, never empty.

    Several entries of one person are its paragraphs. Two texts are the same, as far as rightness and consensus go, if
    their chrF is one half or more: how much of a task's texts is a matter of wording, `guarantee.bar` in conf/quality/
    can say for a dataset.
    """

    name: str
    to_name: str

    type: ClassVar[str] = "text"
    labels: ClassVar[tuple[str, ...]] = ()
    column: ClassVar[str] = "text"
    bar: ClassVar[float] = 0.5
    headline: ClassVar[str] = "chrf"

    def parse(self, result: Sequence[Mapping[str, Any]]) -> Value:
        entries = only(result, self.name, "textarea", "text")
        if isinstance(entries, str):  # the server takes one that is no list
            entries = [entries]
        if not isinstance(entries, list) or not all(isinstance(each, str) for each in entries):
            raise ValueError(f"'text' must be a list of texts, found {entries!r:.200}")
        return _valid("\n".join(entries))

    def show(self, value: Value) -> list[dict[str, Any]]:
        told = {"text": [value]}
        return [{"from_name": self.name, "to_name": self.to_name, "type": "textarea", "value": told}]

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1}

    def answered(self, answer: Any, texts: Mapping[str, str]) -> Value:  # noqa: ARG002
        if not isinstance(answer, str):
            raise ValueError(f"a text is expected, found {answer!r:.200}")
        return _valid(answer)

    def compare(self, one: Value, other: Value) -> float:
        """Character n-gram F1 (chrF with beta 1, which is symmetric)."""
        if one == other:
            return 1.0
        return float(chrf.score(chrf.statistics(one, other), beta=1.0))

    def count(self, values: Sequence[Value]) -> dict[str, int]:  # noqa: ARG002
        return {}

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Take the text that is most like the others; of several such, the first by code points."""
        alike = {one: sum(self.compare(one, other) for other in votes) for one in sorted(set(votes))}
        medoid = max(alike, key=lambda text: round(alike[text], 9))
        same = sum(self.compare(medoid, vote) >= self.bar for vote in votes)
        return medoid, same / len(votes), same

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        """Per record: the n-grams of chrF; ROUGE-L; words to change, and words; characters likewise; the same; 1."""
        import numpy as np
        from rapidfuzz.distance import Levenshtein

        rows = np.zeros((len(truth), chrf.SIZE + 7))
        for row, true, said in zip(rows, truth, given, strict=True):
            parted, characters = [true.split(), said.split()], [true.strip(), said.strip()]
            row[: chrf.SIZE] = chrf.statistics(true, said)
            row[chrf.SIZE :] = (
                _rouge(true, said),
                Levenshtein.distance(*parted),
                len(parted[0]),
                Levenshtein.distance(*characters),
                len(characters[0]),
                true == said,
                1,
            )
        return rows

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Say how like the true texts those given are.

        `chrf` is that of sacreBLEU, of all texts together, from 0 to 1. `rouge_l` is the mean F1 of the longest common
        subsequence of words, in small letters, each Chinese character being one. `word_error_rate` and
        `character_error_rate` are the edits per word, as white space parts them, and per character of the true texts,
        and may exceed 1; `accuracy` is the share of texts that are exactly the same.

        References
        ----------
        M. Popović, chrF: character n-gram F-score for automatic MT evaluation, WMT (2015).
        C.-Y. Lin, ROUGE: A Package for Automatic Evaluation of Summaries, ACL workshop (2004).
        """
        import numpy as np

        rouge, word_edits, spoken, edits, characters, same, n = np.moveaxis(sums[..., chrf.SIZE :], -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                "chrf": np.where(n > 0, chrf.score(sums[..., : chrf.SIZE]), np.nan),
                "rouge_l": rouge / n,
                "word_error_rate": word_edits / spoken,
                "character_error_rate": edits / characters,
                "accuracy": same / n,
            }


def words(text: str) -> list[str]:
    """Give a text's words in small letters; of Chinese each character is one."""
    return WORD.findall(text.lower())


def _valid(text: str) -> str:
    if not text.strip():
        raise ValueError("a text is expected, found an empty one")
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise ValueError("half of a character of two parts (a surrogate) cannot be stored as UTF-8")
    return text


def _rouge(true: str, said: str) -> float:
    from rapidfuzz.distance import LCSseq

    one, other = words(true), words(said)
    common = LCSseq.similarity(one, other)
    return 2 * common / (len(one) + len(other)) if common else 0.0
