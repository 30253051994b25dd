"""The asynchronous interface: documents are pushed, and what became of them is asked for.

All of its addresses for payables stand in this module. Codat is to switch them off on 1 May 2027.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from integrations.codat import (
    booked,
    checks,
    customers,
    fitting,
    mapping,
    operations,
    options,
    payments,
    syncing,
    terms,
)
from integrations.codat.client import Client, NotFetched
from integrations.codat.codes import resolve
from integrations.codat.coverage import LOOKUP_SECONDS
from integrations.codat.kinds import MONEY, Payload, shape
from integrations.codat.lists import Lists
from integrations.codat.values import text
from integrations.documents import Awaiting, Document, IdempotencyKey, Posted
from integrations.errors import Missing, OutcomeUnknown, Retryable
from integrations.papers import File
from integrations.previewing import Objection

_ASK_AFTER_SECONDS: Final = 5.0
# A written document is told only after Codat has read the books anew.
_READ_AFTER_SECONDS: Final = 60.0
_LONGEST_UNREAD_SECONDS: Final = 900.0
# Three days, so that a computer may be off over a weekend.
_LONGEST_PENDING_MINUTES: Final = "4320"
# The answer to a file is not documented; one of these it is said to have, if it has a body.
_TAKEN: Final = frozenset({"pushOperationKey", "attachmentId", "id"})
_MOST_QUERIED: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be pushed and what stands against it. `needs_customer`: its customer is to be made first."""

    payload: Payload
    objections: tuple[Objection, ...]
    needs_customer: bool


