"""What the editor makes of ratings, preferences, texts, relations and several controls at once, and what it sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from stages import tasks
from stages.label_studio import client
from stages.tasks import Value
from tests.label_studio.conftest import Server
from tests.label_studio.test_browser import page as page

pytestmark = pytest.mark.browser
TEXTS = {
    "text": "😀 The mill burned down.\r\nNobody was hurt.\n\n\tسلمى كانت هناك, e\u0301 北京.",
    "one": "A lovely day. 👍",
    "two": "A rotten day.",
}
RATING = '<View><Text name="text" value="$text"/><Rating name="stars" toName="text" maxRating="5"/></View>'
PAIRWISE = """<View><Text name="a" value="$one"/><Text name="b" value="$two"/>
    <Pairwise name="better" toName="a,b"/></View>"""
TEXT = """<View><Text name="text" value="$text"/>
    <TextArea name="summary" toName="text" maxSubmissions="1" editable="true"/></View>"""
LABELS = """<Labels name="parts" toName="text"><Label value="thing"/><Label value="people"/></Labels>
    <Text name="text" value="$text"/>"""
PARTS = f"<View>{LABELS}</View>"
RELATIONS = f"""<View>{LABELS}<Relations><Relation value="hurt"/><Relation value="owns"/></Relations></View>"""
COMBINED = f"""<View>{LABELS}<Choices name="topic" toName="text"><Choice value="fire"/><Choice value="flood"/></Choices>
    </View>"""


def marked(words: str, label: str) -> dict[str, Any]:
    start = TEXTS["text"].index(words)
    return {"start": start, "end": start + len(words), "label": label}


PEOPLE = [marked("down.\r\nNobody", "people"), marked("سلمى", "people")]
SPANS = [marked("mill", "thing"), *PEOPLE, marked("北京", "thing")]
RELATED = {"spans": SPANS, "relations": [{"head": 1, "tail": 0, "label": "hurt"}]}
OWNED = {"spans": SPANS, "relations": [{"head": 0, "tail": 1, "label": "owns"}]}


def click_a_star(page: Any) -> None:
    page.locator(".ant-rate-star-full").nth(1).wait_for()  # the two that are proposed
    page.locator(".ant-rate-star").nth(3).click()


def click_the_right(page: Any) -> None:
    page.locator(".lsf-richtext__line").nth(1).click()


def write(page: Any) -> None:
    page.locator("textarea[name=summary], input[name=summary]").click()
    page.keyboard.type("A 😀 mill.")
    page.keyboard.press("Enter")
    page.get_by_test_id("htx-textbox-content").wait_for()


def mark_a_word(page: Any) -> None:
    page.locator(".lsf-label", has_text="people").click()
    line = page.locator(".lsf-richtext__line", has_text="Nobody").last
    line.dblclick(position={"x": 12, "y": line.bounding_box()["height"] / 2})
    page.locator(".htx-highlight", has_text="Nobody").wait_for()


def draw(page: Any) -> None:
    page.locator(".htx-highlight", has_text="mill").first.click()
    page.keyboard.press("Alt+r")
    page.locator(".htx-highlight", has_text="Nobody").last.click()
    page.locator("#Relations-draggable").first.click()
    page.locator(".lsf-relations__item").hover()
    page.get_by_label("Show Relation Labels").click()
    page.get_by_text("Select labels").click()
    page.get_by_role("option", name="owns").click()
    page.keyboard.press("Escape")


def click_flood(page: Any) -> None:
    page.locator("input[name=fire]:checked").wait_for(state="attached")
    page.get_by_text("flood").last.click()
    page.locator("input[name=flood]:checked").wait_for(state="attached")


@pytest.mark.parametrize(
    ("xml", "proposed", "act", "said"),
    [
        (RATING, 2, click_a_star, 4),
        (PAIRWISE, "left", click_the_right, "right"),
        (PAIRWISE, "right", None, "right"),
        (TEXT, "A 😀 mill.\r\nGone.", None, "A 😀 mill.\r\nGone."),
        (TEXT, None, write, "A 😀 mill."),
        (PARTS, SPANS[:1], mark_a_word, [SPANS[0], marked("Nobody", "people")]),
        (RELATIONS, RELATED, None, RELATED),
        (RELATIONS, {"spans": SPANS, "relations": []}, draw, OWNED),
        (COMBINED, {"parts": SPANS, "topic": "fire"}, click_flood, {"parts": SPANS, "topic": "flood"}),
    ],
    ids=[
        "rating",
        "pairwise",
        "pairwise kept",
        "text kept",
        "text",
        "spans",
        "relations kept",
        "relations",
        "combined",
    ],
)
def test_what_is_proposed_is_kept_or_corrected_and_comes_back(
    page: Any, server: Server, xml: str, proposed: Value | None, act: Callable[[Any], None] | None, said: Value
) -> None:
    task = tasks.load(xml, "x.xml")
    api = client.reach(server.url, server.token).api
    place = api.projects.create(title=task.type, label_config=xml).id
    predictions = [] if proposed is None else [{"model_version": "x", "score": 0.5, "result": task.show(proposed)}]
    api.projects.import_tasks(place, request=[{"data": TEXTS, "predictions": predictions}])
    [asked] = api.tasks.list(project=place)

    page.goto(f"{server.url}/projects/{place}/data?task={asked.id}")
    page.fill("input[name=email]", server.account.email)
    page.fill("input[name=password]", server.account.password)
    page.click("button[type=submit]")
    page.get_by_test_id("bottombar-submit-button").wait_for()
    if act:
        act(page)
    with page.expect_response(lambda response: "/annotations" in response.url and response.request.method == "POST"):
        page.get_by_test_id("bottombar-submit-button").click()
    [made] = api.annotations.list(asked.id)
    assert task.parse(made.result) == said
