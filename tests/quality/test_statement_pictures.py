"""The statement on what is marked in pictures."""

from stages.quality import statement
from stages.tasks.pictures import Boxes
from tests.quality.test_statement import QUALITY, objects, version


def test_objects_have_their_average_precision_and_what_is_missed_and_spurious():
    boxes = Boxes("objects", "image", ("cat", "dog"))
    people = [objects("1", "cat", "dog"), objects("2", "cat")]
    proposals = [objects("1", "cat", "cat", scores=[0.9, 0.2]), objects("2", "cat", scores=[0.8])]
    stated, _ = statement(version(), people, proposals, None, QUALITY, boxes, 7)
    found = stated["annotator"]["cross_validated"]
    assert found["ap50"]["value"] == found["ap50_95"]["value"] == 0.5  # all cats, and no dog
    assert [found[f"{kind}_{label}"]["value"] for kind in ("missed", "spurious") for label in boxes.labels] == [
        0,
        1,
        1,
        0,
    ]

    proposals[1]["scores"] = None
    stated, _ = statement(version(), people, proposals, None, QUALITY, boxes, 7)
    assert stated["annotator"]["cross_validated"]["ap50"]["value"] is None
    assert "no confidence for each object" in stated["annotator"]["cross_validated"]["ap50"]["reason"]
