"""What answers cost, what those that are missing would cost, and how much may be spent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, ClassVar

from stages import InputError
from stages.annotators.llm.record import Answer

BYTES = 4  # per token, about, in most languages


@dataclass(frozen=True)
class Prices:
    """Of a million tokens, in whatever currency."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    input: float
    output: float

    def of(self, input: int, output: int) -> float:
        return (input * self.input + output * self.output) / 1e6


@dataclass(frozen=True)
class Budget:
    """The most that the answers of a version may be; null for no limit. `cost` needs prices."""

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}
    calls: int | None = None
    cost: float | None = None


class Purse:
    """Counts what the answers of this version cost, on record or new, and stops before the budget is passed.

    Requests that are under way are counted as costing what the costliest answer so far did.
    """

    def __init__(self, budget: Budget, prices: Prices | None) -> None:
        self._budget, self._prices = budget, prices
        self._lock = Lock()
        self._calls, self._cost, self._dearest, self._open = 0, 0.0, 0.0, 0

    def begin(self, request: Mapping[str, Any]) -> None:
        """Count a request that is about to be sent.

        Raises
        ------
        InputError
            It might pass the budget.
        """
        with self._lock:
            if self._prices:
                self._dearest = max(self._dearest, self._prices.of(tokens_of(request), 0))
            calls, cost = self._calls + self._open + 1, self._cost + (self._open + 1) * self._dearest
            for name, spent, limit in (("calls", calls, self._budget.calls), ("cost", cost, self._budget.cost)):
                if limit is not None and spent > limit:
                    raise InputError(
                        f"budget.{name} ({limit:g}) is spent: {self._calls:,} answers, {self._open:,} under way; all "
                        "are kept; raise it and run again to go on"
                    )
            self._open += 1

    def end(self, request: Mapping[str, Any] | None, answer: Answer | None) -> None:
        """Count an answer; `request` is None for one that was on record, `answer` for a request that failed."""
        with self._lock:
            if request is not None:
                self._open -= 1
            if answer is not None:
                self._calls += 1
                cost = self._prices.of(*_spent(request, answer)) if self._prices else 0.0
                self._cost += cost
                self._dearest = max(self._dearest, cost)


def _spent(request: Mapping[str, Any] | None, answer: Answer) -> tuple[int, int]:
    """Tokens of a request and its answer; guessed where the server does not count."""
    asked = tokens_of(request) if request and answer.input is None else answer.input or 0
    given = len((answer.content or "").encode()) // BYTES if answer.output is None else answer.output
    return asked, given


def tokens_of(request: Mapping[str, Any]) -> int:
    """Guess how many tokens a request has."""
    return len(json.dumps(request["messages"], ensure_ascii=False).encode("utf-8", "replace")) // BYTES


def usage(answers: Iterable[Answer], prices: Prices | None) -> dict[str, Any]:
    """Say how many answers there are and what they cost; null with a reason where it is not known."""
    calls = input = output = refused = 0
    counted = True
    for each in answers:
        calls += 1
        refused += each.refused is not None
        counted &= each.refused is not None or None not in (each.input, each.output)
        input, output = input + (each.input or 0), output + (each.output or 0)
    told: dict[str, Any] = {"calls": calls, "refused": refused, "tokens": None, "cost": None}
    if not counted:
        return told | {"reason": "the server does not count tokens"}
    told["tokens"] = {"input": input, "output": output}
    if prices is None:
        return told | {"reason": "no prices are set"}
    return told | {"cost": prices.of(input, output), "reason": None}


class Plan:
    """Counts the requests that would be sent, and sends none; `str` of it says what they would cost.

    Parameters
    ----------
    samples
        How many answers are asked for where the server gives no log-probabilities.
    prices
        What tokens cost.
    """

    def __init__(self, samples: int, prices: Prices | None) -> None:
        self._samples, self._prices = samples, prices
        self._lock = Lock()
        self._calls = self._input = 0
        self._output: int | None = 0

    def ask(self, request: Mapping[str, Any]) -> None:
        limit = request.get("max_tokens") or request.get("max_completion_tokens")
        with self._lock:
            self._calls += 1
            self._input += tokens_of(request)
            self._output = None if limit is None or self._output is None else self._output + limit

    def __str__(self) -> str:
        output = "an unknown number" if self._output is None else f"at most {self._output:,}"
        if self._prices is None or self._output is None:
            cost = f"cost unknown: {'prices' if self._prices is None else 'parameters.max_tokens'} not set"
        else:
            cost = f"cost at most about {self._prices.of(self._input, self._output):,.2f}"
        again = "an answer that cannot be read is asked for once more"
        if self._samples > 1:
            again += f", and a server that gives no log-probabilities up to {self._samples} times per record"
        return f"{self._calls:,} calls, about {self._input:,} tokens in and {output} out, {cost}; {again}"
