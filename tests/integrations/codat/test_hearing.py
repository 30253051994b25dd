"""Codat's webhooks: the signature of the standard, and what each event hints at."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from integrations.base import Link
from integrations.codat.hearing import hear
from integrations.documents import Kind
from integrations.errors import Malformed, Unauthorised
from integrations.exact import to_json
from integrations.hearing import Heard, Hint
from integrations.reference import RecordKind
from integrations.standard_webhooks import signature
from tests.integrations.codat.account import COMPANY, CONNECTION, SYNC

# The vector that Codat's documents publish.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

OPERATION = "a9367074-b5c3-42c4-9be4-be129f43577e"
EVENT = "ba29118f-5406-4e59-b05c-ba307ca38d01"
REFERENCE = {"id": COMPANY, "name": "Toft stores", "links": {"portal": f"https://app.codat.io/companies/{COMPANY}"}}


def sealed(key: bytes, text: bytes) -> str:
    """HMAC-SHA256 from its definition (RFC 2104), beside the library's."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in block) + text).digest()
    outer = hashlib.sha256(bytes(one ^ 0x5C for one in block) + inner).digest()
    return "v1," + base64.b64encode(outer).decode()


def signed(body: bytes, *, secret: str = SECRET, stamp: int | None = None, prefix: str = "webhook") -> dict[str, str]:
    """The headers of a message that is sent now."""
    moment = str(int(time.time()) if stamp is None else stamp)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    value = sealed(key, f"{MESSAGE}.{moment}.".encode() + body)
    return {f"{prefix}-id": MESSAGE, f"{prefix}-timestamp": moment, f"{prefix}-signature": value}


def link(secret: str = SECRET) -> Link:
    return Link(secrets={"webhook_secret": secret})


def heard(event: Mapping[str, Any]) -> Heard:
    body = to_json(event).encode()
    return hear(link(), signed(body), body)


def envelope(name: str, payload: Mapping[str, Any], *, member: str = "eventType") -> dict[str, Any]:
    return {"id": EVENT, member: name, "generatedDate": "2026-11-20T17:10:34.015Z", "payload": payload}


def test_the_published_vector_is_signed_alike_by_both_implementations() -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))

    assert signature(SECRET, MESSAGE, str(STAMP), BODY) == SIGNATURE
    assert sealed(key, f"{MESSAGE}.{STAMP}.".encode() + BODY) == SIGNATURE


def test_the_published_message_passes_and_is_read() -> None:
    headers = {"Webhook-Id": MESSAGE, "Webhook-Timestamp": str(STAMP), "Webhook-Signature": SIGNATURE}
    with time_machine.travel(datetime.fromtimestamp(STAMP, UTC), tick=False), pytest.raises(Malformed) as error:
        hear(link(), headers, BODY)

    assert str(error.value) == "A message of Codat names no event."


