"""Annotators of ratings, preferences and free texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError
from stages.annotators import Extract, Generator, Linear, NotEnough, Preference, crossfit
from stages.annotators.extract import sentences
from stages.tasks import Pairwise, Rating, Text
from tests import pretrained

STARS = Rating("stars", "text", ("1", "2", "3", "4", "5"))
BETTER = Pairwise("better", "a", sides=("one", "two"))
SUMMARY = Text("summary", "text")
SAID = ("awful", "poor", "fair", "good", "superb")


def rated(count: int) -> tuple[pd.DataFrame, list[int]]:
    """Texts with words that say how many stars, now and then of the next number."""
    random = np.random.default_rng(3)
    stars = random.integers(1, 6, count)
    words = [np.clip(star + random.choice([-1, 0, 0, 1], 2), 1, 5) for star in stars]
    texts = [f"a {SAID[one - 1]} day and a {SAID[other - 1]} night, {i % 7}" for i, (one, other) in enumerate(words)]
    return pd.DataFrame({"id": [f"{i:03}" for i in range(count)], "text": texts}), stars.tolist()


def compared(count: int) -> tuple[pd.DataFrame, list[str]]:
    records, stars = rated(2 * count)
    one, two = records["text"][:count].tolist(), records["text"][count:].tolist()
    better = ["left" if pair[0] >= pair[1] else "right" for pair in zip(stars[:count], stars[count:], strict=True)]
    return pd.DataFrame({"id": records["id"][:count], "one": one, "two": two}), better


def test_ratings_are_learned_in_their_order():
    records, stars = rated(260)
    fitted = crossfit(Linear(("text",)), records, dict(zip(records["id"][:180], stars, strict=False)), STARS, 1)
    given = [each.value for each in fitted.proposals[180:]]
    found = STARS.score(STARS.statistics(stars[180:], given).sum(axis=0))
    assert found["quadratic_kappa"] > 0.8
    assert all(sum(each.scores.values()) == pytest.approx(1, abs=1e-5) for each in fitted.proposals)


def test_a_rating_that_nobody_gave_is_improbable():
    records, stars = rated(60)
    model = Linear(("text",)).fit(records, [min(star, 4) for star in stars], STARS, 1)
    assert model.predict(records)[:, 4].max() < 0.05


def test_preferences_are_learned_and_turn_with_the_sides():
    records, better = compared(300)
    model = Preference().fit(records[:200], better[:200], BETTER, 1)
    given = [each.value for each in BETTER.decide(model.predict(records[200:]))]
    assert np.mean([one == other for one, other in zip(given, better[200:], strict=True)]) > 0.8
    turned = records[200:].rename(columns={"one": "two", "two": "one"})
    odds = [np.log(made[:, 0] / made[:, 1]) for made in (model.predict(records[200:]), model.predict(turned))]
    assert odds[0] + odds[1] == pytest.approx(np.full(100, -2 * model.regression.intercepts[1]))


@pytest.mark.parametrize(
    ("annotator", "task", "made"), [(Linear(("text",)), STARS, rated), (Preference(), BETTER, compared)]
)
def test_a_saved_model_proposes_the_same(annotator, task, made, tmp_path):
    records, values = made(60)
    model = annotator.fit(records, values, task, 1)
    model.save(tmp_path)
    assert np.allclose(annotator.load(tmp_path, task).predict(records), model.predict(records), atol=1e-4)


def test_what_they_cannot_do_they_say():
    records, better = compared(20)
    with pytest.raises(InputError, match="proposes pairwise, and the labelling interface asks for rating"):
        Preference().fit(records, better, STARS, 1)
    with pytest.raises(InputError, match="proposes text, and the labelling interface asks for pairwise"):
        Extract(("one",)).fit(records, better, BETTER, 1)
    with pytest.raises(InputError, match="sentences: 1 or more is expected, found 0"):
        Extract(("one",), 0)
    with pytest.raises(InputError, match=r"\{text\} is expected in it"):
        Generator(("one",), "model", prompt="Summarise:")
    with pytest.raises(NotEnough, match="at least two kinds"):
        Preference().fit(records, ["left"] * 20, BETTER, 1)


NEWS = "It rained. The old mill by the river burned down on Sunday. The mill was old. On Sunday we saw it by the river."


def extracted(text: str | None, count: int = 1) -> str | None:
    records = pd.DataFrame({"id": ["1"], "text": [text]})
    [proposal] = Extract(("text",), count).fit(records, [], SUMMARY, 1).predict(records)
    return proposal and proposal.value


def test_the_sentence_that_others_speak_of_is_taken():
    assert extracted(NEWS) == "The old mill by the river burned down on Sunday."
    assert extracted(NEWS, 2) == "The old mill by the river burned down on Sunday. On Sunday we saw it by the river."
    assert extracted("下雨了。河边的老磨坊烧毁了。老磨坊在河边。") in ("河边的老磨坊烧毁了。", "老磨坊在河边。")
    assert extracted("One line") == "One line"
    assert extracted(" \n ") is None
    assert extracted(None) is None


@given(st.one_of(st.text(), st.lists(st.sampled_from(["a b", ".", "? ", "\r\n", "。", "”", "😀", " "])).map("".join)))
def test_sentences_are_the_text(text):
    assert "".join(sentences(text)).rstrip() == text.rstrip()


def test_it_proposes_before_anybody_has_labelled():
    records = pd.DataFrame({"id": ["1", "2"], "text": [NEWS, ""]})
    fitted = crossfit(Extract(("text",)), records, {}, SUMMARY, 1)
    assert fitted.reason is None
    assert [each is None for each in fitted.proposals] == [False, True]
    assert 0 < fitted.proposals[0].confidence <= 1


def bart(texts: list[str], folder: Path) -> str:
    import torch
    from transformers import BartConfig, BartForConditionalGeneration

    size = pretrained.tokenizer(texts, folder / "bart")
    torch.manual_seed(1)
    config = BartConfig(
        vocab_size=size,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
        bos_token_id=2,
        eos_token_id=2,
        pad_token_id=1,
        decoder_start_token_id=5,  # a word, since what it reads last is what it writes
        forced_eos_token_id=2,
    )
    BartForConditionalGeneration(config).save_pretrained(str(folder / "bart"))
    return str(folder / "bart")


@pytest.mark.slow
@pytest.mark.parametrize("make", [bart, pretrained.llama])
def test_a_model_writes_the_same_whatever_stands_beside_it(make, tmp_path):
    records, _ = rated(12)
    generator = Generator(("text",), make(records["text"].tolist(), tmp_path), prompt="night : {text}", written=8)
    model = generator.fit(records, [], SUMMARY, 1)
    together = model.predict(records)
    assert any(together)
    assert together == [model.predict(records.iloc[[row]])[0] for row in range(len(records))]
    assert all(0 < each.confidence < 1 and len(each.value.split()) <= 8 for each in together if each)
    model.save(tmp_path)
    assert generator.load(tmp_path, SUMMARY).predict(records) == together


@pytest.mark.slow
def test_a_folder_that_holds_no_writer_is_refused(tmp_path):
    records, _ = rated(12)
    generator = Generator(("text",), pretrained.bert(records["text"].tolist(), tmp_path))
    with pytest.raises(InputError, match="'bert' cannot write texts"):
        generator.fit(records, [], SUMMARY, 1)
