"""Map a callable over shards: the one primitive that an engine offers."""

from stages.engine.base import Engine, Make
from stages.engine.local import Local

__all__ = ["Engine", "Local", "Make"]
