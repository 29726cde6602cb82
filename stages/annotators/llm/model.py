"""A language model with its instruction and examples, asked about records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError, media, tables
from stages.annotators.llm import prompt, record
from stages.annotators.llm.asking import Asker
from stages.annotators.llm.examples import Example
from stages.annotators.llm.interview import Interview, Outcome
from stages.engine import progress
from stages.tasks import Askable, Choice, Proposal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class LLMModel:
    """What `LLM.fit` gives.

    Attributes
    ----------
    fields
        The fields of a record that the model sees.
    interview
        What is asked, and how.
    instruction
        The system message.
    pool
        The examples, or those that each record's are picked from.
    pick
        What picks them, given what is shown of each record.
    asker
        Who asks.
    concurrency
        How many requests are under way at once.
    outcomes
        Where what came of each record is noted.
    """

    fields: Sequence[str]
    interview: Interview
    instruction: str
    pool: list[Example]
    pick: Callable[[Sequence[dict[str, Any]]], list[list[Example]]]
    asker: Asker
    concurrency: int
    outcomes: dict[str, list[Outcome]]

    def predict(self, records: pd.DataFrame) -> np.ndarray | list[Proposal | None]:
        task = self.interview.task
        found = self._ask(shown(records, self.fields))
        for id, outcome in zip(records.get("id", ()), found, strict=False):  # Label Studio's tasks have none
            self.outcomes.setdefault(id, []).append(outcome)
        if isinstance(task, Choice):
            return probabilities(found, task)
        return [proposal(outcome, task) for outcome in found]

    def save(self, folder: Path) -> None:
        saved = {"seed": self.interview.seed, "examples": [asdict(each) for each in self.pool]}
        tables.write_json(folder / "model.json", saved)

    def _ask(self, shown: Sequence[dict[str, Any]]) -> list[Outcome]:
        """Ask about records, several at once; about those that are the same, once."""
        messages = [
            prompt.conversation(
                self.instruction, [(example.shown, example.value) for example in mine], each, self.interview.task
            )
            for mine, each in zip(self.pick(shown), shown, strict=True)
        ]
        keys = [record.key(self.interview.request(each, 0), 0) for each in messages]
        unique = dict(zip(keys, zip(messages, map(prompt.texts, shown), strict=True), strict=True))
        known = {key: self.asker.knows(key) for key in unique}
        kept, new = ([key for key in unique if known[key] == each] for each in (True, False))
        with ThreadPoolExecutor(self.concurrency) as workers:
            # what is on record is through before anything is asked, so that the budget knows what was spent before
            going = chain.from_iterable(
                workers.map(lambda key: self.interview.about(*unique[key], self.asker.ask), keys)
                for keys in (kept, new)
            )
            outcomes = dict(zip([*kept, *new], progress(going, "annotate: asking", len(unique)), strict=True))
        return [outcomes[key] for key in keys]


def probabilities(outcomes: Sequence[Outcome], task: Choice) -> np.ndarray:
    """Give each label's probability, shape (records, labels); a row of NaN where nothing could be read."""
    import numpy as np

    found = np.full((len(outcomes), len(task.labels)), np.nan)
    for row, outcome in enumerate(outcomes):
        if outcome.scores:
            found[row] = outcome.scores
        elif outcome.values:  # half a vote more for each possibility (Jeffreys), since five of five are no certainty
            votes = task.codes(outcome.values).sum(axis=0) + 0.5
            found[row] = votes / (len(outcome.values) + (1 if task.multiple else 0.5 * len(votes)))
    return found


def proposal(outcome: Outcome, task: Askable) -> Proposal | None:
    """Give what the model was sure of, else the value that is most like the others; None where nothing could be read.

    Of several answers the confidence is the share that counts as the same, with half an answer more for each
    possibility, as in `probabilities`.
    """
    if not outcome.values:
        return None
    if outcome.scores:
        return Proposal(outcome.values[0], max(outcome.scores))
    alike = [sum(task.compare(each, other) for other in outcome.values) for each in outcome.values]
    best = max(range(len(alike)), key=lambda i: (alike[i], -i))
    same = sum(task.compare(outcome.values[best], other) >= task.bar for other in outcome.values)
    return Proposal(outcome.values[best], (same + 0.5) / (len(outcome.values) + 1))


def shown(records: pd.DataFrame, fields: Sequence[str]) -> list[dict[str, Any]]:
    """Give what a model sees of each record.

    Raises
    ------
    InputError
        A field is not there, or is a picture.
    """
    for field in fields:
        if field not in records:
            raise InputError(f"annotator.fields: there is no field {field!r}")
        if media.is_file(str(next(iter(records[field].dropna()), ""))):
            raise InputError(f"annotator.fields: {field!r} names files; choose an annotator of pictures or sounds")
    table = records[list(fields)].astype(object)
    table = table.where(table.notna(), None)
    return [dict(zip(fields, row, strict=True)) for row in table.itertuples(index=False)]
