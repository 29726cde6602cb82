"""Pictures, changed by albumentations, of which no other module knows."""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache, cached_property
from hashlib import sha256
from inspect import signature
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from stages import InputError, media
from stages.augmenting.pictures import regions
from stages.augmenting.pictures.regions import Regional
from stages.media import pictures as codec
from stages.tasks import Value

if TYPE_CHECKING:
    import numpy as np

BOUNDS = ("limit", "ratio", "rotate", "scale", "shear", "translate_percent", "translate_px")  # without such an ending


class PictureOperator(Protocol):
    """What changes a picture."""

    def transform(self) -> Any:
        """Make the albumentations transform that does it."""
        ...


@dataclass(frozen=True)
class Albumentation:
    """A transform of albumentations 2.0.8, by its name and arguments.

    Parameters
    ----------
    name
        Such as `HorizontalFlip`.
    arguments
        As its documentation names them; a list stands for a tuple. An unknown one is an error.

    References
    ----------
    A. Buslaev et al., Albumentations: Fast and Flexible Image Augmentations, Information 11 (2020) 125.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.transform()

    def transform(self) -> Any:
        kind = _transforms().get(self.name)
        if kind is None:
            near = " or ".join(get_close_matches(self.name, _transforms(), cutoff=0.3))
            raise InputError(f"name: albumentations has no transform {self.name!r}; perhaps {near or 'another'}")
        for key, value in self.arguments.items():
            if (key in BOUNDS or key.endswith(("_range", "_limit"))) and _falls(value):
                raise InputError(f"arguments: {key}: the lower bound comes first, found {value}")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it only warns of an argument that it does not know
            try:
                return kind(**{key: _as_tuple(value) for key, value in self.arguments.items()})
            except (ValueError, TypeError, Warning) as error:
                allowed = ", ".join(signature(kind).parameters)
                raise InputError(f"arguments: {_told(error)}; {self.name} allows {allowed}") from error


@dataclass(frozen=True)
class Pictures:
    """Pictures, changed by transforms in order; what is made of them is put as PNG.

    Parameters
    ----------
    operators
        What changes them.
    store
        Where the copies' pictures are put.
    task
        What is marked in them, where labels say where; else None.
    visibility
        The least share of a region that must stay inside.
    """

    operators: Sequence[PictureOperator]
    store: media.Store
    task: Regional | None = None
    visibility: float = 0.5
    unlike: ClassVar[bool] = False  # others are not decoded for it

    @cached_property
    def _compose(self) -> Any:
        import cv2

        cv2.setNumThreads(1)  # the engine's processes are enough
        transforms = [operator.transform() for operator in self.operators]
        if self.task is None:
            return _library().Compose(transforms)
        # corners outside say where a region would be: which are kept is ours to decide
        return _library().Compose(transforms, keypoint_params=_library().KeypointParams("xy", remove_invisible=False))

    def open(self, cell: str) -> np.ndarray:
        return codec.decode(media.read(cell))

    def change(
        self, values: Sequence[np.ndarray | None], label: Value, rng: Random
    ) -> tuple[Sequence[np.ndarray | None], Value]:
        if self.task is None or values[0] is None:
            return [None if value is None else self._changed(value, rng)[0] for value in values], label
        made, moved = self.move(values[0], label, rng)
        return [made], moved

    def move(self, value: np.ndarray, label: Value, rng: Random) -> tuple[np.ndarray, Value]:
        """Change a picture and what is marked in it."""
        import numpy as np

        assert self.task is not None
        corners = regions.outlines(label, self.task, value.shape)
        masks = regions.masks(label, self.task)
        flat = [point for each in corners for point in each]
        # a key point is counted from the first pixel's middle, a corner from its edge
        given = {"keypoints": np.array(flat, dtype=float).reshape(-1, 2) - 0.5}
        made, found = self._changed(value, rng, **given, **({"masks": masks} if masks else {}))
        points = iter((np.asarray(found["keypoints"]) + 0.5).tolist())
        places = [[next(points) for _ in each] for each in corners]
        covered = list(found.get("masks", []))
        return made, regions.moved(label, self.task, places, covered, made.shape, self.visibility)

    def _changed(self, value: np.ndarray, rng: Random, **more: Any) -> tuple[np.ndarray, dict[str, Any]]:
        import numpy as np

        self._compose.set_random_seed(rng.getrandbits(32))  # per copy: neither order nor processes count
        try:
            found = self._compose(image=value, **more)
            made = np.ascontiguousarray(found["image"])
        except Exception as error:
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(
                f"augmentation.operators: a picture of shape {value.shape} cannot be changed: {told}"
            ) from error
        if made.dtype != np.uint8 or made.ndim != value.ndim:
            kind = f"{made.dtype} of shape {made.shape}"
            raise InputError(f"augmentation.operators: pictures of 8 bits are expected, and {kind} was made of one")
        return made, found

    def print(self, value: np.ndarray) -> Hashable:
        return sha256(f"{value.shape}".encode() + value.tobytes()).digest()

    def close(self, value: np.ndarray, name: str) -> str:
        return self.store.put(name, ".png", codec.encode(value))


def _library() -> Any:
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"  # or importing it asks the network for a newer one
    import albumentations

    return albumentations


@cache
def _transforms() -> dict[str, type]:
    library = _library()
    return {
        name: each
        for name, each in vars(library).items()
        if isinstance(each, type) and issubclass(each, library.BasicTransform)
    }


def _falls(value: Any) -> bool:
    pair = isinstance(value, list) and len(value) == 2 and all(isinstance(each, int | float) for each in value)
    return pair and value[0] > value[1]


def _told(error: Exception) -> str:
    """Tell what is wrong with an argument; of several types that it might have, as the last one says it."""
    from pydantic import ValidationError

    if not isinstance(error.__cause__, ValidationError):
        return " ".join(str(error).split())
    first = error.__cause__.errors()[-1]
    said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{first['loc'][0]}: {said}, found {first['input']!r:.60}" if first["loc"] else said


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value
