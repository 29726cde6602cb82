"""A sound is played to people, who say in the editor what they hear."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from stages import tasks
from stages.label_studio import client, media
from stages.media import Store
from tests.label_studio.conftest import Server
from tests.label_studio.test_browser import page as page
from tests.sounds import wav

XML = """<View><Audio name="sound" value="$audio"/>
    <TextArea name="said" toName="sound" maxSubmissions="1" editable="true"/></View>"""
PLACE = "clean/records/_media/a.wav"


@pytest.mark.browser
def test_a_transcript_that_is_proposed_for_a_sound_is_kept_or_written_anew(
    page: Any, server: Server, tmp_path: Path
) -> None:
    Store(tmp_path / "clean/records", "clean/records").put("a", ".wav", wav("0123456789"))
    task = tasks.load(XML, "x.xml")
    connection = client.reach(server.url, server.token)
    place = connection.api.projects.create(title="sounds", label_config=XML).id
    predictions = [{"model_version": "x", "score": 0.5, "result": task.show("zero one two")}]
    asked = {"data": {"audio": f"{media.ADDRESS}{PLACE}"}}
    media.bring([asked], tmp_path, server.media)
    media.share(connection, place, server.media / "clean")
    connection.api.projects.import_tasks(place, request=[{**asked, "predictions": predictions}, asked])
    request = Request(f"{server.url}{media.ADDRESS}{PLACE}", headers={"Authorization": f"Token {server.token}"})
    with build_opener(ProxyHandler({})).open(request) as served:
        assert (served.read(), served.headers["Content-Type"]) == (wav("0123456789"), "audio/x-wav")

    proposed, open_ = sorted(connection.api.tasks.list(project=place), key=lambda each: each.id)
    for each, said in ((proposed, "zero one two"), (open_, "three four")):
        page.goto(f"{server.url}/projects/{place}/data?task={each.id}")
        if page.locator("input[name=email]").count():
            page.fill("input[name=email]", server.account.email)
            page.fill("input[name=password]", server.account.password)
            page.click("button[type=submit]")
        page.get_by_test_id("bottombar-submit-button").wait_for()
        page.get_by_test_id("timebox-end-time").wait_for()
        if each is open_:
            page.locator("textarea[name=said], input[name=said]").click()
            page.keyboard.type(said)
            page.keyboard.press("Enter")
            page.get_by_test_id("htx-textbox-content").wait_for()
        with page.expect_response(lambda answer: "/annotations" in answer.url and answer.request.method == "POST"):
            page.get_by_test_id("bottombar-submit-button").click()
        [made] = connection.api.annotations.list(each.id)
        assert task.parse(made.result) == said
