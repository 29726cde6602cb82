"""Turn pictures into vectors, with a model that is not trained here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import InputError
from stages.annotators import checkpoints, pretrained
from stages.annotators.embeddings import Embeddings
from stages.annotators.pictures.reading import coloured, content, decoded
from stages.annotators.texts import column
from stages.annotators.vectors import vectors
from stages.tasks import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch

POOLER = "pooler."  # the weights that a checkpoint may lack


@dataclass(frozen=True)
class ImageEncoder:
    """A model of pictures: the tower of a CLIP or SigLIP, a ViT, DINOv2, or any other that `AutoModel` reads.

    A picture's vector is the projection that CLIP and SigLIP compare with texts, else what the model pools, or the
    token of the whole picture where the checkpoint has no weights to pool with. Vectors are computed in double
    precision, so that neither the other pictures of a batch, nor threads or the processor show in the digits that are
    kept. What makes a picture fit the model is computed by Pillow, whether torchvision is installed or not.

    Parameters
    ----------
    model
        A folder, `package:name`, or a name on the hub.
    revision
        On the hub, the commit.

    References
    ----------
    A. Radford et al., Learning Transferable Visual Models from Natural Language Supervision, ICML (2021).
    M. Oquab et al., DINOv2: Learning Robust Visual Features without Supervision, TMLR (2024).
    """

    model: str
    revision: str | None = None

    def fingerprint(self) -> str:
        return f"{pretrained.fingerprint(pretrained.folder(self.model, self.revision))} pictures"

    def encode(self, paths: Sequence[str]) -> np.ndarray:
        """Give a vector per picture file, shape (pictures, dimensions)."""
        torch = pretrained.library("torch")

        network, processor = towers(self.model, self.revision)
        ready = [processor(images=[coloured(decoded(path))], return_tensors="pt")["pixel_values"] for path in paths]
        with threads(), torch.no_grad():
            return _pooled(network, torch.cat(ready).to(network.device, torch.float64)).cpu().numpy()


@dataclass(frozen=True)
class PictureEmbeddings(Embeddings):
    """Logistic regression over the vectors of an encoder of pictures; `fields` names the one that has them."""

    @property
    def name(self) -> str:
        return "image_encoder"

    def survey(
        self,
        records: pd.DataFrame,  # noqa: ARG002
        task: Task,  # noqa: ARG002
    ) -> PictureEmbeddings:
        """Look at none: on the pixels of digits it did not help, as it does with texts."""
        return self

    def features(self, records: pd.DataFrame) -> np.ndarray:
        if len(self.fields) != 1:
            raise InputError(f"annotator.fields: the field with the picture is expected, found {list(self.fields)}")
        return vectors(column(records, self.fields[0]), self.encoder, content)


def towers(model: str, revision: str | None) -> tuple[Any, Any]:
    """Load a model in double precision, and what prepares pictures for it.

    Raises
    ------
    InputError
        It is no model of pictures, or lacks weights.
    """
    folder = pretrained.folder(model, revision)
    with checkpoints.refused(model, "is no model of pictures"):
        return _towers(folder)


@cache
def _towers(folder: Path) -> tuple[Any, Any]:
    library = pretrained.library("transformers")
    processor = library.AutoImageProcessor.from_pretrained(str(folder), local_files_only=True, backend="pil")
    network, missing = checkpoints.entire(library.AutoModel, folder, "auto", spared=POOLER)
    if missing:
        network.pooler = None  # it would be drawn at random
    return network.double(), processor


def _pooled(network: Any, pixels: torch.Tensor) -> torch.Tensor:
    if hasattr(network, "get_image_features"):
        return network.get_image_features(pixel_values=pixels).pooler_output
    found = network(pixel_values=pixels)
    if getattr(found, "pooler_output", None) is not None:
        return found.pooler_output.flatten(1)
    last = found.last_hidden_state
    return last[:, 0] if last.ndim == 3 else last.mean(dim=(2, 3))


@contextmanager
def threads() -> Iterator[None]:
    """Use all processors: in double precision their number does not show in the digits that are kept."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
