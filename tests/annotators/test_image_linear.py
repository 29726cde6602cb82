"""The annotator that learns from pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from stages import InputError
from stages.annotators import Linear, NotEnough, crossfit
from stages.annotators.pictures import ImageLinear
from stages.annotators.pictures.linear import oriented_gradients
from stages.media import pictures as codec
from stages.tables import shards
from stages.tasks import Choice

DIGIT = Choice("digit", "image", tuple("0123456789"))
SHAPES = Choice("shape", "image", ("bright", "striped"), multiple=True)
LINEAR = ImageLinear("image")


def known(digits, count=150):
    return dict(zip(digits["id"][:count], digits["digit"][:count], strict=True))


def test_it_learns_handwritten_digits(digits):
    fitted = crossfit(ImageLinear("image"), digits, known(digits), DIGIT, 1)
    values = np.array([proposal.value for proposal in fitted.proposals])
    assert (values == digits["digit"])[150:].mean() > 0.9
    assert fitted.name.startswith("image_linear@")
    assert all(sum(each.scores.values()) == pytest.approx(1, abs=1e-5) for each in fitted.proposals)


def test_several_labels_may_hold_at_once(tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "_media").mkdir()
    paths, values = [], []
    for number in range(80):
        bright, striped = number % 2, number // 2 % 2
        pixels = rng.integers(0, 40, (24, 24)) + 120 * bright
        pixels[:: 3 if striped else 24] += 90
        path = tmp_path / "_media" / f"{number}.png"
        path.write_bytes(codec.encode(pixels.astype(np.uint8)))
        paths.append(str(path))
        values.append([name for name, has in (("bright", bright), ("striped", striped)) if has])
    records = pd.DataFrame({"id": paths, "image": paths})
    model = LINEAR.fit(records[:40], values[:40], SHAPES, 1)
    found = model.predict(records[40:]) > 0.5
    assert (found == SHAPES.codes(values[40:])).mean() > 0.95


def test_a_saved_model_is_read_back(digits, tmp_path):
    model = ImageLinear("image").fit(digits[:100], list(digits["digit"][:100]), DIGIT, 1)
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        model.save(folder)
    again = ImageLinear("image").load(tmp_path / "one", DIGIT)
    np.testing.assert_allclose(again.predict(digits[100:]), model.predict(digits[100:]), atol=1e-4)
    written = [sorted((path.name, path.read_bytes()) for path in folder.rglob("*.*")) for folder in tmp_path.iterdir()]
    assert written[0] == written[1]
    features = shards(tmp_path / "one/features")[0].read()["feature"]
    assert features.is_unique
    assert len(features) == LINEAR.features(digits[:1]).shape[1]


def test_each_picture_is_decoded_once_and_not_once_per_fold(digits, tmp_path):
    (tmp_path / "_media").mkdir()
    path = tmp_path / "_media/x.png"
    path.write_bytes(codec.encode(np.eye(8, dtype=np.uint8)))
    annotator, records = ImageLinear("image"), pd.DataFrame({"id": ["x"], "image": [str(path)]})
    first = annotator.features(records)
    path.unlink()
    assert (annotator.features(records) == first).all()
    with pytest.raises(InputError, match=r"annotator\.field: it names no picture: .* cannot be read"):
        ImageLinear("image").features(records)


def test_what_was_decoded_does_not_enter_the_name(digits):
    used, fresh = ImageLinear("image"), ImageLinear("image")
    used.features(digits[:5])
    assert (repr(used), used) == (repr(fresh), fresh)


def test_a_record_without_a_picture_has_a_proposal_all_the_same(digits):
    records = digits.assign(image=digits["image"].where(digits.index != 299))
    assert len(crossfit(ImageLinear("image"), records, known(digits), DIGIT, 1).proposals) == 300


def test_no_records_have_no_scores(digits):
    model = ImageLinear("image").fit(digits[:20], list(digits["digit"][:20]), DIGIT, 1)
    assert model.predict(digits[:0]).shape == (0, 10)


def test_labels_of_one_kind_are_not_enough(digits):
    with pytest.raises(NotEnough, match="two kinds"):
        LINEAR.fit(digits[:5], ["1"] * 5, DIGIT, 1)


def test_a_field_that_holds_no_pictures_is_an_error(digits):
    with pytest.raises(
        InputError,
        match="names no picture: it holds other values; choose the field with the pictures, or another annotator",
    ):
        ImageLinear("digit").features(digits[:1])
    with pytest.raises(InputError, match="there is no field 'photo'"):
        ImageLinear("photo").features(digits[:1])


def test_the_annotator_of_texts_does_not_learn_from_the_names_of_pictures(digits):
    with pytest.raises(InputError, match=r"annotator\.fields: 'image' names files"):
        Linear(("image",)).fit(digits, list(digits["digit"]), DIGIT, 1)


# histograms of oriented gradients


def stripes(angle: float) -> np.ndarray:
    down, right = np.mgrid[:32, :32]
    return (127 + 127 * np.sin((right * np.cos(angle) + down * np.sin(angle)) * 0.7)).round().astype(np.uint8)


@pytest.mark.parametrize("direction", range(9))
def test_the_direction_of_an_edge_is_found(direction):
    found = oriented_gradients(stripes(direction * np.pi / 9)).reshape(-1, 9).sum(axis=0)
    assert found.argmax() == direction


def test_brightness_and_contrast_hardly_count():
    picture = stripes(0.4).astype(float)
    one, other = oriented_gradients(picture), oriented_gradients(40 + picture / 2)
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_a_uniform_picture_has_no_edges():
    assert (oriented_gradients(np.full((32, 32), 7, np.uint8)) == 0).all()
