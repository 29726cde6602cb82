"""Where texts lie when alike ones lie close together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

DIMENSIONS = 50


def text_vectors(texts: Sequence[str], seed: int) -> np.ndarray:
    """Give vectors of length 1 by latent semantic analysis of the texts' words, shape (texts, 50 or fewer).

    References
    ----------
    S. Deerwester, S. T. Dumais, G. W. Furnas, T. K. Landauer and R. Harshman, Indexing by Latent Semantic Analysis,
    Journal of the American Society for Information Science 41 (1990).
    """
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    # characters within words, so that languages without spaces have something alike, too
    features = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, max_features=20_000)
    found = features.fit_transform([f"{text} ·" for text in texts])  # so that none is empty
    dimensions = min(DIMENSIONS, min(found.shape) - 1)
    if dimensions < 1:
        return np.ones((len(texts), 1))
    reduced = TruncatedSVD(dimensions, random_state=seed % 2**32).fit_transform(found)
    return normalize(reduced).round(6)
