from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from stages import InputError
from stages.engine.base import Make
from stages.engine.progress import progress

TABLES = ("pandas", "pyarrow.parquet")  # what reads and writes them takes longest to import

_make: Make


@dataclass(frozen=True)
class Local:
    """Processes of this machine.

    Parameters
    ----------
    processes
        How many at most; null for as many as there are processors. A single item is worked on in this process.
    """

    processes: int | None = None

    def __post_init__(self) -> None:
        if self.processes is not None and self.processes < 1:
            raise InputError(f"processes: 1 or more, or null, is expected, found {self.processes}")

    def map(  # gpus: the processes share what there is
        self,
        make: Make,
        items: Sequence[Any],
        *,
        what: str,
        cpus: int = 1,
        gpus: int = 0,  # noqa: ARG002
    ) -> list[Any]:
        available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        count = min(self.processes or max(1, available // max(cpus, 1)), len(items))
        if count <= 1:
            work = make()
            return [work(item) for item in progress(items, what)]
        import multiprocessing
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing.forkserver import ensure_running

        # forks of a server that imports once for all; of this process not, since Arrow's threads do not survive
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([*TABLES, "concurrent.futures.process", getattr(make, "func", make).__module__])
        ensure_running()
        for name in TABLES:  # here too, for the results: this process would only wait for the server
            import_module(name)
        with ProcessPoolExecutor(count, mp_context=context, initializer=_start, initargs=(make,)) as pool:
            return list(progress(pool.map(_run, items), what, total=len(items)))


def _start(make: Make) -> None:
    global _make
    _make = make


@cache
def _worker() -> Callable[[Any], Any]:  # made with the first item: what it raises then reaches the caller
    return _make()


def _run(item: Any) -> Any:
    return _worker()(item)
