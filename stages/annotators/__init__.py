"""Who proposes labels: annotators that learn from people's labels and say how sure they are."""

from stages.annotators.asking import plan, responses, usage
from stages.annotators.base import Annotator, Model, NotEnough
from stages.annotators.crossfit import Crossfit, crossfit, lines, report
from stages.annotators.curve import learning_curve
from stages.annotators.detector import Detector
from stages.annotators.image_linear import ImageLinear
from stages.annotators.linear import Linear
from stages.annotators.llm import LLM

__all__ = [
    "LLM",
    "Annotator",
    "Crossfit",
    "Detector",
    "ImageLinear",
    "Linear",
    "Model",
    "NotEnough",
    "crossfit",
    "learning_curve",
    "lines",
    "plan",
    "report",
    "responses",
    "usage",
]
