"""What can be done with a transaction in which tray, and the rules beyond the tray."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from integrations.documents import Kind
from integrations.icompleat.standin.codes import uncoded
from integrations.icompleat.standin.kinds import Tray
from integrations.icompleat.standin.transactions import Held

Received = Mapping[int, Decimal]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that can be done: from which trays, to which, and what the timeline says. `to` None: it is posted."""

    trays: frozenset[Tray]
    to: Tray | None
    action: str
    label: str


STEPS: Final[Mapping[str, Step]] = {
    "submit": Step(frozenset({Tray.UNPROCESSED}), Tray.AWAITING_APPROVAL, "Submitted", "Submit"),
    "approve": Step(frozenset({Tray.AWAITING_APPROVAL}), None, "Approved", "Approve"),
    "recall": Step(frozenset({Tray.AWAITING_APPROVAL}), Tray.UNPROCESSED, "Recalled", "Recall"),
    "deny": Step(frozenset({Tray.AWAITING_APPROVAL}), Tray.DENIED, "Denied", "Deny"),
    "retry": Step(frozenset({Tray.POSTING_FAILURES}), None, "Retried posting", "Retry posting"),
    "return": Step(frozenset({Tray.POSTING_FAILURES}), Tray.UNPROCESSED, "Returned to unprocessed", "Return to edit"),
    "delete": Step(
        frozenset({Tray.UNPROCESSED, Tray.AWAITING_APPROVAL, Tray.DENIED, Tray.APPROVED}),
        Tray.DELETED,
        "Deleted",
        "Delete",
    ),
}


def objection(name: str, held: Held, received: Received) -> str:
    """Why a step is not possible, as a sentence; empty if it is. `received` is what has come of an order."""
    if held.tray not in STEPS[name].trays:
        return f"The transaction lies in {held.tray.label}."
    rule = _RULES.get(name)
    return rule(held, received) if rule else ""


def _submit(held: Held, _received: Received) -> str:
    return uncoded(held.body) if held.kind in (Kind.INVOICE, Kind.CREDIT_NOTE) else ""


def _recall(held: Held, _received: Received) -> str:
    return "The transaction was approved once, and cannot be recalled any more." if held.approvals else ""


def _return(held: Held, _received: Received) -> str:
    return "A receipt cannot be edited: a receipted line cannot be undone." if held.kind is Kind.RECEIPT else ""


def _delete(held: Held, received: Received) -> str:
    if held.kind is Kind.RECEIPT:
        return "A receipt cannot be deleted: a receipted line cannot be undone."
    if held.tray is Tray.APPROVED and held.kind is not Kind.PURCHASE_ORDER:
        return f"An approved {held.kind.label.lower()} cannot be deleted."
    return "An order with receipted lines cannot be deleted." if received else ""


_RULES: Final[Mapping[str, Callable[[Held, Received], str]]] = {
    "submit": _submit,
    "recall": _recall,
    "return": _return,
    "delete": _delete,
}
