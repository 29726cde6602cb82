"""Files that belong to records: where they are, and for each kind of file a module that decodes it one way only."""

from stages.media.files import BYTES, Store, is_file, read
from stages.media.seen import remember, take_seen

FILES = {"image": "pictures", "audio": "sounds"}  # by type of field, the module that knows what its files hold

__all__ = ["BYTES", "FILES", "Store", "is_file", "read", "remember", "take_seen"]
