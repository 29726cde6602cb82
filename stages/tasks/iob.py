"""Spans as tags of tokens, and back: outside, beginning of a span, inside of one (IOB2).

References
----------
L. Ramshaw and M. Marcus, Text Chunking using Transformation-Based Learning, WVLC (1995).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from stages.tasks.base import Value
from stages.tasks.spans import Spans

IDEOGRAPH = "\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
TOKEN = re.compile(rf"[{IDEOGRAPH}]|[^\W{IDEOGRAPH}]+|[^\w\s]")  # ideographs and kana one by one, words, signs

Token = tuple[str, int, int]  # its characters, and where they are


def tokens(text: str) -> list[Token]:
    return [(match[0], match.start(), match.end()) for match in TOKEN.finditer(text)]


def tags_of(text: Sequence[Token], value: Value, task: Spans) -> list[int]:
    """Give each token its tag: 0 outside, 1 + 2·label where a span begins, 2 + 2·label within it.

    Of spans that overlap the longest is kept.
    """
    starts, ends = [start for _, start, _ in text], [end for _, _, end in text]
    tags = [0] * len(text)
    for span in sorted(value, key=lambda each: each["start"] - each["end"]):
        first, last = bisect_right(ends, span["start"]), bisect_left(starts, span["end"])
        if first < last and not any(tags[first:last]):
            inside = 2 + 2 * task.labels.index(span["label"])
            tags[first:last] = [inside - 1] + [inside] * (last - first - 1)
    return tags


def value_of(text: Sequence[Token], tags: Sequence[int], task: Spans) -> Value:
    """Read spans off tags; one that begins with a tag of its inside is taken as well."""
    spans: list[dict[str, Any]] = []
    before = 0
    for (_, start, end), tag in zip(text, tags, strict=True):
        kind = (tag + 1) // 2
        if tag % 2 or (tag and kind != before):
            spans.append({"start": start, "end": end, "label": task.labels[kind - 1]})
        elif tag:
            spans[-1]["end"] = end
        before = kind
    return task.ordered(spans)
