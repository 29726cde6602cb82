"""Boxes, polygons and masks."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_studio_sdk.converter import brush
from label_studio_sdk.label_interface import LabelInterface

from stages import InputError
from stages.tasks import load
from stages.tasks.pictures import Boxes, Masks, Polygons, rle
from stages.tasks.pictures.boxes import corners
from stages.tasks.pictures.masks import boundary

BOXES = Boxes("objects", "image", ("cat", "dog"))
POLYGONS = Polygons("objects", "image", ("cat", "dog"))
MASKS = Masks("objects", "image", ("cat", "dog"))
SIZE = (90, 30)  # three times as wide as high

labels = st.sampled_from(BOXES.labels)
places = st.floats(0, 90).map(lambda each: round(each, 3))
sides = st.floats(1, 40).map(lambda each: round(each, 3))


def box(x: float, y: float, width: float, height: float, label: str = "cat", rotation: float = 0.0) -> dict[str, Any]:
    return {
        "x": x,
        "y": y,
        "width": width,
        "height": height,
        "rotation": rotation,
        **({"size": list(SIZE)} if rotation else {}),
        "label": label,
    }


boxes = st.builds(box, places, places, sides, sides, labels, st.sampled_from([0.0, 0.0, 30.0, 200.5]))
polygons = st.builds(
    lambda points, label: {"points": [list(each) for each in points], "label": label},
    st.lists(st.tuples(places, places), min_size=3, max_size=6, unique=True),
    labels,
)
pixels = st.integers(0, 2**48 - 1).map(
    lambda bits: np.array([bits >> each & 1 for each in range(48)], dtype=bool).reshape(6, 8)
)
masks = st.builds(MASKS.region, pixels, labels)
VALUES = {
    each.type: (each, st.lists(one, max_size=4).map(each.ordered))
    for each, one in ((BOXES, boxes), (POLYGONS, polygons), (MASKS, masks))
}


@pytest.mark.parametrize("kind", VALUES)
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_what_is_shown_is_parsed_back_in_any_order(kind: str, data: st.DataObject) -> None:
    task, values = VALUES[kind]
    value = data.draw(values)
    shown = task.show(value)
    assert task.parse(data.draw(st.permutations(shown))) == value


@pytest.mark.parametrize("kind", VALUES)
@settings(deadline=None, max_examples=50)
@given(data=st.data())
def test_likeness_is_from_0_to_1_symmetric_and_1_with_itself(kind: str, data: st.DataObject) -> None:
    task, values = VALUES[kind]
    one, other = data.draw(values), data.draw(values)
    assert 0 <= task.compare(one, other) <= 1 + 1e-9
    assert task.compare(one, other) == pytest.approx(task.compare(other, one))
    if kind == "boxes":  # a polygon, and a mask, may be drawn without any area
        assert task.compare(one, one) == pytest.approx(1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", VALUES)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_a_consensus_does_not_depend_on_the_order_of_the_votes(kind: str, data: st.DataObject) -> None:
    task, values = VALUES[kind]
    votes = data.draw(st.lists(values, min_size=1, max_size=3))
    merged = [task.merge(list(order)) for order in permutations(votes)]
    assert all(each == merged[0] for each in merged)
    assert merged[0][1] == merged[0][2] / len(votes)


@pytest.mark.parametrize("kind", VALUES)
@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_one_vote_and_three_equal_votes_are_the_vote_itself(kind: str, data: st.DataObject) -> None:
    task, values = VALUES[kind]
    value = data.draw(values)
    assert task.merge([value]) == (value, 1.0, 1)
    if kind == "boxes" and len(value) == 1:
        merged, share, _ = task.merge([value] * 3)
        assert share == 1
        assert task.compare(merged, value) == pytest.approx(1)


@settings(deadline=None, max_examples=50)
@given(boxes, boxes)
def test_overlap_of_boxes_is_the_share_of_points_that_both_hold(one: dict[str, Any], other: dict[str, Any]) -> None:
    outline = np.array([corner for each in (one, other) for corner in corners(each, *SIZE)])
    x, y = (np.linspace(low, high, 301) for low, high in zip(outline.min(axis=0), outline.max(axis=0), strict=True))
    points = x[None, :] + 1j * y[:, None]
    mine, theirs = _inside(one, points), _inside(other, points)
    assert BOXES.overlaps([one], [other])[0, 0] == pytest.approx(
        (mine & theirs).sum() / (mine | theirs).sum(), abs=0.03
    )


def _inside(each: dict[str, Any], points: np.ndarray) -> np.ndarray:
    """Turn the points back about the box's first corner, where the box is upright."""
    first = complex(each["x"] * SIZE[0], each["y"] * SIZE[1]) / 100
    there = (points - first) * np.exp(-1j * math.radians(each["rotation"]))
    across, down = each["width"] * SIZE[0] / 100, each["height"] * SIZE[1] / 100
    return (there.real >= 0) & (there.real <= across) & (there.imag >= 0) & (there.imag <= down)


