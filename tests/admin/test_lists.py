"""Long lists stay quick: bounded counts, a constant number of queries, and search by any number."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.connections.models import IntegrationSettings
from portal.events.models import Alert, AuditEvent, Matter
from portal.intake.models import RefusedCalls, Verdict
from portal.operations.models import Part, Sign
from portal.postings.models import Posting, VoidNumbers
from portal.postings.states import State
from portal.reference.models import MappedCode
from portal.reference.rules import defaults, to_json
from portal.staff import paging
from portal.timetable.models import Outcome, Slot
from tests.admin.furniture import a_handover, a_hint, a_reader, a_record_read, a_vendor_message
from tests.admin.reconciled import a_difference, a_run
from tests.admin.world import World, delivery, in_state
from tests.connections.runs import kept_run
from tests.desk.syncs import a_record, a_schedule, a_sync, an_incomplete_list
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    EndpointFactory,
    MemberFactory,
    SourceConnectionFactory,
    TenantFactory,
    a_document,
    accepted,
    with_token,
)
from tests.intake.found import a_capture, a_source_difference, a_source_run
from tests.raising.rows import a_raised, a_token

pytestmark = pytest.mark.django_db

POSTINGS = "/admin/postings/posting/"
Maker = Callable[[int], object]


def makers() -> dict[str, Maker]:
    """For each list of ours, how one more row of it is made: each with a company of its own."""

    def delivered(_: int) -> object:
        endpoint = EndpointFactory.create()
        return delivery(endpoint, Verdict.ACCEPTED, in_state(DemoConnectionFactory.create(), State.POSTED))

    def refused(n: int) -> object:
        hour = timezone.now() - timedelta(hours=n)
        return RefusedCalls.objects.create(endpoint_id_called="unknown", hour=hour, last_at=hour, count=n)

    def told(n: int) -> object:
        return AuditEvent.objects.create(who="x", verb="y", subject_type="z", subject_id=str(n), message="m")

    def mapped_code(n: int) -> object:
        row = {"family": "account", "source_code": str(n), "accounting_code": "7502"}
        return MappedCode.objects.create(connection=DemoConnectionFactory.create(), **row)

    return {
        "postings/posting": lambda _: in_state(DemoConnectionFactory.create(), State.REJECTED),
        "postings/transaction": lambda _: in_state(DemoConnectionFactory.create(), State.POSTED),
        "intake/delivery": delivered,
        "intake/refusedcalls": refused,
        "postings/difference": lambda _: a_difference(
            DemoConnectionFactory.create(), "extra", in_state(DemoConnectionFactory.create(), State.HELD)
        ),
        "postings/reconciliationrun": lambda _: a_run(DemoConnectionFactory.create()),
        "connections/connection": lambda _: DemoConnectionFactory.create(),
        "connections/endpoint": lambda _: with_token(),
        "connections/conformance": lambda _: kept_run(DemoConnectionFactory.create()),
        "tenants/tenant": lambda _: MemberFactory.create(tenant=TenantFactory.create()),
        "tenants/company": lambda _: DemoConnectionFactory.create(company=CompanyFactory.create()),
        "events/auditevent": told,
        **makers_of_the_works(),
        **makers_beside_the_postings(),
        "reference/codemapping": lambda _: DemoConnectionFactory.create(mapping=to_json(defaults(account="7502"))),
        "reference/mappedcode": mapped_code,
    }


def makers_beside_the_postings() -> dict[str, Maker]:
    """Reference data, files, what was raised, and what was found at the source."""

    return {
        "reference/record": lambda n: a_record(DemoConnectionFactory.create(), f"C{n}"),
        "reference/sourcelist": lambda _: an_incomplete_list(SourceConnectionFactory.create()),
        "reference/syncschedule": lambda _: a_schedule(DemoConnectionFactory.create()),
        "reference/syncrun": lambda _: a_sync(DemoConnectionFactory.create()),
        "postings/handover": lambda _: a_handover(in_state(DemoConnectionFactory.create(), State.POSTED)),
        "raising/raised": lambda _: a_raised(),
        "api/apitoken": lambda _: a_token(),
        "intake/vendormessage": lambda _: a_vendor_message(DemoConnectionFactory.create()),
        "connections/integrationsettings": lambda n: IntegrationSettings.objects.create(integration=f"vendor-{n}"),
        "intake/feedreader": lambda _: a_reader(SourceConnectionFactory.create()),
        "intake/fedrecord": lambda _: a_record_read(SourceConnectionFactory.create()),
        "intake/hintedrecord": lambda _: a_hint(SourceConnectionFactory.create()),
        "intake/capture": lambda _: a_capture(EndpointFactory.create()),
        "intake/sourcerun": lambda _: a_source_run(SourceConnectionFactory.create()),
        "intake/sourcedifference": lambda _: a_source_difference(SourceConnectionFactory.create()),
    }


def makers_of_the_works() -> dict[str, Maker]:
    """What the portal writes of its own works."""

    def mailed(n: int) -> object:
        now = timezone.now()
        return Alert.objects.create(recipient=f"{n}@example.org", subject="s", text="t", made_at=now)

    def waits(n: int) -> object:
        times = {"since": timezone.now(), "noticed_at": timezone.now()}
        return Matter.objects.create(kind="posting.held", subject_id=str(n), title="t", path="/admin/", **times)

    def slot(n: int) -> object:
        now = timezone.now()
        times = {"starts_at": now - timedelta(days=n), "taken_at": now, "lease_until": now, "finished_at": now}
        return Slot.objects.create(job="j", taken_by="host:1", token=uuid.uuid4(), outcome=Outcome.DONE, **times)

    def sign(n: int) -> object:
        now = timezone.now()
        return Sign.objects.create(part=Part.WORKER, process=f"host:{n}", started_at=now, seen_at=now)

    def void(n: int) -> object:
        company = CompanyFactory.create()
        fields = {"why": "Restored.", "who": "sam", "at": timezone.now()}
        return VoidNumbers.objects.create(company=company, series="P", first=n + 1, last=n + 1000, **fields)

    return {
        "postings/voidnumbers": void,
        "events/alert": mailed,
        "events/matter": waits,
        "timetable/slot": slot,
        "operations/sign": sign,
    }


def rows_of(client: Client, address: str) -> int:
    """How many rows the list shows."""
    response = client.get(address)
    assert response.status_code == 200
    return len(response.context["cl"].result_list)


@pytest.mark.parametrize("name", sorted(makers()))
def test_fifty_rows_cost_as_many_queries_as_five(staff: Client, name: str) -> None:
    make, address = makers()[name], f"/admin/{name}/"
    for n in range(5):
        make(n)
    staff.get(address)
    with CaptureQueriesContext(
        connection,
    ) as few:
        assert rows_of(staff, address) >= 5
    for n in range(5, 50):
        make(n)
    with CaptureQueriesContext(connection) as many:
        assert rows_of(staff, address) == 50
    assert len(many) == len(few), [query["sql"] for query in many.captured_queries]
    assert len(many) <= 10


@pytest.mark.parametrize("name", sorted(makers()))
def test_no_list_counts_a_whole_table(staff: Client, name: str) -> None:
    makers()[name](0)
    with CaptureQueriesContext(connection) as seen:
        staff.get(f"/admin/{name}/")
    counts = [query["sql"] for query in seen.captured_queries if "COUNT(*)" in query["sql"]]
    assert counts
    assert all("LIMIT 10001" in sql for sql in counts), counts


def test_every_list_of_ours_is_bounded() -> None:
    ours = [one for model, one in site._registry.items() if model._meta.app_label != "ledger"]
    assert ours
    for one in ours:
        assert one.paginator is paging.CappedPaginator
        assert one.show_full_result_count is False


def test_beyond_the_cap_the_list_says_so_and_pages_to_the_cap(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "CAP", 120)
    for n in range(121):
        AuditEvent.objects.create(who="x", verb="y", subject_type="z", subject_id=str(n), message="m")
    response = staff.get("/admin/events/auditevent/")
    assert "120+ audit events" in response.content.decode()
    assert response.context["cl"].paginator.num_pages == 3
    assert rows_of(staff, "/admin/events/auditevent/?p=3") == 20
    assert staff.get("/admin/events/auditevent/?q=120").context["cl"].result_count == 1
    AuditEvent.objects.filter(subject_id="120").first()


def test_heavy_columns_stay_in_the_database(staff: Client, world: World) -> None:
    with CaptureQueriesContext(connection) as seen:
        staff.get(POSTINGS)
        staff.get("/admin/intake/delivery/")
        staff.get("/admin/postings/transaction/")
        staff.get("/admin/connections/connection/")
        staff.get("/admin/connections/endpoint/")
    sql = " ".join(query["sql"] for query in seen.captured_queries)
    for column in ('"content"', '"traceback"', '"body"', '"secrets"', '"answer_body"'):
        assert column not in sql


# --- search -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def numbered(world: World) -> Posting:
    """A posting of which every number is its own, among the others."""
    document = a_document(
        external_id="6f0f2d3c-aaaa-4bbb-8ccc-0123456789ab",
        number="INV-777",
        order_number="PO-555",
        supplier_reference="SUP-999",
    )
    posting = in_state(world.demo, State.POSTED, document)
    transaction = posting.transaction
    type(transaction).objects.filter(pk=transaction.pk).update(answered_number="ANS-1")
    Posting.objects.filter(pk=posting.pk).update(external_number="BOOK-42", external_id="doc-id-42")
    posting.refresh_from_db()
    return posting


@pytest.mark.parametrize(
    "typed",
    [
        "P-000011",
        "p-000011",
        " P-000011 ",
        "ANS-1",
        "INV-777",
        "PO-555",
        "SUP-999",
        "6F0F2D3C-AAAA-4BBB-8CCC-0123456789AB",
        "BOOK-42",
        "book-42",
        "doc-id-42",
    ],
)
@pytest.mark.parametrize("address", [POSTINGS, "/admin/postings/transaction/"])
def test_any_number_finds_it(staff: Client, numbered: Posting, typed: str, address: str) -> None:
    found = staff.get(address, {"q": typed}).context["cl"].result_list
    expected = numbered.pk if address == POSTINGS else numbered.transaction.pk
    assert [row.pk for row in found] == [expected]


@pytest.mark.parametrize("typed", ["P-0000", "INV", "%", "' OR 1=1 --", "BOOK-42 INV-777", str(uuid.UUID(int=1))])
def test_a_part_of_a_number_finds_nothing(staff: Client, numbered: Posting, typed: str) -> None:
    assert rows_of(staff, f"{POSTINGS}?q={typed.replace('%', '%25')}") == 0


def test_a_delivery_is_found_by_the_numbers_of_its_transaction(staff: Client, world: World) -> None:
    found = staff.get("/admin/intake/delivery/", {"q": "INV000100"}).context["cl"].result_list
    assert [row.pk for row in found] == [world.delivery.pk]
    assert rows_of(staff, f"/admin/intake/delivery/?q={'AB' * 32}") == len(Verdict)


# --- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "states"),
    [
        ("state=person", {"held", "rejected"}),
        ("state=under-way", {"ready", "sending", "awaiting", "unknown", "checking"}),
        ("state=void", {"void"}),
        ("state=nonsense", set()),
    ],
)
def test_postings_by_state(staff: Client, world: World, query: str, states: set[str]) -> None:
    found = staff.get(f"{POSTINGS}?{query}").context["cl"].result_list
    assert {row.state for row in found} == states


def test_postings_by_company_kind_and_age(staff: Client, world: World) -> None:
    assert rows_of(staff, f"{POSTINGS}?company={world.ledger.company.pk}") == 1
    assert rows_of(staff, f"{POSTINGS}?company={world.demo.company.pk}") == len(State)
    assert rows_of(staff, f"{POSTINGS}?company=nonsense") == 0
    assert rows_of(staff, f"{POSTINGS}?kind__exact=receipt") == 0
    old = world.postings[State.HELD]
    Posting.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    found = staff.get(f"{POSTINGS}?age=day").context["cl"].result_list
    assert [row.pk for row in found] == [old.pk]
    assert rows_of(staff, f"{POSTINGS}?age=week") == 0
    assert rows_of(staff, f"{POSTINGS}?age=today") == len(State)


def test_the_company_menu_is_bounded_and_knows_the_chosen_one(staff: Client) -> None:
    companies = [CompanyFactory.create(name=f"A{n:03d} Ltd") for n in range(101)]
    last = DemoConnectionFactory.create(company=companies[-1])
    accepted(last)
    text = staff.get(POSTINGS).content.decode()
    assert "A099 Ltd" in text
    assert f"?company={companies[-1].pk}" not in text
    chosen = staff.get(f"{POSTINGS}?company={companies[-1].pk}").content.decode()
    assert "Company: <strong>A100 Ltd</strong>" in chosen
