"""A version in the forms that people load."""

from stages.publishing.base import Form, Version, composition, published
from stages.publishing.hugging_face import HuggingFace
from stages.publishing.plain import Csv, JsonLines
from stages.publishing.settings import Publish

__all__ = ["Csv", "Form", "HuggingFace", "JsonLines", "Publish", "Version", "composition", "published"]
