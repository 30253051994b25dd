"""Take a document in: once for ever, with a number, or as the same transaction again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db import IntegrityError
from django.db.models import QuerySet, TextChoices
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.content import content_hash, from_json
from integrations.documents import Document
from portal.postings.amended import AMENDED, EARLY, only_terms_changed
from portal.postings.changes import change, record
from portal.postings.contested import changed_rows, contest
from portal.postings.destination import Destination
from portal.postings.inside import books_inside, post_inside
from portal.postings.models import Posting, Revision, RevisionState, Transaction
from portal.postings.new import content_fields, read_new, take_new
from portal.postings.numbers import next_number
from portal.postings.states import Actor, State
from portal.postings.turns import turn

NEVER_IN_THE_BOOKS = frozenset({State.REJECTED, State.WITHDRAWN})
NEVER_SENT = frozenset({State.READY, State.HELD}) | NEVER_IN_THE_BOOKS


class Taken(TextChoices):
    """How a document was taken."""

    NEW = "new", _("A new transaction")
    REPEATED = "repeated", _("The same content again")
    REVISED = "revised", _("Changed content, nothing had been sent")
    CONTESTED = "contested", _("Changed content after sending")
    AMENDED = "amended", _("Another order number or due date after posting")
    EARLY = "early", _("Another order number or due date while it is being sent")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What `accept` did, and the posting that now carries the duty, as it left it.

    `answered_number` is what was told before, if anything was; `reason` is set for a contested document, and one that
    only amends; `before` is what an amended one said until now.
    """

    taken: Taken
    posting_id: int
    transaction_id: int
    state: State
    answered_number: str = ""
    reason: str = ""
    before: Document | None = None

    @classmethod
    def of(cls, taken: Taken, posting: Posting, reason: str = "", before: Document | None = None) -> Self:
        """From the rows themselves."""
        transaction, state = posting.transaction, State(posting.state)
        return cls(taken, posting.pk, transaction.pk, state, transaction.answered_number, reason, before)

    @property
    def posting(self) -> Posting:
        """The posting as it is now, read anew with its transaction and connection."""
        return _with_all_of_it().get(pk=self.posting_id)


Also = Callable[[Acceptance], None]


def accept(
    document: Document,
    destination: Destination,
    *,
    received_at: datetime,
    also: Also = lambda _: None,
    may_amend: bool = False,
) -> Acceptance:
    """Accept one document, in one database transaction.

    Unique for ever on (company, source, kind, identity). A new one gets the company's next number and a posting; with a
    connector that books inside our own transaction (or a memo entry) it is posted before this returns. The same
    transaction again follows the table in docs/architecture.md. Nothing is sent from here: ring after the commit.

    `also` is called inside the transaction, so that what follows from it is committed with it; not for a new document
    that one statement took, which then waits for a worker.

    With `may_amend` a posted sales invoice that comes with nothing changed but its order number or due date is not
    contested: the new content counts from now on, and the caller passes the change on. While it is being sent nothing
    is taken (`Taken.EARLY`).
    """
    if not destination.books_inside:
        new = take_new(document, destination, received_at)
        if new is not None:
            return Acceptance(Taken.NEW, new.posting_id, new.transaction_id, State.READY)
    with turn(destination.company_id), atomic():
        acceptance = _accept(document, destination, received_at, may_amend)
        also(acceptance)
    return acceptance


def _accept(document: Document, destination: Destination, received_at: datetime, may_amend: bool) -> Acceptance:
    posting = _taken_at_once(document, destination, received_at)
    if posting is None and (known := _taken(document, destination).first()):
        return _again(document, known, received_at, may_amend)
    posting = posting or _insert(document, destination, received_at)
    if posting is None:
        return _again(document, _taken(document, destination).get(), received_at, may_amend)
    _post_if_inside(posting)
    return Acceptance.of(Taken.NEW, posting)


def _taken_at_once(document: Document, destination: Destination, received_at: datetime) -> Posting | None:
    """A new one by one statement, for a destination that books it in the same transaction."""
    new = take_new(document, destination, received_at) if destination.books_inside else None
    return None if new is None else read_new(new)


def _taken(document: Document, destination: Destination) -> QuerySet[Posting]:
    """The posting of this transaction, if there is one; reading it locks its row until the transaction ends."""
    return (
        _with_all_of_it()
        .select_for_update(of=("self",))
        .filter(
            transaction__company_id=destination.company_id,
            transaction__source=document.source,
            transaction__kind=document.kind,
            transaction__identity=document.identity,
        )
        .order_by("pk")
    )


