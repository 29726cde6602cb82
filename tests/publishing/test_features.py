"""The columns of a table as numbers to learn from."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from stages import InputError
from stages.publishing import Features
from stages.publishing.features import encode
from stages.tables import read, read_json
from tests.publishing.test_publishing import made

FIELDS = {"text": "text", "size": "number", "noise": "number", "sex": "category"}
MOODS = ("positive", "negative")


def rows(count: int, seed: int, shift: float = 0.0) -> list[dict]:
    draw = np.random.default_rng(seed)
    return [
        {
            "id": f"{seed}-{place:03}",
            "text": "x",
            "size": None if place == 3 else float(draw.normal(place % 2 * 9) + shift),
            "noise": float(draw.normal()),
            "sex": ["f", "m", None][place % 3],
            "label": MOODS[place % 2],
            "origin": "human",
            "confidence": 1.0,
            "source": "made",
        }
        for place in range(count)
    ]


@pytest.fixture
def version(tmp_path):
    other = [*rows(20, 2, 100.0), {**rows(1, 3)[0], "sex": "?"}]
    return made(tmp_path / "tables", {"train": rows(60, 1), "validation": other, "test": []}, fields=FIELDS)


def test_numbers_are_scaled_by_train_alone(tmp_path, version):
    Features().write(tmp_path / "features", version)
    train, other = (read(tmp_path / "features" / split) for split in ("train", "validation"))
    assert list(train) == ["id", "size", "noise", "sex=f", "sex=m", "label"]
    sizes = version.tables["train"][["size"]]
    expected = StandardScaler().fit(sizes.dropna())
    assert train["size"].drop(3).to_numpy() == pytest.approx(expected.transform(sizes.dropna())[:, 0], abs=1e-5)
    assert other["size"][:3].min() > 10
    assert other.loc[20, ["sex=f", "sex=m"]].tolist() == [0, 0]


def test_what_is_saved_makes_the_same_numbers_of_new_records(tmp_path, version):
    Features(numbers="bin", bins=4).write(tmp_path / "features", version)
    saved = read_json(tmp_path / "features/features.json")["features"]
    new = version.tables["validation"]
    written = read(tmp_path / "features/validation")
    for each in saved:
        assert (encode(new, each) == written[each["name"]]).all()
    assert sorted(read(tmp_path / "features/train")["size"].unique()) == [0, 1, 2, 3]


def test_normalised_numbers_of_train_are_from_0_to_1(tmp_path, version):
    Features(numbers="normalise").write(tmp_path / "features", version)
    train = read(tmp_path / "features/train")
    assert (train["size"].min(), train["size"].max()) == (0, 1)


def test_the_features_that_tell_labels_apart_are_kept(tmp_path, version):
    Features(select=1).write(tmp_path / "features", version)
    assert list(read(tmp_path / "features/test")) == ["id", "size", "label"]


def test_a_column_with_one_value_is_no_division_by_zero(tmp_path):
    same = [{**row, "size": 5.0} for row in rows(6, 1)]
    version = made(tmp_path / "tables", {"train": same, "validation": [], "test": []}, fields=FIELDS)
    for place, numbers in enumerate(("standardise", "normalise", "bin")):
        Features(numbers=numbers).write(tmp_path / str(place), version)
        assert np.isfinite(read(tmp_path / str(place) / "train")["size"]).all()


def test_a_dataset_without_numbers_and_categories_has_no_features(tmp_path):
    version = made(tmp_path / "tables", {"train": rows(3, 1), "validation": [], "test": []}, fields={"text": "text"})
    with pytest.raises(InputError, match="no field of the dataset is a number or a category"):
        Features().write(tmp_path / "features", version)


def test_before_people_have_labelled_there_is_nothing_to_learn_features_from(tmp_path):
    empty = made(tmp_path / "tables", {"train": [], "validation": [], "test": []}, fields=FIELDS)
    Features(select=2).write(tmp_path / "features", empty)
    assert [list(read(tmp_path / "features" / split)) for split in ("train", "test")] == [["id", "label"]] * 2
    assert read_json(tmp_path / "features/features.json") == {"features": []}


def test_impossible_settings_are_refused():
    with pytest.raises(InputError, match="2 or more"):
        Features(bins=1)
