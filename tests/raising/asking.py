"""What tests raise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from integrations.documents import Kind, Stage
from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.raising.models import Origin, Raised
from portal.raising.services import raise_all
from portal.raising.wanted import Problem, Wanted, WantedLine
from portal.reference.models import Record
from portal.tenants.models import Company


def a_wanted_line(**changes: Any) -> WantedLine:
    """100.00 net and 20.00 tax, coded."""
    line = WantedLine(
        description="Training room, full day",
        net=Decimal("100.00"),
        tax=Decimal("20.00"),
        account_code="5010",
        tax_code="T1",
    )
    return replace(line, **changes)


def wanted(key: str = "order-1", **changes: Any) -> Wanted:
    """A coded purchase order of one line, 120.00 GBP in all."""
    one = Wanted(
        key=key,
        kind=Kind.PURCHASE_ORDER,
        supplier_code="CROWN01",
        supplier_name="Crown Conference Centre",
        currency="GBP",
        date=date(2026, 11, 20),
        title="Venue hire",
        lines=(a_wanted_line(),),
    )
    return replace(one, **changes)


def raised(company: Company, *several: Wanted, stage: Stage = Stage.DRAFT, **options: Any) -> list[Raised]:
    """Raise these, or the one that `wanted` gives."""
    options = {"origin": Origin.UPLOAD, "who": "sam", **options}
    return raise_all(company, several or (wanted(),), stage=stage, **options)


def mirrored(connection: Connection, kind: RecordKind, code: str, name: str = "", **options: Any) -> Record:
    """A record as the last sync left it."""
    fields: dict[str, Any] = {"external_id": f"{kind}-{code}-{name}", "identity": uuid4()}
    fields |= {"content_hash": "0" * 64, "changed_at": datetime(2026, 11, 20, tzinfo=UTC)}
    made: Record = Record.objects.create(
        connection=connection, kind=kind.value, code=code, name=name or code, **{**fields, **options}
    )
    return made


def usual_records(connection: Connection) -> None:
    """What the transaction of `wanted` names: a supplier, an account and a tax code of 20 %."""
    mirrored(connection, RecordKind.SUPPLIER, "CROWN01", "Crown Conference Centre")
    mirrored(connection, RecordKind.ACCOUNT, "5010", "Venue hire")
    mirrored(connection, RecordKind.TAX, "T1", "Standard", details={"rate": "20", "use": "purchase"})


def errors(problems: list[Problem]) -> list[tuple[str, str]]:
    """(path, message) of what is no warning."""
    return [(each.path, each.message) for each in problems if not each.is_warning]


def warnings(problems: list[Problem]) -> list[tuple[str, str]]:
    """(path, message) of the warnings."""
    return [(each.path, each.message) for each in problems if each.is_warning]