def test_a_rotation_turns_in_pixels() -> None:
    """A quarter turn about its first corner takes a box of 30 × 3 pixels below and left of it."""
    found = corners(box(50, 0, 100 / 3, 10, rotation=90), *SIZE)
    assert np.round(found, 6).tolist() == [[45, 0], [45, 30], [42, 30], [42, 0]]
    assert BOXES.compare(
        [box(50, 0, 100 / 3, 10, rotation=90)], [box(100 * 42 / 90, 0, 100 * 3 / 90, 100)]
    ) == pytest.approx(1)


def test_boxes_are_as_alike_as_their_worst_pair() -> None:
    one = [box(0, 0, 10, 10), box(50, 50, 10, 10)]
    assert BOXES.compare(one, [box(0, 0, 10, 10), box(50, 50, 10, 5)]) == pytest.approx(0.5)
    assert BOXES.compare(one, one[:1]) == 0
    assert BOXES.compare(one, [one[0], box(50, 50, 10, 10, "dog")]) == 0
    assert BOXES.compare([], []) == 1


def test_objects_are_matched_so_that_the_sum_of_overlaps_is_greatest() -> None:
    """The first of ours overlaps both of theirs; greedily it would take the one that the second needs."""
    ours = [box(0, 0, 10, 10), box(4, 0, 10, 10)]
    theirs = [box(3, 0, 10, 10), box(-3, 0, 10, 10)]
    assert sorted(pair[:2] for pair in BOXES.matched(ours, theirs)) == [(0, 1), (1, 0)]


def test_what_most_people_marked_is_kept_and_averaged() -> None:
    votes = [
        [box(10, 10, 20, 20), box(60, 60, 20, 20, "dog")],
        [box(12, 10, 20, 20)],
        [box(11, 13, 20, 20), box(60, 60, 20, 20, "cat")],
    ]
    value, share, same = BOXES.merge(votes)
    assert value == [box(11, 11, 20, 20)]
    assert (share, same) == (1 / 3, 1)  # two of the three marked something more


def test_nobody_marks_two_of_what_becomes_one() -> None:
    twice = [box(10, 10, 20, 20), box(10, 10, 20, 19)]
    assert len(BOXES.merge([twice, twice, []])[0]) == 2
    assert BOXES.merge([twice, [], []])[0] == []


def test_rotated_boxes_are_averaged_about_their_middles() -> None:
    one, other = box(40, 40, 20, 10, rotation=350.0), box(40, 40, 20, 10, rotation=10.0)
    middle = np.mean([corners(each, *SIZE) for each in (one, other)], axis=(0, 1))
    made = BOXES.average([one, other])
    assert made["rotation"] == pytest.approx(0, abs=1e-9) or made["rotation"] == pytest.approx(360)
    np.testing.assert_allclose(np.mean(corners(made, *SIZE), axis=0), middle, atol=1e-9)


def test_metrics_of_boxes() -> None:
    truth = [[box(0, 0, 10, 10), box(50, 50, 10, 10, "dog")], [box(0, 0, 10, 10)], []]
    given_ = [[box(0, 0, 10, 8), box(50, 50, 10, 10, "dog")], [box(0, 0, 10, 10), box(30, 0, 10, 10)], []]
    sums = BOXES.statistics(truth, given_).sum(axis=0)
    found = {name: float(value) for name, value in BOXES.score(sums).items()}
    assert found["precision"] == 3 / 4
    assert found["recall"] == 1
    assert found["f1"] == pytest.approx(6 / 7)
    assert found["f1_cat"] == 4 / 5
    assert found["iou"] == pytest.approx((0.8 + 1 + 1) / 3)
    assert found["accuracy"] == 2 / 3
    assert found["macro_f1"] == pytest.approx((4 / 5 + 1) / 2)
    assert [found[f"{kind}_{label}"] for kind in ("missed", "spurious") for label in BOXES.labels] == [0, 0, 1, 0]


