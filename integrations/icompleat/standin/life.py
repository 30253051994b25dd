"""The life of a transaction: which step is possible from which tray, and what each one does."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from integrations.documents import Kind
from integrations.icompleat.standin.faults import Faults
from integrations.icompleat.standin.kinds import Tray
from integrations.icompleat.standin.outgoing import UNANSWERED
from integrations.icompleat.standin.people import Who
from integrations.icompleat.standin.posting import Posting
from integrations.icompleat.standin.receiving import check, receipt_body, still_open
from integrations.icompleat.standin.refusals import UnderWay, WrongTray
from integrations.icompleat.standin.steps import STEPS, objection
from integrations.icompleat.standin.transactions import Event, Held, Transactions, fresh

_ORDER: Final = Kind.PURCHASE_ORDER


# Of a whole tray at once.
FROM_TRAY: Final = {"approve": Tray.AWAITING_APPROVAL, "retry": Tray.POSTING_FAILURES}


@dataclass(frozen=True, slots=True)
class Life:
    """Carries out the steps, one transaction at a time."""

    transactions: Transactions
    posting: Posting
    faults: Faults

    def steps(self, held: Held) -> list[str]:
        """What can be done with a transaction now, in the order of the table."""
        return [name for name in STEPS if not objection(name, held, self.transactions.received(held.id))]

    def can_receive(self, held: Held) -> bool:
        """Whether lines of it can be receipted."""
        return held.kind is _ORDER and held.tray is Tray.APPROVED

    def act(self, name: str, transaction_id: str, who: Who, comment: str = "", *, later: bool = False) -> Held:
        """Carry out a step. `later`: what is to be delivered is delivered by a thread of its own.

        Raises `Unknown`, `WrongTray`, `UnderWay`.
        """
        held = self.transactions.one(transaction_id)
        self.posting.claims.take(held.id)
        is_passed_on = False
        try:
            held = self.transactions.one(held.id)
            if told := objection(name, held, self.transactions.received(held.id)):
                raise WrongTray(told)
            held, work = self._carried_out(name, held, Event(who, STEPS[name].action, comment))
            if work and later:
                self.posting.post_later(held.id, work)
                is_passed_on = True
            elif work:
                work()
        finally:
            if not is_passed_on:
                self.posting.claims.give_back(held.id)
        return self.transactions.one(held.id)

    def act_on_all(self, name: str, company_id: str, who: Who) -> list[Held]:
        """Approve or retry every transaction of a tray, one after the other in their order."""
        done = []
        for held in self.transactions.of_company(company_id, FROM_TRAY[name]):
            # Somebody else may approve one of them meanwhile.
            with suppress(WrongTray, UnderWay):
                done.append(self.act(name, held.id, who))
        return done

    def edit(self, transaction_id: str, who: Who, change: Callable[[Held], Mapping[str, Any]]) -> Held:
        """Change what a transaction says. Raises `Unknown`, `WrongTray`, `UnderWay`, and what `change` raises."""
        with self.posting.claims.claimed(self.transactions.one(transaction_id).id):
            held = self.transactions.one(transaction_id)
            if held.tray is not Tray.UNPROCESSED:
                raise WrongTray(f"The transaction lies in {held.tray.label}; it can be edited in Unprocessed.")
            return self.transactions.save(_stamped(replace(held, body=change(held))), Event(who, "Edited"))

    def receive(self, order_id: str, coming: Mapping[int, Decimal] | None, note: str, who: Who) -> Held:
        """Receipt an order's lines by number and quantity, or all that is open; gives the receipt, delivered.

        Raises `Unknown`, `WrongTray`, `UnderWay`.
        """
        with self.posting.claims.claimed(self.transactions.one(order_id).id):
            order = self.transactions.one(order_id)
            if not self.can_receive(order):
                raise WrongTray("Only an approved purchase order can be receipted.")
            receipt = self._received(order, coming, note, who)
            if not still_open(order.body, self.transactions.received(order.id)):
                self.transactions.save(_stamped(replace(order, tray=Tray.RECEIPTED)), Event(who, "Fully receipted"))
        return receipt

    def _received(self, order: Held, coming: Mapping[int, Decimal] | None, note: str, who: Who) -> Held:
        received = self.transactions.received(order.id)
        coming = still_open(order.body, received) if coming is None else coming
        check(order.body, received, coming)
        body = receipt_body(order.body, received, coming, note)
        receipt = fresh(order.company_id, Kind.RECEIPT, body, Tray.POSTING_FAILURES)
        if self.faults.is_on("receipt_has_order_id"):
            receipt = replace(receipt, body={**body, "Id": order.body["Id"]})
        now = {number: received.get(number, Decimal(0)) + quantity for number, quantity in coming.items()}
        told = ", ".join(f"line {number}: {quantity:f}" for number, quantity in coming.items())
        with self.posting.claims.claimed(receipt.id):
            self.transactions.add_received(
                replace(receipt, reason=UNANSWERED), Event(who, "Receipted", told), order.id, now
            )
            return self.posting.post(receipt)

    def _carried_out(self, name: str, held: Held, event: Event) -> tuple[Held, Callable[[], object] | None]:
        """The transaction after the step, and the delivery that is still to be made."""
        to = STEPS[name].to
        if to is not None:
            moved = replace(held, tray=to, reason="", approvals=held.approvals if to is Tray.DENIED else 0)
            return self.transactions.save(_stamped(moved), event), None
        if name == "retry":
            held = self.transactions.save(held, event)
            return held, lambda: self.posting.post(held)
        approved = replace(held, approvals=held.approvals + 1)
        if approved.approvals < self.faults.number("approvals_needed"):
            return self.transactions.save(approved, event), None
        return self._approved(approved, event)

    def _approved(self, held: Held, event: Event) -> tuple[Held, Callable[[], object]]:
        events = [event]
        if held.kind is _ORDER and not held.body["References"].get("PurchaseOrder"):
            number = held.reserved or self.transactions.next_number(held.company_id, held.kind, is_approved_order=True)
            held = replace(held, body={**held.body, "References": {**held.body["References"], "PurchaseOrder": number}})
            events.append(Event(event.who, "Purchase order number allocated", number))
        # Already where a killed process should leave it.
        held = self.transactions.save(replace(held, tray=Tray.POSTING_FAILURES, reason=UNANSWERED), *events)

        def deliver() -> None:
            is_receipted_first = held.kind is _ORDER and self.faults.is_on("receipt_before_order")
            if is_receipted_first and still_open(held.body, self.transactions.received(held.id)):
                self._received(held, None, "", event.who)
            self.posting.post(held)

        return held, deliver


def _stamped(held: Held) -> Held:
    """With a new LastUpdatedGuid, also in the body where that has one."""
    stamp = str(uuid.uuid4())
    body = {**held.body, "LastUpdatedGuid": stamp} if "LastUpdatedGuid" in held.body else held.body
    return replace(held, stamp=stamp, body=body)
