"""Find pairs of texts that are alike: propose pairs by sketches of the texts, then compare the texts themselves.

Likeness is the Jaccard index of the texts' sets of shingles. A sketch is a MinHash of that set (Broder 1997), of which
8 bits each are kept (Li and König 2010): 50 bytes a text, however long it is. Texts that agree in a band of it are
proposed as pairs (Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from stages.cleaning.base import laid_out, strings

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

Unit = Literal["characters", "words"]

HASHES = 50
SEED = 1
BLOCK = 200  # texts; enough to fill vectors and few enough to stay in the processor's cache
REACH = 8  # places apart in a bucket up to which texts are compared, so that a large bucket takes linear time
MISSED = 0.04  # of the pairs that are only just alike enough, at most so many are not proposed
MARGIN = 0.2  # four standard errors: pairs that by their sketches fall short by so much are not compared
CHANCE = 1 / 256  # that 8 bits of different hashes agree
LETTERS = 1 << 21  # of texts that are compared at a time
MIX = 0x9E3779B97F4A7C15  # 2^64 / golden ratio (Knuth, The Art of Computer Programming 3, 6.4)
PAD = "\0"


def sketches(values: pa.Array, size: int, unit: Unit) -> np.ndarray:
    """Sketch texts, without regard to case.

    Parameters
    ----------
    values
        Texts without null. Each is padded at its end, so that it has as many shingles as units.
    size, unit
        A shingle is so many characters or words in a row.

    Returns
    -------
    Of shape (texts, 50), one byte per hash.
    """
    import numpy as np
    from rensa import RMinHash

    units, offsets = _units(values, size - 1, unit)
    result = np.empty((len(values), HASHES), dtype=np.uint8)
    for start in range(0, len(values), BLOCK):
        ends = offsets[start : start + BLOCK + 1]
        hashes = _shingles(units[ends[0] : ends[-1]], ends - ends[0], size)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, (ends - ends[0]).astype(np.uint64), HASHES, SEED)
        flat = array("I")
        for row in matrix.to_rows():
            flat.fromlist(row)
        result[start : start + BLOCK] = np.frombuffer(flat, np.uint32).reshape(-1, HASHES)
    return result


def _units(values: pa.Array, padding: int, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
    """The units of all texts in a row, as numbers, and where each text starts and the last one ends."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    separator = pa.scalar("" if unit == "characters" else " ", values.type)
    pads = [pa.scalar(PAD, values.type)] * padding
    padded = pc.binary_join_element_wise(pc.utf8_lower(values), *pads, separator)
    if unit == "characters":
        lengths = pc.utf8_length(padded)
        units = np.frombuffer(str(laid_out(padded)[0], "utf-8").encode("utf-32-le"), dtype=np.uint32)
    else:
        words = pc.utf8_split_whitespace(padded)
        lengths = pc.list_value_length(words)
        encoded = words.flatten().dictionary_encode()
        digests = b"".join(sha256(word.encode()).digest()[:8] for word in strings(encoded.dictionary))
        units = np.frombuffer(digests, dtype="<u8")[encoded.indices.to_numpy()]
    return units, np.concatenate([[0], np.cumsum(lengths.to_numpy(), dtype=np.int64)])


def _shingles(units: np.ndarray, offsets: np.ndarray, size: int) -> np.ndarray:
    """Hash the unit at each place together with the next ones of the same text."""
    import numpy as np

    units = units.astype(np.uint64)
    hashes: np.ndarray = units.copy()
    for step in range(1, size):
        hashes[:-step] *= MIX
        hashes[:-step] += units[step:]
    hashes ^= hashes >> 32
    hashes *= MIX
    for back in range(1, size):  # the last ones reach into the next text; a set does not mind its first twice
        hashes[offsets[1:] - back] = hashes[offsets[:-1]]
    return hashes


def proposed_pairs(sketches: np.ndarray, similarity: float) -> np.ndarray:
    """Find the pairs of texts that may have at least a certain Jaccard index.

    Parameters
    ----------
    sketches
        Of shape (texts, 50).
    similarity
        The Jaccard index, above 0 and at most 1.

    Returns
    -------
    The places of the first and the second text of each pair, first < second, of shape (pairs, 2), sorted.
    """
    import numpy as np

    found: list[np.ndarray] = [np.empty((0, 2), dtype=np.int64)]
    for buckets in _buckets(sketches, _rows(similarity)):
        close = _close_pairs(*buckets)
        found += [pairs[_estimates(sketches, pairs) >= similarity - MARGIN] for pairs in close]
    first, second = np.concatenate(found).T
    return np.column_stack(np.divmod(np.unique(first << 32 | second), 1 << 32))


