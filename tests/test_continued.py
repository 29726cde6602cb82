"""The promise over twenty rounds of use, with audits opened and closed: benchmarks/continued.py, a few trials of it."""

import numpy as np
import pytest

from benchmarks.continued import ALPHA, WAYS, Trial


def broken(way, trials):
    return [each for seed in range(trials) for each in Trial(seed, way).run()]


@pytest.mark.slow
def test_the_promise_holds_over_rounds_of_an_adaptive_queue():
    found = broken("ours", 12)
    assert len(found) == 48, "four audits each; a fifth opens at the end"
    assert np.mean(found) <= ALPHA + 3 * (ALPHA * (1 - ALPHA) / len(found)) ** 0.5


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS[1:3])
def test_a_wrong_way_breaks_the_promise(way):
    assert np.mean(broken(way, 5)) > ALPHA + 3 * (ALPHA * (1 - ALPHA) / 20) ** 0.5
