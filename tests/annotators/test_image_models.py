"""Pretrained models of pictures: tiny ones of real architectures, made on the spot, on real digits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stages import InputError
from stages.annotators import Embeddings, SentenceEncoder, crossfit
from stages.annotators.pictures import Clip, ImageEncoder, PictureEmbeddings
from stages.annotators.pictures.reading import coloured, content, decoded
from stages.annotators.vectors import FILE, vectors
from stages.tasks import Choice
from stages.tasks.pictures import Boxes
from tests import pretrained
from tests.annotators.test_image_linear import known
from tests.pretrained import read

pytestmark = pytest.mark.slow  # torch alone takes seconds to import

DIGIT = Choice("digit", "image", tuple("0123456789"))
SEVERAL = Choice("digit", "image", tuple("0123456789"), multiple=True)
PROMPTS = ["a photo of a 0 1 2 3 4 5 6 7 8 9 zero one two ."]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("LABELMILL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def make(kind: str, folder: Path) -> str:
    if kind in ("vit", "dinov2"):
        return getattr(pretrained, kind)(folder)
    return pretrained.clip(PROMPTS, folder / kind, kind)


@pytest.mark.parametrize("kind", ["clip", "siglip", "vit", "dinov2"])
def test_neither_the_other_pictures_nor_threads_nor_what_was_kept_change_a_byte(kind, digits, tmp_path, cache):
    import torch

    encoder, pictures = ImageEncoder(make(kind, tmp_path)), digits["image"].tolist()[:12]
    whole = vectors(pictures, encoder, content)
    (cache / FILE).unlink()
    torch.set_num_threads(1)
    assert vectors(pictures[4:9], encoder, content).tobytes() == whole[4:9].tobytes()
    assert vectors(pictures[::-1], encoder, content)[::-1].tobytes() == whole.tobytes()
    assert len(np.unique(whole.round(4), axis=0)) == 12


def test_a_picture_under_another_name_is_not_encoded_again(digits, tmp_path, monkeypatch):
    encoder, picture = ImageEncoder(make("vit", tmp_path)), Path(digits["image"][0])
    first = vectors([str(picture)], encoder, content)
    (tmp_path / "_media").mkdir()
    (tmp_path / "_media/other.png").write_bytes(picture.read_bytes())
    monkeypatch.setattr(ImageEncoder, "encode", None)
    assert vectors([str(tmp_path / "_media/other.png")], encoder, content).tobytes() == first.tobytes()


@pytest.mark.parametrize("kind", ["clip", "vit"])
def test_a_frozen_encoder_learns_digits_and_two_runs_are_the_same(kind, digits, tmp_path, cache):
    annotator = PictureEmbeddings(("image",), ImageEncoder(make(kind, tmp_path)), c=1e4)
    fitted = crossfit(annotator, digits, known(digits), DIGIT, 1)
    values = np.array([each.value for each in fitted.proposals])
    assert (values == digits["digit"])[150:].mean() > 0.3  # random weights; 0.1 by chance
    assert fitted.name.startswith("image_encoder@")
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        crossfit(annotator, digits, known(digits), DIGIT, 1).model.save(tmp_path / folder)
        (cache / FILE).unlink()
    assert read(tmp_path / "one") == read(tmp_path / "other")
    again = annotator.load(tmp_path / "one", DIGIT).predict(digits[150:])
    np.testing.assert_allclose(again, fitted.model.predict(digits[150:]), atol=1e-4)


@pytest.mark.parametrize(("kind", "task"), [("clip", DIGIT), ("siglip", DIGIT), ("siglip", SEVERAL)])
def test_without_a_label_a_clip_gives_the_probabilities_of_its_own_forward_pass(kind, task, digits, tmp_path):
    import torch
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    folder = make(kind, tmp_path)
    annotator = Clip("image", folder, templates=("a photo of a {} .",))
    fitted = crossfit(annotator, digits[:20], {}, task, 1)
    assert (fitted.reason, len(fitted.proposals)) == (None, 20)
    scores = np.array([list(each.scores.values()) for each in fitted.proposals])
    network = AutoModel.from_pretrained(folder).double().eval()
    padding = {"padding": "max_length", "max_length": 16} if kind == "siglip" else {"padding": True}
    tokens = AutoTokenizer.from_pretrained(folder)([f"a photo of a {n} ." for n in range(10)], **padding)
    pictures = [coloured(decoded(path)) for path in digits["image"][:20]]
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(pictures, return_tensors="pt")["pixel_values"]
    with torch.no_grad():
        given = {name: torch.tensor(each) for name, each in tokens.items() if name != "token_type_ids"}
        logits = network(**given, pixel_values=pixels.double()).logits_per_image
    expected = torch.sigmoid(logits) if task.multiple else torch.softmax(logits, dim=1)
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_a_label_is_the_mean_of_its_prompts(digits, tmp_path):
    folder = make("clip", tmp_path)

    def labels(**given):
        return Clip("image", folder, **given).fit(digits[:0], [], DIGIT, 1).labels

    one, other = labels(templates=("a photo of a {}",)), labels(templates=("a {} .",))
    both = labels(templates=("a photo of a {}", "a {} ."))
    mean = (one + other) / np.linalg.norm(one + other, axis=1, keepdims=True)
    np.testing.assert_allclose(both, mean, atol=1e-5)
    named = labels(templates=("a photo of a {}",), prompts={"0": ("zero",)})
    assert (named[0] != one[0]).any()
    assert (named[1:] == one[1:]).all()


def test_a_saved_clip_is_read_back_and_two_runs_are_the_same(digits, tmp_path):
    annotator = Clip("image", make("clip", tmp_path))
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        annotator.fit(digits[:0], [], DIGIT, 1).save(tmp_path / folder)
    assert read(tmp_path / "one") == read(tmp_path / "other")
    found = annotator.fit(digits, list(digits["digit"]), DIGIT, 1).predict(digits[:9])
    assert annotator.load(tmp_path / "one", DIGIT).predict(digits[:9]).tobytes() == found.tobytes()
    with pytest.raises(InputError, match="another model than the one that proposed"):
        Clip("image", make("siglip", tmp_path)).load(tmp_path / "one", DIGIT)


def test_a_record_without_a_picture_has_no_proposal_of_a_clip(digits, tmp_path):
    records = digits[:3].assign(image=[digits["image"][0], None, digits["image"][1]])
    model = Clip("image", make("clip", tmp_path)).fit(digits[:0], [], DIGIT, 1)
    assert np.isnan(model.predict(records)).any(axis=1).tolist() == [False, True, False]
    features = PictureEmbeddings(("image",), ImageEncoder(make("vit", tmp_path))).features(records)
    assert np.isfinite(features).all()


def test_what_cannot_be_is_named(digits, tmp_path):
    clip, vit = make("clip", tmp_path), make("vit", tmp_path)
    bert = pretrained.bert(PROMPTS, tmp_path)
    for annotator, task, said in (
        (Clip("image", vit), DIGIT, "knows no texts; a CLIP or a SigLIP is expected"),
        (Clip("image", clip), SEVERAL, "several labels per record need a SigLIP"),
        (Clip("image", clip), Boxes("b", "image", ("0",)), "proposes choice, and the labelling interface asks for b"),
        (Clip("image", clip, prompts={"ten": ("a ten",)}), DIGIT, "'ten' is not in the labelling interface"),
        (Clip("image", clip, templates=()), DIGIT, "one or more are expected"),
        (Clip("image", bert), DIGIT, "is no model of pictures"),
        (PictureEmbeddings(("image",), ImageEncoder(bert)), DIGIT, "is no model of pictures"),
        (PictureEmbeddings(("image", "id"), ImageEncoder(vit)), DIGIT, "the field with the picture is expected"),
        (PictureEmbeddings(("digit",), ImageEncoder(vit)), DIGIT, "names no picture: it holds other values"),
    ):
        with pytest.raises(InputError, match=said):
            annotator.fit(digits[:20], list(digits["digit"][:20]), task, 1)
    with pytest.raises(InputError, match=r"'a photo' needs \{\} once"):
        Clip("image", clip, templates=("a photo",))


def test_weights_that_are_not_there_are_no_weights_at_random(digits, tmp_path):
    from safetensors.torch import load_file, save_file

    folder = make("dinov2", tmp_path)
    weights = load_file(f"{folder}/model.safetensors")
    name = next(each for each in weights if "layer.1" in each)
    save_file({key: each for key, each in weights.items() if key != name}, f"{folder}/model.safetensors")
    with pytest.raises(InputError, match="its weights lack"):
        ImageEncoder(folder).encode([digits["image"][0]])


def test_texts_are_told_from_pictures(digits, tmp_path):
    with pytest.raises(InputError, match="'image' names files"):
        Embeddings(("image",), SentenceEncoder(pretrained.bert(PROMPTS, tmp_path))).features(digits[:3])
