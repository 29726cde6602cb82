"""Pictures: in a folder, and those that scikit-learn brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from stages import InputError
from stages.media import pictures as codec
from stages.sources.base import BATCH, Rows, require
from stages.sources.globs import below


@dataclass(frozen=True, kw_only=True)
class Images:
    """One record per file, with the columns `image`, `name` (the part of its path that the pattern leaves open) and
    `folder` (the name of the folder that it is in, such as its class).

    No file is decoded here: `clean` says what is wrong with one.

    Parameters
    ----------
    path
        A pattern such as `data/raw/photos/**/*.jpg`, from the working directory.
    """

    path: str

    def read(self, columns: Sequence[str]) -> Iterator[Rows]:
        """Read the named columns of all records, in the order of their paths.

        Raises
        ------
        InputError
            No file matches.
        """
        import pyarrow as pa

        paths = sorted({Path(each).as_posix() for each in glob(self.path, recursive=True) if Path(each).is_file()})
        if not paths:
            raise InputError(
                f"path: no file matches {self.path!r} below the working directory; put one there, or correct it"
            )
        pattern = Path(self.path).parts
        cells = {
            "image": paths,
            "name": [below(Path(path).parts, pattern) for path in paths],
            "folder": [Path(path).parent.name for path in paths],
        }
        require(columns, list(cells), self.path)
        table = pa.table({name: pa.array(cells[name], pa.large_string()) for name in columns})
        for start in range(0, len(paths), BATCH):
            rows = range(start + 1, min(start + BATCH, len(paths)) + 1)
            yield Rows(self.path, "", rows, table.slice(start, BATCH), "file", _inside(Path(*_fixed(pattern))))


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


def _fixed(pattern: Sequence[str]) -> Sequence[str]:
    """The folders of a pattern before its first sign that stands for others."""
    return [
        part
        for place, part in enumerate(pattern[:-1])
        if not any(sign in "".join(pattern[: place + 1]) for sign in "*?[")
    ]


def _inside(folder: Path) -> Callable[[str], bytes | None]:
    """Read files of a folder, and none that a link in it leads to elsewhere."""
    root = folder.resolve()
    return lambda path: Path(path).read_bytes() if Path(path).resolve().is_relative_to(root) else None
