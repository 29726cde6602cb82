"""In which order the active queue asks for what nobody has answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError
from stages.review.settings import Strategy
from stages.review.strategies import Pool, ranking
from stages.tasks import Choice

few = settings(max_examples=25, deadline=None)

TASK = Choice("sentiment", "text", ("positive", "neutral", "negative"))
TOPICS = Choice("topics", "text", ("food", "price"), multiple=True)
THEMES = ("the train was late again at the station", "this soup and bread taste of salt", "my football team lost 3:0")


def ids(count: int) -> list[str]:
    return [f"{number:03d}" for number in range(count)]


def scored(scores: Sequence[Sequence[float]], task: Choice = TASK) -> dict[str, dict[str, Any]]:
    proposed = task.decide(np.array(scores))
    return {
        id: {"record": id, "value": each.value, "confidence": each.confidence, "scores": each.scores}
        for id, each in zip(ids(len(scores)), proposed, strict=True)
    }


def pool(scores: Sequence[Sequence[float]], **more: Any) -> Pool:
    known = {"labels": [], "shown": None, "task": TASK, "seed": 7, "places": 5, "proposals": scored(scores)}
    return Pool(**{"records": ids(len(scores)), **known, **more})


def texts(rows: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({"id": ids(len(rows)), "text": rows})


def answered(value: str = "positive", record: str = "x", seconds: float | None = None) -> dict[str, Any]:
    return {"record": record, "value": value, "seconds": seconds}


rows = st.lists(
    st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(lambda row: [each / sum(row) for each in row]),
    min_size=1,
    max_size=20,
)


@few
@given(rows=rows, strategy=st.sampled_from(get_args(Strategy)), silent=st.integers(0, 5), data=st.data())
def test_every_record_is_ranked_once_whatever_the_strategy_and_always_the_same(
    rows: list[list[float]], strategy: Any, silent: int, data: st.DataObject
) -> None:
    proposals = {id: {**line, "disagreement": 0.5} for id, line in scored(rows).items()}
    names = ids(len(rows) + silent)
    shown = texts([f"{THEMES[n % 3]} {n}" for n in range(len(names))])
    given_pool = pool(rows, records=names, proposals=proposals, shown=shown)
    found = list(ranking(given_pool, strategy))
    assert sorted(record for record, _ in found) == names
    assert all(reason for _, reason in found)
    other = {id: proposals[id] for id in data.draw(st.permutations(list(proposals)))}
    assert list(ranking(pool(rows, records=names, proposals=other, shown=shown), strategy)) == found


def test_what_nothing_is_proposed_for_comes_first() -> None:
    found = list(ranking(pool([[0.4, 0.3, 0.3]], records=["000", "zzz"]), "entropy"))
    assert [reason for _, reason in found] == ["no proposal", "entropy uncertainty 1.089"]


def test_chance_does_not_go_by_the_proposals() -> None:
    one, other = pool([[1, 0, 0]] * 30), pool([[0.4, 0.3, 0.3]] * 30)
    assert list(ranking(one, "random")) == list(ranking(other, "random"))
    assert [record for record, _ in ranking(one, "random")] != ids(30)


def test_the_committee_goes_by_disagreement_and_needs_an_ensemble() -> None:
    proposals = scored([[0.4, 0.3, 0.3], [0.9, 0.1, 0], [0.8, 0.1, 0.1]])
    for id, disagreement in zip(proposals, (0.0, 0.7, None), strict=True):
        proposals[id]["disagreement"] = disagreement
    found = list(ranking(pool([[1, 0, 0]] * 3, proposals=proposals), "committee"))
    assert found == [
        ("001", "committee disagreement 0.700"),
        ("000", "committee disagreement 0.000"),
        ("002", "one opinion alone"),
    ]
    with pytest.raises(InputError, match="choose annotator: ensemble"):
        list(ranking(pool([[1, 0, 0]] * 3), "committee"))


def test_balanced_asks_for_the_label_that_is_rarest_so_far() -> None:
    scores = [[0.9, 0.1, 0]] * 10 + [[0.1, 0.8, 0.1]] * 3 + [[0, 0.45, 0.55], [0, 0.1, 0.9]]
    labels = [answered("positive")] * 4 + [answered("neutral")] * 2 + [answered("negative")] * 2
    found = list(islice(ranking(pool(scores, labels=labels), "balanced"), 6))
    assert [record for record, _ in found] == ["010", "013", "011", "014", "000", "012"]
    assert found[1] == ("013", "proposed as negative, margin uncertainty 0.900")
    with pytest.raises(InputError, match="balanced is for a choice of one label"):
        list(ranking(pool([[1, 0, 0]], task=TOPICS, proposals=scored([[0.5, 0.2]], TOPICS)), "balanced"))


def test_gain_prefers_what_is_as_uncertain_and_shorter_once_answers_are_timed() -> None:
    lengths = [100, 10, 1000]
    shown = pd.concat(
        [texts(["x" * each for each in lengths]), texts(["y" * n for n in range(50)]).assign(id=range(50))]
    )
    shown["id"] = [*ids(3), *(f"t{n}" for n in range(50))]
    labels = [answered(record=f"t{n}", seconds=2.0 * (n + 1)) for n in range(50)]
    found = list(ranking(pool([[0.5, 0.5, 0]] * 3, labels=labels, shown=shown), "gain"))
    assert [record for record, _ in found] == ["001", "000", "002"]
    assert found[0][1] == "margin uncertainty 1.000 in about 22.0 s"


def test_gain_is_the_margin_while_too_few_answers_are_timed() -> None:
    found = list(ranking(pool([[0.5, 0.5, 0], [0.9, 0.1, 0]], labels=[answered(seconds=3.0)] * 19), "gain"))
    assert found[0] == ("000", "too few answers are timed, margin uncertainty 1.000")


def test_the_same_time_for_every_record_leaves_the_order_of_the_margin() -> None:
    scores = [[0.9, 0.1, 0], [0.5, 0.5, 0], [0.7, 0.3, 0]]
    shown = texts(["x", "xx" * 99, "x"])
    found = list(ranking(pool(scores, labels=[answered(seconds=3.0)] * 20, shown=shown), "gain"))
    assert [record for record, _ in found] == ["001", "002", "000"]


def test_diverse_takes_one_of_each_theme_before_a_second_of_any() -> None:
    shown = texts([f"{THEMES[0]} {n}" for n in range(20)] + [f"{THEMES[1]} {n}" for n in range(4)] + [THEMES[2]] * 2)
    found = list(islice(ranking(pool([[0.5, 0.5, 0]] * 26, shown=shown, places=3), "diverse"), 3))
    assert Counter(next(theme for theme in THEMES if theme in shown["text"][int(record)]) for record, _ in found) == (
        Counter(THEMES)
    )
    assert sorted(reason for _, reason in found) == ["stands for 2 alike", "stands for 20 alike", "stands for 4 alike"]


def test_diverse_is_the_margin_where_people_see_no_text() -> None:
    given = pool([[0.9, 0.1, 0], [0.5, 0.5, 0]], records=[*ids(2), "zzz"])
    found = list(ranking(given, "diverse"))
    assert found == list(ranking(given, "margin"))
    assert [record for record, _ in found] == ["zzz", "001", "000"]


@pytest.mark.parametrize("strategy", ["random", "margin", "diverse"])
def test_nothing_and_nothing_proposed_can_be_ranked(strategy: Any) -> None:
    assert list(ranking(pool([[1, 0, 0]], records=[], proposals={}), strategy)) == []
    bare = pool([[1, 0, 0]], records=ids(2), proposals={}, shown=texts(["one", "two"]))
    assert sorted(record for record, _ in ranking(bare, strategy)) == ids(2)
