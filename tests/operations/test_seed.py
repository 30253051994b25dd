"""Seeding the demo: complete the first time, without effect the second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.documents import Kind
from ledger.models import Books
from portal.connections.models import Connection, Endpoint, EndpointToken, Side, Status
from portal.connections.tokens import carries_live_token, live_tokens, retire_token
from portal.events.models import AuditEvent
from portal.operations.demo.copies import Copies
from portal.operations.demo.seed import ICOMPLEAT_TENANT, DemoSource, DemoSystem, Seeded, seed
from portal.reference.rules import defaults, to_json
from portal.tenants.models import Company, Member, Tenant

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
SYSTEM = DemoSystem("http://127.0.0.1:8001/demo", "token-of-the-demo-system")
SOURCE = DemoSource("http://127.0.0.1:8001/icompleat", "key-of-the-demo-tenant")
KINDS = ("purchase_order", "invoice", "credit_note", "receipt", "all")
TABLES = (Tenant, Company, Member, Connection, Endpoint, EndpointToken, Books, User, AuditEvent)


@pytest.fixture
def copies(tmp_path: Path) -> Copies:
    return Copies(tmp_path)


@pytest.fixture
def seeded(copies: Copies) -> Seeded:
    made = seed(copies, SYSTEM, SOURCE)
    copies.save()
    return made


def rows() -> dict[str, int]:
    return {table.__name__: table._default_manager.count() for table in TABLES}


def accounting(name: str) -> Connection:
    return Connection.objects.get(company__name=name, side=Side.ACCOUNTING)


def test_two_live_companies_of_one_tenant(seeded: Seeded) -> None:
    assert [(one.name, one.accounting) for one in seeded.companies] == [
        ("Northgate Training Ltd", "ledger"),
        ("Harbour Street Studios Ltd", "demo"),
    ]
    companies = Company.objects.select_related("tenant")
    assert {(one.tenant.name, one.base_currency, one.live_at is not None) for one in companies} == {
        ("Northgate Group", "GBP", True)
    }
    assert [tuple(endpoint.kind for endpoint in one.endpoints) for one in seeded.companies] == [KINDS, KINDS]


def test_the_connections_can_work(seeded: Seeded) -> None:
    northgate, harbour = accounting("Northgate Training Ltd"), accounting("Harbour Street Studios Ltd")
    assert northgate.status == harbour.status == Status.LINKED
    assert Books.objects.get(pk=northgate.settings["books"]).name == "Northgate Training Ltd"
    assert harbour.settings["base_url"] == "http://127.0.0.1:8001/demo"
    assert harbour.settings["company_id"] == "harbour-street"
    assert harbour.secrets == {"token": "token-of-the-demo-system"}
    assert harbour.kept_kinds == [Kind.RECEIPT]
    assert Books.objects.filter(pk=harbour.settings["memo_books"]).exists()
    assert northgate.mapping == harbour.mapping == to_json(defaults(account="7502", tax="T1"))


def test_every_token_opens_its_own_endpoint_and_no_other(seeded: Seeded) -> None:
    endpoints = [endpoint for company in seeded.companies for endpoint in company.endpoints]
    assert len({endpoint.token for endpoint in endpoints}) == 10
    for endpoint in endpoints:
        row = Endpoint.objects.get(pk=endpoint.path.split("/")[3])
        assert endpoint.path == f"/webhooks/icompleat/{row.pk}/"
        digests = [token.digest for token in live_tokens(row, timezone.now())]
        opening = [other for other in endpoints if carries_live_token(digests, [other.token])]
        assert opening == [endpoint]


def test_both_people_can_log_in(seeded: Seeded) -> None:
    staff, customer = User.objects.get(username="staff"), User.objects.get(username="customer")
    assert staff.check_password(seeded.staff.password)
    assert staff.is_superuser
    assert customer.check_password(seeded.customer.password)
    assert not customer.is_staff
    assert [member.role for member in Member.objects.filter(user=customer)] == ["owner"]


def test_seeding_again_changes_nothing(seeded: Seeded, tmp_path: Path) -> None:
    before = rows()
    assert seed(Copies(tmp_path), SYSTEM, SOURCE) == seeded
    assert rows() == before


def test_another_port_of_the_sandbox_is_followed(seeded: Seeded, copies: Copies) -> None:
    books = accounting("Harbour Street Studios Ltd").settings["memo_books"]
    seed(
        copies,
        DemoSystem("http://127.0.0.1:9999/demo", "another-token"),
        DemoSource("http://127.0.0.1:9999/icompleat", "another-key"),
    )
    harbour = accounting("Harbour Street Studios Ltd")
    assert harbour.settings == {
        "base_url": "http://127.0.0.1:9999/demo",
        "company_id": "harbour-street",
        "memo_books": books,
    }
    assert harbour.secrets == {"token": "another-token"}
    source = Connection.objects.get(company__name="Harbour Street Studios Ltd", side=Side.SOURCE)
    assert source.settings == {
        "base_url": "http://127.0.0.1:9999/icompleat",
        "tenant_id": ICOMPLEAT_TENANT,
        "company_id": source.external_company_id,
        "raise_transactions": "yes",
        "requests_per_minute": "600",
    }
    assert source.secrets == {"security_key": "another-key"}


def test_what_people_changed_meanwhile_stays(seeded: Seeded, copies: Copies) -> None:
    Connection.objects.filter(integration="ledger").update(paused=True, mapping=to_json(defaults(tax="T0")))
    seed(copies, SYSTEM, SOURCE)
    northgate = accounting("Northgate Training Ltd")
    assert (northgate.paused, northgate.mapping) == (True, to_json(defaults(tax="T0")))


def test_lost_copies_are_made_anew(seeded: Seeded, tmp_path: Path) -> None:
    again = seed(Copies(tmp_path / "elsewhere"), SYSTEM, SOURCE)
    assert again.staff.password != seeded.staff.password
    assert User.objects.get(username="staff").check_password(again.staff.password)
    assert not tokens(again) & tokens(seeded)
    assert [replace(one, endpoints=()) for one in again.companies] == [
        replace(one, endpoints=()) for one in seeded.companies
    ]


def test_a_retired_token_is_replaced_alone(seeded: Seeded, copies: Copies) -> None:
    endpoint = Endpoint.objects.filter(kind="invoice").order_by("created_at").first()
    assert endpoint is not None
    retire_token(endpoint.tokens.get(), who="staff")
    assert len(tokens(seed(copies, SYSTEM, SOURCE)) - tokens(seeded)) == 1


def tokens(seeded: Seeded) -> set[str]:
    return {endpoint.token for company in seeded.companies for endpoint in company.endpoints}


def test_copies_are_for_their_owner_only(seeded: Seeded, tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    assert path.stat().st_mode & 0o777 == 0o600
    kept = json.loads(path.read_text())
    assert kept["staff"] == seeded.staff.password
    assert tokens(seeded) < set(kept.values())
    assert list(leftovers(tmp_path)) == []


def leftovers(directory: Path) -> Iterator[Path]:
    return directory.glob(".demo.json*")
