from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from stages.annotators import terms

few = settings(max_examples=25, deadline=None)
texts = st.lists(st.text("abcA ,.é好", min_size=1).filter(str.strip), min_size=2, max_size=12)


def bits(features: Any) -> list[bytes]:
    return [part.tobytes() for part in (features.data, features.indices, features.indptr)]


@few
@given(texts, st.data())
def test_texts_that_are_read_once_have_the_features_that_scikit_learn_gives_them_part_by_part(
    all_texts: list[str], data: st.DataObject
) -> None:
    counted = terms.counts()
    terms.learn(all_texts, counted)
    part = data.draw(st.lists(st.sampled_from(all_texts), min_size=1))
    learned, features = terms.learn(part, counted)
    peers = [
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\w+|[^\w\s]+"),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    ]
    assert bits(features) == bits(hstack([peer.fit_transform(part) for peer in peers], format="csr"))
    assert learned.vocabularies == [list(peer.get_feature_names_out()) for peer in peers]
    for others in (all_texts, [*all_texts, "a text that was not read"]):
        theirs = hstack([peer.transform(others) for peer in peers], format="csr")
        assert bits(learned.features(others)) == bits(theirs)


def test_what_is_predicted_is_not_kept() -> None:
    counted = terms.counts()
    learned, _ = terms.learn(["one", "two"], counted)
    learned.features(["three"])
    assert [sorted(each.known) for each in counted] == [["one", "two"]] * 2
