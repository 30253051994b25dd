"""A world in which every page of the customers has something to show: companies in every stage of their lives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.documents import Allocation, Customer, Kind
from portal.amending import models as amending
from portal.api import tokens
from portal.api.models import Scope
from portal.connections.access.ending import end
from portal.connections.models import Connection, Endpoint, Status, Visit, VisitOutcome
from portal.events.services import tell
from portal.events.webhooks.models import Dispatch, DispatchState
from portal.intake.before_live.making import make_due
from portal.intake.models import Delivery, KeptDryRun, Verdict
from portal.postings.figures.counting import count
from portal.postings.models import Attempt, Posting
from portal.postings.states import State
from portal.postings.twins.deciding import THE_SAME
from portal.postings.twins.models import PairQuestion
from portal.postings.twins.verdicts import TWIN
from portal.reference.sync.models import Change, SyncSchedule, SyncState
from portal.tenants.models import Company, Invitation, Member, Role, Tenant
from tests.admin import world
from tests.desk.syncs import a_change, a_record, a_schedule, a_sync, an_incomplete_list, refused
from tests.e2e.fed import SLUG, a_link
from tests.events.webhooks.ear import a_consumer, a_dispatch
from tests.factories import (
    CompanyFactory,
    LedgerConnectionFactory,
    MemberFactory,
    SourceConnectionFactory,
    a_document,
    a_line,
    accepted,
    with_token,
)
from tests.intake import payloads

# Whose page it is: the name of a stage, and what stands in its paths.
Ids = Mapping[str, Any]
BEGUN: Final = "Millfield Conferences Ltd"
LONG: Final = "A supplier with a rather long name for a telephone (Holdings) and Sons International Limited"
SOURCE: Final = {"base_url": "http://127.0.0.1:9", "tenant_id": "t", "company_id": "c"}


@dataclass(frozen=True)
class Everything:
    """The people, by their role, and the ids of each stage of a company's life by the name that a path gives them."""

    people: Mapping[str, Any]
    stages: Mapping[str, Ids]


def build() -> Everything:
    """One organisation: a live company on the demo accounting system with all there is, one on the built-in ledger,
    one that is on its way, one that has nothing yet, one that was unlinked, and one that is closed."""
    base = world.build()
    tenant = base.demo.company.tenant
    people = {role.value: MemberFactory.create(tenant=tenant, role=role).user for role in Role}
    people["newcomer"] = MemberFactory.create().user
    people["accountant"] = MemberFactory.create(tenant=tenant, role=Role.OPERATOR).user
    MemberFactory.create(user=people["accountant"], role=Role.OPERATOR)
    full = {"tenant_id": tenant.pk, **_of_the_tenant(tenant), **_of_the_full_company(base, people["owner"])}
    states = {state.value: {**full, **_transaction(posting)} for state, posting in base.postings.items()}
    first = Tenant.objects.get(members__user=people["newcomer"])
    stages = {
        "full": {**full, **_transaction(base.postings[State.REJECTED])},
        "ledger": {"tenant_id": tenant.pk, **_company(base.ledger.company)},
        "begun": {"tenant_id": tenant.pk, **_begun(tenant)},
        "new": {"tenant_id": first.pk, **_company(CompanyFactory.create(tenant=first, name="Quay Ltd", live_at=None))},
        "unlinked": {"tenant_id": tenant.pk, **_unlinked(tenant)},
        "closed": {"tenant_id": tenant.pk, **_closed(tenant, people["owner"])},
        "asked": {**full, **_transaction(_asked(base.demo))},
        "amended": {**full, **_amended(base)},
        **states,
    }
    _linked_long_ago()
    count(timezone.now() + timedelta(minutes=5))
    return Everything(people, stages)


def _asked(connection: Connection) -> Posting:
    """A payment of which somebody has to say whether it is the one that is there already."""
    settles = Allocation(kind=Kind.SALES_INVOICE, external_id="invoice-10482", amount=Decimal(120), number="INV-10482")
    posting = world.in_state(
        connection,
        State.HELD,
        a_document(
            kind=Kind.PAYMENT, party=Customer(code="BRIGHT7KQ2", name="Brightwater Care Ltd"), allocations=(settles,)
        ),
    )
    Posting.objects.filter(pk=posting.pk).update(
        reason=THE_SAME.format(kind="payment", when=" from 3 March 2026", number="CR-104"), reason_field=TWIN
    )
    candidates = [["entry-104", "CR-104", "2026-03-03"]]
    PairQuestion.objects.create(posting=posting, candidates=candidates, asked_at=timezone.now())
    return posting


