"""Spans by a GLiNER checkpoint, made on the spot."""

from __future__ import annotations

import json
from importlib.util import find_spec
from math import prod
from pathlib import Path

import pandas as pd
import pytest

from stages import InputError, tables
from stages.annotators import Gliner, crossfit
from stages.tasks import Choice, Spans
from tests.pretrained import tokenizer

# Looked for and not imported: that takes seconds of each run, of the fast tests too.
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not find_spec("gliner"), reason="pip install '.[gliner]'")]
NAMES = Spans("names", "text", ("person", "place"))
TEXTS = ["Ann met 😀 Bob\r\nin Rome", "", " \t", "Ann", "Bob met Ann in Rome, and Rome met Bob in Ann e\u0301 again"]
RECORDS = pd.DataFrame({"id": [f"r{n}" for n in range(len(TEXTS))], "text": TEXTS})


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from gliner import GLiNER
    from transformers import BertConfig

    folder = tmp_path_factory.mktemp("gliner")
    size = tokenizer([*TEXTS, "person place human being"], folder / "bert")
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertConfig(vocab_size=size, pad_token_id=1, max_position_embeddings=64, **shape).save_pretrained(folder / "bert")
    torch.manual_seed(1)
    settings = {"model_name": str(folder / "bert"), "hidden_size": 32, "max_width": 3, "max_len": 8, "dropout": 0.0}
    made = GLiNER.from_config(settings, backbone_from_pretrained=False)
    made.save_pretrained(folder / "model", safe_serialization=True)
    return folder / "model"


def test_each_proposal_is_of_its_text_alone(checkpoint: Path, tmp_path: Path) -> None:
    annotator = Gliner("text", str(checkpoint), labels={"person": "human being"})
    model = annotator.fit(RECORDS[:0], [], NAMES, 1)
    found = model.predict(RECORDS)
    assert found == [model.predict(RECORDS.iloc[[row]])[0] for row in range(len(RECORDS))]
    for text, each in zip(TEXTS, found, strict=True):
        assert each is not None
        assert 0 <= each.confidence <= 1
        assert len(each.scores or ()) == len(each.value)
        assert each.confidence <= prod(each.scores or ()) + 1e-6
        for span in each.value:
            marked = text[span["start"] : span["end"]]
            assert marked
            assert marked == marked.strip()
        NAMES.ordered(each.value)
    assert [each.value for each in found[1:3]] == [[], []]
    assert any(len(each.value) > 1 for each in found)
    assert found[4].value[-1]["start"] > len("Bob met Ann in Rome, and Rome")  # beyond what is read at once
    model.save(tmp_path)
    assert annotator.load(tmp_path, NAMES).predict(RECORDS) == found
    tables.write_json(tmp_path / "model.json", {"weights": "others"})
    with pytest.raises(InputError, match="another model than the one that proposed"):
        annotator.load(tmp_path, NAMES)


def test_people_s_labels_say_how_sure_it_may_be(checkpoint: Path) -> None:
    records = pd.DataFrame({"id": [f"r{n:02d}" for n in range(20)], "text": [f"Ann met Bob {n}" for n in range(20)]})
    fitted = crossfit(Gliner("text", str(checkpoint)), records, {id: [] for id in records["id"]}, NAMES, 1)
    assert fitted.calibration
    assert all(each and each.confidence < 0.2 for each in fitted.proposals if each and each.value)


def test_what_is_wrong_is_said(checkpoint: Path, tmp_path: Path) -> None:
    given = str(checkpoint)
    with pytest.raises(InputError, match=r"labels\.name: the interface has person, place"):
        Gliner("text", given, labels={"name": "x"}).fit(RECORDS[:0], [], NAMES, 1)
    with pytest.raises(InputError, match="two labels are called the same"):
        Gliner("text", given, labels={"person": "place"}).fit(RECORDS[:0], [], NAMES, 1)
    with pytest.raises(InputError, match=r"has no gliner_config\.json"):
        Gliner("text", str(tmp_path)).fit(RECORDS[:0], [], NAMES, 1)
    (tmp_path / "gliner_config.json").write_text(json.dumps({"model_name": "x"}))
    with pytest.raises(InputError, match=r"has no model\.safetensors"):
        Gliner("text", str(tmp_path)).fit(RECORDS[:0], [], NAMES, 1)
    (tmp_path / "model.safetensors").write_bytes(b"none")
    with pytest.raises(InputError, match="is no GLiNER checkpoint"):
        Gliner("text", str(tmp_path)).fit(RECORDS[:0], [], NAMES, 1)
    with pytest.raises(InputError, match="this one proposes spans"):
        Gliner("text", given).fit(RECORDS[:0], [], Choice("a", "b", ("x", "y")), 1)
