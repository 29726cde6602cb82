"""What a person does: log in, see the proposal, correct it, submit; and what becomes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from stages.label_studio import client
from tests.e2e.project import Project
from tests.label_studio.conftest import Server

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def page() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def test_a_person_sees_the_proposal_corrects_it_and_the_round_says_both(
    page: Any, connected: Server, project: Project
) -> None:
    project.edit("conf/review/default.yaml", project="browser")
    for _ in range(2):
        project.do("python", "-m", "stages.label_studio", "push")
    api = client.reach(connected.url, connected.token).api
    [place] = [each for each in api.projects.list() if each.title == "browser"]
    task = min(api.tasks.list(project=place.id, fields="all"), key=lambda each: each.id)
    [asked] = [
        each
        for each in json.loads(project.text("data/review/tasks.json"))
        if each["data"]["record"] == task.data["record"]
    ]
    [proposal] = asked["predictions"]
    [proposed] = proposal["result"][0]["value"]["choices"]
    answer = next(label for label in ("positive", "negative") if label != proposed)
    visited: list[str] = []
    page.on("request", lambda request: visited.append(request.url))

    page.goto(f"{connected.url}/projects/{place.id}/data?task={task.id}")
    page.fill("input[name=email]", connected.account.email)
    page.fill("input[name=password]", connected.account.password)
    page.click("button[type=submit]")
    page.get_by_text(task.data["text"], exact=True).last.wait_for()
    page.locator(f"input[name={proposed}]:checked").wait_for(state="attached")
    assert not page.locator(f"input[name={answer}]").is_checked()
    page.get_by_text(answer).last.click()
    page.locator(f"input[name={answer}]:checked").wait_for(state="attached")
    with page.expect_response(lambda response: "/annotations" in response.url and response.request.method == "POST"):
        page.get_by_test_id("bottombar-submit-button").click()

    rounds = len(list(project.path("data/annotations").glob("*.jsonl")))
    project.do("python", "-m", "stages.label_studio", "pull")
    [line] = project.lines(f"data/annotations/round-{rounds + 1:04}.jsonl")
    assert (line["record"], line["content"]) == (asked["data"]["record"], asked["data"]["content"])
    assert (line["action"], line["queue"]) == ("submitted", asked["data"]["queue"])
    assert line["result"][0]["value"] == {"choices": [answer]}
    assert line["shown"] == {"by": proposal["model_version"], "value": proposed, "confidence": proposal["score"]}
    assert line["annotator"].startswith("a-")
    assert line["seconds"] > 0
    assert connected.account.email not in project.text(f"data/annotations/round-{rounds + 1:04}.jsonl")
    project.do(*project.in_order("import_labels"))
    labels = {label["record"]: label for label in project.lines("data/labels/human.jsonl")}
    assert labels[line["record"]]["value"] == answer
    assert [url for url in visited if not url.startswith((connected.url, "data:", "blob:"))] == []
