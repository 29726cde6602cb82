"""Documents become sentences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import InputError
from stages.sources import Files, Sentences, collect
from stages.sources.sentences import sentences

signs = st.sampled_from([*"北京。！？…!?.”)\n\r\t 3a\u2028", "😀", "e\u0301", "שלום"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("他走了。她说：“真的吗？！”好……吧", ["他走了。", "她说：“真的吗？！”", "好……", "吧"]),
        ("标题\r\n正文。\n\n 完 ", ["标题", "正文。", "完"]),
        ("Really?! (Yes!) It is 3.14 a?b.", ["Really?!", "(Yes!)", "It is 3.14 a?b."]),
        (" \n\t", []),
    ],
)
def test_a_sentence_has_its_end(text, expected):
    assert list(sentences(text)) == expected


@given(st.lists(signs, max_size=40).map("".join))
def test_nothing_but_white_space_is_lost(text):
    parts = list(sentences(text))
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(part and part == part.strip() for part in parts)


def test_a_long_text_takes_no_longer():
    assert len(list(sentences("?" * 500_000 + "a" + "。" * 500_000))) == 2


def source(folder, content):
    (folder / "news.csv").write_text(content, encoding="utf-8")
    files = Files(path=str(folder / "news.csv"), format="csv", encoding="utf-8")
    return Sentences(documents=files, id="name", text="body")


def test_documents_become_records_with_stable_ids(tmp_path):
    given = source(tmp_path, "name,body,topic\nb,一。二！,x\na,三,y\nc,,z\n")
    fields = {"body": "text", "topic": "category", "document": "text", "sentence": "number"}
    frame = collect({"news": given}, "id", fields, ["body"])
    assert frame[["id", *fields]].astype(object).where(frame[["id", *fields]].notna(), None).values.tolist() == [
        ["a-001", "三", "y", "a", "1"],
        ["b-001", "一。", "x", "b", "1"],
        ["b-002", "二！", "x", "b", "2"],
        ["c-001", None, "z", "c", "1"],
    ]


def test_what_is_wrong_with_the_documents_is_said(tmp_path):
    with pytest.raises(InputError, match=r"news.csv, line 3: the document has no 'name'"):
        collect({"news": source(tmp_path, "name,body\na,一。\n,二。\n")}, "id", {"body": "text"}, ["body"])
    with pytest.raises(InputError, match=r"news.csv, line 3: the id 'a-001' is already that of .*news.csv, line 2"):
        collect({"news": source(tmp_path, "name,body\na,一。\na,二。\n")}, "id", {"body": "text"}, ["body"])
    with pytest.raises(InputError, match=r"no column 'body'"):
        collect({"news": source(tmp_path, "name,text\na,一。\n")}, "id", {"body": "text"}, ["body"])
    with pytest.raises(InputError, match=r"id, text: two columns"):
        Sentences(documents=source(tmp_path, ""), id="x", text="x")