def jaccard(values: pa.Array, pairs: np.ndarray, size: int, unit: Unit) -> np.ndarray:
    """Compare texts.

    Parameters
    ----------
    values
        Texts without null.
    pairs
        Their places, of shape (pairs, 2).
    size, unit
        As for `sketches`.

    Returns
    -------
    The Jaccard index of each pair, of shape (pairs,).
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    letters = pc.utf8_length(values).to_numpy()[pairs].sum(axis=1).cumsum() // LETTERS
    result = []
    for part in np.split(pairs, np.flatnonzero(np.diff(letters)) + 1):
        places, pairs_here = np.unique(part, return_inverse=True)
        units, offsets = _units(values.take(pa.array(places)), size - 1, unit)
        result.append(_jaccard(_shingles(units, offsets, size), offsets, pairs_here.reshape(-1, 2)))
    return np.concatenate(result)


def _jaccard(hashes: np.ndarray, offsets: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Compare sets of hashes by sorting: each number is a text's or pair's place, followed by the hash."""
    import numpy as np

    bits = 42  # of a hash; the other 22 are enough for the texts and pairs of LETTERS
    texts = np.repeat(np.arange(len(offsets) - 1, dtype=np.uint64), np.diff(offsets))
    members = np.unique(texts << bits | hashes >> (64 - bits))
    sizes = np.bincount((members >> bits).astype(np.int64))
    starts = np.cumsum(sizes) - sizes
    lengths = sizes[pairs].ravel()
    flat = np.repeat(starts[pairs].ravel() - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    owners = np.repeat(np.arange(len(pairs), dtype=np.uint64), sizes[pairs].sum(axis=1))
    both = np.sort(owners << bits | members[flat] & ((1 << bits) - 1))
    twice = both[1:][both[1:] == both[:-1]] >> bits
    shared = np.bincount(twice.astype(np.int64), minlength=len(pairs))
    return shared / (sizes[pairs].sum(axis=1) - shared)


def _rows(similarity: float) -> int:
    """Hashes per band: as many as can be, so that few pairs are proposed, but few are missed."""
    return max(rows for rows in range(1, 9) if rows == 1 or (1 - similarity**rows) ** (HASHES // rows) <= MISSED)


def _buckets(sketches: np.ndarray, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each band the texts that agree in it with another, bucket by bucket, and the number of their bucket."""
    import numpy as np

    low = (1 << len(sketches).bit_length()) - 1
    for start in range(0, HASHES - rows + 1, rows):
        band = np.zeros((len(sketches), 8), dtype=np.uint8)
        band[:, :rows] = sketches[:, start : start + rows]
        keys: np.ndarray = band.view("<u8").ravel()
        keys *= MIX
        # the text's place in the lowest bits, so that one sort of numbers groups and orders
        keys &= (1 << 64) - 1 - low
        keys |= np.arange(len(sketches), dtype=np.uint64)
        keys.sort()
        follows = np.zeros(len(keys), dtype=bool)
        follows[1:] = keys[1:] ^ keys[:-1] <= low
        shared = follows.copy()
        shared[:-1] |= follows[1:]
        yield (keys[shared] & low).astype(np.int64), np.cumsum(~follows[shared])


def _close_pairs(texts: np.ndarray, buckets: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs of texts in one bucket: each with those close to it, and with the bucket's first."""
    import numpy as np

    starts = np.flatnonzero(np.diff(buckets, prepend=0))
    leader = np.repeat(starts, np.diff(starts, append=len(texts)))
    far = np.flatnonzero(np.arange(len(texts)) - leader > REACH)
    yield np.column_stack([texts[leader[far]], texts[far]])
    for step in range(1, REACH + 1):
        near = np.flatnonzero(buckets[step:] == buckets[:-step])
        if not len(near):
            return
        yield np.column_stack([texts[near], texts[near + step]])


def _estimates(sketches: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    import numpy as np

    equal = [
        np.count_nonzero(sketches[part[:, 0]] == sketches[part[:, 1]], axis=1)
        for part in np.split(pairs, range(1 << 16, len(pairs), 1 << 16))
    ]
    return (np.concatenate(equal) / HASHES - CHANCE) / (1 - CHANCE)
