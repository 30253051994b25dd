"""What a company can take away, part by part: each row is plain values by name, times in UTC, amounts as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db.models import QuerySet

from portal.connections.models import Connection
from portal.desk.company_settings.taking_away.walking import batches_by_key, by_key, by_order
from portal.desk.company_settings.trail import Names, trail_of
from portal.desk.words import outcome
from portal.intake.models import Delivery
from portal.notation import bare_amount
from portal.postings.models import Attempt, Posting, Transaction
from portal.reference.models import MappedCode
from portal.reference.sync.models import Record
from portal.tenants.models import Company

Row = dict[str, Any]
RECORD_ORDER: Final = ("kind", "dimension", "code", "id")
CODE_ORDER: Final = ("family", "source_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose data, of which time: from `since` on and before `until`, both aware; None: without an end."""

    company: Company
    since: datetime | None = None
    until: datetime | None = None

    def within(self, moment: str) -> dict[str, datetime]:
        """The filter on a column."""
        given = {f"{moment}__gte": self.since, f"{moment}__lt": self.until}
        return {name: value for name, value in given.items() if value is not None}

    def transactions(self) -> QuerySet[Transaction]:
        """The transactions that were received in this time."""
        return Transaction.objects.filter(company=self.company, **self.within("received_at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file, or one list. `columns` are those of the CSV; a row may have more for the JSON."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[Wanted], Iterator[Row]]


def _transactions(wanted: Wanted) -> Iterator[Row]:
    for one in by_key(wanted.transactions()):
        amounts = {name: bare_amount(getattr(one, name), one.currency) for name in ("net", "tax", "gross")}
        yield {
            "id": str(one.public_id), "received_at": _moment(one.received_at), "source": one.source, "kind": one.kind,
            "external_id": one.external_id, "revision": one.revision, "number": one.number,
            "answered_number": one.answered_number, "answered_at": _moment(one.answered_at),
            "source_number": one.source_number, "order_number": one.order_number,
            "supplier_reference": one.supplier_reference, "supplier_name": one.supplier_name,
            "document_date": _day(one.document_date), "currency": one.currency, **amounts, "content": one.content,
        }  # fmt: skip


def _lines(wanted: Wanted) -> Iterator[Row]:
    for one in by_key(wanted.transactions().only("public_id", "number", "content")):
        for line in one.content.get("lines", ()):
            cells = {name: _text(value) for name, value in line.items() if not isinstance(value, dict | list)}
            yield {**cells, "transaction": str(one.public_id), "number": one.number, "line": cells.get("number", "")}


def _postings(wanted: Wanted) -> Iterator[Row]:
    for one in _postings_of(wanted, "transaction", "connection"):
        yield {
            "transaction": str(one.transaction.public_id), "number": one.transaction.number,
            "system": one.connection.integration, "kind": one.kind, "kept": one.kept, "state": one.state,
            "reason": one.reason, "attempts": one.attempt_count, "external_id": one.external_id or "",
            "external_number": one.external_number, "posted_at": _moment(one.posted_at),
            "created_at": _moment(one.created_at), "updated_at": _moment(one.updated_at),
            "differences": one.differences,
        }  # fmt: skip


def _attempts(wanted: Wanted) -> Iterator[Row]:
    for batch in _posting_batches(wanted, "transaction"):
        numbers = {one.pk: one.transaction for one in batch}
        for one in by_key(Attempt.objects.filter(posting__in=list(numbers)).defer("exchanges")):
            transaction = numbers[one.posting_id]
            yield {
                "transaction": str(transaction.public_id), "number": transaction.number, "attempt": one.number,
                "purpose": one.purpose, "trigger": one.trigger, "started_at": _moment(one.started_at),
                "ended_at": _moment(one.ended_at), "outcome": outcome(one.outcome), "message": one.message,
            }  # fmt: skip


def _deliveries(wanted: Wanted) -> Iterator[Row]:
    rows = Delivery.objects.filter(company=wanted.company, **wanted.within("received_at"))
    for one in by_key(rows.select_related("endpoint", "transaction").defer(
        "body", "headers", "answer_body", "transaction__content"
    )):  # fmt: skip
        yield {
            "received_at": _moment(one.received_at), "origin": one.origin, "endpoint": one.endpoint.kind or "all",
            "verdict": one.verdict, "reason": one.reason, "field": one.field,
            "transaction": str(one.transaction.public_id) if one.transaction else "",
            "number": one.transaction.number if one.transaction else "", "answer_status": one.answer_status,
            "answered_after_ms": one.answered_after_ms, "body_sha256": one.body_sha256,
        }  # fmt: skip


def _records(wanted: Wanted) -> Iterator[Row]:
    for connection in _connections(wanted):
        for one in by_order(Record.objects.filter(connection=connection), RECORD_ORDER):
            yield {
                "system": connection.integration, "kind": one.kind, "dimension": one.dimension, "code": one.code,
                "name": one.name, "active": one.is_active, "external_id": one.external_id,
                "at_source": one.pushed_code, "refused": one.refused, "changed_at": _moment(one.changed_at),
                "details": one.details,
            }  # fmt: skip


def _mapping(wanted: Wanted) -> Iterator[Row]:
    for connection in _connections(wanted):
        for one in by_order(MappedCode.objects.filter(connection=connection), CODE_ORDER):
            yield {
                "system": connection.integration, "family": one.family, "source_code": one.source_code,
                "accounting_code": one.accounting_code, "note": one.note,
            }  # fmt: skip


def _audit(wanted: Wanted) -> Iterator[Row]:
    rows, names = trail_of(wanted.company).filter(**wanted.within("at")), Names.of(wanted.company.tenant_id)
    for one in by_key(rows):
        yield {"at": _moment(one.at), "who": names.shown(one.who), "what": one.verb, "message": one.message}


PARTS: Final = (
    Part(
        name="transactions",
        rows=_transactions,
        columns=(
            "id", "received_at", "source", "kind", "external_id", "revision", "number", "answered_number",
            "answered_at", "source_number", "order_number", "supplier_reference", "supplier_name", "document_date",
            "currency", "net", "tax", "gross",
        ),
    ),
    Part(
        name="lines",
        rows=_lines,
        columns=(
            "transaction", "number", "line", "description", "quantity", "unit_price", "net", "tax", "gross",
            "account_code", "tax_code",
        ),
    ),
    Part(
        name="postings",
        rows=_postings,
        columns=(
            "transaction", "number", "system", "kind", "kept", "state", "reason", "attempts", "external_id",
            "external_number", "posted_at", "created_at", "updated_at",
        ),
    ),
    Part(
        name="attempts",
        rows=_attempts,
        columns=(
            "transaction", "number", "attempt", "purpose", "trigger", "started_at", "ended_at", "outcome", "message",
        ),
    ),
    Part(
        name="deliveries",
        rows=_deliveries,
        columns=(
            "received_at", "origin", "endpoint", "verdict", "reason", "field", "transaction", "number",
            "answer_status", "answered_after_ms", "body_sha256",
        ),
    ),
    Part(
        name="reference",
        rows=_records,
        columns=(
            "system", "kind", "dimension", "code", "name", "active", "external_id", "at_source", "refused",
            "changed_at",
        ),
    ),
    Part(name="mapping", rows=_mapping, columns=("system", "family", "source_code", "accounting_code", "note")),
    Part(name="audit", rows=_audit, columns=("at", "who", "what", "message")),
)  # fmt: skip


def _postings_of(wanted: Wanted, *related: str) -> Iterator[Posting]:
    for batch in _posting_batches(wanted, *related):
        yield from batch


def _posting_batches(wanted: Wanted, *related: str) -> Iterator[list[Posting]]:
    """The postings of some hundred transactions at a time."""
    for transactions in batches_by_key(wanted.transactions().only("pk")):
        rows = Posting.objects.filter(transaction__in=[one.pk for one in transactions]).order_by("pk")
        yield list(rows.select_related(*related).defer("traceback", "booked", "transaction__content"))


def _connections(wanted: Wanted) -> list[Connection]:
    """All that the company ever had; few."""
    return list(Connection.objects.filter(company=wanted.company).only("integration").order_by("created_at", "pk"))


def _moment(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)
