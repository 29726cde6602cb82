"""Ask a model about one record: once, once more if its answer does not parse, and several times if it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stages.annotators.llm import answers, prompt
from stages.annotators.llm.answers import Texts
from stages.annotators.llm.likelihood import Token
from stages.annotators.llm.prompt import Message
from stages.annotators.llm.record import Answer
from stages.tasks import Askable, Value

WARM = 1.0  # temperature of further samples: how often a model says something is then how probable it finds it

Ask = Callable[[Mapping[str, Any], int], "tuple[str, Answer | None]"]  # a request's key, and what was said to it
Trail = tuple[tuple[str, Answer], ...]


@dataclass(frozen=True)
class Outcome:
    """What came of asking about a record.

    Attributes
    ----------
    keys
        Of every answer on record that it rests on, in the order of asking.
    values
        What each of the samples said; empty if none could be read.
    scores
        How sure the model was of the first, as `answers.probabilities` gives it; None where the server does not tell.
    unparsed
        How many of the answers could not be read.
    dropped
        How many parts of the values were left out, since they are not in the record.
    """

    keys: tuple[str, ...]
    values: tuple[Value, ...]
    scores: tuple[float, ...] | None
    unparsed: int
    dropped: int


@dataclass(frozen=True)
class Interview:
    """How a model is asked.

    Parameters
    ----------
    model
        Its name.
    parameters
        Further members of each request; null leaves out one that would be there.
    task
        What it is asked for.
    explain
        Whether they hold an explanation.
    samples
        How many answers are asked for where the server gives no log-probabilities.
    seed
        The only source of randomness, where the server keeps to it.
    """

    model: str
    parameters: Mapping[str, Any]
    task: Askable
    explain: bool
    samples: int
    seed: int

    def request(self, messages: Sequence[Message], sample: int) -> dict[str, Any]:
        """Make the body of a chat completion request."""
        schema = {"name": "label", "strict": True, "schema": answers.schema(self.task, self.explain)}
        request = {
            "model": self.model,
            "messages": list(messages),
            "seed": (self.seed + sample) % 2**31,
            "response_format": {"type": "json_schema", "json_schema": schema},
            **self.parameters,
        }
        if sample:
            request |= {"temperature": WARM, "logprobs": None, "top_logprobs": None}
        return {name: each for name, each in request.items() if each is not None}

    def about(self, messages: Sequence[Message], texts: Texts, ask: Ask) -> Outcome:
        """Ask until there is a value with a confidence, or until there is no use in asking on.

        Parameters
        ----------
        messages
            The request's.
        texts
            The fields of the record with text.
        ask
            Gives an answer.
        """
        keys: list[str] = []
        values: list[Value] = []
        scores: list[float] | None = None
        unparsed = dropped = 0
        for sample in range(self.samples):
            trail, found, failed = self._sample(messages, texts, sample, ask)
            keys += [key for key, _ in trail]
            values += [value for value, _ in found]
            dropped += sum(count for _, count in found)
            unparsed += failed
            if found and not sample:
                scores = self._scores(trail[-1][1])
            if scores or not values:
                break
        return Outcome(tuple(keys), tuple(values), tuple(scores) if scores else None, unparsed, dropped)

    def _sample(
        self, messages: Sequence[Message], texts: Texts, sample: int, ask: Ask
    ) -> tuple[Trail, list[tuple[Value, int]], int]:
        """Ask at most twice; give the answers, what was read if there is, and how many answers could not be read."""
        trail: Trail = ()
        for attempt in range(2):
            key, answer = ask(self.request(messages, sample), sample)
            if answer is None:
                return trail, [], attempt
            trail += ((key, answer),)
            if answer.refused:
                return trail, [], attempt
            try:
                return trail, [answers.read(answer.content, self.task, texts)], attempt
            except ValueError as error:
                messages = prompt.correction(messages, answer.content, str(error))
        return trail, [], 2

    def _scores(self, answer: Answer) -> list[float] | None:
        if answer.tokens is None or answer.content is None:
            return None
        tokens: list[Token] = [
            (_bytes(text), chance, [(_bytes(other), each) for other, each in beside])
            for text, chance, beside in answer.tokens
        ]
        return answers.probabilities(answer.content, tokens, self.task)


def _bytes(text: str | list[int]) -> bytes:
    return text.encode() if isinstance(text, str) else bytes(text)
