"""Texts as weighed words and characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages import tables

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

KINDS = ("word", "character")
COLUMNS: tables.Columns = {"kind": "text", "term": "text", "idf": "number"}


@dataclass(frozen=True)
class Terms:
    """TF-IDF of words (1 and 2) and of characters within words (2 to 5), as learned from some texts.

    Attributes
    ----------
    vocabularies
        The terms of each kind, in the order of their columns.
    frequencies
        The inverse document frequency of each column, shape (terms,).
    """

    vocabularies: list[list[str]]
    frequencies: np.ndarray

    def features(self, texts: Sequence[str]) -> Any:
        """Give each text's weights, sparse, shape (texts, terms)."""
        import numpy as np

        vectorizers = _vectorizers()
        parts = np.split(self.frequencies, [len(self.vocabularies[0])])
        for vectorizer, vocabulary, frequencies in zip(vectorizers, self.vocabularies, parts, strict=True):
            vectorizer.vocabulary_ = {term: i for i, term in enumerate(vocabulary)}
            vectorizer.fixed_vocabulary_ = True
            if vocabulary:
                vectorizer.idf_ = frequencies
        return _stack([vectorizer.transform(texts) for vectorizer in vectorizers])

    def table(self) -> pd.DataFrame:
        """Give one row per term, in the columns `COLUMNS`."""
        import pandas as pd

        kinds = [kind for kind, terms in zip(KINDS, self.vocabularies, strict=True) for _ in terms]
        names = [term for terms in self.vocabularies for term in terms]
        return pd.DataFrame({"kind": kinds, "term": names, "idf": self.frequencies.round(tables.DIGITS)})


def learn(texts: Sequence[str]) -> tuple[Terms, Any]:
    """Learn the terms of some texts; give them, and the texts' features."""
    import numpy as np

    vectorizers = _vectorizers()
    features = _stack([vectorizer.fit_transform(texts) for vectorizer in vectorizers])
    vocabularies = [list(vectorizer.get_feature_names_out()) for vectorizer in vectorizers]
    return Terms(vocabularies, np.concatenate([vectorizer.idf_ for vectorizer in vectorizers])), features


def of_table(table: pd.DataFrame) -> Terms:
    """Turn what `Terms.table` gave back into terms."""
    return Terms([list(table["term"][table["kind"] == kind]) for kind in KINDS], table["idf"].to_numpy())


def _vectorizers() -> list[Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return [
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]+"),  # noqa: S106
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    ]


def _stack(parts: list[Any]) -> Any:
    from scipy.sparse import hstack

    return hstack(parts, format="csr")
