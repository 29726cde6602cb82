"""Objects by a pretrained model: boxes, polygons or masks without a label by people."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from stages import InputError, tables
from stages.annotators import checkpoints
from stages.annotators.given import Given, GivenModel
from stages.annotators.pictures import object_models
from stages.annotators.pictures.encoders import threads
from stages.annotators.pictures.object_models import Kind
from stages.annotators.pictures.reading import coloured, decoded
from stages.annotators.pictures.regions import Regional, regional, regions
from stages.annotators.texts import column
from stages.engine import progress
from stages.tasks import Proposal, Task
from stages.tasks.pictures import Boxes

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PretrainedDetector(Given["PretrainedDetectorModel"]):
    """A model of Hugging Face's for detection or segmentation, as it is: it learns nothing here.

    People's labels only calibrate how sure it is: a picture is right if every object is, so its confidence is the
    product of the scores of what is proposed and, for boxes, of one minus the scores of what is not.

    Parameters
    ----------
    field
        The field with the picture.
    model, revision
        A folder, `package:name`, or a name on the hub with its commit.
    kind
        What the model does, as transformers calls it: `object-detection`, such as DETR or YOLOS;
        `zero-shot-object-detection`, such as OWL-ViT, which is told in words what to look for; `image-segmentation`,
        such as Mask2Former or SegFormer; `mask-generation`, as SAM, whose masks have no names, for interfaces with one
        label.
    threshold
        From which score on an object is proposed, from 0 to 1.
    labels
        By what the model calls an object, or is to look for, the label; what is not named is left out. Empty: the model
        is taken to use the labels of the interface.

    References
    ----------
    N. Carion et al., End-to-End Object Detection with Transformers, ECCV (2020).
    M. Minderer et al., Simple Open-Vocabulary Object Detection with Vision Transformers, ECCV (2022).
    A. Kirillov et al., Segment Anything, ICCV (2023).
    """

    name = "objects"

    field: str
    model: str
    kind: Kind
    revision: str | None = None
    threshold: float = 0.5
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"annotator.kind: one of {', '.join(get_args(Kind))} is expected, found {self.kind!r}")
        if not object_models.WEAKEST <= self.threshold <= 1:
            raise InputError(f"annotator.threshold: a score from .01 to 1 is expected, found {self.threshold:g}")

    def given(self, task: Task) -> PretrainedDetectorModel:
        task = regional(task)
        folder = self.folder()
        with checkpoints.refused(self.model, f"is no model for {self.kind}"):
            pipeline = object_models.pipeline(folder, self.kind)
        if self.kind in object_models.BOXES and not isinstance(task, Boxes):
            raise InputError(
                f"annotator.kind: {self.kind} proposes boxes, and the labelling interface asks for {task.type}; "
                "take image-segmentation"
            )
        return PretrainedDetectorModel(self, task, pipeline, self._names(task, pipeline))

    def _names(self, task: Regional, pipeline: Any) -> dict[str, str]:
        """Give the label of each name that the model uses."""
        if self.kind == "mask-generation":
            if len(task.labels) > 1 or self.labels:
                raise InputError(
                    "annotator.kind: mask-generation gives no names, so the interface must have one label, and "
                    f"`labels` none; the interface has {', '.join(task.labels)}"
                )
            return {"": task.labels[0]}
        names = dict(self.labels) or {label: label for label in task.labels}
        for label in names.values():
            if label not in task.labels:
                there = ", ".join(task.labels)
                raise InputError(f"annotator.labels: {label!r} is not in the labelling interface; it has {there}")
        known = {str(name) for name in pipeline.model.config.id2label.values()}
        if self.kind != "zero-shot-object-detection" and (unknown := [each for each in names if each not in known]):
            some = ", ".join(sorted(known)[:20])
            raise InputError(f"annotator.labels: the model has no class {unknown[0]!r}; it has {some}")
        return names


@dataclass(frozen=True)
class PretrainedDetectorModel(GivenModel):
    settings: PretrainedDetector
    task: Regional
    pipeline: Any
    names: Mapping[str, str]

    def predict(self, records: pd.DataFrame) -> list[Proposal | None]:
        pictures = column(records, self.settings.field)
        with threads():
            every = progress(pictures, "annotate: objects", len(pictures))
            return [self._proposed(path) if path else None for path in every]

    def _proposed(self, path: str) -> Proposal:
        picture = coloured(decoded(path))
        least = self.settings.threshold
        seen = object_models.found(self.pipeline, self.settings.kind, picture, list(self.names), least)
        known = [(each, self.names[name], score) for each, name, score in seen if name in self.names]
        kept = [each for each in known if each[2] >= least]
        confidence = math.prod(score if score >= least else 1 - score for _, _, score in known)
        made = regions(kept, self.task, picture.shape)
        value = self.task.ordered([region for region, _ in made])
        scores = [next(score for region, score in made if region is each) for each in value]
        return Proposal(value, confidence, [round(score, tables.DIGITS) for score in scores])
