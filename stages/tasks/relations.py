"""Relations between the spans of a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stages.tasks.base import Value
from stages.tasks.regions import Region
from stages.tasks.spans import Spans

if TYPE_CHECKING:
    import numpy as np

Span = tuple[int, int, str]
Relation = tuple[Span, Span, str]  # head, tail, type


@dataclass(frozen=True)
class Relations:
    """A Label Studio `Labels` control over a `Text`, with `Relations` between what it marks.

    A value has `spans`, as `Spans` has them, and `relations`, each with `head` and `tail`, the places of two different
    spans among them, and `label`; sorted, and none is there twice. Label Studio's arrow to the left is one to the right
    from the other end, and one to both sides is two relations.

    Parameters
    ----------
    spans
        What marks the spans.
    types
        What a relation may be called; no span is called so.
    """

    spans: Spans
    types: tuple[str, ...]

    type: ClassVar[str] = "relations"
    column: ClassVar[Any] = {
        "spans": Spans.column,
        "relations": [{"head": "whole", "tail": "whole", "label": "text"}],
    }
    bar: ClassVar[float] = 1.0
    headline: ClassVar[str] = "f1"

    @property
    def name(self) -> str:
        return self.spans.name

    @property
    def to_name(self) -> str:
        return self.spans.to_name

    @property
    def labels(self) -> tuple[str, ...]:
        return self.spans.labels + self.types

    def parse(self, result: Sequence[Mapping[str, Any]]) -> Value:
        if not isinstance(result, list):
            raise ValueError(f"a list of results is expected, found {result!r:.200}")
        marked = [item for item in result if not is_relation(item)]
        spans = self.spans.parse(marked)
        named: dict[str, Span] = {}
        for item in marked:
            if isinstance(id := item.get("id"), str):
                if id in named:
                    raise ValueError(f"the id {id!r:.100} stands at two spans")
                named[id] = (item["value"]["start"], item["value"]["end"], item["value"]["labels"][0])
        drawn = [relation for item in result if is_relation(item) for relation in self._drawn(item, named)]
        return self.ordered(spans, drawn)

    def _drawn(self, item: Mapping[str, Any], named: Mapping[str, Span]) -> list[Relation]:
        for end in ("from_id", "to_id"):
            if not isinstance(item.get(end), str) or item[end] not in named:
                raise ValueError(f"a relation's {end!r} must be the id of a span, found {item.get(end)!r:.100}")
        one, other = named[item["from_id"]], named[item["to_id"]]
        if one == other:
            raise ValueError(f"a relation goes from the span {one} to the same; two different ones are expected")
        labels, direction = item.get("labels"), item.get("direction", "right")
        if not isinstance(labels, list) or not labels:
            raise ValueError(f"a relation must hold a list of one or more 'labels', found {labels!r:.100}")
        for label in labels:
            if label not in self.types:
                known = ", ".join(self.types)
                raise ValueError(f"relation {label!r:.100} is not in the labelling interface; it has {known}")
        if direction not in ("left", "right", "bi"):
            raise ValueError(f"a relation's 'direction' must be left, right or bi, found {direction!r:.100}")
        ends = {"right": [(one, other)], "left": [(other, one)], "bi": [(one, other), (other, one)]}[direction]
        return [(head, tail, label) for head, tail in ends for label in labels]

    def show(self, value: Value) -> list[dict[str, Any]]:
        shown = [{"id": f"span-{place}", **item} for place, item in enumerate(self.spans.show(value["spans"]))]
        return shown + [
            {
                "type": "relation",
                "from_id": f"span-{each['head']}",
                "to_id": f"span-{each['tail']}",
                "direction": "right",
                "labels": [each["label"]],
            }
            for each in value["relations"]
        ]

    def ordered(self, spans: Sequence[Region], relations: Iterable[Relation]) -> Value:
        """Make a value of spans and of what relates them; relations name spans by what they are."""
        kept = self.spans.ordered(spans)
        place = {_key(each): number for number, each in enumerate(kept)}
        drawn = {(place[head], place[tail], self.types.index(label)) for head, tail, label in relations}
        related = [{"head": head, "tail": tail, "label": self.types[label]} for head, tail, label in sorted(drawn)]
        return {"spans": kept, "relations": related}

    def compare(self, one: Value, other: Value) -> float:
        """F1 of one value's spans and relations against the other's; 1 where neither has any."""
        mine, theirs = ({*map(_key, each["spans"]), *_relations(each)} for each in (one, other))
        return 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine or theirs else 1.0

    def count(self, values: Sequence[Value]) -> dict[str, int]:
        counts = Counter(each["label"] for value in values for part in value.values() for each in part)
        return {label: counts[label] for label in self.labels}

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Keep the spans that most people marked, as `Spans` does, and the relations that most drew between these.

        A relation of a person is one between the kept spans that the person's spans became part of.
        """
        said = [[dict(each) for each in vote["spans"]] for vote in votes]
        agreed = self.spans.agreed(said)
        became = {id(mark): _key(span) for span, marks in agreed for mark in marks}
        drawn = Counter(
            relation
            for vote, marks in zip(votes, said, strict=True)
            for relation in {
                (became.get(id(marks[each["head"]])), became.get(id(marks[each["tail"]])), each["label"])
                for each in vote["relations"]
            }
        )
        most = [
            (head, tail, label)
            for (head, tail, label), people in drawn.items()
            if 2 * people > len(votes) and head and tail and head != tail
        ]
        value = self.ordered([span for span, _ in agreed], most)
        same = sum(vote == value for vote in votes)
        return value, same / len(votes), same

    def schema(self) -> dict[str, Any]:
        drawn = {name: {"type": "string"} for name in ("head", "tail")} | {
            "label": {"type": "string", "enum": list(self.types)}
        }
        items = {"type": "object", "properties": drawn, "required": [*drawn], "additionalProperties": False}
        told = "Every relation, from one of the spans to another, both quoted as there"
        parts = {"spans": self.spans.schema(), "relations": {"type": "array", "description": told, "items": items}}
        return {"type": "object", "properties": parts, "required": [*parts], "additionalProperties": False}

    def answered(self, answer: Any, texts: Mapping[str, str]) -> Value:
        """Find quotations in the text; of spans that read alike the nearest two are related.

        A relation to what is no span is left out.
        """
        if not isinstance(answer, dict) or set(answer) != {"spans", "relations"}:
            raise ValueError('it must be an object with "spans" and "relations"')
        spans, text = self.spans.answered(answer["spans"], texts), self.spans.text_of(texts)
        quoted: dict[str, list[Span]] = {}
        for span in spans:
            quoted.setdefault(text[span["start"] : span["end"]], []).append(_key(span))
        drawn = []
        for each in answer["relations"] if isinstance(answer["relations"], list) else [None]:
            if not isinstance(each, dict) or set(each) != {"head", "tail", "label"}:
                raise ValueError('"relations" must be a list of objects with "head", "tail" and "label"')
            if each["label"] not in self.types:
                raise ValueError(f'each "label" of a relation must be one of {", ".join(self.types)}')
            pairs = [
                (head, tail)
                for head in quoted.get(str(each["head"]), [])
                for tail in quoted.get(str(each["tail"]), [])
                if head != tail
            ]
            if pairs:
                drawn.append((*min(pairs, key=lambda pair: (abs(pair[0][0] - pair[1][0]), pair)), each["label"]))
        return self.ordered(spans, drawn)

    def answer(self, value: Value, texts: Mapping[str, str]) -> Any:
        spans = self.spans.answer(value["spans"], texts)
        related = [
            {"head": spans[each["head"]]["text"], "tail": spans[each["tail"]]["text"], "label": each["label"]}
            for each in value["relations"]
        ]
        return {"spans": spans, "relations": related}

    def beyond(self, value: Value, texts: Mapping[str, str]) -> str | None:
        return self.spans.beyond(value["spans"], texts)

    def stands(self, result: Sequence[Mapping[str, Any]], texts: Mapping[str, str]) -> bool:
        return self.spans.stands([item for item in result if not is_relation(item)], texts)

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        """Per record: what `Spans` counts; per type the found, true, given and touched relations; right; 1."""
        import numpy as np

        n = len(self.types)
        column = {label: place for place, label in enumerate(self.types)}
        rows = np.zeros((len(truth), 4 * n + 2))
        for row, one, other in zip(rows, truth, given, strict=True):
            mine, theirs = _relations(one), _relations(other)
            for block, relations in enumerate((mine & theirs, mine, theirs, _touched(mine, theirs))):
                for *_, label in relations:
                    row[block * n + column[label]] += 1
            row[-2] = one == other
        rows[:, -1] = 1
        spans = ([value["spans"] for value in side] for side in (truth, given))
        return np.hstack([self.spans.statistics(*spans), rows])

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Precision, recall and F1 of relations, and of spans and relations by label.

        A relation counts if its type and the borders and labels of both spans are right (Taillé et al., Let's Stop
        Incorrect Comparisons in End-to-end Relation Extraction!, EMNLP 2020, "strict"). Of `overlap_f1` it counts if
        its type is right and both spans share a character with those of another, each with one at most. `accuracy` is
        the share of records that are all right.
        """
        import numpy as np

        n = len(self.types)
        first = sums.shape[-1] - 4 * n - 2
        spans = self.spans.score(sums[..., :first])
        hits, true, given, touched = (sums[..., first + block * n : first + (block + 1) * n] for block in range(4))
        with np.errstate(divide="ignore", invalid="ignore"):
            each, precision, recall = 2 * hits / (true + given), hits / given, hits / true
            metrics = {
                "f1": 2 * hits.sum(axis=-1) / (true + given).sum(axis=-1),
                "precision": hits.sum(axis=-1) / given.sum(axis=-1),
                "recall": hits.sum(axis=-1) / true.sum(axis=-1),
                "macro_f1": np.nansum(each, axis=-1) / (true + given > 0).sum(axis=-1),
                "overlap_f1": 2 * touched.sum(axis=-1) / (true + given).sum(axis=-1),
                "accuracy": sums[..., -2] / sums[..., -1],
                "span_f1": spans["f1"],
                "span_overlap_f1": spans["overlap_f1"],
            }
        for label in self.spans.labels:
            metrics |= {f"{kind}_{label}": spans[f"{kind}_{label}"] for kind in ("precision", "recall", "f1")}
        for i, label in enumerate(self.types):
            metrics[f"precision_{label}"] = precision[..., i]
            metrics[f"recall_{label}"] = recall[..., i]
            metrics[f"f1_{label}"] = each[..., i]
        return metrics


def is_relation(item: Any) -> bool:
    """Tell whether an item of a result is a relation, which no control has named."""
    return isinstance(item, Mapping) and item.get("type") == "relation"


def _key(span: Region) -> Span:
    return span["start"], span["end"], span["label"]


def _relations(value: Value) -> set[Relation]:
    keys = [_key(each) for each in value["spans"]]
    return {(keys[each["head"]], keys[each["tail"]], each["label"]) for each in value["relations"]}


def _touched(one: set[Relation], other: set[Relation]) -> set[Relation]:
    """Give the relations of one that have a counterpart in the other: first the equal ones, then from left to right."""
    found = one & other
    left = sorted(other - found)
    for relation in sorted(one - found):
        match = next((each for each in left if _alike(relation, each)), None)
        if match:
            left.remove(match)
            found.add(relation)
    return found


def _alike(one: Relation, other: Relation) -> bool:
    overlapping = all(
        mine[0] < theirs[1] and theirs[0] < mine[1] for mine, theirs in zip(one[:2], other[:2], strict=True)
    )
    return overlapping and one[2] == other[2]
