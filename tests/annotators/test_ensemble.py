"""Ensembles and cascades, of annotators that learn, that need no label, and that ask a server."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError, annotators
from stages.annotators import LLM, Annotator, Cascade, Ensemble, Keywords, Linear, Rules, crossfit, opinions
from stages.annotators.cascade import CascadeModel
from stages.annotators.llm.costs import Prices
from stages.annotators.llm.examples import Examples
from stages.tables import dump_line
from stages.tasks import Choice
from tests.annotators.test_annotators import MOOD, TOPICS, WORDS, labels, records, truth
from tests.chat import Reply, Request, label, serving, users

few = settings(max_examples=50, deadline=None)

LINEAR = Linear(("text",))
RULES = Rules({mood: Keywords("text", words, mood) for mood, words in WORDS.items() if mood != "neutral"}, "majority")
SURE_OF_GOOD = Rules({"good": Keywords("text", WORDS["good"], "good")}, "majority")


def asked_about(request: Request, _: int) -> Reply:
    """Answer as a model that counts the words would."""
    words = json.loads(users(request)[-1])["text"].split()
    counts = {mood: 0.1 + sum(word in known for word in words) for mood, known in WORDS.items()}
    return label({mood: count / sum(counts.values()) for mood, count in counts.items()})


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LLM:
    """A language model whose server is not there yet."""
    (tmp_path / "guideline.md").write_text("Say how the writer feels.")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    return LLM(
        model="m",
        fields=("text",),
        prompt=str(Path(__file__).resolve().parents[2] / "conf/annotator/prompts/label.j2"),
        guideline=str(tmp_path / "guideline.md"),
        store=str(tmp_path / "store.db"),
        examples=Examples(count=0),
        parameters={"max_tokens": 20, "logprobs": True},
        prices=Prices(1.0, 1.0),
        retries=0,
    )


def proposed(annotator: Annotator, table: pd.DataFrame, known: Mapping[str, Any]) -> list[str | None]:
    return [each and each.value for each in crossfit(annotator, table, known, MOOD, 1).proposals]


def right(annotator: Annotator, table: pd.DataFrame, known: Mapping[str, Any]) -> int:
    return sum(value == truth(row) for row, value in enumerate(proposed(annotator, table, known)))


# Ensembles


@pytest.mark.slow
def test_stacking_learns_whom_to_believe() -> None:
    table, known = records(), labels()
    turned = {mood: Keywords("text", WORDS[mood], other) for mood, other in (("good", "bad"), ("bad", "good"))}
    liar = Rules(turned, "majority")  # which knows of no label that it is wrong
    both = {"rules": Rules({mood: Keywords("text", words, mood) for mood, words in WORDS.items()}, "majority")}
    both |= {"liar": liar, "second": liar, "third": liar}
    assert right(Ensemble(both, "stacking"), table, known) > right(Ensemble(both, "voting"), table, known)
    assert right(Ensemble(both, "stacking"), table, known) >= 48


def test_stacking_is_fitted_on_what_parts_say_of_records_that_they_had_not_learned() -> None:
    table, known = records(), labels()
    learned = table[table["id"].isin(known)].reset_index(drop=True)
    seen: list[tuple[set[str], set[str]]] = []

    class Watched:
        name = "watched"

        def fit(self, inside: pd.DataFrame, values: Any, task: Any, seed: int) -> Any:
            fitted = LINEAR.fit(inside, values, task, seed)

            class Model:
                def predict(self, rows: pd.DataFrame) -> Any:
                    seen.append((set(inside["id"]), set(rows["id"])))
                    return fitted.predict(rows)

                def save(self, folder: Path) -> None: ...

            return Model()

        def load(self, folder: Path, task: Any) -> Any: ...

    Ensemble({"one": Watched(), "two": LINEAR}).fit(learned, [known[id] for id in learned["id"]], MOOD, 1)
    assert Counter(id for _, judged in seen for id in judged) == Counter(list(learned["id"]))
    assert all(not inside & judged for inside, judged in seen)


@pytest.mark.parametrize("combine", ["stacking", "voting"])
def test_an_ensemble_comes_back_from_its_folder_and_twice_the_same(tmp_path: Path, combine: Any) -> None:
    table = records()
    ensemble = Ensemble({"linear": LINEAR, "rules": RULES, "off": None}, combine)
    values = [truth(row) for row in range(len(table))]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        fitted = ensemble.fit(table, values, MOOD, 1)
        fitted.save(tmp_path / name)
    files = [sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in ("one", "two")]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    loaded = ensemble.load(tmp_path / "one", MOOD)
    np.testing.assert_allclose(loaded.predict(table), fitted.predict(table), atol=1e-4)


def test_several_labels_at_once_are_combined_each_by_itself() -> None:
    table = pd.DataFrame({"id": [f"r{n:02d}" for n in range(40)], "text": ["bill parcel", "bill", "parcel", "x"] * 10})
    values = [["billing", "delivery"], ["billing"], ["delivery"], []] * 10
    fitted = Ensemble({"one": LINEAR, "two": Linear(("text",), c=1.0)}).fit(table, values, TOPICS, 1)
    chosen = np.asarray(fitted.predict(table))[:4] > 0.5
    assert chosen.tolist() == [[True, True, False], [True, False, False], [False, True, False], [False, False, False]]


def test_a_record_of_which_no_part_says_anything_gets_no_proposal() -> None:
    table, known = records(), labels()
    found = proposed(Ensemble({"one": RULES, "two": SURE_OF_GOOD}), table, known)
    silent = [row for row, text in enumerate(table["text"]) if not set(text.split()) & {*WORDS["good"], *WORDS["bad"]}]
    assert silent
    assert [row for row, value in enumerate(found) if value is None] == silent


def test_disagreement_goes_along_with_each_proposal_and_no_other_annotator_has_it() -> None:
    table, known = records(), labels()
    liar = Rules({"good": Keywords("text", WORDS["good"], "bad")}, "majority")
    fitted = crossfit(Ensemble({"rules": SURE_OF_GOOD, "liar": liar}, "voting"), table, known, MOOD, 1)
    told = [line["disagreement"] for line in annotators.lines(fitted, table["id"])]
    assert set(told) == {told[0]}
    assert told[0] > 0.1
    assert "disagreement" not in next(annotators.lines(crossfit(LINEAR, table, known, MOOD, 1), table["id"]))


scores = st.lists(
    st.lists(st.floats(0.001, 1), min_size=3, max_size=3).map(lambda row: [each / sum(row) for each in row]),
    min_size=2,
    max_size=4,
)


@few
@given(rows=scores, multiple=st.booleans())
def test_divergence_is_zero_where_all_say_the_same_and_at_most_one(rows: list[list[float]], multiple: bool) -> None:
    same = np.array([[rows[0]]] * len(rows))
    assert opinions.divergence(same, multiple) == pytest.approx([0], abs=1e-6)
    (apart,) = opinions.divergence(np.array(rows)[:, None, :], multiple)
    (turned,) = opinions.divergence(np.array(rows[::-1])[:, None, :], multiple)
    assert apart is not None
    assert 0 <= apart <= 1
    assert turned == pytest.approx(apart, abs=1e-6)


def test_divergence_is_one_where_each_is_certain_of_another_and_unknown_where_one_speaks() -> None:
    certain = np.array([[[1.0, 0, 0]], [[0, 1.0, 0]]])
    assert opinions.divergence(certain, multiple=False) == pytest.approx([1])
    alone = np.array([[[1.0, 0, 0]], [[np.nan] * 3]])
    assert opinions.divergence(alone, multiple=False) == [None]


def box(left: float) -> list[dict[str, Any]]:
    return [{"x": left, "y": 10.0, "width": 20.0, "height": 20.0, "rotation": 0.0, "label": "cat"}]


# Cascades


@pytest.mark.slow
def test_only_what_the_cheap_one_is_unsure_of_is_asked_and_once(model: LLM) -> None:
    table, known = records(), labels()
    cascade = Cascade(RULES, model, 0.6)
    with serving(asked_about) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.url)
        fitted = crossfit(cascade, table, known, MOOD, 1)
        asked = Counter(each["text"] for each in server.records())
    assert 0 < len(asked) < len(set(table["text"]))
    assert set(asked.values()) == {1}
    said = annotators.report(fitted, known, MOOD)["details"]["unlabelled"]
    assert said["asked"] + said["spared"] == len(table) - len(known)
    used = annotators.usage(cascade)["asked"]["expensive"]
    assert used["calls"] == sum(asked.values())
    records_asked = {line["record"] for line in annotators.responses(cascade)}
    assert said["saved"] == pytest.approx(used["cost"] / len(records_asked) * said["spared"])


def test_a_plan_counts_the_calls_of_each_part_that_asks_and_asks_nothing(model: LLM) -> None:
    table, known = records(), labels()
    both = {"cascade": Cascade(RULES, model, 0.6), "rules": RULES}
    told = annotators.plan(Ensemble(both, "voting"), table, known, MOOD, 1)
    assert told.startswith("cascade.expensive: ")
    assert int(told.split()[1]) > 0
    assert annotators.plan(Cascade(RULES, LINEAR), table, known, MOOD, 1).startswith("nothing is asked")


@pytest.mark.slow
def test_an_ensemble_with_a_language_model_is_rebuilt_from_its_record_alone(model: LLM, tmp_path: Path) -> None:
    table, known = records(), labels()
    ensemble = Ensemble({"model": model, "rules": RULES})
    with serving(asked_about) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_BASE_URL", server.url)
        first = dump_line(list(annotators.lines(crossfit(ensemble, table, known, MOOD, 1), table["id"])))
        asked = Counter(each["text"] for each in server.records())
        lines = list(annotators.responses(ensemble))
    assert set(asked.values()) == {1}  # shown no examples, it is asked the same whatever the fold
    assert [line["record"] for line in lines] == sorted(line["record"] for line in lines)
    elsewhere = LLM(**{**vars_of(model), "store": str(tmp_path / "other.db"), "offline": True})
    elsewhere.recall(lines)
    again = Ensemble({"model": elsewhere, "rules": RULES})
    assert dump_line(list(annotators.lines(crossfit(again, table, known, MOOD, 1), table["id"]))) == first


def vars_of(model: LLM) -> dict[str, Any]:
    return {name: getattr(model, name) for name in LLM.__dataclass_fields__}


def test_where_the_expensive_one_has_no_answer_that_of_the_cheap_one_stays() -> None:
    table = records()
    neutral = Rules({"neutral": Keywords("text", WORDS["neutral"], "neutral")}, "majority")
    cheap, expensive = (each.fit(table, [], MOOD, 1) for each in (RULES, neutral))
    found = np.asarray(CascadeModel(Cascade(RULES, neutral, 1.0), cheap, expensive, {}, [], MOOD).predict(table))
    silent = np.isnan(expensive.predict(table)).any(axis=1)
    assert 0 < silent.sum() < len(table)
    np.testing.assert_allclose(found[silent], cheap.predict(table)[silent], atol=1e-6)
    assert (found[~silent].argmax(axis=1) == MOOD.labels.index("neutral")).all()


def test_a_cascade_comes_back_from_its_folder(tmp_path: Path) -> None:
    table = records()
    cascade = Cascade(RULES, LINEAR, 0.7)
    fitted = cascade.fit(table, [truth(row) for row in range(len(table))], MOOD, 1)
    fitted.save(tmp_path)
    np.testing.assert_allclose(cascade.load(tmp_path, MOOD).predict(table), fitted.predict(table), atol=1e-4)


def test_a_cascade_says_what_each_threshold_would_spare_and_how_often_the_cheap_one_is_right_there() -> None:
    table = records()
    other = dict(zip(MOOD.labels, MOOD.labels[1:] + MOOD.labels[:1], strict=True))
    known = {id: value if row % 4 else other[value] for row, (id, value) in enumerate(labels().items())}
    told = annotators.report(crossfit(Cascade(LINEAR, RULES, 1.0), table, known, MOOD, 1), known, MOOD)["details"]
    every = told["thresholds"]
    assert list(every) == ["0.5", "0.6", "0.7", "0.8", "0.9", "0.95", "1"]
    own = every[f"{told['threshold']:g}"]
    assert (own["asked"], own["spared"]) == (told["unlabelled"]["asked"], told["unlabelled"]["spared"])
    asked = [each["asked"] for each in every.values()]
    assert asked == sorted(asked)
    assert asked[0] < asked[-1]
    assert {each["asked"] + each["spared"] for each in every.values()} == {len(table) - len(known)}
    judged = [each["judged"] for each in every.values()]
    assert judged == sorted(judged, reverse=True)
    assert judged[0] > 0 == judged[-1]
    assert 0.5 < every["0.5"]["right"] < 0.9  # a quarter of the labels is beyond learning
    assert every["1"]["right"] is None
    assert every["1"]["reason"]


def test_a_cascade_whose_parts_need_no_label_proposes_without_any() -> None:
    assert any(proposed(Cascade(RULES, SURE_OF_GOOD), records(), {}))


def test_a_threshold_outside_of_zero_and_one_is_refused() -> None:
    with pytest.raises(InputError, match="threshold: a confidence from 0 to 1 is expected, found 90"):
        Cascade(RULES, LINEAR, 90)


def test_a_choice_stays_a_choice() -> None:
    """The label set is the interface's, whatever the parts are."""
    other = Choice("mood", "text", ("happy", "sad"))
    with pytest.raises(InputError, match="votes 'good'; the labels are happy, sad"):
        Ensemble({"one": RULES, "two": RULES}, "voting").fit(records(), ["happy"] * 60, other, 1)
