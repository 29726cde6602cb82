"""A language model behind an OpenAI-compatible server, told the guideline and shown a few examples."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.annotators.encoders import Encoder
from stages.annotators.llm import prompt
from stages.annotators.llm.answers import askable
from stages.annotators.llm.asking import Asker, refuse
from stages.annotators.llm.costs import Budget, Plan, Prices, Purse, usage
from stages.annotators.llm.examples import Example, Examples, order, pick, pool
from stages.annotators.llm.interview import Interview, Outcome
from stages.annotators.llm.model import LLMModel, shown
from stages.annotators.llm.prompt import Prompt
from stages.annotators.llm.record import Answer, Store
from stages.annotators.llm.server import Server
from stages.tables import read_json
from stages.tasks import Task, Value

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class LLM:
    """Zero- or few-shot labelling by a language model.

    Every answer is kept on this machine, under a hash of the request, before it is used, and none is asked for twice.
    The confidence of a choice is the probability that the model gave to the tokens of its label, that of other tasks
    the mean probability of the answer's tokens. Where the server does not tell, it is the share of several answers that
    agree.

    Parameters
    ----------
    model
        Its name on the server, which is where OPENAI_BASE_URL says.
    fields
        The fields of a record that the model sees.
    prompt
        File of the Jinja template of the instruction.
    guideline
        File of the guideline.
    store
        File for the record of answers, which git ignores.
    examples
        Which labelled records the model is shown as examples.
    encoder
        What turns texts into vectors, to tell which examples are alike; None: they have the same words.
    explain
        Whether the model says why, before it says what; kept with the answer.
    samples
        How many answers are asked for where the server gives no log-probabilities.
    parameters
        Further members of each request; null takes out one that there would be, such as `seed` or `response_format`.
    prices, budget
        What tokens cost, and what may be spent.
    concurrency
        How many requests are under way at once.
    timeout, retries
        As `stages.annotators.llm.server.Server` has them.
    offline
        Whether nothing may be asked: a version is then rebuilt from its record alone.
    """

    model: str
    fields: tuple[str, ...]
    prompt: str
    guideline: str
    store: str
    examples: Examples = field(default_factory=Examples)
    encoder: Encoder | None = None
    explain: bool = False
    samples: int = 5
    parameters: Mapping[str, Any] = field(default_factory=dict)
    prices: Prices | None = None
    budget: Budget = field(default_factory=Budget)
    concurrency: int = 8
    timeout: float = 60.0
    retries: int = 6
    offline: bool = False

    def __post_init__(self) -> None:
        for name, least in (("samples", 1), ("concurrency", 1), ("retries", 0), ("timeout", 0.1)):
            if getattr(self, name) < least:
                raise InputError(f"{name}: {least} or more is expected, found {getattr(self, name)}")
        if taken := {"model", "messages", "n", "stream"} & set(self.parameters):
            raise InputError(f"parameters.{min(taken)}: this member of a request is not for the settings")
        if self.budget.cost is not None and self.prices is None:
            raise InputError("budget.cost: prices must be set, too")
        _ = self._prompt  # a file that is missing is told before any work

    def __repr__(self) -> str:
        """Say what the labels depend on; the annotator's name has a hash of it."""
        shown = (self.model, self.fields, self.examples, self.encoder)
        asked = (self.explain, self.samples, dict(self.parameters), self._prompt.template, self._prompt.guideline)
        return repr((*shown, *asked))

    @property
    def name(self) -> str:
        return "llm"

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> LLMModel:
        """Pick the examples; without records, the model is asked without any."""
        labelled = [
            Example(order(seed, id), each, value)
            for id, each, value in zip(records["id"], shown(records, self.fields), values, strict=True)
        ]
        return self._model(task, seed, pool(self.examples, labelled, task, self.encoder))

    def load(self, folder: Path, task: Task) -> LLMModel:
        saved = read_json(folder / "model.json")
        return self._model(task, saved["seed"], [Example(**each) for each in saved["examples"]])

    def responses(self) -> Iterator[dict[str, Any]]:
        """Give the answers that the proposals so far rest on, by record and in the order of asking."""
        for id in sorted(self._outcomes):
            for key in dict.fromkeys(key for each in self._outcomes[id] for key in each.keys):
                yield {"record": id, "key": key, **vars(self._store.known(key))}

    def usage(self) -> dict[str, Any]:
        """Say what these answers cost, how many could not be read, and how many records they left unlabelled.

        `dropped` counts what they say of a record that is not in it, such as a quotation of what is not there.
        """
        outcomes = [each for id in sorted(self._outcomes) for each in self._outcomes[id]]
        keys = dict.fromkeys(key for each in outcomes for key in each.keys)
        return {
            "model": self.model,
            **usage(map(self._store.known, keys), self.prices),
            "unparsed": sum(each.unparsed for each in outcomes),
            "dropped": sum(each.dropped for each in outcomes),
            "unlabelled": sum(not each.values for each in outcomes),
        }

    def recall(self, responses: Iterable[Mapping[str, Any]]) -> int:
        """Bring back the answers that `responses` gave; return how many there are."""
        names = [each.name for each in dataclasses.fields(Answer)]
        try:
            answers = {each["key"]: Answer(**{name: each[name] for name in names}) for each in responses}
        except (KeyError, TypeError) as error:
            raise InputError(f"this is no record of answers ({error})") from error
        self._store.put(answers.items())
        return len(answers)

    def planning(self) -> tuple[LLM, Plan]:
        """Give an annotator that asks nothing, and the count of what it would ask."""
        plan = Plan(self.samples, self.prices)
        copy = dataclasses.replace(self)
        copy.__dict__["_asker"] = Asker(self._store, Purse(Budget(), None), plan.ask)
        return copy, plan

    def _model(self, task: Task, seed: int, pool: list[Example]) -> LLMModel:
        asked = askable(task)
        return LLMModel(
            self.fields,
            Interview(self.model, self.parameters, asked, self.explain, self.samples, seed),
            self._prompt.instruction(asked, self.fields, self.explain),
            pool,
            partial(pick, self.examples, pool, encoder=self.encoder),
            self._asker,
            self.concurrency,
            self._outcomes,
        )

    @cached_property
    def _prompt(self) -> Prompt:
        return prompt.read(self.prompt, self.guideline)

    @cached_property
    def _store(self) -> Store:
        return Store(Path(self.store))

    @cached_property
    def _asker(self) -> Asker:
        send = refuse if self.offline else Server(self.timeout, self.retries).ask
        return Asker(self._store, Purse(self.budget, self.prices), send)

    @cached_property
    def _outcomes(self) -> dict[str, list[Outcome]]:
        return {}
