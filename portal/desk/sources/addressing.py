"""The address that a source may call when something happened: with its token in a header, or at its end."""

from __future__ import annotations

from dataclasses import dataclass

from integrations.feeds import FedSource, Feed
from portal.connections.models import Connection, Endpoint
from portal.connections.registry import source
from portal.desk.going_live.noticing import Address, addresses
from portal.desk.inbound import endpoints_of, inbound_of


@dataclass(frozen=True, kw_only=True)
class HintUrl:
    """What is entered for one feed: as it is called over there."""

    label: str
    url: str


def address_of(connection: Connection) -> Address | None:
    """The open address for all kinds, with the last call and with who knocked in vain; None where there is none."""
    endpoint = open_endpoint_of(connection)
    return addresses([inbound_of(endpoint)])[0] if endpoint else None


def open_endpoint_of(connection: Connection) -> Endpoint | None:
    """The same as a row of `endpoints_of`."""
    return endpoints_of(connection).filter(kind="").first()


def hint_urls(connection: Connection, url: str, token: str) -> list[HintUrl]:
    """One address for each feed, with the token in it: whatever the call itself says, it names the list."""
    there = source(connection.integration)
    feeds: tuple[Feed, ...] = there.feeds if isinstance(there, FedSource) else ()
    return [HintUrl(label=feed.label, url=f"{url}{token}/?module={feed.name}") for feed in feeds]
