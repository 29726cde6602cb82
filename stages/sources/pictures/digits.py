"""Pictures that scikit-learn brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stages.media import pictures as codec
from stages.sources.base import Rows, require


@dataclass(frozen=True)
class Digits:
    """The 1,797 handwritten digits of scikit-learn, 8 × 8 pixels in 17 shades, as PNG of 64 × 64.

    The columns are `id`, `image` and `digit` (what was to be written).

    References
    ----------
    E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (1998), as
    `sklearn.datasets.load_digits` has it.
    """

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records."""
        import pyarrow as pa
        from sklearn.datasets import load_digits

        loaded = load_digits()
        pictures = {f"digit-{place:04d}.png": each for place, each in enumerate(loaded.images)}
        cells = {
            "id": [name.removesuffix(".png") for name in pictures],
            "image": list(pictures),
            "digit": [str(each) for each in loaded.target],
        }
        require(columns, list(cells), "sklearn.datasets.load_digits")

        def draw(name: str) -> bytes:
            shades = (255 - pictures[name] * 255 / 16).round().astype("uint8")  # dark ink on white paper
            return codec.encode(shades.repeat(8, axis=0).repeat(8, axis=1))

        table = pa.table({name: pa.array(cells[name], pa.large_string()) for name in columns})
        yield Rows("sklearn.datasets.load_digits", "", range(1, len(table) + 1), table, "row", draw)
