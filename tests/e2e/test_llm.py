"""A language model in the pipeline: what it said is kept, and is enough to make the version anew."""

from __future__ import annotations

import json
import shutil

from tests.chat import Reply, Request, label, serving, users
from tests.e2e.project import LABELS


def reply(request: Request, _: int) -> Reply:
    text = json.loads(users(request)[-1])["text"]
    if "hotel" in text:
        return label({"positive": 0.9, "neutral": 0.05, "negative": 0.05})
    return label(dict.fromkeys(LABELS, 1 / 3) | {LABELS[len(text) % 3]: 0.5})


def test_a_version_that_a_language_model_labelled_is_made_anew_without_one(copy):
    copy.edit("params.yaml", annotator="llm")
    with serving(reply) as server:
        env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "sk-secret"}
        planned = copy.do(*copy.command("annotate").split(), "plan=true", env=env)
        assert server.asked == []
        copy.do("dvc", "repro", "annotate", env=env)
    assert planned.startswith(f"annotate: {len(server.asked):,} calls, about ")
    auto, responses = copy.lines("data/labels/auto.jsonl"), copy.lines("data/labels/responses.jsonl")
    assert [each["record"] for each in responses] == [each["record"] for each in auto]
    assert len({each["key"] for each in responses}) == len(server.asked)
    assert copy.report("annotator")["asked"]["calls"] == len(server.asked)
    made = copy.made("annotate")
    for path in [*copy.path("data/labels").iterdir(), *copy.path("reports").glob("*.json"), copy.path("dvc.lock")]:
        assert "sk-secret" not in path.read_text(encoding="utf-8")
        assert str(server.server_address[1]) not in path.read_text(encoding="utf-8")

    shutil.rmtree(copy.path(".labelmill"))
    again = {"LABELMILL_OFFLINE": "true"}
    refused = copy.run("dvc", "repro", "--force", "--single-item", "annotate", env=again)
    assert "python -m stages.annotators recall" in refused.stderr
    copy.do("dvc", "checkout", "data/labels/responses.jsonl")
    assert f"{len(server.asked):,} answers" in copy.do("python", "-m", "stages.annotators", "recall")
    copy.do("dvc", "repro", "--force", "--single-item", "annotate", env=again)
    assert copy.made("annotate") == made


def test_an_annotator_that_asks_nobody_says_so(copy):
    assert copy.path("data/labels/responses.jsonl").read_bytes() == b""
    assert "nothing is asked" in copy.do(*copy.command("annotate").split(), "plan=true")
    refused = copy.run("python", "-m", "stages.annotators", "recall")
    assert refused.returncode == 1
    assert (
        refused.stderr
        == "error: params.yaml: neither annotator nor augmentation asks a service, there is nothing to recall\n"
    )
