"""Where a company's documents come from: those that are sent to us, and those that we read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portal.connections.models import Connection
from portal.desk.fed_ones import is_fed
from portal.desk.words import source_name


@dataclass(frozen=True, kw_only=True)
class Senders:
    """The company's active connections to sources: `sending` call us with whole documents, `fed` are read."""

    sending: tuple[Connection, ...]
    fed: tuple[Connection, ...]

    @property
    def only_reads(self) -> bool:
        """Whether nothing sends documents, and all of them are read."""
        return bool(self.fed) and not self.sending

    @property
    def fed_names(self) -> str:
        """The sources that are read, by their names."""
        return " and ".join(source_name(one.integration) for one in self.fed)

    @property
    def until_live(self) -> str:
        """What happens before going live, in a sentence."""
        if self.only_reads:
            return f"Until then nothing is read from {self.fed_names}, and nothing is booked."
        read = f", nothing is read from {self.fed_names}" if self.fed else ""
        return f"Until then iCompleat is told “not live yet”{read}, and nothing is booked."


def senders_of(connections: Iterable[Connection]) -> Senders:
    """Of active connections to sources, at most one to each."""
    every = list(connections)
    return Senders(
        sending=tuple(one for one in every if not is_fed(one)), fed=tuple(one for one in every if is_fed(one))
    )
