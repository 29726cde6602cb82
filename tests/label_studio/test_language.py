"""What the editor makes of ratings, preferences and texts, and what it sends."""

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
TEXTS = {"text": "😀 The mill burned down.\r\nNobody was hurt.", "one": "A lovely day. 👍", "two": "A rotten day."}
RATING = '<View><Text name="text" value="$text"/><Rating name="stars" toName="text" maxRating="5"/></View>'
PAIRWISE = """<View><Text name="a" value="$one"/><Text name="b" value="$two"/>
    <Pairwise name="better" toName="a,b"/></View>"""
TEXT = """<View><Text name="text" value="$text"/>
    <TextArea name="summary" toName="text" maxSubmissions="1" editable="true"/></View>"""


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


@pytest.mark.parametrize(
    ("xml", "proposed", "act", "said"),
    [
        (RATING, 2, click_a_star, 4),
        (PAIRWISE, "left", click_the_right, "right"),
        (PAIRWISE, "right", None, "right"),
        (TEXT, "A 😀 mill.\r\nGone.", None, "A 😀 mill.\r\nGone."),
        (TEXT, None, write, "A 😀 mill."),
    ],
    ids=["rating", "pairwise", "pairwise kept", "text kept", "text"],
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