@dataclass(frozen=True, slots=True)
class Asynchronous:
    """Pushes to one connection. `told` is what Codat told of it, `settings` are those of its form."""

    client: Client
    told: Mapping[str, Any]
    settings: Mapping[str, str]

    def draft(
        self, document: Document, *, key: IdempotencyKey, reference: str
    ) -> tuple[Payload, tuple[Objection, ...]]:
        """What would be pushed, and what stands against it, by the platform's own options.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`, `Rejected` for a kind that has no place there.
        """
        draft = self._drafted(document, key=key, reference=reference)
        return draft.payload, draft.objections

    def _drafted(self, document: Document, *, key: IdempotencyKey, reference: str) -> Draft:
        form, base, days = shape(document.kind), checks.books(self.told), checks.due_days(self.settings)
        is_made = self.settings.get(terms.CUSTOMERS) == terms.MAKE
        known, found = resolve(document, Lists(self.client), makes_customers=is_made)
        model = options.read(self.client.get(f"{self._there}/options/{form.data_type}"))
        if document.kind in MONEY:
            full = payments.pushed(document, known, model, form, key=key, reference=reference, base=base)
            found = (*found, *payments.objections(document, model, self.settings))
        else:
            full = mapping.pushed(document, known, model, form, key=key, reference=reference, base=base, due_days=days)
        payload = fitting.fitted(full, model, form)
        against = checks.of_the_currency(
            document,
            known,
            self.told,
            has_rates=model.has_rates_of_its_own,
            as_partys=model.wants_the_partys_currency,
        )
        words = document.kind.label.lower()
        more = fitting.objections(document, known, payload, model, words)
        every = (*found, *checks.of_the_day(document, self.told), *against, *more)
        return Draft(payload, every, needs_customer=known.is_new and model.has(form.party))

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted | Awaiting:
        """Push it; what comes back is the key to ask with. The same key of ours gets the same operation again."""
        draft, form = self._drafted(document, key=key, reference=reference), shape(document.kind)
        checks.insist(draft.objections)
        payload = draft.payload
        if draft.needs_customer:
            made = customers.made(self.client, self._there, document, self._patience)
            payload = customers.with_customer(payload, form.party, made)
        path = f"{self._there}/push/{form.data_type}"
        told = self.client.send("POST", path, payload, key=key.sent, params=self._patience)
        operation = text(told.get("pushOperationKey")) if isinstance(told, Mapping) else ""
        if not operation:
            raise OutcomeUnknown("Codat did not say which operation it made of the document. It will be looked up.")
        if text(told.get("status")) == "Failed":
            raise operations.failed(told)
        return Awaiting(operation=operation, ask_after_seconds=_ASK_AFTER_SECONDS)

    def poll(self, document: Document, *, operation: str) -> Posted | Awaiting:
        """What became of a push. What was written is read back once Codat has read the books anew.

        Raises `Rejected` in the platform's words, `OutcomeUnknown` where Codat has given up waiting: the document may
        still appear then. A status that is not known is asked for again.
        """
        try:
            told = operations.read(self.client, operation)
        except Missing as error:
            raise OutcomeUnknown(f"Codat no longer knows what became of the document: {error.message}") from error
        status = text(told.get("status"))
        if status == "Pending":
            return Awaiting(operation=operation, ask_after_seconds=_ASK_AFTER_SECONDS)
        if status == "Failed":
            raise operations.failed(told)
        if status == "TimedOut":
            message = (
                "Codat gave up waiting for the accounting software, which may still book it. It will be looked up."
            )
            raise OutcomeUnknown(message)
        if status != "Success":
            message = (
                f"Codat tells a state of the operation that is not known here ({status[:40]}). It will be asked again."
            )
            raise Retryable(message)
        return self._read_back(document, told, operation)

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All documents with our key, in what Codat has read of the books since the quiet period began.

        Raises `Retryable` until it has.
        """
        form = shape(document.kind)
        syncing.freshen(self.client, form.data_type, asked_within=LOOKUP_SECONDS)
        wanted = _since(document) if document.kind.is_sale else _of_supplier(document)
        rows = self.client.pages(f"companies/{self.client.company}/data/{form.data_type}", **wanted)
        found = (row for row in rows if booked.carries(row, key, form.texts))
        return tuple(one for row in found if (one := booked.posted(row, form)))

    def papers(self, external_id: str) -> str:
        """Where the files of a bill are told."""
        return f"{self._there}/data/bills/{quote(external_id, safe='')}/attachments"

    def attach(self, external_id: str, file: File, *, key: str) -> None:
        """Push a file to a bill, and ask once what became of it. Raises `OutcomeUnknown` while Codat passes it on."""
        told = self.client.upload(f"{self._there}/push/bills/{quote(external_id, safe='')}/attachments", file, key=key)
        is_taken = told is None or (isinstance(told, Mapping) and bool(_TAKEN & told.keys()))
        if not is_taken:
            raise OutcomeUnknown("Codat did not tell what became of the file. It will be looked for.")
        if operation := text((told or {}).get("pushOperationKey")):
            self._insist_on_success(operations.read(self.client, operation))

    def _insist_on_success(self, told: Mapping[str, Any]) -> None:
        status = text(told.get("status"))
        if status == "Failed":
            raise operations.failed(told, "Codat refused the file and gave no reason.")
        if status != "Success":
            raise OutcomeUnknown("Codat is passing the file on to the accounting software. It will be looked for.")

    def _read_back(self, document: Document, told: Mapping[str, Any], operation: str) -> Posted | Awaiting:
        form, record = shape(document.kind), operations.record(told)
        try:
            row = self.client.get(f"companies/{self.client.company}/data/{form.data_type}/{quote(record, safe='')}")
        except (Missing, NotFetched):
            return self._unread(form.data_type, record, told, operation)
        found = booked.posted(row, form) if isinstance(row, Mapping) else None
        if found is None:
            raise Retryable("Codat did not tell what it has booked. It will be asked again.")
        return found

    def _unread(self, data_type: str, record: str, told: Mapping[str, Any], operation: str) -> Posted | Awaiting:
        """Have it read. What cannot be read for long is told by its id alone: it is in the books all the same."""
        ended = syncing.instant(told.get("completedOnUtc")) or syncing.instant(told.get("requestedOnUtc"))
        if ended is None or (datetime.now(UTC) - ended).total_seconds() > _LONGEST_UNREAD_SECONDS:
            return Posted(external_id=record, number="")
        syncing.have_read(self.client, data_type, since=ended)
        return Awaiting(operation=operation, ask_after_seconds=_READ_AFTER_SECONDS)

    @property
    def _patience(self) -> dict[str, str]:
        """Desktop software may be switched off for good, and a push to it would then be pending for ever."""
        return {"timeoutInMinutes": _LONGEST_PENDING_MINUTES} if self.told.get("is_desktop") is True else {}

    @property
    def _there(self) -> str:
        return f"companies/{self.client.company}/connections/{self.client.connection}"


def _of_supplier(document: Document) -> dict[str, str]:
    """The query for one supplier's documents; none where the supplier has no code, or one that would upset it."""
    code = document.party.code or ""
    return {"query": f"supplierRef.id={code}"} if code and set(code) <= _MOST_QUERIED else {}


def _since(document: Document) -> dict[str, str]:
    """What changed in Codat since a day before a sale was made at its source, for clocks differ: the code of its
    customer may be none of Codat's ids. Without that moment all there is."""
    if document.created_at is None:
        return {}
    return {"query": f"modifiedDate>={document.created_at.astimezone(UTC) - timedelta(days=1):%Y-%m-%d}"}
