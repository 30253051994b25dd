"""The two ends of a pair, seen from one posting: the payment that it carries, and the one that it would write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from django.db.models import QuerySet
from django.utils import timezone

from integrations.content import from_json
from integrations.documents import Allocation, Document
from portal.connections.models import Side
from portal.postings.models import Posting, Transaction
from portal.postings.states import LEASED, State
from portal.postings.twins.models import Pair, PairQuestion


@dataclass(frozen=True, slots=True)
class Ends:
    """Where `posting` stands in pairs. `mine` and `theirs` are the columns of its own end and of the other."""

    posting: Posting
    mine: str
    theirs: str

    @classmethod
    def of(cls, posting: Posting) -> Self:
        """A posting into the books carries what the source has, a posting into a source what the books have."""
        goes_back = posting.connection.side == Side.SOURCE
        return cls(posting, *(("system", "source") if goes_back else ("source", "system")))

    @property
    def my_id(self) -> str:
        """The payment's own id where it comes from."""
        return self.posting.transaction.external_id

    @property
    def there(self) -> str:
        """The slug of the system that it goes to."""
        return self.posting.connection.integration

    def mine_of(self, part: Allocation) -> QuerySet[Pair]:
        """The pair of this payment, as far as it goes to one invoice."""
        slug = self.posting.transaction.source
        return self._pairs(part).filter(**{self.mine: slug, f"{self.mine}_id": self.my_id})

    def adopted(self, part: Allocation) -> Pair | None:
        """The same, where it was found in the system that it goes to."""
        return self.mine_of(part).filter(**{self.theirs: self.there}, is_adopted=True).first()

    def theirs_of(self, part: Allocation, external_id: str) -> QuerySet[Pair]:
        """The pair of a payment over there, likewise."""
        return self._pairs(part).filter(**{self.theirs: self.there, f"{self.theirs}_id": external_id})

    def their_id(self, pair: Pair) -> str | None:
        """The other end of a pair of this payment; None as long as it is not there."""
        told: str | None = getattr(pair, f"{self.theirs}_id")
        return told or _written_by(pair.maker)

    def my_id_in(self, pair: Pair) -> str | None:
        """The end on my side of a pair of theirs; None as long as it is not there."""
        told: str | None = getattr(pair, f"{self.mine}_id")
        return told or _written_by(pair.maker)

    def write(self, part: Allocation, external_id: str | None) -> None:
        """A new pair: adopted with an id, or about to be written. Raises `IntegrityError` where an end has one."""
        Pair.objects.create(
            **self._values(part), **self._mine(), **self._theirs(external_id), is_adopted=external_id is not None
        )

    def take_over(self, pair: Pair) -> bool:
        """A pair that somebody else was to write, and will not now: this payment is its other end."""
        same = Pair.objects.filter(pk=pair.pk, maker=pair.maker_id, is_adopted=False, **{f"{self.mine}_id": None})
        idle = same.exclude(maker__state__in=BUSY).exclude(maker__state=State.POSTED)
        return bool(idle.update(**self._mine(), maker=self.posting, is_adopted=True, at=timezone.now()))

    def claim(self, part: Allocation) -> None:
        """Say that the payment is about to be written over there, for the first time or again."""
        known = self.mine_of(part).first()
        if known is None:
            self.write(part, None)
        elif known.is_adopted or known.maker_id != self.posting.pk:
            known.delete()  # a person said otherwise, or it went to the books that the company had before
            self.write(part, None)

    def counterparts(self, part: Allocation, external_id: str) -> list[Posting]:
        """The postings to this side of a payment over there, as far as it came in as a transaction."""
        found = Posting.objects.select_related("transaction", "pair_question").filter(
            transaction__company_id=self.posting.transaction.company_id, transaction__source=self.there,
            transaction__kind=self.posting.kind, transaction__external_id=external_id,
        )  # fmt: skip
        return [one for one in found if _settles(one.transaction, part)]

    def _pairs(self, part: Allocation) -> QuerySet[Pair]:
        pairs = Pair.objects.select_related("maker").select_for_update(of=("self",))
        return pairs.filter(
            company_id=self.posting.transaction.company_id, kind=self.posting.kind, invoice=part.external_id
        )

    def _values(self, part: Allocation) -> dict[str, Any]:
        return {
            "company_id": self.posting.transaction.company_id,
            "kind": self.posting.kind,
            "invoice": part.external_id,
            "maker": self.posting,
            "at": timezone.now(),
        }

    def _mine(self) -> dict[str, str]:
        return {self.mine: self.posting.transaction.source, f"{self.mine}_id": self.my_id}

    def _theirs(self, external_id: str | None) -> dict[str, str | None]:
        return {self.theirs: self.there, f"{self.theirs}_id": external_id}


BUSY = LEASED | {State.AWAITING, State.UNKNOWN}


def is_writing(posting: Posting) -> bool:
    """Whether it may be over there at any moment, or is there already and nobody knows."""
    return posting.state in BUSY or (posting.may_exist and posting.state != State.POSTED)


def question_of(posting: Posting) -> PairQuestion | None:
    """What a person was asked about a posting."""
    return PairQuestion.objects.filter(posting=posting).first()


def settled_by(transaction: Transaction) -> Document:
    """What a transaction settles, as it came."""
    return from_json(transaction.content)


def _settles(transaction: Transaction, part: Allocation) -> bool:
    return any(one.external_id == part.external_id for one in settled_by(transaction).allocations)


def _written_by(maker: Posting) -> str | None:
    return maker.external_id if maker.state == State.POSTED else None
