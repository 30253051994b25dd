"""Rows of the rooms beside the postings, one of each, for whoever walks all staff pages."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from ledger.models import Attachment, Books, Currency, DeliverySite, Dimension, DimensionValue, Entry
from portal.connections.models import Connection, Endpoint
from portal.postings.attachments.models import Handover
from portal.postings.models import Posting
from tests.intake.found import a_capture, a_source_difference, a_source_run


def of_the_source(source: Connection, endpoint: Endpoint, booked: Posting) -> None:
    """What was captured, and what the source and we do not agree on."""
    a_capture(endpoint)
    a_source_difference(source, run=a_source_run(source))
    a_source_difference(source, "deleted", transaction=booked.transaction)


def a_handover(posting: Posting) -> Handover:
    """Files of which one was refused."""
    now = timezone.now()
    return Handover.objects.create(
        posting=posting,
        connection=posting.connection,
        state="partly",
        message="1 of 2 refused.",
        created_at=now,
        ended_at=now,
    )


def master_data(ledger: Connection) -> None:
    """What the built-in ledger keeps for those who code documents, and a file of an entry."""
    books = Books.objects.get(pk=ledger.settings["books"])
    Currency.objects.get_or_create(books=books, code="EUR", defaults={"name": "Euro", "rate": Decimal("1.134")})
    DeliverySite.objects.create(books=books, code="LON", name="London")
    DimensionValue.objects.create(
        dimension=Dimension.objects.create(books=books, name="Department"), code="TRN", name="Training"
    )
    entry = Entry.objects.filter(books=books).order_by("pk").first()
    assert entry is not None
    Attachment.objects.create(entry=entry, name="invoice.pdf", content_type="application/pdf", size=4, content=b"%PDF")
