"""What is tried on a sandbox: three processes, each by webhook and without, there and back.

`{source}` and `{system}` stand for the names of the two sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from integrations.amendments import POSTED_NUMBER, TERMS
from integrations.documents import Kind

INVOICES: Final = "Invoice generation"
PAYMENTS: Final = "Payments and refunds"
UPDATES: Final = "Invoice updates"


class Trace(StrEnum):
    """How the portal can see that a step was done."""

    CAME = "came"
    """A transaction came from the source."""
    AGAIN = "again"
    """A transaction that was there already came again, changed."""
    WENT = "went"
    """Something was written into the source."""
    AMENDED = "amended"
    """An invoice that is in the source was changed there by us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to try. `by_webhook` None: it makes no difference. `kinds` are those of the transactions that come of
    it, `members` the members of an amendment that are written into the source."""

    key: str
    process: str
    title: str
    do: str
    expect: str
    trace: Trace
    kinds: frozenset[Kind] = frozenset()
    by_webhook: bool | None = None
    members: frozenset[str] = frozenset()


_INVOICE: Final = frozenset({Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE})
_PAYMENT: Final = frozenset({Kind.PAYMENT})
_REFUND: Final = frozenset({Kind.REFUND})
_ON: Final = "Have the webhook switched on in {source}."
_OFF: Final = "Switch the webhook off in {source}."
_READ: Final = "Then press Read now on the page of {source}, or wait a quarter of an hour."

STEPS: Final = (
    Step(
        key="invoice-webhook", process=INVOICES, title="An invoice, told by webhook", trace=Trace.CAME,
        kinds=_INVOICE, by_webhook=True,
        do=f"{_ON} Raise an invoice with two lines and a discount for a customer, and commit it.",
        expect="Within a minute it is listed here with the same number, customer, net, tax and total, and has a "
        "journal number of {system}.",
    ),
    Step(
        key="invoice-batch", process=INVOICES, title="An invoice, read in a batch", trace=Trace.CAME,
        kinds=_INVOICE, by_webhook=False,
        do=f"{_OFF} Raise and commit three invoices. {_READ}",
        expect="All three are listed here, each once, with their journal numbers. None of the first step is booked "
        "twice.",
    ),
    Step(
        key="payment-webhook", process=PAYMENTS, title="A payment, told by webhook", trace=Trace.CAME,
        kinds=_PAYMENT, by_webhook=True,
        do=f"{_ON} Log a payment that settles the invoice of the first step.",
        expect="Within a minute it is listed here, and the invoice is paid in {system}.",
    ),
    Step(
        key="payment-batch", process=PAYMENTS, title="A payment, read in a batch", trace=Trace.CAME,
        kinds=_PAYMENT, by_webhook=False,
        do=f"{_OFF} Log a payment that settles two invoices in part. {_READ}",
        expect="It is listed here once, and what is left of both invoices is the same on both sides.",
    ),
    Step(
        key="refund-webhook", process=PAYMENTS, title="A refund, told by webhook", trace=Trace.CAME,
        kinds=_REFUND, by_webhook=True,
        do=f"{_ON} Refund a part of a payment.",
        expect="Within a minute it is listed here as a refund, with its amount, and money went out in {system}.",
    ),
    Step(
        key="refund-batch", process=PAYMENTS, title="A refund, read in a batch", trace=Trace.CAME,
        kinds=_REFUND, by_webhook=False,
        do=f"{_OFF} Refund another part. {_READ}",
        expect="It is listed here once, as a refund.",
    ),
    Step(
        key="payment-back", process=PAYMENTS, title="A payment that is entered in the accounting system",
        trace=Trace.WENT, kinds=_PAYMENT | _REFUND,
        do="Enter a payment for one of the invoices in {system}, where it tells payments and {source} takes them.",
        expect="It stands in {source} at its invoice, once; it does not come back as a second payment.",
    ),
    Step(
        key="update-webhook", process=UPDATES, title="A change of an invoice, told by webhook", trace=Trace.AGAIN,
        kinds=_INVOICE, by_webhook=True,
        do=f"{_ON} Change the order number and the due date of an invoice that was posted.",
        expect="The page of the invoice here shows the change, and {system} has it or a person is told to enter it.",
    ),
    Step(
        key="update-batch", process=UPDATES, title="A change of an invoice, read in a batch", trace=Trace.AGAIN,
        kinds=_INVOICE, by_webhook=False,
        do=f"{_OFF} Change the order number of another invoice. {_READ}",
        expect="The page of that invoice shows the change. Amounts in {system} are what they were.",
    ),
    Step(
        key="update-back", process=UPDATES, title="A change that is made in the accounting system",
        trace=Trace.AMENDED, kinds=_INVOICE, members=frozenset(TERMS),
        do="Change the due date of an invoice in {system}, where that is possible.",
        expect="The invoice in {source} has the new date, and keeps it.",
    ),
    Step(
        key="number-back", process=UPDATES, title="The journal number in the source",
        trace=Trace.AMENDED, kinds=_INVOICE, members=frozenset({POSTED_NUMBER}),
        do="Name the field for the posted number among the field names of {source}, then raise an invoice.",
        expect="The field of that invoice in {source} holds the journal number that stands here.",
    ),
)  # fmt: skip
BY_KEY: Final = {step.key: step for step in STEPS}
PROCESSES: Final = (INVOICES, PAYMENTS, UPDATES)
