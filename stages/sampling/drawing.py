"""Samples that anyone can draw again from the ids."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import sha256
from heapq import nsmallest
from typing import Protocol


class Sample(Protocol):
    """How many records are drawn, and whether by strata or by weights."""

    @property
    def count(self) -> int: ...
    @property
    def by(self) -> str | None: ...
    @property
    def weight(self) -> str | None: ...


def uniform(prefix: str, ids: Iterable[str], count: int) -> list[str]:
    """Draw ids with equal chances, in bounded memory from any stream of them.

    It is a reservoir: those with the smallest SHA-256 of `<prefix>|<id>`, so that samples of shards can be joined and
    drawn from again, and that a larger sample holds the smaller one.

    Returns
    -------
    At most `count` ids, in ascending order of the hash.
    """
    return nsmallest(count, ids, key=lambda id: _digest(prefix, id))


def stratified(prefix: str, strata: Mapping[str, str], count: int) -> list[str]:
    """Draw from each stratum as many as its share of all asks for, by largest remainders, uniformly within.

    Parameters
    ----------
    prefix, count
        As in `uniform`.
    strata
        The stratum of each id.
    """
    sizes = Counter(strata.values())
    total = min(count, len(strata))
    quotas = {name: divmod(size * total, max(1, len(strata))) for name, size in sizes.items()}
    short = total - sum(whole for whole, _ in quotas.values())
    more = set(sorted(quotas, key=lambda name: (-quotas[name][1], name))[:short])
    drawn: list[str] = []
    members: dict[str, list[str]] = {name: [] for name in sorted(sizes)}
    for id, name in strata.items():
        members[name].append(id)
    for name, ids in members.items():
        drawn += uniform(prefix, ids, quotas[name][0] + (name in more))
    return sorted(drawn, key=lambda id: _digest(prefix, id))


def weighted(prefix: str, weights: Mapping[str, float], count: int) -> list[str]:
    """Draw ids one after the other with chances by weight, without putting back (Efraimidis and Spirakis 2006).

    Parameters
    ----------
    prefix, count
        As in `uniform`.
    weights
        The weight of each id; one without a weight above 0 is never drawn.
    """

    def key(id: str) -> float:
        share = (int.from_bytes(_digest(prefix, id)[:8], "big") + 0.5) / 2**64
        return -math.log(share) / weights[id]

    return nsmallest(count, (id for id in sorted(weights) if weights[id] > 0), key=key)


def _digest(prefix: str, id: str) -> bytes:
    return sha256(f"{prefix}|{id}".encode()).digest()