def test_a_record_is_right_as_a_whole_exactly_if_its_likeness_reaches_the_bar() -> None:
    value = [box(0, 0, 10, 10)]
    for other in ([box(0, 0, 10, 5)], [box(0, 0, 10, 4.9)], [], [*value, *value]):
        right = BOXES.statistics([value], [other])[0, -2]
        assert right == (BOXES.compare(value, other) >= BOXES.bar)


def test_a_polygon_that_crosses_itself_counts_as_its_two_halves() -> None:
    bow = {"points": [[0, 0], [10, 10], [10, 0], [0, 10]], "label": "cat"}
    square = {"points": [[0, 0], [10, 0], [10, 10], [0, 10]], "label": "cat"}
    assert POLYGONS.compare([bow], [square]) == pytest.approx(0.5)
    flat = {"points": [[0, 0], [10, 10], [5, 5]], "label": "cat"}
    assert POLYGONS.compare([flat], [square]) == 0


def test_of_polygons_the_one_that_overlaps_the_others_most_is_kept() -> None:
    def square(side: float) -> dict[str, Any]:
        return {"points": [[0, 0], [side, 0], [side, side], [0, side]], "label": "cat"}

    assert POLYGONS.merge([[square(9)], [square(10)], [square(11.5)]])[0] == [square(10)]


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.randoms(use_true_random=False), st.floats(0, 1))
def test_masks_are_encoded_as_label_studio_decodes_and_encodes_them(
    width: int, height: int, random: Any, share: float
) -> None:
    mask = np.array([random.random() < share for _ in range(width * height)]).reshape(height, width)
    ours = rle.encode(mask)
    theirs = brush.decode_rle(ours).reshape(height, width, 4)
    assert ((theirs[:, :, 3] > 127) == mask).all()
    assert (rle.decode(ours, (width, height)) == mask).all()
    drawn = brush.encode_rle(np.repeat(mask.ravel().astype(np.uint8) * 255, 4))
    assert (rle.decode(drawn, (width, height)) == mask).all()


def test_a_run_longer_than_its_field_is_parted() -> None:
    mask = np.ones((300, 300), dtype=bool)
    assert rle.decode(rle.encode(mask), (300, 300)).all()


def test_a_value_that_is_not_repeated_is_read() -> None:
    bits = f"{8:032b}{7:05b}" + "".join(f"{each - 1:04b}" for each in rle.WIDTHS)
    bits += "0" + "00" + f"{7:03b}" + "".join(f"{each:08b}" for each in (0, 0, 0, 200, 9, 9, 9, 100))
    encoded = [int(bits[start : start + 8].ljust(8, "0"), 2) for start in range(0, len(bits), 8)]
    assert rle.decode(encoded, (2, 1)).tolist() == [[True, False]]