def _amended(base: world.World) -> dict[str, Any]:
    """What is posted, and has another due date at its source since: its page, and that of one decision."""
    sold = a_document(
        kind=Kind.SALES_INVOICE, source=SLUG, number="INV-10482",
        party=Customer(code="BRIGHT7KQ2", name="Brightwater Care Ltd"),
    )  # fmt: skip
    posting = world.in_state(base.demo, State.POSTED, sold)
    duty = amending.AmendmentDuty.objects.create(
        posting=posting, connection=base.demo, member=amending.Member.DUE_DATE, before="2026-04-13", after="2026-05-01",
        state=amending.DutyState.NEEDS_A_PERSON, why="It was changed at the source.", noticed_at=timezone.now(),
        message="The accounting system takes no other due date: make the change by hand.",
    )  # fmt: skip
    return {**_transaction(posting), "amendment": duty.pk, "choice": "not_needed"}


def _linked_long_ago() -> None:
    """What the builders of other tests leave out: since when it is linked, and who it is over there."""
    then = timezone.now() - timedelta(days=40)
    for connection in Connection.objects.filter(status=Status.LINKED).exclude(company__name=BEGUN):
        named = connection.external_company_name or connection.company.name
        Connection.objects.filter(pk=connection.pk).update(
            linked_at=then, confirmed_at=then, external_company_name=named
        )


# --- the organisation ------------------------------------------------------------------------------------------------


def _of_the_tenant(tenant: Tenant) -> dict[str, Any]:
    """People, an invitation, tokens in every state, and a webhook with messages of every fate."""
    now = timezone.now()
    member: Member = MemberFactory.create(tenant=tenant, role=Role.VIEWER, user__email=f"{'a' * 50}.b@example.org")
    invitation = Invitation.objects.get(tenant=tenant)
    token = tokens.issue(tenant, "Month end", [next(iter(Scope))], who="olga", expires_at=now + timedelta(days=3))[0]
    tokens.revoke(tokens.issue(tenant, "The old shop", list(Scope), who="olga")[0], who="olga")
    given_up = _webhook(tenant)
    return {
        "member_id": member.pk,
        "invitation_id": invitation.pk,
        "token_id": token.pk,
        "consumer_id": given_up.consumer_id,
        "dispatch_id": given_up.pk,
    }


def _webhook(tenant: Tenant) -> Dispatch:
    """The message that was given up."""
    now = timezone.now()
    a_consumer("https://hooks.example.com/off", tenant.pk, disabled_at=now, disabled_why="It failed for five days.")
    consumer = a_consumer("https://erp.example.com/postroom/of/a/rather/long/path", tenant.pk, failing_since=now)[0]
    tries = [{"at": now.isoformat(), "status": 503, "milliseconds": 120, "problem": "It answered 503."}]
    failed = {"tries": 8, "next_try_at": None, "status_code": 503, "problem": "It answered 503.", "tries_told": tries}
    a_dispatch(consumer, 1, state=DispatchState.ARRIVED, tries=1, next_try_at=None, status_code=204, arrived_at=now)
    a_dispatch(consumer, 2, tries=2, status_code=503, problem="It answered 503.", tries_told=tries)
    return a_dispatch(consumer, 3, state=DispatchState.GIVEN_UP, **failed)


# --- the company that has everything ---------------------------------------------------------------------------------


def _of_the_full_company(base: world.World, owner: Any) -> dict[str, Any]:
    connection = base.demo
    source = _source(connection.company)
    endpoint, _ = with_token(connection=source, kind="invoice")
    with_token(connection=source, kind="purchase_order")
    a_link(connection.company, base.postings[State.POSTED])
    _story(connection)
    _documents(connection)
    _delivered(endpoint, base.postings[State.POSTED])
    tell("reconciliation.finished", "Reconciled: 2 differences.", who="", subject=connection)
    return {
        **_company(connection.company),
        "endpoint_id": endpoint.pk,
        "run": _runs(connection, source, owner),
        "visit_id": _visit(connection, owner).pk,
        "kept": _kept(endpoint).pk,
    }


def _company(company: Company) -> dict[str, Any]:
    return {"company_id": company.pk, "kind": "supplier", "source": SLUG}


def _transaction(posting: Posting) -> dict[str, Any]:
    """The attempt is its own, where there is one."""
    attempt = Attempt.objects.filter(posting=posting).first()
    return {"public_id": posting.transaction.public_id, "attempt": attempt.pk if attempt else 0}


def _source(company: Company) -> Connection:
    source: Connection = SourceConnectionFactory.create(
        company=company, settings=SOURCE, secrets={"security_key": "planted-key"}, linked_at=timezone.now(),
        external_company_name=company.name,
    )  # fmt: skip
    return source


def _story(connection: Connection) -> None:
    company = connection.company
    for verb, message in (
        ("connection.linked", "The accounting system was linked."),
        ("company.went_live", f"{company} went live: what comes in is booked."),
        ("posting.retried", f"P-000004 was tried again: {LONG}."),
    ):
        tell(verb, message, who="olga", subject=company, tenant_id=company.tenant_id, company_id=company.pk)


