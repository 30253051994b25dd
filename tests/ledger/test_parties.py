"""Which supplier a document means."""

from __future__ import annotations

import pytest

from integrations import documents
from integrations.errors import Rejected
from ledger.models import Books, Supplier
from ledger.services import UnknownParties, open_books
from ledger.services.parties import SUPPLIERS, find_or_make, free_code


def named(code: str | None, name: str) -> documents.Supplier:
    """A supplier as a document names it."""
    return documents.Supplier(code=code, name=name)


def test_a_code_is_kept_as_the_source_wrote_it(books: Books) -> None:
    made = find_or_make(books, SUPPLIERS, named(" CROWN01 ", "Crown Conference Centre"), UnknownParties.MAKE)
    assert (made.code, made.name, made.made_on_sight, made.active) == ("CROWN01", "Crown Conference Centre", True, True)
    assert find_or_make(books, SUPPLIERS, named("CROWN01", "Crown Conferences"), UnknownParties.MAKE).pk == made.pk
    assert (
        find_or_make(books, SUPPLIERS, named("crown01", "Crown Conference Centre"), UnknownParties.MAKE).pk != made.pk
    )


def test_without_a_code_the_name_decides_in_any_letter_case(books: Books) -> None:
    made = find_or_make(books, SUPPLIERS, named(None, "Café  Zürich"), UnknownParties.MAKE)
    assert (made.code, made.name) == ("CAFEZ-01", "Café  Zürich")
    assert find_or_make(books, SUPPLIERS, named("", "CAFÉ ZÜRICH"), UnknownParties.REFUSE).pk == made.pk
    assert find_or_make(books, SUPPLIERS, named(None, "Cafe Zurich"), UnknownParties.MAKE).code == "CAFEZ-02"


def test_a_supplier_with_a_code_is_found_by_its_name(books: Books) -> None:
    made = find_or_make(books, SUPPLIERS, named("METRO01", "Metro Telecom"), UnknownParties.MAKE)
    assert find_or_make(books, SUPPLIERS, named(None, "Metro Telecom"), UnknownParties.MAKE).pk == made.pk


def test_a_code_without_a_name_is_its_own_name(books: Books) -> None:
    assert find_or_make(books, SUPPLIERS, named("METRO01", ""), UnknownParties.MAKE).name == "METRO01"


@pytest.mark.parametrize(("name", "code"), [("Metro Telecom", "METRO-01"), ("3M", "3M-01"), ("株式会社", "NAME-01")])
def test_a_made_up_code_never_looks_like_a_given_one(books: Books, name: str, code: str) -> None:
    Supplier.objects.create(books=books, code=code.replace("-", ""), name="Somebody else")
    assert free_code(books, SUPPLIERS, name) == code


def test_made_up_codes_fill_gaps_and_go_past_ninety_nine(books: Books) -> None:
    Supplier.objects.bulk_create(
        [Supplier(books=books, code=f"METRO-{n:02d}", name=f"Metro {n}") for n in range(1, 101) if n != 7]
    )
    assert free_code(books, SUPPLIERS, "Metro Telecom") == "METRO-07"
    Supplier.objects.create(books=books, code="METRO-07", name="Metro 7")
    assert free_code(books, SUPPLIERS, "Metro Telecom") == "METRO-101"


def test_suppliers_are_each_books_own(books: Books) -> None:
    other = open_books("Harbour Street Catering Ltd", "GBP")
    mine = find_or_make(books, SUPPLIERS, named(None, "Metro Telecom"), UnknownParties.MAKE)
    theirs = find_or_make(other, SUPPLIERS, named(None, "Metro Telecom"), UnknownParties.MAKE)
    assert (mine.code, theirs.code, mine.pk == theirs.pk) == ("METRO-01", "METRO-01", False)


@pytest.mark.parametrize(
    ("code", "name", "field", "words"),
    [
        (None, "", "supplier", "names no supplier"),
        ("  ", " ", "supplier", "names no supplier"),
        ("X" * 101, "Long", "supplier.code", "longer than 100"),
        ("LONG", "X" * 201, "supplier.name", "longer than 200"),
        ("OLD01", "Old Supplies", "supplier", r"OLD01 \(Old Supplies\) is inactive"),
        (None, "twins", "supplier.code", r"More than one supplier is called twins \(TWIN01, TWIN02\)"),
    ],
)
def test_what_cannot_be_told_is_refused(books: Books, code: str | None, name: str, field: str, words: str) -> None:
    Supplier.objects.create(books=books, code="OLD01", name="Old Supplies", active=False)
    for twin in ("TWIN01", "TWIN02"):
        Supplier.objects.create(books=books, code=twin, name="Twins")
    with pytest.raises(Rejected, match=words) as caught:
        find_or_make(books, SUPPLIERS, named(code, name), UnknownParties.MAKE)
    assert caught.value.field == field
    assert Supplier.objects.count() == 3


@pytest.mark.parametrize(
    ("code", "name", "shown"), [("A1", "Abe", r"A1 \(Abe\)"), (None, "Abe", "Abe"), ("A1", "", "A1")]
)
def test_refusing_unknown_ones_says_who(books: Books, code: str | None, name: str, shown: str) -> None:
    with pytest.raises(
        Rejected, match=f"^Supplier {shown} is not known in Northgate Training Ltd, and new ones are not"
    ):
        find_or_make(books, SUPPLIERS, named(code, name), UnknownParties.REFUSE)
    assert Supplier.objects.count() == 0


def test_a_changed_name_is_found_again(books: Books) -> None:
    made = find_or_make(books, SUPPLIERS, named("METRO01", "Metro Telecom"), UnknownParties.MAKE)
    made.name = "Metro  Telecommunications"
    made.save()
    assert find_or_make(books, SUPPLIERS, named(None, "metro telecommunications"), UnknownParties.REFUSE).pk == made.pk
