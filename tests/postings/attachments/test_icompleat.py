"""From iCompleat's stand-in over real HTTP into the built-in ledger: the files, and the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.utils import timezone

from integrations.documents import Kind
from integrations.icompleat.client import Client
from integrations.icompleat.sandbox import build
from integrations.sandbox import Server, Store, mount
from ledger.models import Attachment
from portal.connections.models import Connection, Status
from portal.postings.attachments.noticing import notice_posted
from portal.postings.attachments.run import hand_over_where_there_is_room
from portal.postings.models import Handover, Posting
from portal.postings.timeline import timeline_of
from tests.factories import LedgerConnectionFactory, SourceConnectionFactory, accepted
from tests.integrations.icompleat.bodies import EVERYTHING
from tests.integrations.icompleat.test_together import RAISING, StandIn
from tests.samples import KEY, REFERENCE, sample

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(tmp_path: Path) -> Iterator[StandIn]:
    """The stand-in with one company."""
    store = Store("icompleat", tmp_path)
    with Server(mount({"icompleat": build(store)})) as server:
        yield StandIn(server.url)
    store.close()


@pytest.fixture
def books(there: StandIn) -> Connection:
    """A company that is linked to the stand-in and to the ledger, and was looked at once."""
    linked: Connection = LedgerConnectionFactory.create()
    link = there.link()
    SourceConnectionFactory.create(company=linked.company, settings=dict(link.settings), secrets=dict(link.secrets))
    notice_posted(timezone.now())
    return linked


def approved(there: StandIn, books: Connection) -> Posting:
    """A transaction that was approved there, with two files, and is in the books here."""
    raised = there.connector(**RAISING).post(sample(Kind.INVOICE, order_number=""), key=KEY, reference=REFERENCE)
    address = f"{there.url}/control/transactions/{raised.external_id}/attachments"
    for name, sort in (("Delivery note.txt", "text/plain"), ("Invoice 4711.pdf", "application/pdf")):
        answer = requests.post(f"{address}/{name}", name.encode() * 100, headers={"Content-Type": sort}, timeout=10)
        assert answer.status_code == 201
    came = there.connector().parse(Client(there.link()).transaction(raised.external_id), EVERYTHING)
    posting = accepted(books, came).posting
    posting.refresh_from_db()
    assert posting.state == "posted", posting.reason
    return posting


def test_its_files_are_in_the_books(there: StandIn, books: Connection) -> None:
    posting = approved(there, books)
    assert notice_posted(timezone.now()) == 1
    assert hand_over_where_there_is_room(books.pk) == 1
    handover = Handover.objects.get(posting=posting)
    assert (handover.state, handover.message) == ("done", "")
    kept = {one.name: (one.content_type, bytes(one.content)) for one in Attachment.objects.order_by("pk")}
    assert set(kept) >= {"Delivery note.txt", "Invoice 4711.pdf"}
    assert kept["Invoice 4711.pdf"] == ("application/pdf", b"Invoice 4711.pdf" * 100)
    assert kept["Delivery note.txt"] == ("text/plain", b"Delivery note.txt" * 100)
    assert list(kept)[-1] == "Delivery note.txt"


def test_its_timeline_is_told(there: StandIn, books: Connection) -> None:
    told = timeline_of(approved(there, books).transaction)
    assert (told.problem, told.note) == ("", "")
    assert told.events
    assert [one for one in told.events if one.at is None or one.at.tzinfo is None or not one.what] == []


def test_a_key_that_was_revoked_stops_the_source_and_nothing_else(there: StandIn, books: Connection) -> None:
    posting = approved(there, books)
    notice_posted(timezone.now())
    source = Connection.objects.get(integration="icompleat")
    source.secrets = {"security_key": "revoked"}
    source.save()
    assert hand_over_where_there_is_room(books.pk) == 1
    source.refresh_from_db()
    books.refresh_from_db()
    posting.refresh_from_db()
    assert (source.status, books.status, posting.state) == (Status.DEAUTHORISED, Status.LINKED, "posted")
    assert (Handover.objects.get().state, Attachment.objects.count()) == ("waiting", 0)
