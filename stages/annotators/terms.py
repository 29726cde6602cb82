"""Texts as weighed words and characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stages import tables

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

KINDS: dict[str, dict[str, Any]] = {
    "word": {"ngram_range": (1, 2), "token_pattern": r"(?u)\w+|[^\w\s]+"},
    "character": {"ngram_range": (2, 5), "analyzer": "char_wb"},
}
COLUMNS: tables.Columns = {"kind": "text", "term": "text", "idf": "number"}


@dataclass(frozen=True)
class Counts:
    """How often texts have each term of a kind; a text is read once, however many models learn from it.

    Attributes
    ----------
    kind
        Of `KINDS`.
    numbers
        The number of each term.
    known
        Of each text the numbers of its terms, in the order of their first places in it, and how often it has them.
    """

    kind: str
    numbers: dict[str, int] = field(default_factory=dict)
    known: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def table(self, texts: Sequence[str]) -> Any:
        """Give the counts, sparse, shape (texts, terms)."""
        import numpy as np
        from scipy.sparse import csr_matrix

        self._read(text for text in texts if text not in self.known)
        rows = [self.known[text] for text in texts]
        numbers, counts = (np.concatenate([row[part] for row in rows]) for part in (0, 1))
        ends = np.cumsum([0, *(len(row[0]) for row in rows)])
        return csr_matrix((counts.astype(float), numbers.astype(int), ends), shape=(len(rows), len(self.numbers)))

    def _read(self, texts: Iterable[str]) -> None:
        import numpy as np
        from sklearn.feature_extraction.text import CountVectorizer

        analyze = CountVectorizer(**KINDS[self.kind]).build_analyzer()
        for text in texts:
            counted = Counter(analyze(text))
            numbers = [self.numbers.setdefault(term, len(self.numbers)) for term in counted]
            self.known[text] = np.array(numbers, dtype=np.int32), np.array(list(counted.values()), dtype=np.int32)


def counts() -> tuple[Counts, ...]:
    """Give what to count terms of every kind with; nothing is counted yet."""
    return tuple(map(Counts, KINDS))


@dataclass(frozen=True)
class Terms:
    """TF-IDF of words (1 and 2) and of characters within words (2 to 5), as learned from some texts.

    Attributes
    ----------
    vocabularies
        The terms of each kind, in the order of their columns.
    frequencies
        The inverse document frequency of each column, shape (terms,).
    counted
        What is known of the texts that it was learned from, and of others like them.
    """

    vocabularies: list[list[str]]
    frequencies: np.ndarray
    counted: tuple[Counts, ...] = field(default_factory=counts, repr=False, compare=False)

    def features(self, texts: Sequence[str]) -> Any:
        """Give each text's weights, sparse, shape (texts, terms)."""
        import numpy as np

        found = []
        parts = np.split(self.frequencies, [len(self.vocabularies[0])])
        for counts, vocabulary, frequencies in zip(self.counted, self.vocabularies, parts, strict=True):
            if any(text not in counts.known for text in texts):  # nor are they kept: there may be millions
                counts = Counts(counts.kind, {term: i for i, term in enumerate(vocabulary)})
            table = counts.table(texts)[:, [counts.numbers[term] for term in vocabulary]]
            table.sort_indices()
            weigher = _weigher()
            weigher.idf_ = frequencies
            found.append(weigher.transform(table, copy=False))
        return _stack(found)

    def table(self) -> pd.DataFrame:
        """Give one row per term, in the columns `COLUMNS`."""
        import pandas as pd

        kinds = [kind for kind, terms in zip(KINDS, self.vocabularies, strict=True) for _ in terms]
        names = [term for terms in self.vocabularies for term in terms]
        return pd.DataFrame({"kind": kinds, "term": names, "idf": self.frequencies.round(tables.DIGITS)})


def learn(texts: Sequence[str], counted: tuple[Counts, ...]) -> tuple[Terms, Any]:
    """Learn the terms of some texts; give them, and the texts' features.

    Both are, to the last bit, those of `sklearn.feature_extraction.text.TfidfVectorizer`.
    """
    import numpy as np

    vocabularies, frequencies, found = zip(*(_learn(texts, counts) for counts in counted), strict=True)
    return Terms(list(vocabularies), np.concatenate(frequencies), counted), _stack(list(found))


def _learn(texts: Sequence[str], counts: Counts) -> tuple[list[str], np.ndarray, Any]:
    """Give the terms of a kind, sorted, their inverse document frequencies, and the texts' features."""
    import numpy as np
    from scipy.sparse import csr_matrix

    table = counts.table(texts)
    names = list(counts.numbers)
    numbers, first = np.unique(table.indices, return_index=True)
    seen = numbers[first.argsort()]
    vocabulary = sorted(names[number] for number in seen)
    place, column = (np.zeros(len(names), dtype=table.indices.dtype) for _ in range(2))
    place[seen] = range(len(seen))
    column[[counts.numbers[term] for term in vocabulary]] = range(len(vocabulary))
    # As scikit-learn does: a row is sorted by where the texts have each term first, and stays so when columns get the
    # order of the alphabet. Sums over a row are then taken in the same order.
    table = csr_matrix((table.data, place[table.indices], table.indptr), shape=(len(texts), len(seen)))
    table.sort_indices()
    table.indices = column[seen][table.indices]
    weigher = _weigher()
    found = weigher.fit(table).transform(table, copy=False)
    return vocabulary, weigher.idf_, found


def of_table(table: pd.DataFrame) -> Terms:
    """Turn what `Terms.table` gave back into terms."""
    return Terms([list(table["term"][table["kind"] == kind]) for kind in KINDS], table["idf"].to_numpy())


def _weigher() -> Any:
    from sklearn.feature_extraction.text import TfidfTransformer

    return TfidfTransformer(sublinear_tf=True)


def _stack(parts: list[Any]) -> Any:
    from scipy.sparse import hstack

    return hstack(parts, format="csr")
