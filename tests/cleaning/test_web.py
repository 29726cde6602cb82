"""Published rules for pages of the web."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stages import InputError
from stages.cleaning import BlockedWords, Language, Lines, Prose, Repetition
from stages.configuration import instantiate
from tests.cleaning.test_cleaning import changed, kept, reasons, rejected, run, table

ROOT = Path(__file__).parents[2]
OPEN = {"words": None, "length": None, "symbols": None, "bullets": None, "ellipses": None, "alphabetic": None}
NONE = {"lines": None, "line_characters": None, "paragraphs": None, "paragraph_characters": None}
PAGE = """The station of the old town was built in 1872, and it has been closed twice since then.
Travellers who want to see the hall have to ask the keeper for his key before noon.
Inside there is a clock that was made by two brothers from the valley with great care.
It stopped on the day of the flood, and nobody has dared to wind it up again."""


@pytest.mark.parametrize(
    ("rule", "text", "reason"),
    [
        ({"words": (3, 5)}, "a b", "2 words, fewer than 3"),
        ({"words": (None, 5)}, "a b c d e f", "6 words, more than 5"),
        ({"length": (3, 10)}, "a bc", "1.5 characters per word, fewer than 3"),
        ({"symbols": 0.1}, "one # two three", "0.25 # per word, more than 0.1"),
        ({"symbols": 0.1}, "one… two three", "0.333 ellipses per word, more than 0.1"),
        ({"bullets": 0.5}, "- a\n- b\nc", "0.667 of lines begin with a bullet, more than 0.5"),
        ({"ellipses": 0.3}, "more …\nless", "0.5 of lines end with an ellipsis, more than 0.3"),
        ({"alphabetic": 0.8}, "a 1 2 3", "0.25 of words have a letter, fewer than 0.8"),
        ({"stop_words": 2}, "The, the and nothing", None),
        ({"stop_words": 2}, "The the only", "1 different stop words, fewer than 2"),
    ],
)
def test_what_is_no_prose_is_rejected_by_the_rule_that_it_breaks(rule, text, reason):
    outcome = Prose("text", **{**OPEN, "stop_words": None, **rule}).apply(table([text, None]))
    assert reasons(outcome) == ({0: f"text: {reason}"} if reason else {})


@pytest.mark.parametrize(
    ("rule", "text", "reason"),
    [
        ({"lines": 0.3}, "a\nb\na\na", "0.5 of lines are repeated, more than 0.3"),
        ({"line_characters": 0.2}, "abcd\nx\nabcd", "0.444 of characters are in repeated lines, more than 0.2"),
        ({"paragraphs": 0.3}, "a\nb\n\na\nb\n\nc", "0.333 of paragraphs are repeated, more than 0.3"),
        ({"top": {2: 0.2}}, "aa b aa b c", "0.857 of characters are in the commonest 2 words, more than 0.2"),
        ({"top": {2: 0.2}}, "a b", None),
        ({"repeated": {3: 0.2}}, "a b c d a b c e", "0.375 of characters are in repeated 3 words, more than 0.2"),
        ({"repeated": {3: 0.2}}, "a b c d e f", None),
    ],
)
def test_what_repeats_itself_is_rejected(rule, text, reason):
    outcome = Repetition("text", **{**NONE, "top": {}, "repeated": {}, **rule}).apply(table([text]))
    assert reasons(outcome) == ({0: f"text: {reason}"} if reason else {})


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "bb", "c\n", "\n\n"]), max_size=40).map(" ".join))
def test_shares_are_shares_whatever_the_text(text):
    zero = dict.fromkeys((2, 3, 5), 1.0)
    assert not list(Repetition("text", 1, 1, 1, 1, top=zero, repeated=zero).problems(text))


def test_lines_that_are_no_sentences_go_and_pages_without_sentences_are_rejected():
    menu = "Home | About\nPlease enable Javascript to see all of this page.\n"
    outcome = Lines("text", sentences=3).apply(
        table([menu + PAGE, menu, None, f"{PAGE}\nWe use cookies on all of it."])
    )
    assert changed(outcome) == [PAGE, "", None, PAGE]
    assert reasons(outcome) == {1: "text: 0 sentences, fewer than 3"}


def test_a_page_of_which_too_much_goes_is_rejected():
    outcome = Lines("text", sentences=0, removed=0.1).apply(table([PAGE, f"{PAGE}\n" + "Menu\n" * 10]))
    assert list(reasons(outcome)) == [1]
    assert "0.127 of words are in lines that are no sentences, more than 0.1" in reasons(outcome)[1]


def test_blocked_words_are_found_as_words():
    frame = table(["A Lorem Ipsum text", "loremipsum", "such a swine here", "swineherd", None])
    assert reasons(BlockedWords("text", ["lorem ipsum", "swine"]).apply(frame)) == {
        0: "text: has 1 blocked words, the first 'lorem ipsum'",
        2: "text: has 1 blocked words, the first 'swine'",
    }
    assert reasons(BlockedWords("text", ["swine"], maximum=0.25).apply(frame)) == {}
    with pytest.raises(InputError, match="none of them empty"):
        BlockedWords("text", [" "])


def test_texts_in_other_languages_are_rejected():
    german = "Der Bahnhof der alten Stadt wurde im Jahr 1872 gebaut und seither zweimal geschlossen."
    outcome = Language("text", ["en"]).apply(table([PAGE, german, None]))
    assert list(reasons(outcome)) == [1]
    assert reasons(outcome)[1].startswith("text: is in de, not in en (probability 1.00)")
    assert list(reasons(Language("text", ["en", "de"]).apply(table([PAGE, german])))) == []
    with pytest.raises(InputError, match="'languages' has xx; known are "):
        Language("text", ["xx"]).apply(table([PAGE]))


def test_the_option_keeps_a_page_of_prose_and_rejects_the_rest_with_reasons(tmp_path):
    operators = instantiate(yaml.safe_load((ROOT / "conf/cleaning/web.yaml").read_text(encoding="utf-8")), "cleaning")
    spam = "\n".join(["Buy the best of all watches with us, and buy to win."] * 20)
    frame = table([f"Home\n{PAGE}\nShare", spam, "Home\nNews", PAGE.replace("1872", "1873")])
    cleaned = run(tmp_path, frame, operators)
    assert kept(cleaned) == [PAGE]
    found = {id: why.split(",")[0] for id, why in rejected(cleaned).items()}
    assert list(found) == ["0001", "0002", "0003"]
    assert "repeated" in found["0001"]
