"""Teach an encoder of sentences that records of one label belong together, and then a logistic regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.annotators import logistic, pretrained, training
from stages.annotators.base import NotEnough, above_zero, only
from stages.annotators.logistic import Logistic
from stages.annotators.texts import joined
from stages.annotators.training import Course, Schedule
from stages.tasks import Choice, Task, Value

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch


@dataclass(frozen=True)
class SetFit:
    """Few-shot: a sentence encoder trained by contrast, and a logistic regression over its vectors.

    Each step takes all pairs within a batch: the cosine of two vectors is to be the share of labels that the two
    records have in common, which for a choice of one label is 1 or 0. Pairs of either kind count the same. The encoder
    runs and predicts as in `Transformer`; no label is held out, as there are few.

    Parameters
    ----------
    fields
        The text fields to read, joined by a line end.
    model, revision
        A folder, `package:name`, or a name on the hub with its commit; of an encoder of sentences.
    schedule
        How long and how fast to train the encoder; there is nothing to be patient for.
    c
        Inverse strength of the regression's L2 penalty.

    References
    ----------
    L. Tunstall et al., Efficient Few-Shot Learning Without Prompts, arXiv 2209.11055 (2022).
    """

    fields: tuple[str, ...]
    model: str
    schedule: Schedule
    revision: str | None = None
    c: float = 10.0

    def __post_init__(self) -> None:
        above_zero("c", self.c)  # not after minutes of training

    @property
    def name(self) -> str:
        return "setfit"

    def fit(self, records: pd.DataFrame, values: Sequence[Value], task: Task, seed: int) -> SetFitModel:
        import numpy as np

        codes = only(task, Choice).codes(values)
        if len(np.unique(codes, axis=0)) < 2:
            raise NotEnough("labels of at least two kinds are needed, each on two records or more")
        texts = joined(records, self.fields)
        folder = pretrained.folder(self.model, self.revision)
        key = training.named(self, pretrained.fingerprint(folder), seed, texts, codes.tolist())
        with training.fixed_threads():
            encoder = _encoder(folder)
            loss = _contrast(encoder, texts, codes)
            course = training.train(encoder, [len(text) for text in texts], loss, None, self.schedule, key)
            return SetFitModel(self, encoder, logistic.fit(_vectors(encoder, texts), values, task, self.c), course)

    def load(self, folder: Path, task: Task) -> SetFitModel:
        return SetFitModel(self, _encoder(folder / "encoder").eval(), logistic.load(folder, task)[0])


@dataclass(frozen=True)
class SetFitModel:
    settings: SetFit
    encoder: Any
    regression: Logistic
    course: Course | None = None

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        import numpy as np

        if records.empty:
            return np.zeros((0, len(self.regression.task.labels)))
        with training.fixed_threads():
            return self.regression.probabilities(_vectors(self.encoder, joined(records, self.settings.fields)))

    def save(self, folder: Path) -> None:
        """Write the encoder as sentence-transformers reads it, and the regression beside it."""
        import pandas as pd

        self.encoder.save_pretrained(str(folder / "encoder"), create_model_card=False)
        dimensions = pd.DataFrame({"dimension": [str(i) for i in range(self.regression.coefficients.shape[1])]})
        self.regression.save(folder, dimensions, {"dimension": "text"})

    def describe(
        self,
        records: pd.DataFrame,  # noqa: ARG002
        labels: Mapping[str, Value],  # noqa: ARG002
    ) -> dict[str, Any]:
        """Say how training went."""
        return asdict(self.course) if self.course else {}


def _encoder(folder: Path) -> Any:
    library = pretrained.library("sentence_transformers")
    return library.SentenceTransformer(str(folder), local_files_only=True, device=training.device()).float()


def _contrast(encoder: Any, texts: Sequence[str], codes: np.ndarray) -> Any:
    import torch

    target = torch.tensor(codes, dtype=torch.float32, device=encoder.device)

    def loss(rows: Sequence[int]) -> torch.Tensor:
        tokens = encoder.preprocess([texts[row] for row in rows])
        tokens = {name: each.to(encoder.device) if hasattr(each, "to") else each for name, each in tokens.items()}
        vectors = torch.nn.functional.normalize(encoder(tokens)["sentence_embedding"].float(), dim=1)
        given = target[list(rows)]
        both = given @ given.T
        shared = both / (given.sum(1)[:, None] + given.sum(1) - both).clamp(min=1)
        errors = (vectors @ vectors.T - shared) ** 2
        pairs = ~torch.eye(len(rows), dtype=torch.bool, device=encoder.device)
        kinds = [errors[pairs & (shared >= 0.5)], errors[pairs & (shared < 0.5)]]
        return torch.stack([kind.mean() if len(kind) else kind.sum() for kind in kinds]).mean()

    return loss


def _vectors(encoder: Any, texts: list[str]) -> np.ndarray:
    """Encode in double precision on the CPU, as `SentenceEncoder` does."""
    import numpy as np

    if training.device() == "cpu":
        encoder.double()
    found = encoder.encode(texts, show_progress_bar=False, normalize_embeddings=True)
    encoder.float()
    return np.asarray(found, dtype=np.float64)
