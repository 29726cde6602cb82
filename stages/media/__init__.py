"""Files that belong to records: where they are, and pictures decoded one way only."""

from stages.media.files import Store, read
from stages.media.pictures import PIXELS, Look, decode, encode, look, plain

__all__ = ["PIXELS", "Look", "Store", "decode", "encode", "look", "plain", "read"]
