"""Whatever is injected into the books is reported, each of its kind, and nothing else: random mixtures over HTTP."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest

from integrations.documents import Document, Kind
from portal.connections.models import Connection
from portal.postings.models import Difference, ListedDocument, Posting
from portal.postings.reconciliation import comparing, listing
from tests.factories import a_document, a_line, accepted
from tests.postings.reconciliation.played import aged, found, key_of, posted, put, reconciled, standing_there
from tests.postings.reconciliation.tampering import Tampering

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

DOCUMENTS = 60
EDITS: dict[str, Callable[[Decimal], object]] = {
    "gross": lambda amount: amount + Decimal("0.01"),
    "net": lambda amount: -amount,
    "tax": lambda _: Decimal("0.99"),
    "currency": lambda _: "EUR",
    "date": lambda _: "2026-04-01",
    "supplier": lambda _: {"code": "OTHER01", "name": "Somebody else"},
}


@dataclass
class Mixture:
    """One drawn state of affairs: what is wrong in it, as (kind, key), and what is not."""

    dice: random.Random
    connection: Connection
    tampering: Tampering
    wrong: set[tuple[str, str]]

    def document(self) -> Document:
        cents = self.dice.randrange(1, 1_000_000)
        net, tax = Decimal(cents) / 100, Decimal(cents // 5) / 100
        kind = self.dice.choice([Kind.INVOICE, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER])
        return a_document(kind=kind, lines=(a_line(net=net, tax=tax, gross=net + tax, unit_price=None),))

    def inject(self, postings: list[Posting]) -> None:
        """About a third of all is disturbed, one way each."""
        ways = [self.missing, self.double, self.different, self.replaced, self.withdrawn_too_late]
        for posting in self.dice.sample(postings, len(postings) // 3):
            self.dice.choice(ways)(posting)
        for _ in range(self.dice.randrange(1, 5)):
            self.unknown_key(self.dice.choice(postings))

    def missing(self, posting: Posting) -> None:
        self.tampering.delete(key_of(posting))
        self.wrong.add(("missing", key_of(posting)))

    def double(self, posting: Posting) -> None:
        for _ in range(self.dice.randrange(1, 3)):
            self.tampering.copy(key_of(posting))
        self.wrong.add(("double", key_of(posting)))

    def different(self, posting: Posting) -> None:
        field = self.dice.choice(sorted(EDITS))
        body = self.tampering.body(key_of(posting))
        self.tampering.edit(key_of(posting), **{field: EDITS[field](Decimal(body["net"]) + 1)})
        self.wrong.add(("different", key_of(posting)))

    def replaced(self, posting: Posting) -> None:
        """Entered anew over there: another id under the same key."""
        self.tampering.copy(key_of(posting), under="for a moment")
        self.tampering.delete(key_of(posting))
        made = self.tampering.added[-1]
        with self.tampering.store.transaction() as database:
            database.execute("UPDATE document SET external_key = ? WHERE id = ?", (key_of(posting), made))
            change = "UPDATE document SET body = json_set(body, '$.external_key', ?) WHERE id = ?"
            database.execute(change, (key_of(posting), made))
        self.wrong.add(("different", key_of(posting)))

    def withdrawn_too_late(self, _: Posting) -> None:
        state = self.dice.choice(["held", "rejected", "withdrawn", "void"])
        extra = standing_there(self.connection, state, self.document())
        self.wrong.add(("extra", key_of(extra)))

    def unknown_key(self, like: Posting) -> None:
        key = str(uuid.UUID(int=self.dice.getrandbits(128), version=4))
        if not self.tampering._rows(key_of(like)):
            return
        self.tampering.copy(key_of(like), under=key)
        self.wrong.add(("extra", key))

    def harmless(self, posting: Posting) -> None:
        """What looks odd and proves nothing."""
        for key in ("4711", "not-of-our-making", str(uuid.uuid1()), "{" + str(uuid.uuid4()) + "}"):
            self.tampering.copy(key_of(posting), under=key)
        for state in ("ready", "sending", "awaiting", "unknown", "checking"):
            standing_there(self.connection, state, self.document())
            put(accepted(self.connection, self.document()).posting, state)
        by_hand = accepted(self.connection, self.document()).posting
        fields = {"external_id": "marked:B-77", "external_number": "B-77", "posted_at": posting.posted_at}
        put(by_hand, "posted", **fields)
        self.tampering.delete(key_of(aged(posted(self.connection, self.document()), timedelta(minutes=2))))
        for state in ("held", "rejected", "withdrawn", "void"):
            put(accepted(self.connection, self.document()).posting, state)


@pytest.mark.parametrize("seed", [7, 17, 4711])
def test_exactly_what_was_injected_is_reported(
    seed: int, demo: Connection, tampering: Tampering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "BATCH", 16)
    monkeypatch.setattr(comparing, "BATCH", 16)
    dice = random.Random(seed)
    mixture = Mixture(dice, demo, tampering, set())
    postings = [
        posted(demo, mixture.document(), ago=timedelta(minutes=dice.randrange(20, 6 * 24 * 60)))
        for _ in range(DOCUMENTS)
    ]
    clean = reconciled(demo)
    assert (clean.state, clean.compared, clean.agreeing, clean.read) == ("finished", 60, 60, 60)
    mixture.harmless(postings[0])
    mixture.inject(postings[1:])

    first = reconciled(demo)
    assert (first.state, first.error) == ("finished", "")
    assert found() == mixture.wrong
    counted = {
        kind: sum(one == kind for one, _ in mixture.wrong) for kind in ("missing", "extra", "double", "different")
    }
    assert {kind: getattr(first, kind) for kind in counted} == counted
    assert first.compared == first.agreeing + len(mixture.wrong)
    assert ListedDocument.objects.count() == 0

    rows = set(Difference.objects.values_list("pk", "first_run"))
    second = reconciled(demo)
    assert set(Difference.objects.values_list("pk", "first_run")) == rows
    assert set(Difference.objects.values_list("last_run", flat=True)) == {second.pk}
    assert found() == mixture.wrong

    tampering.mend()
    for kind, key in mixture.wrong:
        if kind == "extra":
            tampering.delete(key)
    third = reconciled(demo)
    assert (third.state, third.resolved, found()) == ("finished", len(mixture.wrong), set())
    assert found("resolved") == mixture.wrong
    assert set(Difference.objects.values_list("closed_by", flat=True)) == {None}


def test_a_date_that_was_moved_at_posting_is_no_news(demo: Connection, tampering: Tampering) -> None:
    posting = posted(demo, a_document(date=date(2026, 3, 14)))
    tampering.edit(key_of(posting), date="2026-04-01")
    Posting.objects.filter(pk=posting.pk).update(
        booked={**posting.booked, "date": "2026-04-01"}, differences=[["date", "2026-03-14", "2026-04-01"]]
    )
    assert (reconciled(demo).agreeing, found()) == (1, set())
    tampering.edit(key_of(posting), date="2026-03-14")
    assert (reconciled(demo).agreeing, found()) == (1, set())
    tampering.edit(key_of(posting), date="2026-05-01")
    reconciled(demo)
    assert Difference.objects.get().details == [["date", "2026-04-01", "2026-05-01"]]
