from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Make = Callable[[], Callable[[Any], Any]]


class Engine(Protocol):
    """Where work on shards runs. It must not change a byte of any result."""

    def map(self, make: Make, items: Sequence[Any], *, what: str, cpus: int = 1, gpus: int = 0) -> list[Any]:
        """Apply a callable to every item; return the results in the order of the items.

        Parameters
        ----------
        make
            Called once per worker, where the items are worked on, to build the callable (it may load a model).
            It must pickle: a function of a module, or a `functools.partial` of one.
        items
            Small values that pickle, such as shards and settings.
        what
            What the work is, for the progress bar.
        cpus, gpus
            What one worker takes.
        """
        ...
