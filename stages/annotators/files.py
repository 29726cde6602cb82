"""Files of records that an annotator cannot use."""

from __future__ import annotations

from pathlib import Path

from stages import InputError
from stages.media.files import FOLDER


def unusable(what: str, reference: str, error: ValueError) -> InputError:
    """Make the error for a field that should name a picture, or a sound; a record's text is not shown in it."""
    found = f"{reference!r:.100} {error}" if Path(reference).parent.name == FOLDER else "it holds other values"
    return InputError(
        f"annotator.field: it names no {what}: {found}; choose the field with the {what}s, or another annotator in "
        "params.yaml (conf/annotator/ says what each is for)"
    )
