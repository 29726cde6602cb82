"""Files that belong to records: where they are, and pictures decoded one way only."""

from stages.media.files import BYTES, Store, is_file, read
from stages.media.pictures import (
    PIXELS,
    THUMBNAIL,
    Look,
    decode,
    encode,
    grey,
    look,
    plain,
    remember,
    take_looks,
    thumbnail,
)

__all__ = [
    "BYTES",
    "PIXELS",
    "THUMBNAIL",
    "Look",
    "Store",
    "decode",
    "encode",
    "grey",
    "is_file",
    "look",
    "plain",
    "read",
    "remember",
    "take_looks",
    "thumbnail",
]
