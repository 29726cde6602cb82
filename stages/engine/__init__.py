"""Map a callable over shards: the one primitive that an engine offers; and show how far work has come."""

from stages.engine.base import Engine, Make
from stages.engine.local import Local
from stages.engine.progress import progress

__all__ = ["Engine", "Local", "Make", "progress"]
