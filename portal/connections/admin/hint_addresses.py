"""The addresses that a source which is read may call, with a token that was just made: they are shown once, with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from integrations.feeds import FedSource
from portal.connections.models import Endpoint
from portal.connections.registry import sources
from portal.connections.services import endpoint_url
from portal.staff.formats import copyable
from portal.staff.sections import Section, Table

NOTE: Final = (
    "Enter one of these where the source lets you write an address alone: the token is in it, so treat it as a secret. "
    "Where it lets you add a header, enter the address without the token, and the token in the header {header}."
)


def hint_sections(endpoint: Endpoint, token: str) -> Sequence[Section]:
    """One address for each feed, which says to which list a call belongs; none for a source that sends documents."""
    there = sources().get(endpoint.connection.integration)
    if not isinstance(there, FedSource):
        return ()
    url = f"{endpoint_url(endpoint)}{quote(token, safe='')}/"
    rows = [(feed.label, copyable(f"{url}?module={feed.name}")) for feed in there.feeds]
    names = endpoint.token_header_names or there.token_headers
    note = NOTE.format(header=names[0])
    return (
        Section(title="Addresses with the token in them", note=note, table=Table(head=("For", "Address"), rows=rows)),
    )