@pytest.mark.parametrize(("seconds", "passes"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_the_time_of_a_message_may_be_five_minutes_off(seconds: int, passes: bool) -> None:
    body = to_json(envelope("company.created", {"id": COMPANY})).encode()
    with time_machine.travel(datetime.fromtimestamp(STAMP + seconds, UTC), tick=False):
        if passes:
            assert hear(link(), signed(body, stamp=STAMP), body).id == MESSAGE
        else:
            with pytest.raises(Unauthorised, match="five minutes"):
                hear(link(), signed(body, stamp=STAMP), body)


BROKEN = [
    {"webhook-signature": "v1,AAAA"},
    {"webhook-signature": ""},
    {"webhook-signature": "v1a," + SIGNATURE.removeprefix("v1,")},
    {"webhook-signature": "\N{LATIN SMALL LETTER E WITH ACUTE}"},
    {"webhook-id": "msg_another"},
    {"webhook-id": ""},
    {"webhook-timestamp": "soon"},
    {"webhook-timestamp": "-1"},
    {"webhook-timestamp": ""},
]


@pytest.mark.parametrize("changed", BROKEN)
def test_whatever_is_wrong_with_a_signature_nothing_is_read(changed: dict[str, str]) -> None:
    body = to_json(envelope("company.created", {"id": COMPANY})).encode()

    with pytest.raises(Unauthorised):
        hear(link(), {**signed(body), **changed}, body)


def test_a_changed_body_is_not_theirs_even_if_it_means_the_same() -> None:
    body = to_json(envelope("company.created", {"id": COMPANY})).encode()

    with pytest.raises(Unauthorised):
        hear(link(), signed(body), body + b"\n")


@pytest.mark.parametrize(
    ("secret", "words"), [("", "was not entered"), ("   ", "was not entered"), ("whsec_!!!", "Enter it again")]
)
def test_without_a_usable_secret_no_message_is_believed(secret: str, words: str) -> None:
    with pytest.raises(Unauthorised, match=words):
        hear(link(secret), signed(b"{}"), b"{}")


def test_one_signature_of_several_and_one_secret_of_two_are_enough() -> None:
    body = to_json(envelope("company.created", {"id": COMPANY})).encode()
    headers = signed(body)
    headers["webhook-signature"] = f"v1,AAAA {headers['webhook-signature']} v1a,xyz"

    assert hear(link(f"whsec_{base64.b64encode(b'new').decode()} {SECRET}"), headers, body).id == MESSAGE


def test_the_headers_of_the_service_behind_it_are_read_too() -> None:
    body = to_json(envelope("company.created", {"id": COMPANY})).encode()

    assert hear(link(), signed(body, prefix="Svix"), body) == Heard(id=MESSAGE, about="company.created")


@pytest.mark.parametrize("body", [b"[1]", b"no json", b"\xff", b'{"eventType": 5}', b'{"payload": {}}'])
def test_what_is_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        hear(link(), signed(body), body)


@pytest.mark.parametrize("name", ["connected", "reconnected", "disconnected", "failed", "deleted"])
@pytest.mark.parametrize("member", ["eventType", "type"])
def test_a_changed_connection_is_asked_for_under_either_name_of_the_event(name: str, member: str) -> None:
    payload = {"referenceCompany": REFERENCE, "connection": {"id": CONNECTION, "status": "Linked"}}

    assert heard(envelope(f"connection.{name}", payload, member=member)) == Heard(
        id=MESSAGE, about=f"connection.{name}", hints=(Hint(company_id=COMPANY, asks_status=True),)
    )


DATA = [
    {"connectionId": CONNECTION, "dataType": "suppliers", "recordsModified": True, "status": "Complete"},
    {"connectionId": CONNECTION, "dataType": "chartOfAccounts", "recordsModified": True, "status": "Complete"},
    {"connectionId": CONNECTION, "dataType": "taxRates", "recordsModified": False, "status": "Complete"},
    {"connectionId": CONNECTION, "dataType": "trackingCategories", "recordsModified": True, "status": "FetchError"},
    {"connectionId": CONNECTION, "dataType": "billPayments", "recordsModified": True, "status": "Complete"},
]
READ = frozenset({RecordKind.SUPPLIER, RecordKind.ACCOUNT})


def test_a_reading_hints_at_every_kind_that_it_changed() -> None:
    told = heard(envelope("read.completed", {"referenceCompany": REFERENCE, "dataTypes": DATA}))

    assert told.hints == (Hint(company_id=COMPANY, records=READ),)


@pytest.mark.parametrize(
    ("data_type", "kinds"),
    [
        ("invoices", {Kind.SALES_INVOICE}),
        ("creditNotes", {Kind.SALES_CREDIT_NOTE}),
        ("payments", {Kind.PAYMENT, Kind.REFUND}),
    ],
)
def test_a_reading_of_sales_hints_at_every_kind_that_they_hold(data_type: str, kinds: set[Kind]) -> None:
    row = {"connectionId": CONNECTION, "dataType": data_type, "recordsModified": True, "status": "Complete"}
    told = heard(envelope("read.completed", {"referenceCompany": REFERENCE, "dataTypes": [row]}))

    assert told.hints == (Hint(company_id=COMPANY, documents=frozenset(kinds)),)


def test_the_first_reading_after_a_sign_in_asks_for_the_company_too() -> None:
    told = heard(envelope("read.completed.initial", {"referenceCompany": REFERENCE, "dataTypes": DATA}))

    assert told.hints == (Hint(company_id=COMPANY, records=READ, asks_status=True),)


def test_a_reading_that_changed_nothing_of_ours_hints_at_nothing() -> None:
    assert heard(envelope("read.completed", {"referenceCompany": REFERENCE, "dataTypes": DATA[2:]})).hints == ()


@pytest.mark.parametrize(
    "name", ["bills.write.successful", "billCreditNotes.write.unsuccessful", "purchaseOrders.write.successful"]
)
def test_a_write_hints_at_its_operation_whatever_came_of_it(name: str) -> None:
    payload = {"id": OPERATION, "type": "Create", "referenceCompany": REFERENCE, "status": "Failed"}

    assert heard(envelope(name, payload)).hints == (Hint(company_id=COMPANY, operation=OPERATION),)


def test_a_deleted_company_is_asked_for() -> None:
    told = heard(envelope("company.deleted", {"id": COMPANY, "name": "Toft stores"}, member="type"))

    assert told.hints == (Hint(company_id=COMPANY, asks_status=True),)


@pytest.mark.parametrize(
    "name",
    [
        "company.created",
        "company.product.added",
        "company.product.removed",
        "connection.created",
        "client.rateLimit.reached",
        "client.rateLimit.reset",
        "SyncCompleted",
        "something.new",
        "bills.write.pondered",
    ],
)
def test_other_events_mean_nothing_and_are_no_failure(name: str) -> None:
    payload = {"id": COMPANY, "referenceCompany": REFERENCE}

    assert heard(envelope(name, payload)) == Heard(id=MESSAGE, about=name)


@pytest.mark.parametrize(
    "payload",
    [None, [], {}, {"referenceCompany": None, "dataTypes": "all"}, {"dataTypes": [None, 5]}],
    ids=["null", "list", "empty", "wrong members", "wrong rows"],
)
@pytest.mark.parametrize("name", ["read.completed", "bills.write.successful"])
def test_a_payload_of_another_shape_hints_at_nothing(name: str, payload: Any) -> None:
    assert heard(envelope(name, payload)).hints == ()


OLD_STATUS = Hint(company_id=COMPANY, asks_status=True)
OLD_WRITE = Hint(company_id=COMPANY, operation=OPERATION)
OLD_READ = Hint(company_id=COMPANY, records=frozenset({RecordKind.TAX}))


@pytest.mark.parametrize(
    ("name", "data", "hint"),
    [
        ("DataConnectionStatusChanged", {"newStatus": "Linked", "oldStatus": "PendingAuth"}, OLD_STATUS),
        ("New company synchronized", {}, OLD_STATUS),
        ("Data Sync Status Changed To Error", {"dataType": "invoices"}, OLD_STATUS),
        ("Data sync completed", {"dataType": "taxRates", "datasetId": SYNC}, OLD_READ),
        ("Dataset data changed", {"DataType": "taxRates", "datasetId": SYNC}, OLD_READ),
        ("Push Operation Status Changed()", {"status": "Success", "pushOperationKey": OPERATION}, OLD_WRITE),
        ("PushOperationTimedOut", {"dataType": "bills", "pushOperationKey": OPERATION}, OLD_WRITE),
    ],
)
def test_the_older_envelope_is_understood_however_it_names_its_rule(
    name: str, data: dict[str, str], hint: Hint
) -> None:
    event = {"AlertId": EVENT, "RuleType": name, "CompanyId": COMPANY, "DataConnectionId": CONNECTION, "Data": data}

    assert heard(event) == Heard(id=MESSAGE, about=name, hints=(hint,))
