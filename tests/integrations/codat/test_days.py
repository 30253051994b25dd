"""Dates that a document has, and the one that it is given: the day, the due date, and closed books."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from integrations.codat.connector import Codat as Connector
from integrations.documents import Document, Kind, Supplier
from integrations.errors import Misconfigured, Rejected
from integrations.exact import from_json
from integrations.http import Outbound
from tests.contract import book
from tests.integrations.codat.rig import Codat, Linked, SeenBooks
from tests.samples import KEY, REFERENCE, sample

NAMELESS = Supplier(code=None, name="Crown Conference Centre")


def connect(codat: Codat, linked: Linked, **settings: str) -> Connector:
    """The connector, where Codat reads the books all the time."""
    outbound = Outbound(allow_private=True, permit=lambda: codat.refresh(linked))
    return Connector(codat.link(linked, outbound=outbound, **settings))


def document(kind: Kind = Kind.INVOICE) -> Document:
    """The sample, whose supplier has another id in each accounting system."""
    return sample(kind, party=NAMELESS)


def due(codat: Codat, linked: Linked, days: str, **changes: Any) -> str | None:
    """When an invoice is due, as its preview tells it."""
    system = connect(codat, linked, due_days=days)
    (held,) = system.preview(replace(document(), **changes), key=KEY, reference=REFERENCE).requests
    told: dict[str, str] = from_json(held.body)
    return told.get("dueDate")


@pytest.mark.parametrize("platform", ["gbol", "hbql"])
def test_where_a_due_date_is_needed_and_not_given_it_is_so_many_days_after_the_date(
    codat: Codat, linked: Linked
) -> None:
    found = [due(codat, linked, days, due_date=None) for days in ("", "0", " 14 ", "365")]
    assert found == [f"{day}T00:00:00" for day in ("2024-04-13", "2024-03-14", "2024-03-28", "2025-03-14")]
    assert due(codat, linked, "14") == "2024-04-13T00:00:00", "what the source says counts"


@pytest.mark.parametrize("platform", ["mqjo"])
def test_where_no_due_date_is_needed_none_is_made_up(codat: Codat, linked: Linked) -> None:
    assert due(codat, linked, "14", due_date=None) is None


@pytest.mark.parametrize("platform", ["gbol", "hbql"])
@pytest.mark.parametrize("days", ["366", "-1", "1.5", "soon", "³", "٣", "99999"])
def test_days_that_are_none_are_a_wrong_setting_and_keep_nobody_from_a_lookup(
    codat: Codat, linked: Linked, days: str
) -> None:
    system = connect(codat, linked, due_days=days)
    for call in (system.objections, lambda one: system.post(one, key=KEY, reference=REFERENCE)):
        with pytest.raises(Misconfigured) as caught:
            call(document())
        message = f"The days until payment are {days}. Enter a whole number from 0 to 365."
        assert (caught.value.message, caught.value.field) == (message, "due_days")
    assert system.find(document(), key=KEY) == ()


@pytest.mark.parametrize("platform", ["gbol", "mqjo"])
def test_an_order_is_booked_on_the_day_on_which_it_was_made(codat: Codat, linked: Linked) -> None:
    made = datetime(2024, 3, 15, 23, 30, tzinfo=timezone(timedelta(hours=-2)))
    order = replace(document(Kind.PURCHASE_ORDER), date=None, created_at=made)
    system = connect(codat, linked)
    assert book(system, order).date == date(2024, 3, 16)
    locked = Connector(replace(system.link, told={**system.link.told, "ledger_lock_date": "2024-03-16"}))
    assert [one.message for one in locked.objections(order)] == [
        "The books are closed up to 16 Mar 2024, and the date is 16 Mar 2024. Change it."
    ]


@pytest.mark.parametrize("platform", ["gbol", "mqjo"])
def test_a_date_before_the_lock_is_objected_to_and_not_sent(codat: Codat, linked: Linked, books: SeenBooks) -> None:
    link = codat.link(linked)
    system = Connector(replace(link, told={**link.told, "ledger_lock_date": "2024-03-14"}))
    message = "The books are closed up to 14 Mar 2024, and the date is 14 Mar 2024. Change it."
    assert [(one.field, one.message) for one in system.objections(document())] == [("date", message)]
    with pytest.raises(Rejected) as caught:
        system.post(document(), key=KEY, reference=REFERENCE)
    assert (caught.value.message, caught.value.field) == (message, "date")
    assert books.count() == 0
