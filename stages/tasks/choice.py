"""Choice of one label (a text), or of several (a sorted list of texts)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stages.tasks.base import Proposal, Value

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Choice:
    """A Label Studio `Choices` control.

    Parameters
    ----------
    name, to_name
        The control's name and the name of what it labels.
    labels
        The choices in their order; metrics, ties and score columns follow it.
    multiple
        Whether several may be chosen at once.
    """

    name: str
    to_name: str
    labels: tuple[str, ...]
    multiple: bool = False
    type: str = "choice"

    @property
    def values(self) -> tuple[Value, ...]:
        """What a value is called that chooses one label, in the order of the labels."""
        return self.labels

    @property
    def column(self) -> str:
        return "texts" if self.multiple else "text"

    @property
    def bar(self) -> float:
        return 1.0

    @property
    def headline(self) -> str:
        return "accuracy"

    def parse(self, result: Sequence[Mapping[str, Any]]) -> Value:
        if not isinstance(result, list):
            raise ValueError(f"a list of results is expected, found {result!r:.200}")
        chosen: list[str] = []
        for item in result:
            if not isinstance(item, Mapping) or item.get("from_name") != self.name or item.get("type") != "choices":
                raise ValueError(f"a result of {self.name!r} with type 'choices' is expected, found {item!r:.200}")
            value = item.get("value")
            choices = value.get("choices") if isinstance(value, Mapping) else None
            if not isinstance(choices, list):
                raise ValueError(f"'value' must hold a list of 'choices', found {value!r:.200}")
            chosen += choices
        for label in chosen:
            if label not in self.labels:
                raise ValueError(f"label {label!r} is not in the labelling interface; it has {', '.join(self.labels)}")
        if self.multiple:
            return sorted(set(chosen))
        if len(set(chosen)) != 1:
            raise ValueError(f"exactly one label is expected, found {len(set(chosen))}: {', '.join(chosen) or 'none'}")
        return chosen[0]

    def show(self, value: Value) -> list[dict[str, Any]]:
        choices = list(value) if self.multiple else [value]
        if not choices:
            return []
        return [{"from_name": self.name, "to_name": self.to_name, "type": "choices", "value": {"choices": choices}}]

    def compare(self, one: Value, other: Value) -> float:
        return float(one == other)

    def decide(self, scores: np.ndarray) -> list[Proposal]:
        """Turn probabilities, one row per record and one column per label, into proposals."""
        each = (dict(zip(self.labels, row, strict=True)) for row in scores.tolist())
        return [Proposal(*known) for known in zip(*self.likeliest(scores), each, strict=True)]

    def likeliest(self, scores: np.ndarray) -> tuple[list[Value], list[float]]:
        """Give the likeliest value of each row of probabilities, and how probable it is as a whole."""
        import numpy as np

        if self.multiple:
            chosen = scores > 0.5
            values: list[Value] = [sorted(self.labels[i] for i in np.flatnonzero(row)) for row in chosen]
            return values, np.where(chosen, scores, 1 - scores).prod(axis=1).tolist()
        return [self.values[i] for i in scores.argmax(axis=1).tolist()], scores.max(axis=1).tolist()

    def count(self, values: Sequence[Value]) -> dict[str, int]:
        return dict(zip(self.labels, self.codes(values).sum(axis=0).tolist(), strict=True))

    def codes(self, values: Sequence[Value]) -> np.ndarray:
        """Turn values into a matrix of 0 and 1, one row per value and one column per label."""
        import numpy as np

        place = {each: i for i, each in enumerate(self.values)}
        codes = np.zeros((len(values), len(self.labels)), dtype=np.int8)
        for row, value in enumerate(values):
            for each in value if self.multiple else [value]:
                codes[row, place[each]] = 1
        return codes

    def schema(self) -> dict[str, Any]:
        if not self.multiple:
            return {"type": "string", "enum": list(self.labels)}
        decided: dict[str, Any] = {label: {"type": "boolean"} for label in self.labels}
        return {"type": "object", "properties": decided, "required": [*decided], "additionalProperties": False}

    def answered(self, answer: Any, texts: Mapping[str, str]) -> Value:  # noqa: ARG002  a label is no quotation
        labels = ", ".join(json.dumps(label, ensure_ascii=False) for label in self.labels)
        if not self.multiple:
            if answer not in self.labels:
                raise ValueError(f"it must be exactly one of {labels}")
            return answer
        if not isinstance(answer, dict) or set(answer) != set(self.labels):
            raise ValueError(f"it must be an object with the keys {labels}")
        if not all(isinstance(each, bool) for each in answer.values()):
            raise ValueError("each label must be true or false")
        return sorted(label for label in self.labels if answer[label])

    def answer(self, value: Value, texts: Mapping[str, str]) -> Any:  # noqa: ARG002
        return {label: label in value for label in self.labels} if self.multiple else value

    def merge(self, votes: Sequence[Value]) -> tuple[Value, float, int]:
        """Take the label that most give; ties go to the first of the labels. Of several, those with a majority each."""
        if not self.multiple:
            winner = max(sorted(set(votes), key=self.values.index), key=votes.count)
            same = votes.count(winner)
            return winner, same / len(votes), same
        counts = Counter(label for vote in votes for label in vote)
        value = sorted(label for label, count in counts.items() if 2 * count > len(votes))
        same = sum(vote == value for vote in votes)
        return value, same / len(votes), same

    def statistics(self, truth: Sequence[Value], given: Sequence[Value]) -> np.ndarray:
        import numpy as np

        true, chosen = self.codes(truth), self.codes(given)
        right = (true == chosen).all(axis=1)
        return np.column_stack([true & chosen, true, chosen, right, np.ones(len(right))]).astype(float)

    def score(self, sums: np.ndarray) -> dict[str, np.ndarray]:
        """Accuracy (of the whole value), and precision, recall and F1 per label, their mean and weighted mean.

        A label that is neither given nor true has no precision, recall or F1 and is left out of the means; one that is
        true but never given has precision 0, as in scikit-learn's `zero_division=0`.
        """
        import numpy as np

        n = len(self.labels)
        hits, true, given = sums[..., :n], sums[..., n : 2 * n], sums[..., 2 * n : 3 * n]
        present = true + given > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            each = {
                "precision": np.where(given > 0, hits / given, 0.0),
                "recall": np.where(true > 0, hits / true, 0.0),
                "f1": 2 * hits / (true + given),
            }
            metrics = {"accuracy": sums[..., 3 * n] / sums[..., 3 * n + 1]}
            for name, values in each.items():
                values = np.where(present, values, 0.0)
                metrics[f"macro_{name}"] = values.sum(axis=-1) / present.sum(axis=-1)
                metrics[f"weighted_{name}"] = (values * true).sum(axis=-1) / true.sum(axis=-1)
                for i, label in enumerate(self.labels):
                    metrics[f"{name}_{label}"] = np.where(present[..., i], values[..., i], np.nan)
        return metrics
