"""What looks wrong in a text that people marked: spans missed, wrongly named, with another border, or too many."""

from __future__ import annotations

from collections.abc import Sequence

from stages.tasks.base import Doubt, DoubtKind, Value


def span_doubts(value: Value, proposed: Value, scores: Sequence[float] | None, confidence: float) -> list[Doubt]:
    """Compare what people marked with what the annotator proposes, span by span, the surest proposed one first.

    Of a span with people's borders and another label the label is wrong; one that shares a character with people's of
    the same label is `badly_placed`, whatever they share, since a border is right or wrong.

    The parameters are those of `Locating.doubts`.
    """
    sure = [confidence] * len(proposed) if scores is None else scores
    mine, theirs = ({(each["start"], each["end"], each["label"]) for each in side} for side in (value, proposed))
    left = sorted(mine - theirs)
    found = []
    for place in sorted(range(len(proposed)), key=lambda each: (-sure[each], each)):
        start, end, label = (proposed[place][key] for key in ("start", "end", "label"))
        if (start, end, label) in mine:
            continue
        named = next((each for each in left if each[:2] == (start, end)), None)
        near = named or next((each for each in left if each[0] < end and start < each[1] and each[2] == label), None)
        kind: DoubtKind = "missed" if near is None else "wrong_label" if named else "badly_placed"
        if near is not None:
            left.remove(near)
        found.append(Doubt(kind, label, sure[place]))
    return found + [Doubt("spurious", label, confidence) for _, _, label in left]
