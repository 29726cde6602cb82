"""The forecast of labels still needed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.quality import Effort, Gate, forecast
from stages.quality.forecast import power_law, reached
from stages.tasks import Choice

TASK = Choice("c", "t", ("no", "yes"))
FREE = Effort(learned=1.0, answers=1.0, seconds=None)
ACCURACY = {"right": Gate("annotator.audit.accuracy", at_least=0.9)}


def proposals(errors, n=400):
    """Right but for the first records, so many of them."""
    return ["no"] * round(errors * n) + ["yes"] * (n - round(errors * n))


def foretold(errors, gates=ACCURACY, effort=FREE, n=400, **more):
    given = {size: proposals(error, n) for size, error in errors.items()}
    return forecast(gates, ["yes"] * n, given, effort, TASK, 7, **more)


@given(st.floats(0, 0.4), st.floats(0.05, 0.5), st.sampled_from([0.3, 0.5, 1.0]))
def test_a_power_law_is_found_again(a, b, c):
    sizes = [100, 200, 400, 800]
    errors = a + b * (np.array(sizes) / 800) ** -c
    found = np.array([each[0] for each in power_law(sizes, errors[None])])
    assert found == pytest.approx([a, b, c], abs=1e-6)


def test_the_curve_says_where_it_reaches_the_target():
    sizes = [100, 200, 400]
    errors = np.array([[0.4, 0.2, 0.1], [0.5, 0.5, 0.5], [0.3, 0.2, 0.15]])  # 40 / n; level; 0.1 + 20 / n
    assert reached(sizes, errors, 0.05) == pytest.approx([800, np.inf, np.inf])
    assert reached(sizes, errors, 0.11) == pytest.approx([4000 / 11, np.inf, 2000])


def test_labels_and_hours_are_of_people():
    effort = Effort(learned=0.8, answers=3.0, seconds=6.0)
    found = foretold(
        {100: 0.4, 200: 0.2, 400: 0.1}, {"right": Gate("annotator.audit.accuracy", at_least=0.95)}, effort, n=4000
    )
    each = found["right"]
    assert each["labels"]["value"] == 500  # 400 more to learn from
    assert each["labels"]["low"] < 500 < each["labels"]["high"]
    assert each["hours"]["value"] == pytest.approx(500 * 3 * 6 / 3600)
    assert each["curve"]["100"]["value"] == pytest.approx(0.6)
    assert each["curve"]["100"]["low"] < 0.6 < each["curve"]["100"]["high"]


def test_what_is_reached_already_needs_nothing():
    labels = foretold({100: 0.2, 200: 0.1, 400: 0.05})["right"]["labels"]
    assert (labels["value"], labels["low"]) == (0, 0)


def test_a_level_curve_reaches_nothing_and_says_so():
    each = foretold({100: 0.3, 200: 0.3, 400: 0.3})["right"]
    assert each["labels"]["value"] is None
    assert "not reached within 100 times" in each["labels"]["reason"]
    assert each["hours"] == {
        "value": None,
        "low": None,
        "high": None,
        "reason": "the rounds do not say how long answers took",
    }


@pytest.mark.parametrize(
    ("gates", "more", "reason"),
    [
        ({"coverage": Gate("guarantee.coverage", at_least=0.5)}, {}, "no gate asks for a least value"),
        (
            {"error": Gate("annotator.audit.brier_score", at_most=0.5), "off": None},
            {},
            "no gate asks for a least value",
        ),
        ({"odd": Gate("annotator.audit.brier_score", at_least=0.5)}, {}, "no gate asks for a metric that the curve"),
        (ACCURACY, {"nothing": "too few labels"}, "too few labels"),
    ],
)
def test_where_nothing_can_be_foretold_there_is_a_reason(gates, more, reason):
    assert reason in foretold({100: 0.3, 200: 0.2, 400: 0.1}, gates, **more)["reason"]


def test_a_curve_needs_three_sizes_and_records():
    assert "3 sizes" in foretold({100: 0.3, 200: 0.2})["reason"]
    assert "records of the random queue" in foretold({100: 0.3, 200: 0.2, 400: 0.1}, n=0)["reason"]


@pytest.mark.slow
def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Errors fall as 40 / n, so that 5 % are left after 800 labels."""
    random = np.random.default_rng(3)
    gate = {"right": Gate("annotator.cross_validated.accuracy", at_least=0.95)}
    covered = []
    for _ in range(60):
        hard = random.random(300)
        given = {n: ["no" if each < 40 / n else "yes" for each in hard] for n in (100, 200, 400)}
        labels = forecast(gate, ["yes"] * 300, given, FREE, TASK, 7)["right"]["labels"]
        covered.append(labels["low"] <= 400 <= (np.inf if labels["high"] is None else labels["high"]))
    assert np.mean(covered) > 0.8