@pytest.mark.parametrize(
    ("encoded", "size", "message"),
    [
        (
            rle.encode(np.ones((2, 2), dtype=bool)),
            (3, 2),
            "not one of a mask of 3 × 2 pixels .it has 16 values in place of 24",
        ),
        (rle.encode(np.ones((2, 2), dtype=bool))[:-2], (2, 2), "not one of a mask of 2 × 2 pixels"),
        ([], (2, 2), "not one of a mask of 2 × 2 pixels"),
        ([1], (100_000, 100_000), "more than 67,108,864"),
    ],
)
def test_a_broken_mask_says_so(encoded: list[int], size: tuple[int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rle.decode(encoded, size)


def mask(rows: slice, columns: slice, label: str = "cat") -> dict[str, Any]:
    area = np.zeros((6, 8), dtype=bool)
    area[rows, columns] = True
    return MASKS.region(area, label)


def test_strokes_of_one_label_add_up() -> None:
    parts = [mask(slice(0, 3), slice(0, 8)), mask(slice(3, 6), slice(0, 8))]
    assert MASKS.compare(parts, [mask(slice(0, 6), slice(0, 8))]) == 1


def test_pixels_that_most_people_marked_are_kept() -> None:
    votes = [[mask(slice(0, 3), slice(0, each))] for each in (4, 5, 8)]
    value, share, same = MASKS.merge(votes)
    assert MASKS.mask(value, "cat").sum() == 3 * 5
    assert (share, same) == (1, 3)
    assert MASKS.merge([[], [], [mask(slice(0, 3), slice(0, 4))]])[0] == []


def test_metrics_of_masks() -> None:
    truth, proposed = [[mask(slice(0, 4), slice(0, 4))], []], [[mask(slice(0, 4), slice(0, 2))], []]
    found = {name: float(each) for name, each in MASKS.score(MASKS.statistics(truth, proposed).sum(axis=0)).items()}
    assert found["iou"] == found["iou_cat"] == 0.5
    assert found["dice"] == pytest.approx(2 / 3)
    assert found["accuracy"] == 1
    assert math.isnan(found["iou_dog"])
    assert 0 < found["boundary_iou"] < 1


@settings(deadline=None)
@given(st.lists(st.tuples(pixels, pixels), min_size=1, max_size=4))
def test_overlaps_of_masks_are_those_of_their_pixels_counted_plainly(
    pairs: list[tuple[np.ndarray, np.ndarray]],
) -> None:
    truth, proposed = ([[MASKS.region(pair[side], "cat")] for pair in pairs] for side in (0, 1))
    found = MASKS.score(MASKS.statistics(truth, proposed).sum(axis=0))
    true, marked = np.array(pairs).swapaxes(0, 1)
    shared, either = (true & marked).sum(), (true | marked).sum()
    if either:
        assert found["iou"] == pytest.approx(shared / either)
        assert found["dice"] == pytest.approx(2 * shared / (true.sum() + marked.sum()))


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_the_boundary_of_a_mask_is_what_lies_within_two_per_cent_of_the_diagonal_of_its_outline(seed: int) -> None:
    from scipy.ndimage import distance_transform_cdt

    random = np.random.default_rng(seed)
    area = np.zeros((120, 160), dtype=bool)  # with a diagonal of 200 pixels
    for _ in range(random.integers(1, 5)):
        top, left, height, width = random.integers([0, 0, 2, 2], [110, 150, 80, 80])
        area[top : top + height, left : left + width] = True
    distance = distance_transform_cdt(np.pad(area, 1), metric="chessboard")[1:-1, 1:-1]
    assert (boundary(area) == (area & (distance <= 4))).all()


XML = """<View><Image name="image" value="$image"/><{0} name="objects" toName="image">
<Label value="cat"/><Label value="Dog" alias="dog"/></{0}></View>"""


@pytest.mark.parametrize(
    ("tag", "task"), [("RectangleLabels", BOXES), ("PolygonLabels", POLYGONS), ("BrushLabels", MASKS)]
)
def test_the_interface_declares_the_task(tag: str, task: Any) -> None:
    assert load(XML.format(tag), "objects.xml") == task
    value = {
        "boxes": [box(1, 2, 3, 4)],
        "polygons": [{"points": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]], "label": "dog"}],
        "masks": [mask(slice(0, 2), slice(0, 2))],
    }[task.type]
    shown = {"model_version": "m", "score": 0.5, "result": task.show(value)}
    assert list(LabelInterface(XML.format(tag)).validate_prediction(shown, return_errors=True)) == []


def test_a_control_without_labels_is_an_error() -> None:
    with pytest.raises(InputError, match="<RectangleLabels> needs one or more <Label value=…>"):
        load('<View><Image name="i" value="$i"/><RectangleLabels name="b" toName="i"/></View>', "x.xml")


def result(**changed: Any) -> dict[str, Any]:
    return BOXES.show([box(1, 2, 3, 4)])[0] | changed


def valued(**changed: Any) -> dict[str, Any]:
    return result(value=result()["value"] | changed)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (result(type="choices"), "a result of 'objects' with type 'rectanglelabels' is expected"),
        (valued(rectanglelabels=["cow"]), "label 'cow' is not in the labelling interface; it has cat, dog"),
        (valued(rectanglelabels=["cat", "dog"]), "'value' must hold a list of one of 'rectanglelabels'"),
        (valued(x=None), "'x' must be a number, found None"),
        (valued(x=True), "'x' must be a number, found True"),
        (valued(y=float("nan")), "'y' must be a number, found nan"),
        (valued(width=0), "a box needs a width and a height above 0"),
        (valued(rotation="30"), "'rotation' must be a number, found '30'"),
        (valued(rotation=30), "'original_width' and 'original_height' must be numbers of pixels"),
    ],
)
def test_a_result_that_is_no_box_says_why(item: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BOXES.parse([item])


@pytest.mark.parametrize(
    ("points", "message"),
    [([[0, 0], [1, 1]], "three points or more"), ([[0, 0], [1, 1], [1]], "a list of x and y"), (None, "three points")],
)
def test_a_result_that_is_no_polygon_says_why(points: Any, message: str) -> None:
    item = POLYGONS.show([{"points": [[0, 0], [1, 0], [1, 1]], "label": "cat"}])[0]
    item["value"]["points"] = points
    with pytest.raises(ValueError, match=message):
        POLYGONS.parse([item])
