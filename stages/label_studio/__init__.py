"""The only place that knows Label Studio's forms and its SDK."""

from stages.label_studio.forms import check, task

__all__ = ["check", "task"]
