"""A version told to people: its page, `reports/index.html`, and the summary at the end of `make repro`."""

from stages.report.page import page
from stages.report.summary import summary

__all__ = ["page", "summary"]
