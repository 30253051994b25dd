"""Files of entries: kept as they came, once per name, and taken away by staff alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.transaction import atomic, set_rollback
from django.test import Client
from django.urls import reverse

from integrations import papers
from integrations.base import Link
from integrations.documents import Kind
from integrations.errors import Misconfigured, Rejected
from integrations.papers import LARGEST_FILE, File
from ledger.connector import BuiltInLedger
from ledger.memo_book import MemoBook
from ledger.models import Attachment, Books, Entry
from ledger.services import keep_memo, open_books, post_document
from ledger.services import reverse as reverse_entry
from tests.factories import a_document
from tests.ledger.booked import key
from tests.samples import PAPER

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def entry(books: Books) -> Entry:
    """A posted invoice."""
    return post_document(books, a_document(), key(), "P-000001")


@pytest.fixture
def ledger(books: Books) -> BuiltInLedger:
    """The connector of the books."""
    return BuiltInLedger(Link(settings={"books": str(books.pk)}))


def attach(ledger: BuiltInLedger, entry: Entry, file: File = PAPER) -> Attachment:
    """Attach to the invoice; the row that keeps it."""
    ledger.attach(Kind.INVOICE, str(entry.pk), file)
    return Attachment.objects.get(entry=entry, name=file.name)


def test_a_file_is_kept_whole(ledger: BuiltInLedger, entry: Entry) -> None:
    kept = attach(ledger, entry)
    assert (kept.name, kept.content_type, kept.size, bytes(kept.content)) == (
        "SI-48213.pdf", "application/pdf", len(PAPER.content), PAPER.content,
    )  # fmt: skip
    assert ledger.attached(Kind.INVOICE, str(entry.pk)) == (
        papers.Attachment(
            external_id=str(kept.pk), name="SI-48213.pdf", content_type="application/pdf", size=len(PAPER.content)
        ),
    )


def test_a_name_that_is_there_stays_as_it_is(ledger: BuiltInLedger, entry: Entry) -> None:
    attach(ledger, entry)
    assert bytes(attach(ledger, entry, replace(PAPER, content=b"another")).content) == PAPER.content


def test_what_the_caller_rolls_back_is_not_kept(ledger: BuiltInLedger, entry: Entry) -> None:
    with atomic():
        attach(ledger, entry)
        attach(ledger, entry)
        set_rollback(True)
    assert ledger.attached(Kind.INVOICE, str(entry.pk)) == ()


@pytest.mark.django_db(transaction=True)
def test_it_needs_no_transaction_and_many_at_once_keep_one() -> None:
    books = open_books("Northgate Training Ltd", "GBP")
    entry = post_document(books, a_document(), key(), "P-000001")
    ledger = BuiltInLedger(Link(settings={"books": str(books.pk)}))

    def go(_: int) -> None:
        try:
            ledger.attach(Kind.INVOICE, str(entry.pk), PAPER)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(go, range(8)))
    assert [one.name for one in ledger.attached(Kind.INVOICE, str(entry.pk))] == [PAPER.name]


def test_the_largest_file_is_kept_and_a_larger_one_refused(ledger: BuiltInLedger, entry: Entry) -> None:
    attach(ledger, entry, replace(PAPER, name="large.pdf", content=b"x" * LARGEST_FILE))
    with pytest.raises(
        Rejected, match=r"^larger\.pdf is larger than 7 MB, which the ledger does not keep\.$"
    ) as caught:
        attach(ledger, entry, replace(PAPER, name="larger.pdf", content=b"x" * (LARGEST_FILE + 1)))
    assert caught.value.field == "content"
    assert [(one.name, one.size) for one in Attachment.objects.all()] == [("large.pdf", LARGEST_FILE)]


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_a_file_is_refused_by_its_name(ledger: BuiltInLedger, entry: Entry, name: str) -> None:
    with pytest.raises(Rejected, match="1 to 255 characters") as caught:
        attach(ledger, entry, replace(PAPER, name=name))
    assert caught.value.field == "name"
    attach(ledger, entry, replace(PAPER, name="x" * 255, content_type="text/" + "x" * 200))
    assert [one.content_type for one in Attachment.objects.all()] == ["text/" + "x" * 95]


def test_files_of_other_books_entries_and_kinds_are_out_of_reach(ledger: BuiltInLedger, entry: Entry) -> None:
    other = open_books("Harbour Street Catering Ltd", "GBP")
    theirs = BuiltInLedger(Link(settings={"books": str(other.pk)}))
    memo = keep_memo(entry.books, a_document(kind=Kind.RECEIPT), key("memo"), "P-000002")
    for connector, kind, pk in (
        (theirs, Kind.INVOICE, entry.pk),
        (ledger, Kind.CREDIT_NOTE, entry.pk),
        (ledger, Kind.INVOICE, memo.pk),
        (ledger, Kind.INVOICE, 10**30),
    ):
        with pytest.raises(Rejected, match=r"have no (invoice|credit note)"):
            connector.attach(kind, str(pk), PAPER)
        with pytest.raises(Rejected, match=r"have no (invoice|credit note)"):
            connector.attached(kind, str(pk))
    assert Attachment.objects.count() == 0


def test_books_that_do_not_exist_are_a_setting_to_mend() -> None:
    connector = BuiltInLedger(Link(settings={"books": "no uuid"}))
    for call in (
        lambda: connector.attach(Kind.INVOICE, "1", PAPER),
        lambda: connector.attached(Kind.INVOICE, "1"),
    ):
        with pytest.raises(Misconfigured, match="names no books"):
            call()


@pytest.mark.parametrize("kind", list(Kind))
def test_the_memo_book_takes_files_for_every_kind(books: Books, kind: Kind) -> None:
    memos = MemoBook(Link(settings={"books": str(books.pk)}))
    entry = keep_memo(books, a_document(kind=kind), key(), "P-000001")
    memos.attach(kind, str(entry.pk), PAPER)
    assert [one.name for one in memos.attached(kind, str(entry.pk))] == [PAPER.name]


# --- in the staff site -----------------------------------------------------------------------------------------------


def address(of: Attachment, entry: Entry | None = None) -> str:
    """Where staff take a file away."""
    return reverse("admin:ledger_attachment", args=[(entry or of.entry).pk, of.pk])


def test_staff_take_a_file_away_as_a_download(admin_client: Client, ledger: BuiltInLedger, entry: Entry) -> None:
    page = File(name='=cmd "März".html', content_type="text/html", content=b"<script>alert(1)</script>")
    kept = attach(ledger, entry, page)
    response = admin_client.get(address(kept))
    assert (response.status_code, response.content) == (200, page.content)
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''%3Dcmd%20%22M%C3%A4rz%22.html"


def test_an_entry_shows_its_files(admin_client: Client, ledger: BuiltInLedger, entry: Entry) -> None:
    reversal = reverse_entry(entry, "Duplicate", date(2026, 4, 1))
    kept = attach(ledger, entry, replace(PAPER, name="<b>SI.pdf", content=b"x" * 12_345))
    html, other = (
        admin_client.get(reverse("admin:ledger_entry_change", args=[one.pk])).content.decode()
        for one in (entry, reversal)
    )
    assert f'<a href="{address(kept)}">&lt;b&gt;SI.pdf</a>' in html
    assert '<td class="numeric">12,345</td>' in html
    assert "Attachments" not in other


def test_files_are_for_whoever_may_see_entries(
    client: Client, admin_client: Client, ledger: BuiltInLedger, entry: Entry
) -> None:
    kept = attach(ledger, entry)
    assert client.get(address(kept)).status_code == 302
    clerk = get_user_model().objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    assert client.get(address(kept)).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="view_entry"))
    assert client.get(address(kept)).content == PAPER.content
    memo = keep_memo(entry.books, a_document(kind=Kind.RECEIPT), key("memo"), "P-000002")
    assert client.get(address(kept, memo)).status_code == 404
