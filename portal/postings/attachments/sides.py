"""Which postings have files to hand over: those that came from a source that offers files, in books that take them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from integrations.documents import Kind
from portal.connections import registry
from portal.connections.models import Connection, Side, Status
from portal.connections.services import abilities
from portal.connections.setup import is_set_up
from portal.postings.models import Posting
from portal.postings.states import State

# Of a posting that somebody marked as posted without a lookup nobody knows the document over there.
BY_HAND: Final = "marked:"
NOT_POSTED: Final = "It is not posted."
NO_BOOKS: Final = "It did not go into an accounting system."
MEMO: Final = "It is kept as a memo entry: there is no document in the accounting system."
MARKED: Final = "It was marked as posted by hand: nobody knows the document over there."
UNLINKED: Final = "{connection} was unlinked."
TAKES_NONE: Final = "{system} takes no files for this kind."
NO_SOURCE: Final = "{company} has no connection to {source} that its files can be fetched with."
OFFERS_NONE: Final = "{source} offers no files."


def offering() -> list[str]:
    """The slugs of the sources that tell the files of their transactions."""
    return [slug for slug, source in registry.sources().items() if source.offers.attachments]


def taken_kinds(connection: Connection) -> frozenset[Kind]:
    """The kinds whose documents take files there; none in a source, and where the integration is not installed."""
    if connection.integration not in registry.accounting_systems():
        return frozenset()
    return abilities(connection).attaches


def taking() -> list[str]:
    """The slugs of the accounting systems that take files for any kind."""
    return [slug for slug, system in registry.accounting_systems().items() if system.can.attaches]


def sources_of(companies: Iterable[UUID]) -> dict[UUID, dict[str, Connection]]:
    """For each company its connections to sources that offer files and whose interface is set up, by slug."""
    rows = Connection.objects.filter(company__in=list(companies), side=Side.SOURCE, integration__in=offering())
    found: dict[UUID, dict[str, Connection]] = {}
    for one in rows.exclude(status=Status.UNLINKED).select_related("company").order_by("created_at"):
        if is_set_up(one):
            found.setdefault(one.company_id, {})[one.integration] = one
    return found


def source_connection(posting: Posting) -> Connection | None:
    """Where the files of a posting are, in whatever status but Unlinked; None when there is no such connection."""
    transaction = posting.transaction
    return sources_of([transaction.company_id]).get(transaction.company_id, {}).get(transaction.source)


def why_none(posting: Posting) -> str:
    """Why this posting has no files to hand over, in one sentence; empty when it may have some."""
    connection, source = posting.connection, posting.transaction.source
    reasons = (
        (posting.state != State.POSTED, NOT_POSTED),
        (connection.side != Side.ACCOUNTING, NO_BOOKS),
        (posting.kept, MEMO),
        ((posting.external_id or "").startswith(BY_HAND), MARKED),
        (connection.status == Status.UNLINKED, UNLINKED.format(connection=connection)),
        (posting.kind not in taken_kinds(connection), TAKES_NONE.format(system=connection.integration)),
        (source not in offering(), OFFERS_NONE.format(source=source)),
    )
    why = next((said for holds, said in reasons if holds), "")
    if why or source_connection(posting) is not None:
        return why
    return NO_SOURCE.format(company=connection.company, source=source)
