"""What a sound may be, and sounds that are the same. What cannot be decoded passes here; the last step rejects it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from stages.cleaning import groups
from stages.cleaning.base import Outcome, texts
from stages.cleaning.groups import Decision, Summary
from stages.cleaning.limits import Bounds
from stages.media.sounds import Sound, listen

if TYPE_CHECKING:
    import pandas as pd

    from stages.tables import Shard


class _Bounds(Bounds):
    """Reject sounds by a measure of `stages.media.sounds.Sound`; a bound that is null does not count."""

    measure: ClassVar[str]
    says: ClassVar[str]

    def apply(self, table: pd.DataFrame) -> Outcome:
        import pandas as pd

        measured = ((row, getattr(sound, self.measure)) for row, sound in _heard(table, self.field))
        faults = ((row, self.broken(value, self.says.format(value))) for row, value in measured)
        said = {row: f"{self.field} {fault}" for row, fault in faults if fault}
        return Outcome(table, pd.Series(said, dtype="str"))


class Duration(_Bounds):
    """Reject sounds that are too short or too long, in seconds."""

    measure, says = "seconds", "lasts {:g} seconds"


class Loudness(_Bounds):
    """Reject sounds that are silent or too loud, by the root mean square in decibels below full scale (0 to -120)."""

    measure, says = "loudness", "has a loudness of {:g} decibels"


class Clipping(_Bounds):
    """Reject overdriven sounds, by the share of samples at full scale, from 0 to 1.

    What was overdriven and then made quieter is not found.
    """

    measure, says = "clipped", "is clipped in a share of {:g} of its samples"


@dataclass(frozen=True)
class DuplicateSounds:
    """Reject sounds that have the same samples as one with a smaller id, whatever their files.

    Parameters
    ----------
    field
        The column with the sound.
    """

    field: str

    def summarise(self, table: pd.DataFrame) -> Summary:
        import numpy as np
        import pyarrow as pa

        heard = {table.index.get_loc(row): sound.samples for row, sound in _heard(table, self.field)}
        places = np.array(list(heard), dtype=np.int64)
        return Summary(places, texts(table, "id").take(pa.array(places)), np.array(list(heard.values()), dtype="V32"))

    def decide(self, summaries: Sequence[Summary], _shards: Sequence[Shard]) -> Sequence[Decision]:
        import numpy as np
        import pyarrow as pa

        prints = pa.array([each.tobytes() for part in summaries for each in part.prints], pa.binary(32))
        first = groups.first_of(prints.dictionary_encode().indices.to_numpy())
        again = np.flatnonzero(first != np.arange(len(first)))
        pairs = np.stack([first[again], again], axis=1)
        return groups.like(summaries, pairs, np.full(len(again), np.inf), f"the same {self.field}")

    def apply(self, table: pd.DataFrame, decision: Decision) -> Outcome:
        return groups.reject(table, decision)


def _heard(table: pd.DataFrame, field: str) -> Iterator[tuple[Hashable, Sound]]:
    """Give the rows whose sound can be decoded, each with it."""
    for row, path in table[field].dropna().items():
        sound = listen(path)
        if not sound.problem:
            yield row, sound
