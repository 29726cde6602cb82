"""Files that belong to records: where they are, and for each kind of file a module that decodes it one way only."""

from collections.abc import Mapping

from stages.media.files import BYTES, MOST, Store, is_file, read
from stages.media.seen import remember, take_seen
from stages.tables import ROWS

FILES = {"image": "pictures", "audio": "sounds"}  # by type of field, the module that knows what its files hold

__all__ = ["BYTES", "FILES", "MOST", "Store", "is_file", "read", "remember", "rows", "take_seen"]


def rows(fields: Mapping[str, str]) -> int:
    """How many rows a shard of a table has, by the declared fields; a file takes far longer than a text."""
    return ROWS if FILES.keys().isdisjoint(fields.values()) else ROWS // 100
