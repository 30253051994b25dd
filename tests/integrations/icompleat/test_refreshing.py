"""Reference data on its way: replacements by chunks with a token, single rows, refused rows, and dimensions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from integrations.base import Refresh
from integrations.errors import (
    IntegrationError,
    LeaseLost,
    Misconfigured,
    NotEditable,
    OutcomeUnknown,
    Rejected,
    Retryable,
    RowsRefused,
    Unauthorised,
)
from integrations.http import Outbound
from integrations.icompleat.connector import ICompleat
from integrations.icompleat.refreshing import positions
from integrations.reference import RecordKind, RecordList, Row
from tests.integrations.icompleat.api import (
    COMPANY,
    FIELD,
    TENANT,
    asked,
    connector,
    link,
    numbered,
    refused,
    told,
)
from tests.scripted import Answer, ScriptedServer, answer, json_answer, reset

TC = f"{TENANT}/{COMPANY}"
SUPPLIERS = RecordList(kind=RecordKind.SUPPLIER)
COURSES = RecordList(kind=RecordKind.DIMENSION, dimension="Course Code")
HTML = {"Content-Type": "text/html"}


def rows(count: int, start: int = 0) -> list[Row]:
    return [Row(body["Code"], body) for body in numbered(count, start)]


def token(text: str) -> Answer:
    return told(ContinuationToken=text)


def sent(server: ScriptedServer) -> list[tuple[str, int]]:
    """The token and the number of rows of each request."""
    return [(body["ContinuationToken"], len(body["Suppliers"])) for body in (one.json() for one in server.asked)]


# --- chunks ----------------------------------------------------------------------------------------------------------


def test_the_first_chunk_replaces_and_each_later_one_appends_with_the_newest_token() -> None:
    with ScriptedServer(token("t1"), token("t2"), token("t3")) as server:
        refresh = connector(server).refresh(SUPPLIERS)
        refresh.send(rows(100))
        refresh.send(rows(100, 100))
        refresh.send(rows(1, 200))
    assert asked(server) == [("POST", f"/api/suppliers/{TC}")] * 3
    assert sent(server) == [("", 100), ("t1", 100), ("t2", 1)]
    assert server.asked[2].json() == {"Suppliers": numbered(1, 200), "ContinuationToken": "t2"}


def test_nothing_is_sent_by_beginning() -> None:
    with ScriptedServer() as server:
        connector(server).refresh(SUPPLIERS)


@pytest.mark.parametrize("count", [0, 101])
def test_neither_an_empty_chunk_nor_one_that_is_too_large_is_ever_sent(count: int) -> None:
    with ScriptedServer() as server, pytest.raises(ValueError, match="rows cannot be sent at once"):
        connector(server).refresh(SUPPLIERS).send(rows(count))


AGAIN: dict[str, Answer] = {
    "a rate limit": answer(status=429, headers={"Retry-After": "3"}),
    "a rate limit inside of a success": json_answer({"statusCode": 429, "message": "Try again in 3 seconds."}),
    "a refused row": refused(20, "Suppliers[0].Name is longer than 255 characters."),
}


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("what", AGAIN)
def test_a_chunk_that_was_certainly_not_taken_may_be_sent_again_with_the_same_token(what: str, position: int) -> None:
    before = [token("t1")] * position
    with ScriptedServer(*before, AGAIN[what], token("t2"), token("t3")) as server:
        refresh = connector(server).refresh(SUPPLIERS)
        for _ in range(position):
            refresh.send(rows(1))
        with pytest.raises((Retryable, RowsRefused)):
            refresh.send(rows(2, 1))
        refresh.send(rows(2, 1))
        refresh.send(rows(1, 3))
    used = ["", "t1"][position]
    assert sent(server) == [("", 1)] * position + [(used, 2), (used, 2), ("t2", 1)]


BREAKS: dict[str, tuple[Answer, type[IntegrationError]]] = {
    "a broken connection": (reset(), OutcomeUnknown),
    "a server error": (answer(status=500), OutcomeUnknown),
    "a page of HTML": (answer(body="<html></html>", headers=HTML), OutcomeUnknown),
    "a revoked key": (answer(status=401), Unauthorised),
    "an unknown company": (refused(2), Misconfigured),
    "too many rows": (refused(22, "At most 50 items."), Rejected),
    "an unknown path": (answer(status=404), Misconfigured),
}


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("what", BREAKS)
def test_a_replacement_that_broke_off_sends_nothing_more(what: str, position: int) -> None:
    reply, error = BREAKS[what]
    with ScriptedServer(*[token("t1")] * position, reply) as server:
        refresh = connector(server).refresh(SUPPLIERS)
        for _ in range(position):
            refresh.send(rows(1))
        with pytest.raises(error) as broken:
            refresh.send(rows(1))
        with pytest.raises(OutcomeUnknown, match="begin again with the first row"):
            refresh.send(rows(1))
    assert not isinstance(broken.value, RowsRefused)
    assert len(server.asked) == position + 1


def test_a_lost_lease_ends_the_replacement_without_a_byte() -> None:
    def lost() -> None:
        raise LeaseLost("It is somebody else's.")

    with ScriptedServer() as server:
        refresh = connector(server, Outbound(allow_private=True, still_ours=lost)).refresh(SUPPLIERS)
        with pytest.raises(LeaseLost):
            refresh.send(rows(1))
        with pytest.raises(OutcomeUnknown):
            refresh.send(rows(1))


def test_a_token_that_is_not_known_any_more_leaves_the_list_incomplete() -> None:
    with ScriptedServer(token("t1"), refused(21, "Unknown ContinuationToken.")) as server:
        refresh = connector(server).refresh(SUPPLIERS)
        refresh.send(rows(1))
        with pytest.raises(OutcomeUnknown, match="begins again with the first row"):
            refresh.send(rows(1, 1))


def test_a_first_chunk_has_no_token_that_could_be_unknown() -> None:
    with ScriptedServer(refused(21, "Unknown ContinuationToken.")) as server, pytest.raises(Rejected) as refusal:
        connector(server).refresh(SUPPLIERS).send(rows(1))
    assert refusal.value.message == "Unknown ContinuationToken."


@pytest.mark.parametrize("reply", [told(), token(""), told(ContinuationToken=7), answer(status=204)])
def test_without_a_token_the_list_ends_with_that_chunk(reply: Answer) -> None:
    with ScriptedServer(reply) as server:
        refresh = connector(server).refresh(SUPPLIERS)
        refresh.send(rows(1))
        with pytest.raises(Rejected, match="no token to append"):
            refresh.send(rows(1, 1))
        with pytest.raises(OutcomeUnknown):
            refresh.send(rows(1, 1))
    assert len(server.asked) == 1


# --- refused rows ----------------------------------------------------------------------------------------------------

CROWN = [Row(code, {"Code": code}) for code in ("CROWN01", "LAKES01", "o'neill", "crown01", "50 % off")]


@pytest.mark.parametrize(
    "words, found",
    [
        ("Suppliers[3].Name is longer than 255 characters.", [3]),
        ("suppliers[1].Name is missing. Suppliers[0].Code is missing.", [0, 1]),
        ("model.Suppliers[2].Name: is missing.", [2]),
        ("AccountCodes[1].Name and Stationery [1] are missing.", []),
        ("MySuppliers[1] is missing.", []),
        ("Suppliers[5].Name is missing.", []),
        ('The Code "LAKES01" is not accepted.', [1]),
        ("The Code 'lakes01' is not accepted.", [1]),
        ('The Code "50 % off" is not accepted.', [4]),
        ('The Code "CROWN01" is there twice.', [3]),
        ('Suppliers[3].Code "LAKES01" is there twice.', [3]),
        ('The Code "NOBODY" is not accepted.', []),
        ("Some rows are not accepted.", []),
        ("", []),
    ],
)
def test_which_rows_a_refusal_means(words: str, found: list[int]) -> None:
    assert positions(words, "Suppliers", CROWN) == found


@pytest.mark.parametrize(
    "reply, refused_rows",
    [
        (refused(20, "Suppliers[1].Name is missing."), {1: "Suppliers[1].Name is missing."}),
        (refused(20, "Some rows are not accepted."), {}),
        (refused(99, "Suppliers[1].Name is missing."), {1: "Suppliers[1].Name is missing."}),
        (
            json_answer({"Message": "Invalid.", "ModelState": {"Suppliers[0].Name": ["too long"]}}, status=400),
            {0: "Invalid. Suppliers[0].Name: too long"},
        ),
    ],
)
def test_refused_rows_are_told_by_position_with_the_vendors_words(reply: Answer, refused_rows: dict[int, str]) -> None:
    with ScriptedServer(reply) as server, pytest.raises(RowsRefused) as refusal:
        connector(server).refresh(SUPPLIERS).send(CROWN)
    assert refusal.value.refused == refused_rows


def test_a_position_is_found_behind_what_people_are_shown() -> None:
    words = "x" * 400 + " Suppliers[4].Name is missing."
    with ScriptedServer(refused(20, words)) as server, pytest.raises(RowsRefused) as refusal:
        connector(server).refresh(SUPPLIERS).send(CROWN)
    assert refusal.value.refused == {4: "x" * 300}


def test_a_refusal_of_an_unknown_kind_that_names_no_row_stops_the_whole() -> None:
    with ScriptedServer(refused(99, "Suppliers is missing.")) as server, pytest.raises(Rejected) as refusal:
        connector(server).refresh(SUPPLIERS).send(CROWN)
    assert (type(refusal.value).__name__, refusal.value.message) == ("Refusal", "Suppliers is missing.")


def test_rows_are_counted_in_the_array_that_the_connection_names() -> None:
    script = (refused(20, "Vendors[1] is missing; Suppliers[0] is fine."),)
    with ScriptedServer(*script) as server, pytest.raises(RowsRefused) as refusal:
        connector(server, arrays="refresh_suppliers = Vendors").refresh(SUPPLIERS).send(CROWN)
    assert list(refusal.value.refused) == [1]
    assert list(server.asked[0].json()) == ["Vendors", "ContinuationToken"]


# --- single rows -----------------------------------------------------------------------------------------------------

Edit = Callable[[ICompleat, str], None]


def put(system: ICompleat, code: str) -> None:
    system.put(SUPPLIERS, Row(code, {"Code": code, "Name": "One"}), is_new=False)


def put_new(system: ICompleat, code: str) -> None:
    system.put(SUPPLIERS, Row(code, {"Code": code, "Name": "One"}), is_new=True)


def remove(system: ICompleat, code: str) -> None:
    system.remove(SUPPLIERS, code)


def test_one_row_is_written_and_deleted_by_its_code() -> None:
    with ScriptedServer(told(), answer(status=204), json_answer({"Code": "10", "Name": "One"})) as server:
        system = connector(server)
        put(system, "C 1")
        remove(system, "C1")
        put_new(system, "10")
    assert asked(server) == [
        ("PUT", f"/api/supplier/{TC}/C%201"),
        ("DELETE", f"/api/supplier/{TC}/C1"),
        ("PUT", f"/api/supplier/{TC}/10"),
    ]
    assert server.asked[0].json() == {"Code": "C 1", "Name": "One"}


def test_deleting_a_row_that_is_gone_already_is_as_good() -> None:
    with ScriptedServer(refused(23, "Unknown code.")) as server:
        remove(connector(server), "C1")


@pytest.mark.parametrize("edit", [put, put_new, remove])
@pytest.mark.parametrize(
    "code",
    ["a/b", "a\\b", "a?b", "a#b", "a%b", "a+b", ".", "..", "null", "NULL", " a", "a ", "a\nb"],
)
def test_a_code_that_cannot_stand_in_a_path_is_not_editable(code: str, edit: Edit) -> None:
    with ScriptedServer() as server, pytest.raises(NotEditable) as refusal:
        edit(connector(server), code)
    assert refusal.value.field == "code"


@pytest.mark.parametrize("edit", [put, put_new, remove])
def test_single_edits_can_be_switched_off(edit: Edit) -> None:
    with ScriptedServer() as server, pytest.raises(NotEditable) as refusal:
        edit(connector(server, single_edits="no"), "C1")
    assert refusal.value.field == "single_edits"


def test_new_rows_can_be_kept_from_being_written_by_themselves() -> None:
    with ScriptedServer(told()) as server:
        system = connector(server, put_creates="no")
        put(system, "C1")
        with pytest.raises(NotEditable) as refusal:
            put_new(system, "C2")
    assert refusal.value.field == "put_creates"


@pytest.mark.parametrize(
    "edit, reply",
    [
        (put, refused(23)),
        (put_new, refused(23)),
        *[
            (edit, reply)
            for edit in (put, remove)
            for reply in (
                answer(status=404),
                answer(status=405, body="<html>", headers=HTML),
                answer(status=400, body="<html>Bad Request</html>", headers=HTML),
                refused(1, "Bad request."),
                refused(99, "What is this?"),
            )
        ],
    ],
)
def test_what_cannot_be_written_by_itself_has_its_list_replaced(edit: Edit, reply: Answer) -> None:
    with ScriptedServer(reply) as server, pytest.raises(NotEditable):
        edit(connector(server), "C1")


def test_a_single_row_that_is_refused_is_told_with_the_vendors_words() -> None:
    script = (refused(20, "Name is longer than 255 characters."),)
    with ScriptedServer(*script) as server, pytest.raises(RowsRefused) as refusal:
        put(connector(server), "C1")
    assert refusal.value.refused == {0: "Name is longer than 255 characters."}


@pytest.mark.parametrize("edit", [put, remove])
@pytest.mark.parametrize(
    "reply, error",
    [
        (answer(status=401), Unauthorised),
        (answer(status=429), Retryable),
        (answer(status=500), OutcomeUnknown),
        (refused(2), Misconfigured),
    ],
)
def test_what_is_wrong_with_the_connection_stays_what_it_is(
    edit: Edit, reply: Answer, error: type[IntegrationError]
) -> None:
    with ScriptedServer(reply) as server, pytest.raises(error):
        edit(connector(server), "C1")


# --- dimensions ------------------------------------------------------------------------------------------------------


def fields(*listed: tuple[str, str]) -> Answer:
    return told(CustomFields=[{"Id": field, "Name": name} for field, name in listed])


def field_of(type_: str | None) -> Answer:
    return told(CustomField={"Id": FIELD, "Name": "Course Code", "Type": type_, "Values": []})


def test_a_dimension_is_the_list_field_of_its_name_asked_for_once() -> None:
    found = fields(("7", "Department"), (FIELD, "COURSE  code"))
    with ScriptedServer(found, field_of("List"), token("t1"), told(), told()) as server:
        system = connector(server)
        system.refresh(COURSES).send(rows(1))
        system.put(COURSES, rows(1)[0], is_new=True)
        system.remove(RecordList(kind=RecordKind.DIMENSION, dimension="coursecode"), "C1")
    assert asked(server) == [
        ("GET", f"/api/customfields/{TC}"),
        ("GET", f"/api/customfield/{TC}/{FIELD}"),
        ("POST", f"/api/customfield/{TC}/{FIELD}"),
        ("PUT", f"/api/customfield/{TC}/{FIELD}/C0"),
        ("DELETE", f"/api/customfield/{TC}/{FIELD}/C1"),
    ]
    assert server.asked[2].json() == {"CustomFieldListItems": numbered(1), "ContinuationToken": ""}


def test_a_type_that_the_list_tells_is_not_asked_for() -> None:
    listed = told(
        CustomFields=[
            {"Id": "7", "Name": "Course Code", "Type": "Date"},
            {"Id": FIELD, "Name": "Course Code", "Type": "List"},
        ]
    )
    with ScriptedServer(listed, token("t1")) as server:
        connector(server).refresh(COURSES).send(rows(1))
    assert asked(server)[1] == ("POST", f"/api/customfield/{TC}/{FIELD}")


@pytest.mark.parametrize(
    "script",
    [
        [fields()],
        [fields(("7", "Course"))],
        [fields(("", "Course Code"))],
        [fields((FIELD, "Course Code")), field_of("Date")],
    ],
)
@pytest.mark.parametrize("use", [lambda system: system.refresh(COURSES), lambda system: system.remove(COURSES, "C1")])
def test_a_dimension_without_its_list_field_says_what_to_create(script: list[Answer], use: Any) -> None:
    with ScriptedServer(*script) as server, pytest.raises(Misconfigured) as refusal:
        use(connector(server))
    assert refusal.value.field == "dimension"
    assert "list custom field named Course Code" in refusal.value.message


def test_a_custom_field_that_vanished_is_told_of_the_dimension() -> None:
    script = (
        fields((FIELD, "Course Code")),
        field_of("List"),
        refused(24),
    )
    with ScriptedServer(*script) as server, pytest.raises(Misconfigured) as refusal:
        connector(server).refresh(COURSES).send(rows(1))
    assert refusal.value.field == "dimension"


def test_a_wrong_setting_is_told_before_anything_is_sent() -> None:
    with ScriptedServer() as server, pytest.raises(Misconfigured):
        ICompleat(link(server.url, company_id="")).refresh(SUPPLIERS)


def test_a_refresh_is_one_of_the_interface() -> None:
    assert isinstance(ICompleat(link("https://x.example")).refresh(SUPPLIERS), Refresh)
