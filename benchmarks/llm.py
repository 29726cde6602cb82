"""A language model as annotator: its throughput beside a bare client's, and a second run with 1 % new records.

`python -m benchmarks.llm [--records 40] [--turns 5] [--delay 0.5]` asks SmolLM2 behind a llama.cpp server of its own,
which takes eight requests at once; with `--delay` a server that only waits so long before each answer, so that what our
client adds can be told exactly. Each turn asks about as many records by the bare client (httpx, eight threads, nothing
kept) as by ours (checked, kept on the disk, retried if need be); the order changes from turn to turn.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

CONCURRENCY, TIMEOUT = 8, 600.0
SHARE_NEW = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=40)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--delay", type=float, help="seconds before each answer of a server without a model")
    options = parser.parse_args()
    with TemporaryDirectory() as name, _server(options.delay) as address:
        os.environ["OPENAI_BASE_URL"] = address
        folder = Path(name)
        _ours(folder, 0, CONCURRENCY)  # what is imported and what the server keeps of the prompt
        bare, ours = [], []
        for turn in range(options.turns):
            first, second = ((2 * turn + each) * 10_000 + 10_000 for each in range(2))
            if turn % 2:
                ours.append(_ours(folder, first, options.records))
                bare.append(_bare(folder, second, options.records, address))
            else:
                bare.append(_bare(folder, first, options.records, address))
                ours.append(_ours(folder, second, options.records))
        share = median(one.wall / other.wall for one, other in zip(bare, ours, strict=True))
        print(f"{_told(ours, options.records)}; bare client {_told(bare, options.records)}: {share:.0%}", flush=True)
        many = 5 * options.records
        new = max(1, round(many * SHARE_NEW))
        before = _ours(folder, 1_000_000, many)
        again = _ours(folder, 1_000_000, many + new)
        print(
            f"first run on {many} records {before.wall:.1f} s, second with {new} new {again.wall:.2f} s: "
            f"{again.wall / before.wall:.1%}"
        )


class Taken(NamedTuple):
    """Seconds, and seconds of this process's CPU."""

    wall: float
    cpu: float


@contextmanager
def _timed() -> Iterator[list[Taken]]:
    found: list[Taken] = []
    wall, cpu = time.perf_counter(), time.process_time()
    yield found
    found.append(Taken(time.perf_counter() - wall, time.process_time() - cpu))


def _told(turns: list[Taken], records: int) -> str:
    wall, cpu = (median(each) for each in zip(*turns, strict=True))
    return f"{records / wall:.2f} records/s, {1000 * cpu / records:.1f} ms CPU each (medians of {len(turns)})"


def _ours(folder: Path, start: int, count: int) -> Taken:
    import pandas as pd

    from stages.annotators import LLM
    from stages.annotators.llm.examples import Examples

    (folder / "prompt.jinja").write_text("{{ guideline }} Answer with JSON: {{ schema }}")
    (folder / "guideline.md").write_text("Is the text positive or negative?")
    annotator = LLM(
        model="smollm2",
        fields=("text",),
        prompt=str(folder / "prompt.jinja"),
        guideline=str(folder / "guideline.md"),
        store=str(folder / "store.db"),
        examples=Examples(0),
        parameters={"temperature": 0, "max_tokens": 30, "logprobs": True, "top_logprobs": 10},
        concurrency=CONCURRENCY,
        timeout=TIMEOUT,
    )
    texts = _texts(start, count)
    table = pd.DataFrame({"id": [str(start + i) for i in range(count)], "text": texts})
    with _timed() as taken:
        annotator.fit(table.iloc[:0], [], _task(), 1).predict(table)
    if (calls := annotator.usage()["calls"]) != count:
        print(f"{calls} calls for {count} records: not the same work as the bare client's")
    return taken[0]


def _bare(folder: Path, start: int, count: int, address: str) -> Taken:
    import httpx

    from stages.annotators.llm import prompt
    from stages.annotators.llm.interview import Interview

    told = prompt.read(str(folder / "prompt.jinja"), str(folder / "guideline.md"))
    instruction = told.instruction(_task(), ["text"], explain=False)
    parameters = {"temperature": 0, "max_tokens": 30, "logprobs": True, "top_logprobs": 10}
    interview = Interview("smollm2", parameters, _task(), explain=False, samples=1, seed=1)
    conversations = [prompt.conversation(instruction, [], {"text": text}, _task()) for text in _texts(start, count)]
    requests = [interview.request(each, 0) for each in conversations]
    with _timed() as taken, httpx.Client(timeout=TIMEOUT) as client, ThreadPoolExecutor(CONCURRENCY) as workers:

        def ask(request: dict[str, Any]) -> None:
            client.post(f"{address}/chat/completions", json=request).raise_for_status()

        list(workers.map(ask, requests))
    return taken[0]


def _texts(start: int, count: int) -> list[str]:
    return [f"{('I love number', 'I hate number')[i % 2]} {i:07d}" for i in range(start, start + count)]


def _task() -> Any:
    from stages.tasks import Choice

    return Choice("mood", "text", ("positive", "negative"))


@contextmanager
def _server(delay: float | None) -> Iterator[str]:
    program = ["benchmarks.llama", str(CONCURRENCY)] if delay is None else ["benchmarks.delayed", str(delay)]
    command = [sys.executable, "-m", *program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        yield process.stdout.readline().strip()
        process.stdin.close()


if __name__ == "__main__":
    main()
