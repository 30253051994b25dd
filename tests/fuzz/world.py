"""A tenant in which there is something behind every door, so that generated requests reach further than a 404."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from portal.api.models import Scope
from portal.api.tokens import issue
from portal.connections.models import Connection
from portal.connections.services import open_endpoint
from portal.connections.tokens import issue_token
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.sync.models import SyncState
from portal.tenants.models import Company
from tests.admin.world import in_state
from tests.api.calling import Program, an_order
from tests.desk.syncs import a_record, a_sync
from tests.events.webhooks.ear import a_consumer, a_dispatch
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    LedgerConnectionFactory,
    a_document,
    a_line,
    accepted,
)
from tests.raising.conftest import link_source

KEY = "order-1"


@dataclass(frozen=True)
class World:
    """A token, and ids by the names that they have in addresses."""

    token: str
    ids: dict[str, list[str]]


def make() -> World:
    """A company with everything, one that is not linked yet, and a bare one."""
    company: Company = CompanyFactory.create(name="Northgate Training Ltd")
    waiting = CompanyFactory.create(tenant=company.tenant, name="Harbour Street Ltd", live_at=None)
    bare = CompanyFactory.create(tenant=company.tenant, name="Mill Lane Ltd", live_at=None)
    books: Connection = LedgerConnectionFactory.create(company=company, confirmed_at=timezone.now())
    begun = DemoConnectionFactory.create(company=waiting, status="pending_auth", settings={}, secrets={})
    linked = DemoConnectionFactory.create(company=CompanyFactory.create(tenant=company.tenant, name="Weir Lane Ltd"))
    source = link_source(company)
    endpoint = open_endpoint(source, who="tests")
    issue_token(endpoint, who="tests")
    _, token = issue(company.tenant, "Fuzz", list(Scope), who="tests")
    assert Program(company, token).post(an_order(key=KEY)).status_code == 202
    runs = [a_sync(books, kind=kind) for kind in ("supplier", "account", "tax", "currency")]
    runs += [a_sync(books, SyncState.FETCH_ERROR, message="It does not answer.", ended_at=timezone.now())]
    records = [a_record(books, f"S{number:03d}") for number in range(30)]
    webhooks = [a_consumer(f"https://hooks.example.com/{number}", company.tenant_id)[0] for number in range(3)]
    doomed = [a_consumer(f"https://hooks.example.com/d{number}", company.tenant_id)[0] for number in range(20)]
    messages = [a_dispatch(webhooks[0], state=state, next_try_at=None) for state in ("arrived", "given_up", "given_up")]
    postings = some_postings(books, linked)
    ids = {
        "companyId": [company.pk, waiting.pk, bare.pk, linked.company_id],
        "connectionId": [books.pk, source.pk, begun.pk, linked.pk],
        "endpointId": [endpoint.pk],
        "transactionId": [posting.transaction.public_id for posting in postings],
        "postingId": [posting.pk for posting in postings],
        "datasetId": [run.pk for run in runs],
        "key": [KEY, "ledger", "demo", source.integration],
        "webhookId": [webhook.pk for webhook in webhooks],
        "messageId": [message.pk for message in messages],
        "doomedWebhookId": [webhook.pk for webhook in doomed],
        "after": [record.pk for record in records[:5]],
    }
    return World(token, {name: [str(value) for value in values] for name, values in ids.items()})


def some_postings(books: Connection, elsewhere: Connection) -> list[Posting]:
    """One that the ledger has refused, one that it has booked, and of another company one that waits, and some that
    need a person."""
    refused = accepted(books, a_document(lines=(a_line(account_code="9999"),))).posting
    there = [in_state(elsewhere, state) for state in (State.READY, State.REJECTED, State.HELD, State.WITHDRAWN)]
    return [refused, accepted(books).posting, *there]
