"""Every real payment ends exactly once on both sides, whatever people and our jobs do in whatever order.

People enter real payments in the till, in the books, or in both; they look first whether it is there. The feed brings
what was typed in at the till late, twice or in any order. Our jobs step one by one, and may break off anywhere.
`POSTROOM_MODEL=deep` is long and searches anew.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import AbstractBaseUser
from django.db.transaction import atomic, set_rollback
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from integrations.documents import Kind
from integrations.errors import OutcomeUnknown, Rejected, Retryable
from portal.postings import work
from portal.postings.models import Posting
from portal.postings.repair import retry
from portal.postings.sweep import release_dead
from portal.settlements import becoming, reading
from tests.factories import StaffFactory
from tests.settlements.shop import DAY, Shop
from tests.settlements.till import NOON, Drawer, Entered, Till

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
DEEP = os.environ.get("POSTROOM_MODEL") == "deep"
ENOUGH = settings(
    max_examples=1500 if DEEP else 40,
    stateful_step_count=40 if DEEP else 25,
    derandomize=not DEEP,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.reuse, Phase.generate, Phase.shrink) if DEEP else (Phase.generate,),
)
GROSS = Decimal(100)
INVOICES = ("i1", "i2")
TILL, BOOKS, BOTH = "till", "books", "both"
SECONDS = (1, 31, 125, 3601)
ROUNDS_TO_REST = 40

Real = tuple[str, Kind, Decimal]


class Crash(BaseException):
    """The worker died."""


def crashes() -> None:
    raise Crash


def breaks_before() -> None:
    raise Retryable("Not reached.")


def answer_is_lost() -> None:
    raise OutcomeUnknown("The answer was lost.")


PLANS: dict[str, tuple[str, Callable[[], None]]] = {
    "works": ("asked", lambda: None),
    "dies while it asks": ("asked", crashes),
    "dies before it writes": ("before", crashes),
    "dies after it has written": ("after", crashes),
    "is not reached": ("before", breaks_before),
    "loses the answer": ("after", answer_is_lost),
}
plans = st.sampled_from(["works", "works", "works", *PLANS])


class Payments(RuleBasedStateMachine):
    """The rules."""

    shop: Shop
    clock: time_machine.Traveller

    def __init__(self) -> None:
        super().__init__()
        self.atomic = atomic()
        self.atomic.__enter__()
        self.clock.move_to(NOON)
        Till.drawer = Drawer()
        self.real: Counter[Real] = Counter()
        for invoice in INVOICES:
            self.shop.sell(invoice, str(GROSS))

    def teardown(self) -> None:
        try:
            self._come_to_rest()
            self._once_on_both_sides()
        finally:
            set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # --- people ------------------------------------------------------------------------------------------------------

    @rule(
        invoice=st.sampled_from(INVOICES), kind=st.sampled_from([Kind.PAYMENT, Kind.PAYMENT, Kind.REFUND]),
        amount=st.sampled_from([20, 30]), where=st.sampled_from([TILL, BOOKS, BOTH]), days=st.integers(0, 5),
    )  # fmt: skip
    def money_moves(self, invoice: str, kind: Kind, amount: int, where: str, days: int) -> None:
        """A real payment; somebody enters it somewhere."""
        real = (invoice, kind, Decimal(amount))
        if not self._is_possible(real):
            return
        self.real[real] += 1
        if where != TILL:
            self._enter_in_books(real, days)
        if where != BOOKS:
            self._enter_in_till(real, 0)
        self._one_side_has_all(real)

    def _one_side_has_all(self, real: Real) -> None:
        """Of two equal payments of one invoice in one week one is never on this side only, the other on that side only:
        nobody could tell these from one payment that was entered on both."""
        while self._in_books()[real] < self.real[real] and self._enter_in_till(real, 0):
            pass

    @precondition(lambda self: self.real)
    @rule(data=st.data(), days=st.integers(0, 5), in_books=st.booleans())
    def somebody_else_enters_it_too(self, data: st.DataObject, days: int, in_books: bool) -> None:
        real = data.draw(st.sampled_from(sorted(self.real)))
        (self._enter_in_books if in_books else self._enter_in_till)(real, days)

    def _is_possible(self, real: Real) -> bool:
        invoice, kind, amount = real
        paid = sum(
            (
                count * each * (1 if its is Kind.PAYMENT else -1)
                for (of, its, each), count in self.real.items()
                if of == invoice
            ),
            Decimal(0),
        )
        return paid + amount <= GROSS if kind is Kind.PAYMENT else paid >= amount

    def _enter_in_till(self, real: Real, days: int) -> bool:
        invoice, kind, amount = real
        if self._in_till()[real] >= self.real[real]:
            return False
        self.shop.ring_up(str(amount), invoice, kind=kind, day=DAY + timedelta(days=days))
        return True

    def _enter_in_books(self, real: Real, days: int) -> bool:
        """The books refuse what is too much: then somebody waits until the rest has come."""
        invoice, kind, amount = real
        if self._in_books()[real] >= self.real[real]:
            return False
        try:
            with atomic():
                self.shop.record(str(amount), invoice, kind=kind, day=DAY + timedelta(days=days))
        except Rejected:
            return False
        return True

    # --- our jobs ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._typed_in())
    @rule(data=st.data())
    def the_feed_brings_one(self, data: st.DataObject) -> None:
        """In any order, and as often as it likes."""
        typed = self._typed_in()
        self.shop.comes(typed[data.draw(st.integers(0, len(typed) - 1))])

    @rule(after=st.sampled_from([None, None, 0, 1]))
    def the_books_are_read(self, after: int | None) -> None:
        """It may die after so many."""
        left = [after]

        def take_back(*given: object) -> object:
            if left[0] == 0:
                raise Crash
            left[0] = None if left[0] is None else left[0] - 1
            return becoming.take_back(*given)  # type: ignore[arg-type]

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(reading, "take_back", take_back)
            try:
                self.shop.read()
            except Crash:
                return

    @precondition(lambda self: self._open())
    @rule(data=st.data(), plan=plans)
    def a_worker_takes_one(self, data: st.DataObject, plan: str) -> None:
        pks = self._open()
        self._work_on(pks[data.draw(st.integers(0, len(pks) - 1))], plan)

    @rule(seconds=st.sampled_from(SECONDS))
    def time_passes(self, seconds: int) -> None:
        self.clock.shift(timedelta(seconds=seconds))
        release_dead(timezone.now())

    def _work_on(self, pk: int, plan: str) -> None:
        name, act = PLANS[plan]
        setattr(self.shop.drawer, name, act)
        try:
            work.run(pk)
        except Crash:
            pass
        finally:
            setattr(self.shop.drawer, name, lambda: None)

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def never_more_than_were_real(self) -> None:
        for there in (self._in_till(), self._in_books()):
            assert all(count <= self.real[real] for real, count in there.items()), (there, self.real)

    def _once_on_both_sides(self) -> None:
        assert self._in_till() == +self.real
        assert self._in_books() == +self.real
        states = Posting.objects.values_list("state", flat=True)
        assert set(states) == {"posted"}

    def _come_to_rest(self) -> None:
        for _ in range(ROUNDS_TO_REST):
            for one in self._typed_in():
                self.shop.comes(one)
            self.shop.read()
            for pk in self._open():
                self._work_on(pk, "works")
            self.time_passes(3601)
            for held in Posting.objects.filter(state="held"):
                retry(held, by=self.staff, why="Looked at.")
            self.never_more_than_were_real()
            if not Posting.objects.exclude(state="posted").exists() and self._in_till() == self._in_books():
                return

    staff: AbstractBaseUser

    def _typed_in(self) -> list[Entered]:
        """What is known by our key is none of the feed's."""
        return [one for one in self.shop.drawer.entries if not one.key]

    def _open(self) -> list[int]:
        now = timezone.now()
        rows = Posting.objects.filter(state__in=("ready", "unknown", "held"), next_attempt_at__lte=now)
        held = Posting.objects.filter(state="held", recheck_asked=True)
        return sorted({*rows.values_list("pk", flat=True), *held.values_list("pk", flat=True)})

    def _in_till(self) -> Counter[Real]:
        return Counter((one.invoice, one.kind, one.amount) for one in self.shop.drawer.entries)

    def _in_books(self) -> Counter[Real]:
        names = {self.shop.entry_of(invoice).pk: invoice for invoice in INVOICES}
        return Counter(
            (names[each.settled_id], Kind(entry.document_kind), each.amount)
            for kind in (Kind.PAYMENT, Kind.REFUND)
            for entry in self.shop.in_books(kind)
            for each in entry.allocations.all()
        )


def test_every_real_payment_ends_once_on_both_sides(shop: Shop, clock: time_machine.Traveller) -> None:
    Payments.shop, Payments.clock, Payments.staff = shop, clock, StaffFactory.create()
    run_state_machine_as_test(Payments, settings=ENOUGH)
