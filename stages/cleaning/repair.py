"""Repair of texts: encoding, HTML, Unicode form, control characters, white space."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal
from unicodedata import normalize

from stages.cleaning.base import Outcome, none_rejected, strings, texts, with_texts

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# All patterns are RE2's. A cheap one finds the texts that a step may change, so that only those are worked on.

Step = Callable[["pa.Array"], "pa.Array"]

ENTITY = r"&#?[0-9A-Za-z]{1,24};"
CONTROL = r"[\x00-\x08\x0b\x0e-\x1f\x7f\x{206a}-\x{206f}\x{feff}\x{fff9}-\x{fffc}]"
# Characters that UTF-8 turns into when it is read as something else. Mojibake shows as two in a row, of which one at
# least is no Greek or Cyrillic letter; the single ones are the exceptions to that in `ftfy.badness.BADNESS_RE`.
STRANGE = r"\x{80}-\x{385}\x{400}-\x{40f}\x{460}-\x{4ff}\x{2010}-\x{25ff}\x{f8ff}\x{fb01}\x{fb02}\x{fffd}"
LETTERS = r"\x{386}-\x{3ff}\x{410}-\x{45f}"
MOJIBAKE = rf"[\x{{80}}-\x{{9f}}ÂÃŒœ]|[{STRANGE}][{STRANGE}{LETTERS}]|[{LETTERS}][{STRANGE}]"

# Names that HTML has, so that `<3`, `<name>` and `<EMAIL>` stay; attributes need a value or a known name, so that
# `<b and c>` stays too.
INLINE = (
    "a|abbr|acronym|area|b|bdi|bdo|big|button|cite|code|data|del|dfn|em|font|i|img|input|ins|kbd|label|map|mark|o:p|q|"
    "rp|rt|ruby|s|samp|small|span|strike|strong|sub|sup|time|tt|u|var|wbr"
)
BLOCK = (
    "address|article|aside|audio|base|blockquote|body|br|canvas|caption|center|col|colgroup|dd|details|dialog|dir|div|"
    "dl|dt|embed|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|iframe|legend|"
    "li|link|main|menu|meta|nav|noframes|noscript|object|ol|optgroup|option|p|param|picture|pre|script|section|select|"
    "source|style|summary|svg|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|track|ul|video"
)
BARE = (
    "allowfullscreen|async|autofocus|autoplay|checked|compact|controls|default|defer|disabled|download|hidden|ismap|"
    "itemscope|loop|multiple|muted|noshade|novalidate|nowrap|open|readonly|required|reversed|selected"
)
ATTRIBUTES = rf"""(?:\s+(?:[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+)|{BARE}))*\s*/?>"""
TAGS = (
    (r"(?is)<script[^<>]*>.*?</script\s*>|<style[^<>]*>.*?</style\s*>", "\n"),
    (r"(?is)<!--.*?-->|<!doctype\s[^<>]*>", ""),
    (rf"(?i)</?(?:{BLOCK}){ATTRIBUTES}", "\n"),
    (rf"(?i)</?(?:{INLINE}){ATTRIBUTES}", ""),
)

ODD_SPACES = r"\t\v\f\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}"
ODD_BREAKS = r"\r\x{85}\x{2028}\x{2029}"
UNTIDY = rf"^[ \n]|[ \n]$|[ \n][ \n]|[{ODD_SPACES}{ODD_BREAKS}]"
SPACES = (
    (rf"[ {ODD_SPACES}]{{2,}}|[{ODD_SPACES}]", " "),
    (rf" ?(?:\r\n|[\n{ODD_BREAKS}]) ?", "\n"),
    (r"\n{3,}", "\n\n"),
)


@dataclass(frozen=True)
class RepairText:
    """Repair texts, over and over until nothing changes, so that a second repair changes nothing.

    Parameters
    ----------
    fields
        The columns to repair.
    encoding
        Undo text in one encoding that was read in another (ftfy; Speer 2019, doi:10.5281/zenodo.2591652).
    entities
        Turn HTML entities such as `&amp;` into what they stand for.
    tags
        Remove HTML tags, comments, scripts and styles; a tag that starts a new block becomes a line break.
    form
        Unicode normal form (UAX 15); null leaves it as it is.
    controls
        Remove control characters and terminal escapes.
    spaces
        Make each run of spaces one space, allow one empty line at most, trim both ends.
    """

    fields: list[str]
    encoding: bool = True
    entities: bool = True
    tags: bool = True
    form: Literal["NFC", "NFKC"] | None = "NFC"
    controls: bool = True
    spaces: bool = True

    def apply(self, table: pd.DataFrame) -> Outcome:
        for field in self.fields:
            table = with_texts(table, field, self.repair(texts(table, field)))
        return Outcome(table, none_rejected(table))

    def repair(self, values: pa.Array) -> pa.Array:
        import pyarrow.compute as pc

        steps = self._steps()
        pending = _found(values, "|".join(f"(?:{pattern})" for pattern, _ in steps))
        while pc.any(pending).as_py():
            before = after = values.filter(pending)
            for pattern, step in steps:
                needed = _found(after, pattern)
                if pc.any(needed).as_py():
                    after = pc.replace_with_mask(after, needed, step(after.filter(needed)))
            values = pc.replace_with_mask(values, pending, after)
            pending = pc.replace_with_mask(pending, pending, pc.not_equal(before, after))
        return values

    def _steps(self) -> list[tuple[str, Step]]:
        import pyarrow.compute as pc
        from ftfy import fix_encoding
        from ftfy.fixes import remove_control_chars, remove_terminal_escapes, unescape_html

        steps: list[tuple[bool, str, Step]] = [
            # all at once, since one `amp;` at a time would take long for `&amp;amp;amp;…`
            (self.entities, ENTITY, lambda texts: _each(_replace(texts, [("&(?:amp;)+", "&")]), unescape_html)),
            (self.encoding, MOJIBAKE, lambda texts: _each(texts, fix_encoding)),
            (self.controls, CONTROL, lambda texts: _each(_each(texts, remove_terminal_escapes), remove_control_chars)),
            (self.tags, "<[A-Za-z/!]", lambda texts: _replace(texts, TAGS)),
            (
                self.form is not None,
                r"[^\x00-\x7f]",
                lambda texts: _each(texts, partial(normalize, self.form or "NFC")),
            ),
            (self.spaces, UNTIDY, lambda texts: pc.utf8_trim(_replace(texts, SPACES), " \n")),
        ]
        return [(pattern, step) for chosen, pattern, step in steps if chosen]


def _found(values: pa.Array, pattern: str) -> pa.Array:
    import pyarrow.compute as pc

    return pc.fill_null(pc.match_substring_regex(values, pattern), False)


def _each(values: pa.Array, function: Callable[[str], str]) -> pa.Array:
    import pyarrow as pa

    return pa.array([function(value) for value in strings(values)], values.type)


def _replace(values: pa.Array, replacements: Sequence[tuple[str, str]]) -> pa.Array:
    import pyarrow.compute as pc

    for pattern, replacement in replacements:
        values = pc.replace_substring_regex(values, pattern, replacement)
    return values
