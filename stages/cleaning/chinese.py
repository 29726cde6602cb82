"""One way to write Chinese texts: width of characters, punctuation, script."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from stages import InputError
from stages.cleaning.base import Outcome, flags, none_rejected, texts, with_texts

if TYPE_CHECKING:
    import pandas as pd

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
MARKS = dict(zip(",.?!:;()", "，。？！：；（）", strict=True))
CHINESE = f"{HAN}{''.join(MARKS.values())}、》」』”’…"  # what an ASCII mark stands after in a Chinese sentence
# Of the block Halfwidth and Fullwidth Forms all that is no mark of a sentence; ．is a decimal point.
SIGNS = {code - 0xFEE0: code for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0) not in MARKS}
HALF = {full: half for half, full in SIGNS.items()} | {ord("．"): ord(".")}
ASCII = str.maketrans({full: half for half, full in MARKS.items()})
CHINESE_MARKS = str.maketrans(MARKS)

NUMBER = re.compile(r"(?<=[0-9])(?:：(?=[0-9])|，(?=[0-9]{3}(?![0-9])))")  # 12：30, 1，000
RUN = re.compile(rf"(?<=[{CHINESE}])[,.?!:;]+")
BRACKETS = re.compile(r"\([^()]*\)")
QUOTES = re.compile(r'"[^"\n]*"')
SOME_HAN = re.compile(f"[{HAN}]")

Conversion = Literal[
    "t2s", "s2t", "s2tw", "tw2s", "s2hk", "hk2s", "t2tw", "tw2t", "t2hk", "hk2t", "s2twp", "tw2sp", "s2hkp", "hk2sp"
]


@dataclass(frozen=True)
class Width:
    """Write each kind of character of Chinese texts in one width.

    A character becomes one character, so that whatever is marked in the text stays where it is.

    Parameters
    ----------
    fields
        The columns to change.
    letters
        Of letters, digits and signs: `half` writes A1% for Ａ１％, and what stands in the middle of a number with them
        (１２：３０); `full` the other way round; null leaves them.
    marks
        Of the marks of a sentence: `full` writes ，。？！：；（） and “” where those of ASCII stand in Chinese (after a
        Chinese character, or around one), never in 3.14, a.txt or an ellipsis of dots; `half` writes ASCII everywhere,
        and leaves 、 and quotation marks; null leaves them.
    """

    fields: list[str]
    letters: Literal["half", "full"] | None = "half"
    marks: Literal["full", "half"] | None = "full"

    def apply(self, table: pd.DataFrame) -> Outcome:
        return _each(table, self.fields, r"[\x{ff01}-\x{ff5e}。]|[!-~]", self.written)

    def written(self, text: str) -> str:
        """Write one text so."""
        if self.letters == "half":
            text = NUMBER.sub(lambda found: found[0].translate(ASCII), text.translate(HALF))
        elif self.letters == "full":
            text = text.translate(SIGNS)
        if self.marks == "full":
            text = QUOTES.sub(lambda found: f"“{found[0][1:-1]}”" if SOME_HAN.search(found[0]) else found[0], text)
            text = BRACKETS.sub(_brackets, text)
            return RUN.sub(_chinese, text)
        return text.translate(ASCII) if self.marks == "half" else text


def _brackets(found: re.Match[str]) -> str:
    start, end = found.span()
    around = found.string[max(0, start - 1) : end + 1]
    return f"（{found[0][1:-1]}）" if SOME_HAN.search(around) else found[0]


def _chinese(found: re.Match[str]) -> str:
    run, after = found[0], found.string[found.end() : found.end() + 1]
    name = run.endswith(".") and after.isascii() and after.isalnum()  # 说明.txt
    return run if name or ".." in run else run.translate(CHINESE_MARKS)


@dataclass(frozen=True)
class Script:
    """Write Chinese in simplified or traditional characters (OpenCC; `pip install '.[chinese]'`).

    Parameters
    ----------
    fields
        The columns to change.
    conversion
        OpenCC's name of it: `t2s` writes simplified for traditional, `s2t` the other way round; `tw` and `hk` are the
        characters of Taiwan and Hong Kong, and with a last `p` their words, too, which may be longer or shorter.

    References
    ----------
    Carbo Kuo and others, Open Chinese Convert, https://github.com/BYVoid/OpenCC
    """

    fields: list[str]
    conversion: Conversion

    def __post_init__(self) -> None:
        if self.conversion not in (known := get_args(Conversion)):
            raise InputError(f"conversion: one of {', '.join(known)} is expected, found {self.conversion!r}")

    def apply(self, table: pd.DataFrame) -> Outcome:
        convert = _converter(self.conversion).convert

        def converted(text: str) -> str:
            return "\0".join(map(convert, text.split("\0")))  # in some conversions OpenCC ends at a NUL

        return _each(table, self.fields, r"\p{Han}", converted)


@cache
def _converter(conversion: str) -> Any:
    try:
        from opencc import OpenCC
    except ImportError as error:
        raise InputError("the operator Script needs opencc; run: pip install '.[chinese]'") from error
    return OpenCC(conversion)


def _each(table: pd.DataFrame, fields: list[str], pattern: str, function: Callable[[str], str]) -> Outcome:
    """Change the texts of some columns in which a pattern of RE2's is found."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for field in fields:
        values = texts(table, field)
        found = pa.array(flags(pc.match_substring_regex(values, pattern)))
        new = pa.array([function(value) for value in values.filter(found).to_pylist()], values.type)
        table = with_texts(table, field, pc.replace_with_mask(values, found, new))
    return Outcome(table, none_rejected(table))
