"""Everything that a hash decides, so that anyone can recompute it from the commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256

from stages.sampling.drawing import Sample, stratified, uniform, weighted

__all__ = ["Sample", "order", "split", "stratified", "uniform", "weighted"]


def order(prefix: str, ids: Iterable[str]) -> list[str]:
    """Sort record ids by the SHA-256, in hexadecimal, of `<prefix>|<id>`.

    The first of them are a uniform sample. The prefix is `random|<seed>` for the permutation that people work
    through, `audit|<seed>|<number>` for an audit.
    """
    return sorted(ids, key=lambda id: sha256(f"{prefix}|{id}".encode()).digest())


def split(seed: int, keys: Iterable[str], shares: Mapping[str, float]) -> list[str]:
    """Give each key a split, independent of the other keys.

    Parameters
    ----------
    seed
        Part of what is hashed: `split|<seed>|<key>`.
    keys
        Record ids, or the value of a declared group.
    shares
        Share of each split, in order; they sum to 1.

    Returns
    -------
    The name of a split per key: the first 8 bytes of the hash, as a fraction of 2^64, fall into the cumulated shares.
    """
    names = list(shares)
    bounds = []
    total = 0.0
    for name in names:
        total += shares[name]
        bounds.append(total)
    places = []
    for key in keys:
        fraction = int.from_bytes(sha256(f"split|{seed}|{key}".encode()).digest()[:8], "big") / 2**64
        places.append(next((name for name, bound in zip(names, bounds, strict=True) if fraction < bound), names[-1]))
    return places
