"""What the built-in ledger knows, on its way to a source."""

from __future__ import annotations

import pytest
from django.utils import timezone

from integrations.reference import RecordKind
from ledger.models import Books, Supplier
from portal.connections.models import Connection
from portal.reference.sync.asking import ask
from portal.reference.sync.models import SyncRun, SyncState
from portal.reference.sync.running import perform
from tests.factories import LedgerConnectionFactory, SourceConnectionFactory, a_document, accepted
from tests.reference.sync.far_ends import FakeSource, There

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def ledger(far_ends: None) -> Connection:
    made: Connection = LedgerConnectionFactory.create()
    SourceConnectionFactory.create(company=made.company, integration="fakesource", settings={"company_id": "theirs"})
    books = Books.objects.get(pk=made.settings["books"])
    for number in range(1, 11):
        Supplier.objects.create(books=books, code=f"S{number:02}", name=f"Supplier {number}")
    return made


@pytest.fixture
def there() -> There:
    return FakeSource.there


def synchronised(ledger: Connection, kind: RecordKind = RecordKind.SUPPLIER) -> SyncRun:
    run = ask(ledger, kind)
    SyncRun.objects.filter(pk=run.pk).update(next_try_at=timezone.now())
    assert perform(run.pk)
    run.refresh_from_db()
    assert run.state == SyncState.COMPLETE
    return run


def test_a_supplier_that_is_set_inactive_disappears_at_the_source(ledger: Connection, there: There) -> None:
    synchronised(ledger)
    assert "S07" in there.codes()
    there.calls.clear()
    Supplier.objects.filter(code="S07").update(active=False)
    run = synchronised(ledger)
    assert (there.said(), run.removed, run.deleted, run.sent) == (["remove S07"], 1, 1, 0)
    Supplier.objects.filter(code="S07").update(active=True)
    there.calls.clear()
    synchronised(ledger)
    assert there.said() == ["put S07"]


@pytest.mark.parametrize("kind", sorted(RecordKind))
def test_a_bill_that_is_booked_pushes_nothing(ledger: Connection, there: There, kind: RecordKind) -> None:
    accepted(ledger, a_document(number="INV000001"))  # its supplier is made on sight
    synchronised(ledger, kind)
    there.calls.clear()
    assert accepted(
        ledger, a_document(number="INV000002", external_id="another", identity="another")
    ).posting.state == ("posted")
    assert (synchronised(ledger, kind).calls, there.said()) == (0, [])
