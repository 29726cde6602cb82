"""A language model that labels: zero- and few-shot, through any OpenAI-compatible server, with a record of answers."""

from stages.annotators.llm.annotator import LLM

__all__ = ["LLM"]
