"""A version told to people: its page, `reports/index.html`, and the summary at the end of `make repro`."""

from stages.report.card import card
from stages.report.page import page
from stages.report.summary import gates, summary
from stages.report.wording import promise, verdict

__all__ = ["card", "gates", "page", "promise", "summary", "verdict"]