def _documents(connection: Connection) -> None:
    """Many lines, long words, another currency, and an amount that fills its column."""
    many = tuple(a_line(number, description=f"{LONG}, day {number}") for number in range(1, 13))
    dear = a_line(net=Decimal("8123456.78"), tax=Decimal("1624691.36"), gross=Decimal("9748148.14"))
    for number, (lines, currency) in enumerate(((many, "GBP"), ((dear,), "EUR"))):
        accepted(connection, a_document(number=f"INV00020{number}-OF-A-LONG-NUMBER", lines=lines, currency=currency))


def _delivered(endpoint: Endpoint, posting: Posting) -> None:
    for verdict in (Verdict.ACCEPTED, Verdict.UNREADABLE):
        world.delivery(endpoint, verdict, posting)


def _runs(connection: Connection, source: Connection, owner: Any) -> int:
    """The latest run of each kind stands differently; given is one with changes of every sort."""
    done = a_sync(
        connection, source=source, read=1204, added=3, changed=2, removed=1, unchanged=1198, sent=5, deleted=1,
        asked_by=owner, calls=14,
    )  # fmt: skip
    a_change(done, Change.ADDED, "CROWN01")
    a_change(done, Change.CHANGED, "LAKES01", fields=[["name", "Lakeside Learning", "Lakeside Learning Inc"]])
    a_change(done, Change.REMOVED, "METRO01", name=LONG)
    a_change(done, Change.REFUSED, "A/B", reason="Suppliers[3].Code holds a slash, which iCompleat does not take.")
    a_sync(connection, kind="account", source=source, read=400, unchanged=400)
    a_sync(connection, SyncState.AUTH_ERROR, kind="tax", message="The token was refused. Link the system again.")
    an_incomplete_list(source, kind="account")
    for number in range(60):
        a_record(connection, f"SUP{number:03}", details={"city": "Leeds", "payment_days": "30"})
    for code in ("5010", "7100", "7504"):
        a_record(connection, code, kind="account", name=f"Account {code}")
    refused(connection, "LONG1", "Its name is longer than 255 characters.", name=LONG * 4)
    if not SyncSchedule.objects.filter(connection=connection, kind="account").exists():
        a_schedule(connection, kind="account")
    return done.pk


def _visit(connection: Connection, owner: Any) -> Visit:
    """A member came back from the vendor without anything."""
    now, mark = timezone.now(), f"every-page-{connection.pk}"
    return Visit.objects.create(
        connection=connection, state_digest=mark, session_digest=mark, return_url="/link/back/", next_url="/",
        user_id=owner.pk, began_at=now, good_until=now + timedelta(minutes=10), used_at=now,
        outcome=VisitOutcome.FAILED, message="The accounting system said that its licence has run out.",
    )  # fmt: skip


def _kept(endpoint: Endpoint) -> KeptDryRun:
    """What came in before go-live: one that would be posted, one that would be refused, one that cannot be read."""
    company, now = endpoint.connection.company, timezone.now()
    wrong = payloads.a_transaction(Lines=[payloads.a_line(account="9999")])
    contents = (payloads.a_transaction(), wrong, payloads.a_transaction(Lines=None))
    rows = []
    for content in contents:
        delivery = Delivery.objects.create(
            endpoint=endpoint, company=company, received_at=now, verdict="not_live", reason="Not live yet.",
            body=json.dumps({"Transaction": content}).encode(),
        )  # fmt: skip
        rows.append(KeptDryRun.objects.create(delivery=delivery, company=company, asked_at=now, next_try_at=now))
    make_due(company.pk)
    return rows[1]


# --- companies in other stages ---------------------------------------------------------------------------------------


def _begun(tenant: Tenant) -> dict[str, Any]:
    """On the built-in ledger, with iCompleat and what it sent to try; not live yet."""
    company: Company = CompanyFactory.create(tenant=tenant, name=BEGUN, live_at=None)
    connection = LedgerConnectionFactory.create(company=company)
    endpoint, _ = with_token(connection=_source(company), kind="")
    a_sync(connection, kind="account", read=400, unchanged=400)
    return {**_company(company), "kept": _kept(endpoint).pk}


def _unlinked(tenant: Tenant) -> dict[str, Any]:
    """It booked for a while; then its owner unlinked it."""
    company: Company = CompanyFactory.create(tenant=tenant, name="Unlinked Ltd")
    connection = LedgerConnectionFactory.create(company=company)
    accepted(connection, a_document(number="INV-BEFORE"))
    end(connection, who="olga", why="Another accounting system follows.")
    return _company(company)


def _closed(tenant: Tenant, owner: Any) -> dict[str, Any]:
    """Closed by its owner on the page, which ends its links as well."""
    company: Company = CompanyFactory.create(tenant=tenant, name="Closed Ltd")
    connection = LedgerConnectionFactory.create(company=company)
    posting = accepted(connection, a_document(number="INV-OLD")).posting
    client = Client()
    client.force_login(owner)
    answer = client.post(reverse("desk:close", args=[company.pk]), {"name": company.name, "why": "It was merged."})
    assert answer.status_code == 302
    return {**_company(company), **_transaction(posting)}
