"""Rows and documents for tests: a live company, linked, with an endpoint, and documents that it may receive."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.utils import timezone
from factory.django import DjangoModelFactory

from integrations.documents import Document, Kind, Line, Supplier
from ledger.services import open_books
from portal.connections.models import Connection, Endpoint, Side, Status
from portal.connections.tokens import issue_token
from portal.postings.accept import Acceptance, accept
from portal.postings.destination import Destination
from portal.reference.rules import AS_IT_COMES, Rules, to_json
from portal.tenants.models import Company, Member, Role, Tenant

PASSWORD = "correct horse battery"
# The mapping of a connection that sends the codes of what is sold as the document has them; else they are looked up.
SALES_AS_THEY_COME = to_json(Rules(revenue=AS_IT_COMES, bank=AS_IT_COMES, sales_tax=AS_IT_COMES))


class TenantFactory(DjangoModelFactory[Tenant]):
    """An organisation."""

    class Meta:
        model = Tenant

    name = factory.Sequence(lambda n: f"Group {n}")


class UserFactory(DjangoModelFactory[Any]):
    """Somebody who can log in with `PASSWORD`."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.django.Password(PASSWORD)


class StaffFactory(UserFactory):
    """A superuser."""

    is_staff = True
    is_superuser = True


class MemberFactory(DjangoModelFactory[Member]):
    """A user with a role in a tenant."""

    class Meta:
        model = Member

    tenant = factory.SubFactory(TenantFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER


class CompanyFactory(DjangoModelFactory[Company]):
    """A live company in sterling."""

    class Meta:
        model = Company

    tenant = factory.SubFactory(TenantFactory)
    name = factory.Sequence(lambda n: f"Company {n} Ltd")
    base_currency = "GBP"
    live_at = factory.LazyFunction(timezone.now)


class LedgerConnectionFactory(DjangoModelFactory[Connection]):
    """A company linked to the built-in ledger, with books of its own."""

    class Meta:
        model = Connection

    company = factory.SubFactory(CompanyFactory)
    integration = "ledger"
    side = Side.ACCOUNTING
    status = Status.LINKED
    settings = factory.LazyAttribute(
        lambda row: {"books": str(open_books(row.company.name, row.company.base_currency).pk)}
    )


class DemoConnectionFactory(DjangoModelFactory[Connection]):
    """A company linked to the demo accounting system over HTTP; give `settings` and `secrets` of a running one."""

    class Meta:
        model = Connection

    company = factory.SubFactory(CompanyFactory)
    integration = "demo"
    side = Side.ACCOUNTING
    status = Status.LINKED
    settings = factory.LazyFunction(lambda: {"base_url": "http://127.0.0.1:9", "company_id": "harbour-street"})
    secrets = factory.LazyFunction(lambda: {"token": "demo-token-for-tests"})


class SourceConnectionFactory(DjangoModelFactory[Connection]):
    """A company's link to iCompleat."""

    class Meta:
        model = Connection

    company = factory.SubFactory(CompanyFactory)
    integration = "icompleat"
    side = Side.SOURCE
    status = Status.LINKED
    external_company_id = factory.LazyFunction(lambda: str(uuid.uuid4()))


class EndpointFactory(DjangoModelFactory[Endpoint]):
    """An endpoint for all kinds; `with_token` gives it a token."""

    class Meta:
        model = Endpoint

    connection = factory.SubFactory(SourceConnectionFactory)


def with_token(**options: Any) -> tuple[Endpoint, str]:
    """An endpoint with one live token in clear."""
    endpoint = EndpointFactory.create(**options)
    return endpoint, issue_token(endpoint, who="tests")


def a_line(number: int = 1, **options: Any) -> Line:
    """One line of 100.00 net and 20.00 tax, coded to venue hire at the standard rate."""
    line = Line(
        number=number,
        description="Training room, full day",
        quantity=Decimal(1),
        unit_price=Decimal("100.00"),
        net=Decimal("100.00"),
        tax=Decimal("20.00"),
        gross=Decimal("120.00"),
        account_code="5010",
        tax_code="T1",
    )
    return replace(line, **options)


def a_document(**options: Any) -> Document:
    """An approved invoice over 120.00 GBP with one line. The identity follows `external_id`."""
    external_id = options.pop("external_id", str(uuid.uuid4()))
    lines = options.pop("lines", (a_line(),))
    document = Document(
        kind=Kind.INVOICE,
        source="icompleat",
        external_id=external_id,
        identity=external_id,
        number="INV000123",
        party=Supplier(code="CROWN01", name="Crown Conference Centre"),
        currency="GBP",
        base_currency="GBP",
        net=sum((line.net for line in lines), Decimal(0)),
        tax=sum((line.tax for line in lines), Decimal(0)),
        gross=sum((line.gross for line in lines), Decimal(0)),
        lines=lines,
        supplier_reference="SI-48213",
        date=date(2026, 3, 14),
        due_date=date(2026, 4, 13),
        created_at=datetime(2026, 3, 15, 10, 22, 41, tzinfo=UTC),
    )
    return replace(document, **options)


def accepted(connection: Connection, document: Document | None = None, *, kept: bool = False) -> Acceptance:
    """A document accepted for a connection, as a delivery does it."""
    return accept(document or a_document(), Destination.of(connection, kept=kept), received_at=timezone.now())
