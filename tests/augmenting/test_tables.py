"""Augmented copies of rows: other numbers, the same labels."""

from __future__ import annotations

from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError
from stages.augmenting import Augmentation, Jitter, MixUp, Swap, augment
from stages.augmenting.numbers import Column, Numbers
from stages.engine import Local
from stages.tables import shards, write
from stages.tasks import Choice

FIELDS = {"bill": "number", "island": "category", "mass": "number"}
KINDS = {"id": "text", "bill": "number", "island": "text", "mass": "number", "source": "text"}
KINDS |= {"label": "text", "origin": "text", "confidence": "number"}
TASK = Choice("species", "bill", ("a", "b"))
BOTH = {"mixup": MixUp(1.0), "jitter": Jitter(0.1)}


def records(count=40):
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"id": [f"{place:03}" for place in range(count)]})
    frame["label"] = ["a" if place % 2 else "b" for place in range(count)]
    frame["bill"] = np.where(frame["label"] == "a", 1000, 2000) + random.integers(0, 999, count) / 10
    frame["mass"] = random.integers(0, 5000, count).astype(float)
    frame["island"] = "Dream"
    frame.loc[3, "bill"] = None
    frame.loc[5, "label"] = None
    return frame.assign(source="s", origin="human", confidence=0.5)


def copied(folder, frame, operators=BOTH, copies=2, fields=tuple(FIELDS), rows=1000, processes=1, kinds=KINDS):
    folder = folder / f"table-{len(list(folder.iterdir()))}"
    write(folder, [frame], kinds, rows=rows)
    chosen = Augmentation(copies, list(fields), {"x": {"a": 1}})
    originals = [frame[[*FIELDS]]]
    return augment(shards(folder), chosen, operators, FIELDS, originals, None, Local(processes), TASK, 7)


def test_a_copy_has_other_numbers_and_all_else_of_its_parent(tmp_path):
    frame = records()
    copies, lacking = copied(tmp_path, frame)
    assert (len(copies), lacking) == (78, 0)
    parents = frame.set_index("id").loc[copies["parent"]]
    same = ["label", "island", "source", "origin", "confidence"]
    assert copies[same].to_numpy().tolist() == parents[same].to_numpy().tolist()
    for name in ("bill", "mass"):
        assert copies[name].isna().tolist() == parents[name].isna().tolist()
        assert copies[name].between(frame[name].min(), frame[name].max()).sum() == copies[name].notna().sum()
    assert (copies["mass"] % 1 == 0).all()
    assert (copies["bill"].dropna().round(1) == copies["bill"].dropna()).all()
    assert not pd.concat([frame, copies])[["bill", "mass"]].duplicated().any()


def test_mixed_numbers_lie_between_those_of_records_with_the_same_label(tmp_path):
    frame = records()
    copies, _ = copied(tmp_path, frame, {"mixup": MixUp(0.4)})
    ranges = frame.groupby("label")["bill"].agg(["min", "max"])
    found = copies.dropna(subset=["bill"])
    assert found["bill"].between(*(ranges[each].loc[found["label"]].to_numpy() for each in ("min", "max"))).all()


def test_the_smaller_alpha_the_nearer_are_copies_to_their_records(tmp_path):
    frame = records()

    def moved(alpha):
        copies, _ = copied(tmp_path, frame, {"mixup": MixUp(alpha)}, copies=5)
        return (copies["bill"].to_numpy() - frame.set_index("id").loc[copies["parent"], "bill"]).abs().mean()

    assert moved(0.2) < moved(1.0) < frame.groupby("label")["bill"].std().max()


def test_noise_is_counted_in_standard_deviations_of_the_column(tmp_path):
    frame = pd.DataFrame({"bill": np.random.default_rng(1).normal(0, 100, 2000).round(3), "mass": 1.0})
    frame["id"] = [f"{place:04}" for place in range(len(frame))]
    frame = frame.assign(label="a", island="Dream", source="s", origin="human", confidence=0.5)
    copies, _ = copied(tmp_path, frame, {"jitter": Jitter(0.2)}, copies=1)
    parents = frame.set_index("id").loc[copies["parent"], "bill"]
    assert (copies["bill"] - parents.to_numpy()).std() == pytest.approx(20, rel=0.1)
    assert set(copies["mass"]) == {1.0}  # what is the same everywhere has no spread


@pytest.mark.slow
def test_copies_are_the_same_whatever_the_shards_and_the_processes(tmp_path):
    frame = records()
    whole, _ = copied(tmp_path, frame)
    for rows, processes in ((7, 1), (9, 2)):
        pd.testing.assert_frame_equal(whole, copied(tmp_path, frame, rows=rows, processes=processes)[0])


def test_a_label_may_be_a_list(tmp_path):
    frame = records(6)
    frame["label"] = [["a"], ["a", "b"], ["a"], None, None, None]
    copies, _ = copied(tmp_path, frame, {"mixup": MixUp(1.0)}, kinds=KINDS | {"label": "texts"})
    assert copies["parent"].tolist() == ["000", "000", "002", "002"]  # nobody else has both labels
    assert [list(each) for each in copies["label"]] == [["a"]] * 4


numbers = st.integers(-(10**6), 10**6).map(lambda each: each / 100)
rows = st.tuples(st.none() | numbers, st.none() | numbers)


@settings(deadline=None)
@given(st.lists(rows, min_size=1, max_size=8), st.floats(0.05, 5), st.integers(0, 2**64))
def test_mixed_numbers_never_leave_those_of_their_two_records(others, alpha, seed):
    columns = [Column(-(10**4), 10**4, 5.0, 2)] * 2
    row = others[0]
    made, label = Numbers([MixUp(alpha)], columns, {'"a"': others}).change(row, "a", Random(seed))
    assert label == "a"

    def between(other):
        return all(
            now == was if was is None or theirs is None else min(was, theirs) <= now <= max(was, theirs)
            for now, was, theirs in zip(made, row, other, strict=True)
        )

    assert any(between(other) for other in others)


@settings(deadline=None)
@given(rows, st.floats(0.01, 100), st.integers(0, 2**64))
def test_no_noise_makes_a_number_that_the_train_split_could_not_have(row, scale, seed):
    columns = [Column(-(10**4), 10**4, 800.0, 0), Column(-(10**4), 10**4, 3.0, 2)]
    made, _ = Numbers([Jitter(scale)], columns, {'"a"': [row]}).change(row, "a", Random(seed))
    assert [each is None for each in made] == [each is None for each in row]
    assert all(each is None or -(10**4) <= each <= 10**4 for each in made)


def test_fields_without_numbers_are_told(tmp_path):
    with pytest.raises(InputError, match=r"operators\.mixup: MixUp does not change texts, and the fields \(island\)"):
        copied(tmp_path, records(), fields=["island"])
    with pytest.raises(InputError, match=r"operators\.swap: Swap does not change numbers"):
        copied(tmp_path, records(), {"swap": Swap(0.1)})


@pytest.mark.parametrize("make", [Jitter, MixUp])
@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_a_setting_out_of_range_is_told(make, value):
    with pytest.raises(InputError, match="a number above 0 is expected"):
        make(value)
