"""Ratings, preferences and free texts."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jiwer import cer, wer
from label_studio_sdk.label_interface import LabelInterface
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu import corpus_chrf
from scipy.stats import spearmanr
from sklearn.metrics import accuracy_score, cohen_kappa_score, mean_absolute_error

from stages import InputError
from stages.quality import agreement
from stages.review.consensus import dawid_skene, majority
from stages.tasks import Pairwise, Quoting, Rating, Task, Text, load

STARS = Rating("stars", "text", ("1", "2", "3", "4", "5"))
BETTER = Pairwise("better", "a", sides=("one", "two"))
SUMMARY = Text("summary", "text")
XML = {
    STARS: '<View><Text name="text" value="$text"/><Rating name="stars" toName="text"/></View>',
    BETTER: """<View><Text name="a" value="$one"/><Text name="b" value="$two"/>
        <Pairwise name="better" toName="a,b"/></View>""",
    SUMMARY: '<View><Text name="text" value="$text"/><TextArea name="summary" toName="text"/></View>',
}
AWKWARD = ["👨‍👩‍👧 a\r\n\r\n😀\tb", " e\u0301\u200d ", "\u202bשלום", "我爱北京。", "a\u2028b"]

ratings = st.integers(1, 5)
texts = st.one_of(st.sampled_from(AWKWARD), st.text(min_size=1).filter(str.strip))
WORDS = ["the", "cat", "a", "dog", "sat", "on", "mat", "Mat", "quickly", "ran"]
sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join)
values = {STARS: ratings, BETTER: st.sampled_from(BETTER.labels), SUMMARY: texts}
each_task = pytest.mark.parametrize("task", list(values), ids=lambda task: task.type)


def scored(task: Task, truth, given) -> dict[str, float]:
    return {name: float(value) for name, value in task.score(task.statistics(truth, given).sum(axis=0)).items()}


@each_task
@given(data=st.data())
def test_a_value_survives_label_studio(task, data):
    value = data.draw(values[task])
    result = task.show(value)
    assert task.parse(result) == value
    assert task.parse([{**result[0], "id": "x1", "origin": "manual"}]) == value
    assert not LabelInterface(XML[task]).validate_prediction({"result": result}, return_errors=True)
    said = task.answer(value, {}) if isinstance(task, Quoting) else value
    assert task.answered(said, {}) == value
    assert said in task.schema().get("enum", [said])


@each_task
def test_the_interface_declares_it(task):
    assert load(XML[task], "x.xml") == task


@each_task
@settings(deadline=None)
@given(data=st.data())
def test_a_consensus_does_not_depend_on_the_order_of_the_votes(task, data):
    votes = data.draw(st.lists(values[task], min_size=1, max_size=4))
    merged = {repr(task.merge(list(each))) for each in permutations(votes)}
    assert len(merged) == 1
    value, share, same = task.merge(votes)
    assert value in votes
    assert share == same / len(votes) > 0


@each_task
@given(data=st.data())
def test_likeness_is_symmetric_and_whole_for_the_same(task, data):
    one, other = data.draw(values[task]), data.draw(values[task])
    assert 0 <= task.compare(one, other) <= 1
    assert task.compare(one, other) == pytest.approx(task.compare(other, one))
    assert task.compare(one, one) == 1


@each_task
@pytest.mark.parametrize(
    ("told", "result"),
    [
        ("exactly one result is expected, found 0", []),
        ("exactly one result is expected, found None", None),
        ("is expected, found {'from_name': 'other'", [{"from_name": "other", "type": "rating", "value": {}}]),
    ],
)
def test_what_is_no_result_of_the_control_is_refused(task, told, result):
    with pytest.raises(ValueError, match=told):
        task.parse(result)


@pytest.mark.parametrize(
    ("task", "value", "told"),
    [
        (STARS, {"rating": 0}, "from 1 to 5 is expected, found 0"),
        (STARS, {"rating": 6}, "from 1 to 5 is expected, found 6"),
        (STARS, {"rating": 3.0}, "found 3.0"),
        (STARS, {"rating": True}, "found True"),
        (STARS, {}, "must hold 'rating'"),
        (BETTER, {"selected": "none"}, "must be left or right, found 'none'"),
        (BETTER, {"selected": ["left"]}, r"must be left or right, found \['left'\]"),
        (SUMMARY, {"text": []}, "a text is expected, found an empty one"),
        (SUMMARY, {"text": [" \n"]}, "a text is expected, found an empty one"),
        (SUMMARY, {"text": [1]}, "must be a list of texts"),
        (SUMMARY, {"text": ["\ud83d"]}, "cannot be stored as UTF-8"),
    ],
)
def test_a_wrong_value_is_refused(task, value, told):
    with pytest.raises(ValueError, match=told):
        task.parse([{**task.show("x")[0], "value": value}])


@pytest.mark.parametrize(
    ("task", "answer"), [(STARS, 4), (STARS, "6"), (STARS, ["4"]), (BETTER, "both"), (SUMMARY, ["a"]), (SUMMARY, " ")]
)
def test_a_wrong_answer_is_refused(task, answer):
    with pytest.raises(ValueError, match=r"expected, found|exactly one of"):
        task.answered(answer, {})


def test_several_entries_are_paragraphs():
    assert SUMMARY.parse([{**SUMMARY.show("x")[0], "value": {"text": ["One.", "Two."]}}]) == "One.\nTwo."
    assert SUMMARY.parse([{**SUMMARY.show("x")[0], "value": {"text": "One."}}]) == "One."


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<Rating", '<Rating maxRating="1"', "maxRating='1'>: a whole number from 2 to 10"),
        ("<Rating", '<Rating maxRating="many"', "maxRating='many'>: a whole number from 2 to 10"),
        ('"a,b"', '"a"', "the names of two elements"),
        ('"a,b"', '"a,c"', "the names of two elements"),
        ('"$two"', '"two"', "the names of two elements"),
        ('"summary" toName="text"', '"summary" toName="body"', "toName='body' names nothing that is shown"),
    ],
)
def test_a_wrong_interface_is_refused(old, new, told):
    [xml] = [each for each in XML.values() if old in each]
    with pytest.raises(InputError, match=told):
        load(xml.replace(old, new), "x.xml")


pairs_of_ratings = st.lists(st.tuples(ratings, ratings), min_size=3, max_size=30).filter(
    lambda pairs: all(len(set(side)) > 1 for side in zip(*pairs, strict=True))
)


@settings(deadline=None)
@given(pairs_of_ratings)
def test_metrics_of_ratings_are_those_of_scikit_learn_and_scipy(pairs):
    truth, said = zip(*pairs, strict=True)
    assert scored(STARS, truth, said) == pytest.approx(
        {
            "accuracy": accuracy_score(truth, said),
            "mean_absolute_error": mean_absolute_error(truth, said),
            "quadratic_kappa": cohen_kappa_score(truth, said, labels=range(1, 6), weights="quadratic"),
            "rank_correlation": spearmanr(truth, said).statistic,
        }
    )


def test_undefined_metrics_of_ratings_are_not_numbers():
    found = scored(STARS, [3, 3], [3, 3])
    assert (found["accuracy"], found["mean_absolute_error"]) == (1, 0)
    assert np.isnan([found["quadratic_kappa"], found["rank_correlation"]]).all()
    assert np.isnan(list(scored(STARS, [], []).values())).all()


def test_a_rating_consensus_is_the_lower_median():
    assert STARS.merge([5, 1, 2]) == (2, 1 / 3, 1)
    assert STARS.merge([4, 2, 2, 5]) == (2, 1 / 2, 2)
    assert STARS.compare(2, 4) == 0.5


@settings(deadline=None)
@given(st.lists(st.tuples(sentences, sentences), min_size=1, max_size=6))
def test_metrics_of_texts_are_those_of_sacrebleu_rouge_score_and_jiwer(pairs):
    truth, said = (list(side) for side in zip(*pairs, strict=True))
    rouge = RougeScorer(["rougeL"])
    assert scored(SUMMARY, truth, said) == pytest.approx(
        {
            "chrf": corpus_chrf(said, [truth]).score / 100,
            "rouge_l": np.mean([rouge.score(*pair)["rougeL"].fmeasure for pair in pairs]),
            "word_error_rate": wer(truth, said),
            "character_error_rate": cer(truth, said),
            "accuracy": np.mean([one == other for one, other in pairs]),
        }
    )


@settings(deadline=None)
@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=4))
def test_chrf_is_that_of_sacrebleu_in_every_script(pairs):
    truth, said = (list(side) for side in zip(*pairs, strict=True))
    assert scored(SUMMARY, truth, said)["chrf"] == pytest.approx(corpus_chrf(said, [truth]).score / 100)


def test_chinese_words_are_characters():
    found = scored(SUMMARY, ["我爱北京"], ["我爱上海"])
    assert (found["rouge_l"], found["word_error_rate"], found["character_error_rate"]) == (0.5, 1, 0.5)


def test_a_text_consensus_is_the_one_most_like_the_others():
    votes = ["The old mill burned down.", "The mill burned down.", "The mill burned down in May.", "Nobody knows."]
    assert SUMMARY.merge(votes) == (votes[1], 3 / 4, 3)


def test_preferences_are_scored_as_choices():
    found = scored(BETTER, ["left", "right", "left"], ["left", "left", "left"])
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["recall_right"] == 0


def test_dawid_skene_knows_raters_who_err_to_one_side():
    found = []
    for seed in range(5):
        random = np.random.default_rng(seed)
        truth = random.choice(5, 400, p=[0.05, 0.2, 0.2, 0.45, 0.1]) + 1
        errs = list(zip(random.normal(0, 0.6, 8), random.uniform(0.3, 1.2, 8), strict=True))
        votes = {
            f"{i:03}": {
                f"p{who}": int(np.clip(round(true + random.normal(*errs[who])), 1, 5))
                for who in random.choice(8, 3, replace=False)
            }
            for i, true in enumerate(truth)
        }
        given = [[each.value for each in by(STARS, votes).values()] for by in (majority, dawid_skene)]
        assert {type(each) for each in given[1]} == {int}
        found.append([scored(STARS, truth, each)["mean_absolute_error"] for each in given])
    medians, weighed = np.mean(found, axis=0)
    assert weighed < 0.85 * medians


def test_agreement_of_ratings_is_ordinal():
    """Four observers and their ordinal alpha in Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011."""
    said = ["1 2 3 3 2 1 4 1 2 * * *", "1 2 3 3 2 2 4 1 2 5 * 3", "* 3 3 3 2 3 4 2 2 5 1 *", "1 2 3 3 2 4 4 1 2 5 1 *"]
    votes: dict[str, dict[str, int]] = {}
    for person, row in enumerate(said):
        for unit, rating in enumerate(row.split()):
            if rating != "*":
                votes.setdefault(str(unit), {})[str(person)] = int(rating)
    assert agreement(votes, STARS, 1)["alpha"]["value"] == pytest.approx(0.815, abs=5e-4)
