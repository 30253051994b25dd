"""Rows of the rooms beside the postings, one of each, for whoever walks all staff pages."""

from __future__ import annotations

import uuid
from decimal import Decimal

from django.utils import timezone

from ledger.models import Attachment, Books, Currency, Customer, DeliverySite, Dimension, DimensionValue, Entry
from portal.amending.models import AmendmentDuty, BooksReader, DutyState, KnownTerms, Member
from portal.connections.models import AccessGrant, Connection, Endpoint, IntegrationSettings, Visit
from portal.intake.models import FedRecord, FeedReader, HintedRecord, VendorMessage
from portal.postings.attachments.models import Handover
from portal.postings.models import Posting
from portal.uat.models import Round
from tests.factories import SourceConnectionFactory
from tests.intake.found import a_capture, a_source_difference, a_source_run

INSTALLATION_SECRET = "planted-secret-of-the-installation"
ACCESS_SECRET = "planted-access-token"


def of_the_source(source: Connection, endpoint: Endpoint, booked: Posting) -> None:
    """What was captured, and what the source and we do not agree on."""
    a_capture(endpoint)
    a_source_difference(source, run=a_source_run(source))
    a_source_difference(source, "deleted", transaction=booked.transaction)
    read = SourceConnectionFactory.create(company=source.company, integration="accessplanit")
    a_reader(read)
    a_record_read(read)
    a_hint(read)
    Round.objects.create(connection=read, number=1, began_at=timezone.now(), began_by="tests")


def a_reader(connection: Connection) -> FeedReader:
    """One that was stopped half way."""
    now = timezone.now()
    return FeedReader.objects.create(
        connection=connection, feed="invoice", next_at=now, read_through=now, since=now, problem="It hides this."
    )  # fmt: skip


def a_record_read(connection: Connection, external_id: str = "invoice-10482") -> FedRecord:
    """One that nothing is kept of any more."""
    return FedRecord.objects.create(
        connection=connection, feed="invoice", external_id=external_id, content_hash="ab", read_at=timezone.now()
    )


def a_hint(connection: Connection) -> HintedRecord:
    """One that is followed."""
    now = timezone.now()
    return HintedRecord.objects.create(
        connection=connection, feed="invoice", external_id="10482", hinted_at=now, next_at=now
    )


def at_the_vendor(connection: Connection) -> None:
    """What the installation has at a vendor, a token, somebody on the way, and what the vendor said by itself."""
    IntegrationSettings.objects.create(integration="codat", secrets={"api_key": INSTALLATION_SECRET})
    AccessGrant.objects.create(connection=connection, secrets={"access": ACCESS_SECRET, "refresh": ACCESS_SECRET})
    a_visit(connection)
    a_vendor_message(connection)


def a_visit(connection: Connection) -> Visit:
    """Somebody who is on the way to a vendor."""
    now, state = timezone.now(), uuid.uuid4().hex
    return Visit.objects.create(
        connection=connection, state_digest=state, session_digest="s", secrets={"verifier": ACCESS_SECRET},
        return_url="http://127.0.0.1/link/back/", next_url="/", began_at=now, good_until=now,
    )  # fmt: skip


def a_vendor_message(connection: Connection) -> VendorMessage:
    """A message that made us ask."""
    return VendorMessage.objects.create(
        integration=connection.integration, connection=connection, message_id=uuid.uuid4().hex,
        about="connection.disconnected", effects=["Its status is asked for."],
    )  # fmt: skip


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
    Customer.objects.create(books=books, code="HARB01", name="Harbour Logistics Ltd")
    entry = Entry.objects.filter(books=books).order_by("pk").first()
    assert entry is not None
    Attachment.objects.create(entry=entry, name="invoice.pdf", content_type="application/pdf", size=4, content=b"%PDF")


def an_amendment(posting: Posting) -> AmendmentDuty:
    """One that a person has to make by hand, and the reader of its connection."""
    now = timezone.now()
    BooksReader.objects.create(connection=posting.connection, read_through=now, next_at=now)
    KnownTerms.objects.create(posting=posting, connection=posting.connection)
    return AmendmentDuty.objects.create(
        posting=posting, connection=posting.connection, member=Member.ORDER_NUMBER, before="PO-1", after="PO-2",
        state=DutyState.NEEDS_A_PERSON, why="Changed there.", noticed_at=now,
    )  # fmt: skip
