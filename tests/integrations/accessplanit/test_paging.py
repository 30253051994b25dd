"""Reading a feed that changes while it is read: whatever happens, nothing that stays is left out, and it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integrations.accessplanit.answers import NotUnderstood
from integrations.accessplanit.client import Client
from integrations.accessplanit.paging import Pages
from integrations.accessplanit.query import Query
from integrations.accessplanit.standin import odata
from integrations.accessplanit.terms import terms
from integrations.accessplanit.tokens import Key
from integrations.feeds import Wanted
from tests.integrations.accessplanit.platform import OUTBOUND, link

BEGINNING = datetime(2025, 1, 1, tzinfo=UTC)
NAMES = ("ID", "DateUpdated", "DateCreated", "Status")


@dataclass
class Platform(Client):
    """A list of records that is asked in memory. `meanwhile` happens before every request but the first."""

    size: int
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    meanwhile: Callable[[], None] = lambda: None
    most: int = 10**6
    orders_by_id: bool = True
    requests: int = 0

    def __post_init__(self) -> None:
        settings = {"page_size": str(self.size), "time_zone": "UTC", "fields": "invoice.updated = DateUpdated"}
        super().__init__(terms(link("https://x.example", **settings)), OUTBOUND, Key("x"))

    def rows(self, module: str, query: Query) -> list[Any]:
        self.requests += 1
        assert self.requests < 500, "it never ends"
        if self.requests > 1:
            self.meanwhile()
        if "ID" in query.order and not self.orders_by_id:
            raise NotUnderstood("no", field=module)
        test = odata.test_of(" and ".join(query.where), NAMES) if query.where else (lambda _: True)
        found = odata.ordered([one for one in self.records.values() if test(one)], ",".join(query.order), NAMES)
        return [dict(one) for one in found[query.skip : query.skip + min(query.top, self.most)]]

    def put(self, id_: str, minute: int, status: str = "Outstanding") -> None:
        moment = (BEGINNING + timedelta(minutes=minute)).replace(tzinfo=None).isoformat()
        self.records[id_] = {"ID": id_, "DateUpdated": moment, "DateCreated": moment, "Status": status}

    def told(self, *, still_open: bool = False) -> list[str]:
        """The ids of all pages, as often as they are told."""
        found: list[str] = []
        after = ""
        while True:
            wanted = Wanted(feed="invoice", since=BEGINNING, still_open=still_open, after=after)
            rows, after = Pages(self, wanted, moment="DateUpdated", made="DateCreated", by_id=True).read()
            found += [row["ID"] for row in rows]
            if not after:
                return found


@pytest.mark.parametrize(
    "minutes", [lambda n: n, lambda n: n * 0, lambda n: n // 7], ids=["apart", "together", "in heaps"]
)
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 57])
def test_what_stands_still_is_told_once(count: int, minutes: Callable[[int], int]) -> None:
    platform = Platform(size=10)
    for number in range(count):
        platform.put(f"{number:03}", minutes(number))
    assert platform.told() == sorted(platform.records)
    assert platform.requests <= count // 10 + 2


@pytest.mark.parametrize("orders_by_id", [True, False])
@pytest.mark.parametrize("most", [2, 3, 10])
def test_a_platform_may_give_less_than_it_is_asked_for(most: int, orders_by_id: bool) -> None:
    platform = Platform(size=10, most=most, orders_by_id=orders_by_id)
    for number in range(20):
        platform.put(f"{number:03}", number // 9)
    assert set(platform.told()) == set(platform.records)


def test_a_record_that_moves_behind_the_reader_takes_nobody_with_it() -> None:
    """Counting from the start would leave out 10: with 3 gone from the first ten, it becomes the tenth."""
    platform = Platform(size=10)
    for number in range(30):
        platform.put(f"{number:03}", 0)
    moved = iter(["003"])

    def move() -> None:
        if (id_ := next(moved, None)) is not None:
            platform.put(id_, 500)

    platform.meanwhile = move
    found = platform.told()
    assert set(found) == set(platform.records)
    assert found[-1] == "003"


def test_what_is_open_is_told_however_old() -> None:
    platform = Platform(size=2)
    for number, status in enumerate(
        ["Outstanding", "Completed", "Part-Completed", "Cancelled", "Outstanding", "Temporary"]
    ):
        platform.put(f"{number}", -number * 100_000, status)
    assert platform.told(still_open=True) == ["4", "0", "2", "3"]


CHANGES = st.lists(
    st.tuples(st.sampled_from(["move", "make", "make early", "delete"]), st.integers(0, 39)), max_size=25
)


# A platform that takes no order by id gives less than it is asked for, and a record leaves between two requests.
@example(
    minutes=[1, 1, 1, 1, 2],
    changes=[("make early", 1), ("make", 0), ("move", 0)],
    size=5,
    most=5,
    orders_by_id=False,
)
@given(
    minutes=st.lists(st.integers(0, 6), max_size=40),
    changes=CHANGES,
    size=st.integers(1, 7),
    most=st.sampled_from([2, 5, 100]),
    orders_by_id=st.booleans(),
)
def test_nothing_that_stays_is_left_out(
    minutes: list[int], changes: list[tuple[str, int]], size: int, most: int, orders_by_id: bool
) -> None:
    """While it is read, records move to the end, are made at the end or within what is read, and are deleted."""
    platform = Platform(size=size, most=most, orders_by_id=orders_by_id)
    for number, minute in enumerate(minutes):
        platform.put(f"{number:03}", minute)
    stayed = set(platform.records)
    left, clock = list(changes), [100]

    def change() -> None:
        if not left:
            return
        what, number = left.pop(0)
        id_ = f"{number:03}"
        clock[0] += 1
        if what == "move" and id_ in platform.records:
            platform.put(id_, clock[0])
        elif what == "make":
            platform.put(f"new{clock[0]}", clock[0])
        elif what == "make early":
            platform.put(f"!{clock[0]}", number % 7)
        elif what == "delete" and id_ in platform.records:
            del platform.records[id_]
            stayed.discard(id_)

    platform.meanwhile = change
    assert stayed <= set(platform.told())
