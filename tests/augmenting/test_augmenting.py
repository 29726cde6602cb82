"""Augmented copies, and what changes a text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from stages import InputError
from stages.augmenting import Augmentation, Case, Delete, Punctuation, Swap, Typo, augment, columns
from stages.augmenting.operators import NEIGHBOURS
from stages.configuration import instantiate
from stages.engine import Local
from stages.media import Store
from stages.tables import shards, write
from stages.tasks import Choice

SENTENCE = "The wonderful waiter brought another terrible dinner, though nobody was happy about anything!"
OPERATORS = {each.__name__: each(share=0.05) for each in (Swap, Delete, Typo, Case, Punctuation)}
ONE = Augmentation(copies=1, fields=["text"], operators={"swap": {}, "any": {"share": 1}})
KINDS = {"id": "text", "content": "text", "text": "text", "title": "text", "source": "text"}
KINDS |= {"label": "text", "origin": "text", "confidence": "number"}
FIELDS = {"text": "text", "title": "text", "photo": "image"}
KIND = Choice("mood", "text", ("positive", "negative"))


def records(count=30, label="positive"):
    ids = [f"{number:02d}" for number in range(count)]
    texts = [f"{each} {SENTENCE}" for each in ids]
    plain = {"content": "c", "title": "unchanged", "source": "s", "label": label, "origin": "human", "confidence": 0.5}
    return pd.DataFrame({"id": ids, "text": texts, **plain})


def copied(folder, frame, chosen=ONE, operators=OPERATORS, rows=100, kinds=KINDS, originals=None, seed=7):
    folder = folder / f"table-{len(list(folder.iterdir()))}"
    write(folder, [frame], kinds, rows=rows)
    originals = [frame[["text", "title"]]] if originals is None else originals
    store = Store(folder, "data/augmented")
    return augment(shards(folder), chosen, operators, FIELDS, originals, store, Local(1), KIND, seed)


# operators


def changed(operator, text=SENTENCE, seed=0):
    made = operator.apply(text, Random(seed))
    assert made != text
    return [(one, other) for one, other in zip(text.split(), made.split(), strict=True) if one != other]


def test_swap_exchanges_two_inner_letters():
    for one, other in changed(Swap(0.2)):
        assert Counter(one) == Counter(other)
        assert (one[0], len(one)) == (other[0], len(other))


def test_delete_leaves_out_an_inner_letter():
    [(one, other)] = changed(Delete(1 / 13), seed=2)
    assert len(other) == len(one) - 1
    assert (one[0], one[-1]) == (other[0], other[-1])
    assert other in {one[:place] + one[place + 1 :] for place in range(len(one))}


def test_typo_hits_a_neighbouring_key_and_keeps_the_case():
    for text in (SENTENCE, SENTENCE.upper()):
        [(one, other)] = changed(Typo(1 / 13), text, seed=2)
        [(right, wrong)] = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
        assert wrong.lower() in NEIGHBOURS[right.lower()]
        assert wrong.isupper() == right.isupper()


def test_neighbours_on_the_keyboard_are_mutual():
    assert set(NEIGHBOURS["g"]) == set("tyfhvb")
    assert all(key in NEIGHBOURS[each] for key, near in NEIGHBOURS.items() for each in near)


def test_case_changes_nothing_but_the_case():
    assert all(one.lower() == other.lower() for one, other in changed(Case(0.3)))


def test_punctuation_changes_nothing_but_marks():
    assert all(one.rstrip(".,!?") == other.rstrip(".,!?") for one, other in changed(Punctuation(0.3)))


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_the_share_says_how_many_slips_there_are_per_word(operator):
    def slips(share):
        made = [type(operator)(share).apply(SENTENCE, Random(seed)) for seed in range(50)]
        return sum(one != other for text in made for one, other in zip(SENTENCE.split(), text.split(), strict=True))

    assert slips(0) == 0 < slips(0.1) < slips(0.4) < 50 * 13 * 0.4


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_out_of_range_is_an_error(share):
    with pytest.raises(InputError, match="share: a number from 0 to 1"):
        Swap(share)


APART = ["@someone", "#wonderful", "https://example.org/Wonderful_(band)", "www.wonderful.org", "<EMAIL>", "<EMAIL>."]
APART += [
    ":)",
    ":-(",
    "=D",
    "don't",
    "well-made",
    "covid19",
    "你好世界你好世界",
    "bread/butter",
    "&quot;wonderful&quot;",
]
WORDS = ["wonderful", "terrible,", '"quoted"', "(really)", "Straße", "спасибо!", "ΚΑΛΗΜΕΡΑ", "not", "a", "!!!"]


@settings(deadline=None)
@given(
    tokens=st.lists(st.sampled_from(APART + WORDS), min_size=1, max_size=12),
    operator=st.sampled_from([kind(1.0) for kind in (Swap, Delete, Typo, Case, Punctuation)]),
    seed=st.integers(0, 2**64),
)
def test_what_is_not_a_plain_word_is_left_alone(tokens, operator, seed):
    made = operator.apply(" ".join(tokens), Random(seed)).split(" ")
    assert len(made) == len(tokens)
    for one, other in zip(tokens, made, strict=True):
        assert other == one or one in WORDS


@pytest.mark.slow
@settings(deadline=None)
@given(text=st.text(max_size=80), seed=st.integers(0, 2**64))
def test_no_text_breaks_an_operator(text, seed):
    rng = Random(seed)
    for operator in OPERATORS.values():
        text = type(operator)(1.0).apply(text, rng)
    assert isinstance(text, str)


# copies


def test_a_copy_names_its_parent_and_keeps_all_but_the_text(tmp_path):
    frame = records()
    copies, lacking = copied(tmp_path, frame)
    assert (len(copies), lacking) == (30, 0)
    assert list(copies["id"]) == [f"{each}~1" for each in frame["id"]]
    parents = frame.set_index("id").loc[copies["parent"]]
    kept = ["title", "source", "label", "origin", "confidence"]
    assert copies[kept].to_numpy().tolist() == parents[kept].to_numpy().tolist()
    assert set(columns({"text": "text", "title": "text"}, "text")) <= set(copies)


def test_records_without_a_label_have_no_copies(tmp_path):
    frame = records()
    frame.loc[5:, "label"] = None
    copies, lacking = copied(tmp_path, frame)
    assert (list(copies["parent"]), lacking) == (["00", "01", "02", "03", "04"], 0)


def test_a_label_may_be_a_list(tmp_path):
    frame = records(3)
    frame["label"] = [["food"], [], None]
    copies, _ = copied(tmp_path, frame, kinds=KINDS | {"label": "texts"})
    assert [list(each) for each in copies["label"]] == [["food"], []]


def test_copies_are_the_same_whatever_the_shards_and_the_other_records(tmp_path):
    frame = records()
    whole, _ = copied(tmp_path, frame)
    sharded, _ = copied(tmp_path, frame, rows=7)
    pd.testing.assert_frame_equal(whole, sharded)
    fewer, _ = copied(tmp_path, frame[10:])
    pd.testing.assert_frame_equal(whole[10:].reset_index(drop=True), fewer)
    other, _ = copied(tmp_path, frame, seed=8)
    assert not set(whole["text"]) & set(other["text"])


def test_no_copy_equals_an_original_or_another_copy(tmp_path):
    frame = records(4)
    frame["text"] = ["hello", "hello", "hellp", "HELLO"]
    train = frame[:2]
    copies, lacking = copied(tmp_path, train, Augmentation(5, ["text"], {"all": {}, "x": {"a": 1}}), originals=[frame])
    assert not set(copies["text"]) & set(frame["text"])
    assert copies["text"].is_unique
    assert len(copies) + lacking == 10


def test_copies_of_a_record_differ_as_long_as_there_is_another_form(tmp_path):
    frame = records(6)
    frame["text"] = ["alpha", "bravo", "charlie", "delta", "fifth", "golf's"]
    copies, lacking = copied(tmp_path, frame, Augmentation(2, ["text"], {"x": {"a": 1}}), {"case": Case(1)})
    forms = {form for text in frame["text"][:5] for form in (text.upper(), text.capitalize())}
    assert (set(copies["text"]), len(copies), lacking) == (forms, 10, 2)


def test_a_text_that_cannot_change_gives_no_copy_and_is_counted(tmp_path):
    frame = records(3)
    frame["text"] = ["@someone :)", None, SENTENCE]
    copies, lacking = copied(tmp_path, frame)
    assert (list(copies["parent"]), lacking) == (["02"], 2)


def test_only_the_named_fields_change_and_missing_ones_stay_missing(tmp_path):
    frame = records(2)
    frame["title"] = [SENTENCE, None]
    both = Augmentation(2, ["text", "title"], {"x": {"a": 1}})
    copies, lacking = copied(tmp_path, frame, both)
    assert lacking == 0
    assert copies["title"].isna().tolist() == [False, False, True, True]
    assert not (copies["text"] == frame["text"].repeat(2).tolist()).all()


def test_no_copies_make_an_empty_table(tmp_path):
    copies, lacking = copied(tmp_path, records(), Augmentation(copies=0), operators={})
    assert (len(copies), lacking) == (0, 0)
    assert set(columns({"text": "text"}, "text")) <= set(copies)


def test_an_operator_set_to_null_is_switched_off(tmp_path):
    copies, _ = copied(tmp_path, records(), operators={"swap": None, "case": Case(0.3)})
    originals = records()["text"].str.lower().tolist()
    assert copies["text"].str.lower().tolist() == originals


def test_a_field_that_the_dataset_lacks_is_an_error(tmp_path):
    with pytest.raises(InputError, match="'body' is not a field of the dataset"):
        copied(tmp_path, records(), Augmentation(1, ["body"], {"x": {"a": 1}}))


def test_texts_and_pictures_are_not_changed_at_once(tmp_path):
    with pytest.raises(InputError, match="fields: text, photo: all must be images, or none"):
        copied(tmp_path, records(), Augmentation(1, ["text", "photo"], {"x": {"a": 1}}))


# settings


def test_the_options_are_valid():
    options = {path.stem: yaml.safe_load(path.read_text()) for path in Path("conf/augmentation").glob("*.yaml")}
    told = {name: {key: each[key] for key in each if key != "defaults"} for name, each in options.items()}
    made = {name: TypeAdapter(Augmentation).validate_python(each | {"fields": ["text"]}) for name, each in told.items()}
    assert made["none"].copies == 0
    operators = instantiate(made["text"].operators, "augmentation.operators")
    assert [type(each) for each in operators.values()] == [Swap, Delete, Typo, Case, Punctuation]


@pytest.mark.parametrize(
    ("copies", "fields", "operators"),
    [(-1, ["text"], {"x": {"a": 1}}), (1, [], {"x": {"a": 1}}), (1, ["text"], {}), (1, ["text"], {"x": None})],
)
def test_copies_need_fields_and_operators(copies, fields, operators):
    with pytest.raises(InputError, match="copies: "):
        Augmentation(copies, fields, operators)
