"""The codes of iCompleat's own lists: each kind from its call, page by page, and never a short list for a whole one."""

from __future__ import annotations

import pytest

from integrations.errors import Misconfigured, Retryable, Unauthorised
from integrations.icompleat.connector import ICompleat
from integrations.reference import RecordKind, RecordList
from tests.integrations.icompleat.api import COMPANY, FIELD, TENANT, asked, connector, numbered, told
from tests.scripted import ScriptedServer, answer, json_answer

TC = f"{TENANT}/{COMPANY}"
LISTS = {
    RecordKind.SUPPLIER: ("Suppliers", f"suppliers/{TC}/1"),
    RecordKind.ACCOUNT: ("AccountCodes", f"accountcodes/{TC}/1"),
    RecordKind.TAX: ("TaxCodes", f"taxcodes/{TC}/1/null/null"),
    RecordKind.CURRENCY: ("CurrencyCodes", f"currencycodes/{TC}/1/null"),
    RecordKind.DELIVERY_SITE: ("DeliverySites", f"deliverysites/{TC}/1"),
}
SUPPLIERS = RecordList(kind=RecordKind.SUPPLIER)


def test_it_tells_every_kind() -> None:
    assert ICompleat.offers.tells == frozenset(RecordKind)


@pytest.mark.parametrize("kind", LISTS)
def test_each_list_has_its_call(kind: RecordKind) -> None:
    array, path = LISTS[kind]
    rows = [{"Code": " A1 ", "Name": "One"}, {"Code": "", "Name": "Known by its name"}, {"Code": None}, {"Code": "B/2"}]
    with ScriptedServer(told(**{array: rows})) as server:
        assert list(connector(server).codes(RecordList(kind=kind))) == ["A1", "Known by its name", "B/2"]
    assert asked(server) == [("GET", f"/api/{path}")]


def test_a_dimension_is_a_custom_field_by_its_name_in_any_letters() -> None:
    fields = told(CustomFields=[{"Id": "other", "Name": "Course"}, {"Id": FIELD, "Name": "Cost Centre"}])
    field = told(CustomField={"Id": FIELD, "Name": "Cost Centre", "Type": "List", "Values": numbered(3)})
    with ScriptedServer(fields, field, field) as server:
        target = RecordList(kind=RecordKind.DIMENSION, dimension="costcentre")
        assert list(connector(server).codes(target)) == ["C0", "C1", "C2"]
    assert asked(server)[-1] == ("GET", f"/api/customfield/{TC}/{FIELD}")


def test_a_dimension_without_its_field_says_so() -> None:
    with ScriptedServer(told(CustomFields=[])) as server, pytest.raises(Misconfigured, match="no list custom field"):
        connector(server).codes(RecordList(kind=RecordKind.DIMENSION, dimension="Department"))


def test_pages_are_asked_for_as_they_are_needed_and_to_the_end() -> None:
    pages = [told(Suppliers=numbered(100, start)) for start in (0, 100)]
    with ScriptedServer(*pages, told(Suppliers=numbered(7, 200))) as server:
        codes = connector(server).codes(SUPPLIERS)
        assert [next(codes) for _ in range(100)] == [f"C{number}" for number in range(100)]
        assert len(server.asked) == 1
        assert len(list(codes)) == 107
    assert [path.rpartition("/")[2] for _, path in asked(server)] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (answer(body=b"<html>", status=502), Retryable),
        (json_answer({"statusCode": 429}, status=429), Retryable),
        (json_answer({}, status=401), Unauthorised),
        (told(Others=[]), Retryable),
    ],
)
def test_a_broken_second_page_is_an_error_and_no_short_list(broken: object, error: type[Exception]) -> None:
    with ScriptedServer(told(Suppliers=numbered(100)), broken) as server, pytest.raises(error):  # type: ignore[arg-type]
        list(connector(server).codes(SUPPLIERS))
