from __future__ import annotations

import copy
import re
from types import SimpleNamespace
from typing import Any

import pytest

from stages.report import card
from tests.report import test_report

PUBLISHED = {
    "splits": {
        "train": {"human": 800, "auto": 1500, "none": 0},
        "validation": {"human": 100, "auto": 150, "none": 0},
        "test": {"human": 100, "auto": 141, "none": 0},
    },
    "labels": {"positive": {"train": 1500, "validation": 1}, "negative": {"train": 800}},
    "sources": {"ratings": 2791},
}


def made(**changes: Any) -> dict[str, Any]:
    """The arguments of `card`, for a version with a guarantee."""
    given = copy.deepcopy(test_report.made())
    version = {
        "published": copy.deepcopy(PUBLISHED),
        "sources": {"ratings": {"_target_": "stages.sources.Package", "requirement": "x==1", "token": "secret-1"}},
        **{name: given["version"][name] for name in ("cleaning", "agreement")},
    }
    return {"statement": given["statement"], "version": version | changes, "about": given["about"]}


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_the_card_tells_what_is_in_the_version():
    text = card(**made())
    assert "2,791 of the version's 4,161 records. The 1,370 records without a label are left out." in text
    assert "| train | 800 | 1,500 | 0 | 2,300 |" in section(text, "Composition")
    assert "| negative | 800 | 0 | 0 |" in section(text, "Composition")
    assert "- ratings (x==1): 2,791 published records" in section(text, "Collection")
    assert "| duplicates | 0 | 30 |" in section(text, "Collection")
    assert "3 people, 4 rounds, 1,600 answers, 10 of them skipped." in section(text, "People")
    assert "alpha between them is 0.610 (0.560–0.660), over 900 labels" in section(text, "People")
    assert "| accuracy | 0.600 (0.550–0.650) | 0.600 (0.550–0.650) |" in section(
        text, "Quality of the automatic labels"
    )
    assert "version `c41f09be22d17a60`" in section(text, "License and citation")


def test_the_card_gives_the_promise_and_what_it_presumes():
    text = card(**made())
    assert "at most 10% of the 4,161 records carry a wrong automatic label, provided that people were right" in text
    assert "The promise is about the automatic labels together" in section(text, "Known limits")


def test_without_a_guarantee_the_card_promises_nothing():
    given = made()
    given["statement"]["guarantee"] = {"error_bound": None, "reason": "no audit is open"}
    text = card(**given)
    assert "promises nothing about its 1,791 automatic labels (no audit is open)" in text
    assert "The promise is" not in text


def test_a_card_of_people_s_labels_alone_warns_of_no_automatic_ones():
    given = made()
    for each in given["version"]["published"]["splits"].values():
        each["auto"] = 0
    assert "automatic labels too" in section(card(**made()), "Known limits")
    assert "automatic labels too" not in section(card(**given), "Known limits")


def test_the_card_says_if_records_without_a_label_are_in_it():
    given = made()
    given["version"]["published"]["splits"]["train"]["none"] = 1370
    assert "4,161 of the version's 4,161 records. The 1,370 records without a label are in it" in card(**given)


def test_what_is_not_known_is_said_with_its_reason():
    given = made()
    given["statement"]["annotator"] |= {"cross_validated": None, "audit": None, "reason": "people gave one label only"}
    given["statement"]["agreement"] = {"n": 0, "alpha": test_report.null("no record has labels from two people")}
    text = card(**given)
    assert "Cross-validated: not known (people gave one label only)." in text
    assert "Audit: not known (people gave one label only)." in text
    assert "alpha between them is not known (no record has labels from two people)" in text


@pytest.mark.parametrize("place", ["title", "license", "citation", "label", "source", "operator", "gate"])
def test_text_from_the_dataset_is_escaped(place):
    nasty = "<script>alert(1)</script> | *x* `y` [z](javascript:1)\n# head\n\n---"
    given = made()
    about = {"title": "Tweets", "license": "MIT", "citation": "Someone"}
    if place in about:
        about[place] = nasty
    elif place == "label":
        given["version"]["published"]["labels"] = {nasty: {"train": 1}}
    elif place == "source":
        given["version"]["published"]["sources"] = {nasty: 1}
    elif place == "operator":
        given["version"]["cleaning"]["operators"] = {nasty: {"seen": 1, "changed": 1, "rejected": 0}}
    else:
        gates = given["statement"]["gates"]
        gates[nasty] = gates["coverage"] | {"verdict": "fail"}
    text = card(**given | {"about": SimpleNamespace(**about)})
    safe = r"&lt;script&gt;alert(1)&lt;/script&gt; \| \*x\* \`y\` \[z\](javascript:1) \# head ---"
    assert safe in text
    assert "<script" not in text
    assert not re.search(r"(?<!\\)\[z", text)


def test_nothing_of_a_source_s_settings_is_told_but_where_it_is():
    assert "secret-1" not in card(**made())


def test_the_card_is_a_function_of_its_arguments():
    assert card(**made()) == card(**made())


def test_the_card_has_the_figures_that_the_task_has():
    given = made()
    for estimate in ("cross_validated", "audit"):
        found = {"n": 300, "iou": test_report.metric(0.7), "ap50_95": test_report.metric(0.4)}
        given["statement"]["annotator"][estimate] = found | {"iou_big dog": test_report.metric(0.5)}
    text = section(card(**given), "Quality of the automatic labels")
    assert "| AP50:95 | 0.400 (0.350–0.450) |" in text
    assert "| IoU | 0.700" in text
    assert "| IoU of big dog | 0.500" in text
    assert "macro" not in text
