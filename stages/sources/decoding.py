"""Bytes to text: exactly, or an error that says where."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from stages import InputError

BLOCK = 1 << 20  # bytes
ZIP = b"PK\x03\x04"  # begins Excel's and LibreOffice's workbooks, too


def check_encoding(encoding: str) -> None:
    try:
        "".encode(encoding)
        codecs.getincrementaldecoder(encoding)
    except (LookupError, UnicodeError) as error:
        raise InputError(
            f"encoding: {encoding!r} is not known; allowed are Python's, such as utf-8 or cp1252"
        ) from error


def decoded(stream: BinaryIO, file: str, encoding: str) -> Iterator[str]:
    """Yield the text of a stream in blocks, without a byte order mark.

    Raises
    ------
    InputError
        A byte is not of the encoding, or the text has a NUL; names file, line and byte.
    """
    # utf-8-sig would count its offsets from behind the mark
    decoder = codecs.getincrementaldecoder("utf-8" if codecs.lookup(encoding).name == "utf-8-sig" else encoding)()
    offset, line = 0, 1
    while True:
        block = stream.read(BLOCK)
        if not offset and block.startswith(ZIP):
            raise InputError(f"{file}: an archive or a workbook, not text; name its `member`, or save it as CSV")
        state = decoder.getstate()
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeError as error:
            # positions count from the bytes kept back from the last block
            start = getattr(error, "start", 0) - len(state[0])
            decoder.setstate(state)
            line += decoder.decode(block[: max(start, 0)]).count("\n")
            byte = (state[0] + block)[start + len(state[0])]
            guess = "utf-16" if not offset and block[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "cp1252"
            raise InputError(
                f"{file}, line {line}, byte offset {offset + start}: byte 0x{byte:02x} is not {encoding}; "
                f"name the file's own encoding, such as `encoding: {guess}`"
            ) from error
        if not offset:
            text = text.removeprefix("\ufeff")
        if "\0" in text:
            line += text.count("\n", 0, text.index("\0"))
            raise InputError(
                f"{file}, line {line}: a NUL character, so this is no text in {encoding}; "
                "is it an archive without `member`, another `format`, or `encoding: utf-16`?"
            )
        yield text
        offset += len(block)
        line += text.count("\n")
        if not block:
            return


def lines(stream: BinaryIO, file: str, encoding: str) -> Iterator[str]:
    """Yield the lines with their ends (LF, CR LF or CR) as they are."""
    return chain.from_iterable(io.StringIO(text, newline="") for text in _whole_lines(decoded(stream, file, encoding)))


def _whole_lines(texts: Iterator[str]) -> Iterator[str]:
    rest: list[str] = []
    for text in texts:
        cut = text.rfind("\n") + 1
        if cut:
            yield "".join((*rest, text[:cut]))
            rest = []
        rest.append(text[cut:])
    yield "".join(rest)
