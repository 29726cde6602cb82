"""What a picture may be, and pictures that are alike. What cannot be decoded passes here; the last step rejects it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from stages import InputError
from stages.cleaning import groups
from stages.cleaning.base import Outcome, strings, texts
from stages.cleaning.groups import Decision, Summary
from stages.cleaning.limits import Bounds
from stages.media import pictures as codec

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from stages.tables import Shard

CHUNK = 20_000  # pairs compared at a time


@dataclass(frozen=True)
class Size:
    """Reject pictures by their sides, in pixels as shown; a bound that is null does not count.

    Parameters
    ----------
    field
        The column with the picture.
    shorter
        What the shorter side must have at least.
    longer
        What the longer side may have at most.
    aspect
        How many times the longer side may be the shorter one.
    """

    field: str
    shorter: int | None = None
    longer: int | None = None
    aspect: float | None = None

    def __post_init__(self) -> None:
        if self.shorter is not None and self.longer is not None and self.shorter > self.longer:
            raise InputError(f"'shorter' {self.shorter} is above 'longer' {self.longer}")
        if self.aspect is not None and not self.aspect >= 1:
            raise InputError(f"'aspect' must be 1 or more, found {self.aspect}")

    def apply(self, table: pd.DataFrame) -> Outcome:
        return _rejecting(table, self.field, self._fault)

    def _fault(self, look: codec.Look) -> str | None:
        short, long = sorted((look.width, look.height))
        sides = f"{look.width:,} × {look.height:,} pixels"
        if self.shorter is not None and short < self.shorter:
            return f"has {sides}; the shorter side must have {self.shorter:,}"
        if self.longer is not None and long > self.longer:
            return f"has {sides}; the longer side may have {self.longer:,}"
        if self.aspect is not None and long > self.aspect * short:
            return f"has {sides}; the longer side may be {self.aspect:g} times the shorter one"
        return None


class _Bounds(Bounds):
    """Reject pictures by a measure of `stages.media.pictures.Look`; a bound that is null does not count."""

    measure: ClassVar[str]

    def apply(self, table: pd.DataFrame) -> Outcome:
        return _rejecting(table, self.field, self._fault)

    def _fault(self, look: codec.Look) -> str | None:
        value: float = getattr(look, self.measure)
        return self.broken(value, f"has a {self.measure} of {value:g}")


class Brightness(_Bounds):
    """Reject pictures that are too dark or too bright, by the mean grey value, from 0 (black) to 255."""

    measure = "brightness"


class Contrast(_Bounds):
    """Reject pictures that are nearly uniform, by the standard deviation of the grey values, from 0 to 127.5."""

    measure = "contrast"


class Sharpness(_Bounds):
    """Reject blurred pictures, by the variance of the Laplacian of the grey picture at 256 pixels at most.

    References
    ----------
    J. L. Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy: a comparative study, ICPR (2000).
    """

    measure = "sharpness"


@dataclass(frozen=True)
class DuplicatePictures:
    """Reject pictures that are the same as, or much like, one with a smaller id, directly or through others.

    The same are those with the same pixels, whatever the file. Pairs that may be alike are those whose perceptual
    hashes differ in few bits; all such pairs are found. They are then compared by the correlation of their grey values
    at 16 × 16 pixels, which scaling, compression, and changes of brightness and contrast leave near 1. Mirrored,
    turned and strongly cropped pictures are not found.

    Parameters
    ----------
    field
        The column with the picture.
    similarity
        The correlation from which two pictures are near-duplicates; null for the same pixels alone.
    distance
        In how many of 64 bits the hashes may differ. More than 8 takes long with many pictures.
    """

    field: str
    similarity: float | None = 0.99
    distance: int = 6

    def __post_init__(self) -> None:
        if self.similarity is not None and not 0 < self.similarity <= 1:
            raise InputError(f"'similarity' must be above 0 and at most 1, or null, found {self.similarity}")
        if not 0 <= self.distance <= 16:
            raise InputError(f"'distance' must be from 0 to 16, found {self.distance}")

    def summarise(self, table: pd.DataFrame) -> Summary:
        import numpy as np
        import pyarrow as pa

        looks = [(row, look) for row, look in enumerate(_looks(table, self.field)) if look and not look.problem]
        places = np.array([row for row, _ in looks], dtype=np.int64)
        thumbnail = (np.uint8, (codec.THUMBNAIL**2,))
        kind = np.dtype([("pixels", "V32"), ("print", np.uint64), ("thumbnail", *thumbnail)])
        prints = np.zeros(len(looks), dtype=kind)
        for row, (_, look) in enumerate(looks):
            prints[row] = (look.pixels, look.print, np.frombuffer(look.thumbnail, dtype=np.uint8))
        return Summary(places, texts(table, "id").take(pa.array(places)), prints)

    def decide(self, summaries: Sequence[Summary], _shards: Sequence[Shard]) -> Sequence[Decision]:
        import numpy as np
        import pyarrow as pa

        prints = np.concatenate([each.prints for each in summaries])
        pixels = pa.array([each.tobytes() for each in prints["pixels"]], pa.binary(32))
        first = groups.first_of(pixels.dictionary_encode().indices.to_numpy())
        rows = np.arange(len(prints))
        again, different = rows[first != rows], rows[first == rows]
        pairs, alike = [np.stack([first[again], again], axis=1)], [np.full(len(again), np.inf)]
        if self.similarity is not None:
            values = _standardised(prints["thumbnail"][different])
            for near in near_pairs(prints["print"][different], self.distance):
                found = (values[near[:, 0]] * values[near[:, 1]]).sum(axis=1).round(4)
                pairs.append(different[near[found >= self.similarity]])
                alike.append(found[found >= self.similarity])
        return groups.like(summaries, np.concatenate(pairs), np.concatenate(alike), f"the same {self.field}")

    def apply(self, table: pd.DataFrame, decision: Decision) -> Outcome:
        return groups.reject(table, decision)


def near_pairs(prints: np.ndarray, distance: int) -> Iterator[np.ndarray]:
    """Find all pairs of hashes that differ in few bits, each pair once.

    Of `distance + 1` bands of bits, two such hashes have at least one in common.

    Parameters
    ----------
    prints
        Shape (hashes,), as uint64.
    distance
        In how many bits they may differ.

    Yields
    ------
    Places of hashes, shape (pairs, 2), the smaller first; not more than 20,000 pairs at a time.

    References
    ----------
    M. Norouzi, A. Punjani and D. J. Fleet, Fast Search in Hamming Space with Multi-Index Hashing, CVPR (2012).
    """
    import numpy as np

    cuts = np.linspace(0, codec.BITS, distance + 2).astype(int).tolist()
    masks = [np.uint64((1 << end) - (1 << start)) for start, end in pairwise(cuts)]
    for number, mask in enumerate(masks):
        order = np.argsort(prints & mask, kind="stable")
        ordered = prints[order]
        starts: np.ndarray = np.arange(len(order))
        for step in range(1, len(order)):
            starts = starts[starts + step < len(order)]
            starts = starts[(ordered[starts] ^ ordered[starts + step]) & mask == 0]
            if not len(starts):
                break
            differing = ordered[starts] ^ ordered[starts + step]
            new = np.bitwise_count(differing) <= distance
            for earlier in masks[:number]:
                new &= differing & earlier != 0
            pairs = np.sort(np.stack([order[starts[new]], order[starts[new] + step]], axis=1), axis=1)
            for start in range(0, len(pairs), CHUNK):
                yield pairs[start : start + CHUNK]


def _standardised(thumbnails: np.ndarray) -> np.ndarray:
    """Make the product of two rows their correlation; a uniform picture is like none."""
    import numpy as np

    values = thumbnails - thumbnails.mean(axis=1, keepdims=True)
    return values / np.maximum(np.sqrt((values**2).sum(axis=1, keepdims=True)), 1)


def _looks(table: pd.DataFrame, field: str) -> list[codec.Look | None]:
    return [None if path is None else codec.look(path) for path in strings(texts(table, field))]


def _rejecting(table: pd.DataFrame, field: str, fault: Callable[[codec.Look], str | None]) -> Outcome:
    import pandas as pd

    faults = [fault(look) if look and not look.problem else None for look in _looks(table, field)]
    said = {row: f"{field} {each}" for row, each in zip(table.index, faults, strict=True) if each}
    return Outcome(table, pd.Series(said, dtype="str"))
