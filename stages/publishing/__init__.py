"""A version in the forms that people load."""

from stages.publishing.base import Form, Version, composition, published
from stages.publishing.features import Features
from stages.publishing.hugging_face import HuggingFace
from stages.publishing.plain import Csv, JsonLines
from stages.publishing.settings import Publish
from stages.publishing.spans import Conll, DocBin, TokenClassification
from stages.publishing.turns import Chat, Instructions, Preferences

__all__ = [
    "Chat",
    "Conll",
    "Csv",
    "DocBin",
    "Features",
    "Form",
    "HuggingFace",
    "Instructions",
    "JsonLines",
    "Preferences",
    "Publish",
    "TokenClassification",
    "Version",
    "composition",
    "published",
]