def _with_all_of_it() -> QuerySet[Posting]:
    return Posting.objects.select_related("transaction", "connection__company")


def _insert(document: Document, destination: Destination, received_at: datetime) -> Posting | None:
    """Write transaction, number and posting; None when another delivery of it was first (the number is given back)."""
    try:
        with atomic():
            transaction = Transaction.objects.create(
                company_id=destination.company_id,
                source=document.source,
                kind=document.kind,
                external_id=document.external_id,
                identity=document.identity,
                number=next_number(destination.company_id),
                received_at=received_at,
                **content_fields(document),
            )
    except IntegrityError:
        return None
    now = timezone.now()
    posting = Posting.objects.create(
        transaction=transaction,
        connection_id=destination.connection_id,
        kind=document.kind,
        kept=destination.kept,
        next_attempt_at=now,
        created_at=now,
        updated_at=now,
    )
    record(posting, None, State.READY, who=Actor.INTAKE, at=now)
    return posting


def _again(document: Document, posting: Posting, received_at: datetime, may_amend: bool) -> Acceptance:
    transaction = posting.transaction
    same = transaction.content_hash == content_hash(document)
    if posting.state == State.VOID:
        return Acceptance.of(Taken.REPEATED, posting)
    if not same and not _may_be_revised(posting):
        before = from_json(transaction.content)
        if may_amend and only_terms_changed(before, document):
            return _amend(document, before, posting, received_at)
        return Acceptance.of(Taken.CONTESTED, posting, contest(document, transaction, received_at))
    if not same:
        _revise(document, posting, received_at)
    if not transaction.answered_number:
        _make_due_again(posting)
    if State(posting.state) is State.READY:
        _post_if_inside(posting)
    return Acceptance.of(Taken.REPEATED if same else Taken.REVISED, posting)


def _may_be_revised(posting: Posting) -> bool:
    """Never sent (and not marked as posted by staff), or refused without a number having been answered."""
    if posting.attempts_made == 0:
        return posting.state in NEVER_SENT
    return posting.state in NEVER_IN_THE_BOOKS and not posting.transaction.answered_number


def _make_due_again(posting: Posting) -> None:
    now = timezone.now()
    if posting.state in NEVER_IN_THE_BOOKS:
        change(
            posting, State.READY, who=Actor.INTAKE, why="The source sent it again.",
            next_attempt_at=now, tries=0, crashes=0, reason="", reason_field="", error_class="",
        )  # fmt: skip
    elif posting.state == State.READY and posting.attempts_made == 0:
        Posting.objects.filter(pk=posting.pk, state=State.READY).update(next_attempt_at=now)
        posting.next_attempt_at = now


def _post_if_inside(posting: Posting) -> None:
    if books_inside(posting):
        post_inside(posting, who=Actor.INTAKE)


def _revise(document: Document, posting: Posting, received_at: datetime) -> None:
    """The new content counts; the old one is kept as superseded. The number stays."""
    transaction = posting.transaction
    Revision.objects.create(
        transaction=transaction,
        state=RevisionState.SUPERSEDED,
        content=transaction.content,
        content_hash=transaction.content_hash,
        differences=changed_rows(from_json(transaction.content), document),
        received_at=transaction.received_at,
    )
    _move_on(document, transaction, received_at)
    _move_away_from_claims(posting)


def _move_on(document: Document, transaction: Transaction, received_at: datetime) -> None:
    fields = {**content_fields(document), "revision": transaction.revision + 1, "received_at": received_at}
    for name, value in fields.items():
        setattr(transaction, name, value)
    transaction.save(update_fields=list(fields))


def _move_away_from_claims(posting: Posting) -> None:
    """A worker that read the old content a moment ago must not send it: its claim is guarded by this column."""
    if posting.state == State.READY:
        posting.next_attempt_at = timezone.now()
        Posting.objects.filter(pk=posting.pk).update(next_attempt_at=posting.next_attempt_at)


def _amend(document: Document, before: Document, posting: Posting, received_at: datetime) -> Acceptance:
    """The posting is untouched; what the source says now is what later versions are compared with."""
    if posting.state != State.POSTED:
        return Acceptance.of(Taken.EARLY, posting, EARLY)
    _move_on(document, posting.transaction, received_at)
    return Acceptance.of(Taken.AMENDED, posting, AMENDED, before)
