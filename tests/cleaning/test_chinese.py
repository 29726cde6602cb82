"""Chinese texts are written in one way: width, punctuation, script."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError, tables
from stages.cleaning import Script, Width, clean
from stages.cleaning.base import texts
from stages.engine import Local
from stages.review import Active, Mix, Review, settle
from stages.review.rounds import Annotation
from stages.tasks import Spans

NAMES = Spans("names", "text", ("person", "place"))
pieces = st.sampled_from(
    [*"北京說。，！（）“”、…３．１：Ａ％ab12.,?!:;()\"' \t\n\r\x00", "😀", "e\u0301", "שלום", "\U00020000"]
)
strings = st.lists(pieces, max_size=30).map("".join)
widths = st.builds(
    Width, st.just(["text"]), st.sampled_from(["half", "full", None]), st.sampled_from(["full", "half", None])
)


def applied(operator, *values):
    frame = pd.DataFrame({"id": [str(n) for n in range(len(values))], "text": pd.Series(values, dtype="str")})
    return texts(operator.apply(frame).table, "text").to_pylist()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("１２月３１日，ＡＢＣ", "12月31日，ABC"),
        ("３．１４％，１，０００元，１２：３０", "3.14%，1,000元，12:30"),
        ("１９９７，１９９８年", "1997，1998年"),
        ("你好,世界!真的?!", "你好，世界！真的？！"),
        ("他说:12点", "他说：12点"),
        ("北京(1998)和(上海)在(abc)中", "北京（1998）和（上海）在（abc）中"),
        ('他说"好".', "他说“好”。"),
        ("说明.txt,我想...", "说明.txt,我想..."),
        ('see (a), "b" e.g. 12:30, ok?', 'see (a), "b" e.g. 12:30, ok?'),
        (None, None),
    ],
)
def test_each_kind_of_character_has_one_width(before, after):
    assert applied(Width(["text"]), before) == [after]


def test_marks_become_half_width_where_this_is_chosen():
    assert applied(Width(["text"], None, "half"), "你好，（Ａ）。") == ["你好,(Ａ)."]
    assert applied(Width(["text"], "full", None), "a1%，(b)") == ["ａ１％，(ｂ)"]


@given(strings, widths)
def test_no_character_moves_and_a_second_time_changes_nothing(text, width):
    [once] = applied(width, text)
    assert len(once) == len(text)
    assert applied(width, once) == [once]
    for before, after in zip(text, once, strict=True):
        assert before.isalnum() == after.isalnum()
        assert before.isspace() == after.isspace()


def test_a_long_text_without_an_end_takes_no_longer():
    text = '北("' * 100_000 + "京" * 700_000
    assert applied(Width(["text"]), text)[0].startswith("北(“北(”")


@pytest.mark.parametrize(
    ("conversion", "before", "after"),
    [
        ("t2s", "漢語和臺灣", "汉语和台湾"),
        ("s2t", "皇后在后面", "皇后在後面"),
        ("s2twp", "软件 U盘 鼠标", "軟體 隨身碟 滑鼠"),
        ("s2tw", "a\x00里面\x00", "a\x00裡面\x00"),
        ("t2s", None, None),
    ],
)
def test_script_is_that_of_the_conversion(conversion, before, after):
    assert applied(Script(["text"], conversion), before) == [after]


@given(strings, st.sampled_from(["t2s", "s2t", "s2tw", "hk2s"]))
def test_conversion_of_characters_moves_none(text, conversion):
    [now] = applied(Script(["text"], conversion), text)
    assert len(now) == len(text)
    assert [c for c in now if c not in "北京說说"] == [c for c in text if c not in "北京說说"]


def test_an_unknown_conversion_is_refused():
    with pytest.raises(InputError, match=r"conversion: one of t2s, s2t, .* is expected, found 'simplified'"):
        Script(["text"], "simplified")


def cleaned(folder, values, operators):
    frame = pd.DataFrame({"id": list("abc"), "text": values, "source": "x"}, dtype="str")
    tables.write(folder / "in", [frame], dict.fromkeys(frame, "text"))
    (folder / "scratch").mkdir()
    shards = tables.shards(folder / "in")
    return pd.concat(
        list(clean(shards, operators, {"text": "text"}, ["text"], Local(1), folder / "scratch").kept)
    ).set_index("id")


def test_labels_of_a_text_that_changes_are_stale(tmp_path):
    values = ["U盘 在北京", "ab", "１９９８年"]
    folders = [tmp_path / name for name in ("before", "now")]
    for folder in folders:
        folder.mkdir()
    before = cleaned(folders[0], values, {})
    now = cleaned(folders[1], values, {"width": Width(["text"]), "script": Script(["text"], "s2twp")})
    assert list(now["text"]) == ["隨身碟 在北京", "ab", "1998年"]
    marked = [{"start": 0, "end": 2, "label": "place"}]
    answers = [
        Annotation(
            round=1,
            line=number,
            record=id,
            content=before["content"][id],
            annotator="ann",
            action="submitted",
            queue="random",
            result=[],
            shown=None,
            guideline="g",
            seconds=None,
            at=None,
            value=marked,
        )
        for number, id in enumerate("abc", 1)
    ]
    for stale, kept in (("keep", ["a", "b", "c"]), ("drop", ["b"])):
        review = Review(10, Mix(1, 0), Active("margin"), 1, "majority", stale, None, "p")
        settled = settle(answers, dict(now["content"]), NAMES, review, "g")
        assert [each["record"] for each in settled.labels] == kept
        assert settled.report["stale"] == {"count": 2, "records": ["a", "c"]}
