"""What the API tells of a transaction that came in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from integrations.content import from_json
from integrations.documents import Dimension, Document, Kind, Line, Party
from portal.api.paging import CursorPage, KeyCursor
from portal.api.shapes.fields import Amount, At, Shape, Words, moment
from portal.api.strict import Choice, Moment
from portal.api.strict import Line as OneLine
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.postings.which import posting_of


class PostingOfTransaction(Shape):
    """What became of it in one outside system."""

    id = serializers.CharField()
    connectionId = serializers.UUIDField()  # noqa: N815
    integrationKey = serializers.CharField()  # noqa: N815
    state = Words(*State.values)
    reason = serializers.CharField(help_text="Why it stands where it stands.")
    field = serializers.CharField(help_text="The member of the document that the reason is about, if it is about one.")
    number = serializers.CharField(help_text="The journal number in the outside system; empty until it is posted.")
    externalId = serializers.CharField(allow_null=True, help_text="The outside system's own id of it.")  # noqa: N815
    postedAt = At(allow_null=True)  # noqa: N815


class TransactionOfCompany(Shape):
    """What a source approved."""

    id = serializers.UUIDField()
    kind = Words(*Kind)
    source = serializers.CharField(  # type: ignore[assignment]
        help_text="The source's key; `upload` or `api` for what was raised here."
    )
    externalId = serializers.CharField(help_text="The source's own id of it.")  # noqa: N815
    revision = serializers.IntegerField(min_value=1, help_text="How often its content was replaced, and one.")
    number = serializers.CharField(help_text="The portal's own journal number.")
    answeredNumber = serializers.CharField(  # noqa: N815
        help_text="The journal number that the source was told, for good; empty: none."
    )
    sourceNumber = serializers.CharField(help_text="The source's own number.")  # noqa: N815
    orderNumber = serializers.CharField()  # noqa: N815
    supplierReference = serializers.CharField(help_text="The supplier's own number.")  # noqa: N815
    supplierName = serializers.CharField(help_text="The customer's for a sale.")  # noqa: N815
    date = serializers.DateField(allow_null=True)
    currency = serializers.CharField(help_text="Of all amounts; ISO 4217.")
    net = Amount()
    tax = Amount()
    gross = Amount()
    receivedAt = At()  # noqa: N815
    answeredAt = At(allow_null=True)  # noqa: N815
    state = Words(*State.values, allow_null=True, help_text="Of the posting that counts; null: it has none.")
    postings = PostingOfTransaction(many=True, help_text="Mostly one; another for each system that it was moved to.")


class TransactionsOfCompany(CursorPage):
    """What came in, the newest first."""

    results = TransactionOfCompany(many=True)


class DimensionOfDocument(Shape):
    """One analysis value."""

    name = serializers.CharField()
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class LineOfDocument(Shape):
    """One line, as the document has it."""

    number = serializers.IntegerField()
    description = serializers.CharField()
    quantity = Amount(allow_null=True)
    unitPrice = Amount(allow_null=True)  # noqa: N815
    net = Amount()
    tax = Amount()
    gross = Amount()
    itemCode = serializers.CharField()  # noqa: N815
    accountCode = serializers.CharField(allow_null=True, help_text="In the source's own codes.")  # noqa: N815
    taxCode = serializers.CharField(allow_null=True)  # noqa: N815
    dimensions = DimensionOfDocument(many=True)


class PartyOfDocument(Shape):
    """Whom a document is with."""

    code = serializers.CharField(allow_null=True, help_text="In the source's own codes.")
    name = serializers.CharField()


class WholeTransaction(TransactionOfCompany):
    """The same with its content."""

    title = serializers.CharField()
    supplier = PartyOfDocument(allow_null=True, help_text="Who is owed; null for a sale.")
    customer = PartyOfDocument(allow_null=True, help_text="Who owes; null for a purchase.")
    dueDate = serializers.DateField(allow_null=True)  # noqa: N815
    deliveryDate = serializers.DateField(allow_null=True)  # noqa: N815
    createdAt = At(allow_null=True, help_text="When it was made at the source.")  # noqa: N815
    dimensions = DimensionOfDocument(many=True)
    lines = LineOfDocument(many=True)


class TransactionQuery(KeyCursor):
    """Which transactions."""

    number = OneLine(
        required=False,
        max_length=200,
        help_text=(
            "Only those of which any number or id is this, whole: the portal's, the one that was answered, the "
            "source's, the order's, the supplier's, the one in the accounting system."
        ),
    )
    state = Choice(State.values, required=False, help_text="Only those with a posting in this state.")
    kind = Choice([kind.value for kind in Kind], required=False, help_text="Only those of this kind.")
    receivedFrom = Moment(required=False, help_text="Only those that came in from then on.")  # noqa: N815
    receivedBefore = Moment(required=False, help_text="Only those that came in before.")  # noqa: N815


def transaction_json(transaction: Transaction) -> dict[str, Any]:
    """One transaction without its content. Its postings and their connections are loaded."""
    counts = posting_of(transaction)
    return {
        "id": str(transaction.public_id),
        "kind": transaction.kind,
        "source": transaction.source,
        "externalId": transaction.external_id,
        "revision": transaction.revision,
        "number": transaction.number,
        "answeredNumber": transaction.answered_number,
        "sourceNumber": transaction.source_number,
        "orderNumber": transaction.order_number,
        "supplierReference": transaction.supplier_reference,
        "supplierName": transaction.supplier_name,
        "date": _day(transaction.document_date),
        "currency": transaction.currency,
        "net": transaction.net,
        "tax": transaction.tax,
        "gross": transaction.gross,
        "receivedAt": moment(transaction.received_at),
        "answeredAt": moment(transaction.answered_at),
        "state": counts.state if counts else None,
        "postings": [posting_of_transaction_json(posting) for posting in transaction.postings.all()],
    }


def whole_transaction_json(transaction: Transaction) -> dict[str, Any]:
    """The same with its content, amounts as the document has them."""
    document = from_json(transaction.content)
    return {**transaction_json(transaction), **_content(document)}


def posting_of_transaction_json(posting: Posting) -> dict[str, Any]:
    """One posting, shortly. Its connection is loaded."""
    return {
        "id": str(posting.pk),
        "connectionId": str(posting.connection_id),
        "integrationKey": posting.connection.integration,
        "state": posting.state,
        "reason": posting.reason,
        "field": posting.reason_field,
        "number": posting.external_number,
        "externalId": posting.external_id,
        "postedAt": moment(posting.posted_at),
    }


def _content(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "supplier": None if document.kind.is_sale else _party(document.party),
        "customer": _party(document.party) if document.kind.is_sale else None,
        "dueDate": _day(document.due_date),
        "deliveryDate": _day(document.delivery_date),
        "createdAt": moment(document.created_at),
        "dimensions": _dimensions(document.dimensions),
        "lines": [_line(line) for line in document.lines],
    }


def _party(party: Party) -> dict[str, Any]:
    return {"code": party.code, "name": party.name}


def _line(line: Line) -> dict[str, Any]:
    return {
        "number": line.number,
        "description": line.description,
        "quantity": line.quantity,
        "unitPrice": line.unit_price,
        "net": line.net,
        "tax": line.tax,
        "gross": line.gross,
        "itemCode": line.item_code,
        "accountCode": line.account_code,
        "taxCode": line.tax_code,
        "dimensions": _dimensions(line.dimensions),
    }


def _dimensions(every: Iterable[Dimension]) -> list[dict[str, str]]:
    return [{"name": each.name, "code": each.code, "label": each.label} for each in every]


def _day(date: Any) -> str | None:
    return date.isoformat() if date else None
