"""Pictures and the names of labels in one space of vectors: a choice without any label by people."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages import InputError, tables
from stages.annotators import pretrained
from stages.annotators.base import only
from stages.annotators.given import Given, GivenModel
from stages.annotators.pictures import encoders as image_encoders
from stages.annotators.pictures.encoders import ImageEncoder
from stages.annotators.pictures.reading import content
from stages.annotators.texts import column
from stages.annotators.vectors import vectors
from stages.tasks import Choice, Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Clip(Given["ClipModel"]):
    """Zero-shot classification by a CLIP or SigLIP of Hugging Face's: the label whose prompt is nearest to the picture.

    It learns nothing; people's labels only calibrate how sure it is. Each label's vector is the mean of those of its
    prompts, which are the templates with the label put in, or prompts of its own. Several labels per record need a
    model that tells each by itself, as SigLIP does.

    Parameters
    ----------
    field
        The field with the picture.
    model, revision
        A folder, `package:name`, or a name on the hub with its commit.
    templates
        Prompts with `{}` where the label goes.
    prompts
        Whole prompts, by label, for labels whose names say little to the model.

    References
    ----------
    A. Radford et al., Learning Transferable Visual Models from Natural Language Supervision, ICML (2021).
    X. Zhai et al., Sigmoid Loss for Language Image Pre-Training, ICCV (2023).
    """

    name = "clip"

    field: str
    model: str
    revision: str | None = None
    templates: tuple[str, ...] = ("a photo of a {}.",)
    prompts: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.templates:
            if each.count("{}") != 1:
                raise InputError(f"annotator.templates: {each!r} needs {{}} once, where the label goes")

    def given(self, task: Task) -> ClipModel:
        return ClipModel(self, only(task, Choice), *self._texts(only(task, Choice)))

    def asked(self, task: Choice) -> list[list[str]]:
        """Give each label's prompts.

        Raises
        ------
        InputError
            A label has none, or prompts are given for one that is not in the labelling interface.
        """
        for label in self.prompts:
            if label not in task.labels:
                known = ", ".join(task.labels)
                raise InputError(f"annotator.prompts: {label!r} is not in the labelling interface; it has {known}")
        each = [
            list(self.prompts.get(label) or [each.replace("{}", label) for each in self.templates])
            for label in task.labels
        ]
        if not all(each):
            raise InputError("annotator.templates: one or more are expected, or `prompts` for every label")
        return each

    def _texts(self, task: Choice) -> tuple[np.ndarray, float, float | None]:
        """Give each label's vector, of length 1, and by what a product with it becomes a logit."""
        import numpy as np

        torch = pretrained.library("torch")

        asked = self.asked(task)
        network, _ = image_encoders.towers(self.model, self.revision)
        if not hasattr(network, "get_text_features"):
            raise InputError(f"annotator.model: {self.model!r} knows no texts; a CLIP or a SigLIP is expected")
        bias = getattr(network, "logit_bias", None)
        if task.multiple and bias is None:
            raise InputError(f"annotator.model: several labels per record need a SigLIP, which {self.model!r} is not")
        library = pretrained.library("transformers")
        tokenizer = library.AutoTokenizer.from_pretrained(str(self.folder()), local_files_only=True)
        longest = network.config.text_config.max_position_embeddings
        padding = "max_length" if bias is not None else True  # as the one and the other were trained
        found = []
        for prompts in asked:
            tokens = tokenizer(prompts, padding=padding, truncation=True, max_length=longest, return_tensors="pt")
            with image_encoders.threads(), torch.no_grad():
                vectors = network.get_text_features(**tokens.to(network.device)).pooler_output.cpu().numpy()
            found.append(_unit(_unit(vectors).mean(axis=0, keepdims=True))[0].round(tables.DIGITS))
        scale = round(network.logit_scale.exp().item(), tables.DIGITS)
        return np.array(found), scale, None if bias is None else round(bias.item(), tables.DIGITS)


@dataclass(frozen=True)
class ClipModel(GivenModel):
    settings: Clip
    task: Choice
    labels: np.ndarray  # shape (labels, dimensions)
    scale: float
    bias: float | None

    def predict(self, records: pd.DataFrame) -> np.ndarray:
        """Give probabilities; a record without a picture has none."""
        import numpy as np

        pictures = column(records, self.settings.field)
        known = np.array([path != "" for path in pictures], dtype=bool)
        found = np.full((len(records), len(self.task.labels)), np.nan)
        if known.any():
            encoder = ImageEncoder(self.settings.model, self.settings.revision)
            seen = vectors([path for path in pictures if path], encoder, content)
            logits = self.scale * np.array([self.labels @ each for each in seen])  # one by one: each by itself
            if self.task.multiple:
                found[known] = 1 / (1 + np.exp(-logits - (self.bias or 0)))
            else:
                powers = np.exp(logits - logits.max(axis=1, keepdims=True))
                found[known] = powers / powers.sum(axis=1, keepdims=True)
        return found


def _unit(vectors: np.ndarray) -> np.ndarray:
    import numpy as np

    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
