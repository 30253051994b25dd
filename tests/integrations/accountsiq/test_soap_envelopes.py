"""What goes out over SOAP, byte by byte, and what is done with what comes back before anybody believes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import pytest

from integrations.accountsiq.soap.addresses import address_of
from integrations.accountsiq.soap.answers import answered
from integrations.accountsiq.soap.envelopes import bare_envelope, envelope, one_line, parts_of
from integrations.errors import Misconfigured, OutcomeUnknown, Retryable
from integrations.reply import Reply
from tests.contract.oddities import CONTROL, UNICODE
from tests.integrations.accountsiq.soap_script import HEADERS, NAMESPACE, came, enveloped, sent

FINE = "<Status>Success</Status><ErrorCode>SUCCESS</ErrorCode><HasExpired>false</HasExpired>"


def reply(
    body: str | bytes, *, status: int = 200, headers: Mapping[str, str] | None = None, wrote: bool = False
) -> Reply:
    content = body.encode() if isinstance(body, str) else body
    return Reply(system="aiq.example", status=status, headers=headers or HEADERS, body=content, wrote=wrote)


# --- out -------------------------------------------------------------------------------------------------------------


def test_every_sort_of_value_is_written_as_xml_schema_wants_it() -> None:
    moment = dt.datetime(2026, 11, 20, 13, 5, 9, 999, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    parts = [
        ("Text", 'A & B <c> "d"'),
        ("Nil", None),
        ("Amount", Decimal("1E+2")),
        ("Small", Decimal("0.00000010")),
        ("Number", -1),
        ("Yes", True),
        ("Day", dt.date(2024, 3, 14)),
        ("Moment", moment),
        ("Inside", [("string", "PI"), ("string", "PN")]),
        ("Empty", ""),
    ]
    assert envelope("Do", parts, entity="NORTHGATE01", token="access-token-of-the-tests") == sent(
        "Do",
        '<Text>A &amp; B &lt;c&gt; "d"</Text><Nil xsi:nil="true"/><Amount>100</Amount><Small>0.00000010</Small>'
        "<Number>-1</Number><Yes>true</Yes><Day>2024-03-14T00:00:00</Day><Moment>2026-11-20T12:05:09Z</Moment>"
        "<Inside><string>PI</string><string>PN</string></Inside><Empty></Empty>",
    )


def test_entity_and_token_are_written_as_text() -> None:
    written = envelope("Do", (), entity="A & B", token="<t>").decode()
    assert "<Entity>A &amp; B</Entity><AccessToken>&lt;t&gt;</AccessToken>" in written


def test_a_call_for_a_token_has_no_header() -> None:
    call = f'<TokenGet xmlns="{NAMESPACE}"><clientId>c</clientId></TokenGet>'
    assert bare_envelope("TokenGet", [("clientId", "c")]) == enveloped("", call)


@pytest.mark.parametrize("text", [UNICODE, CONTROL, "\x00\ufffe\ud800]]>"])
def test_whatever_is_in_a_text_the_envelope_stays_sound(text: str) -> None:
    body = bare_envelope("Do", [("Text", text)]).replace(b"Do", b"DoResponse")
    told = answered(reply(body.replace(b"<Text>", b"<DoResult><Status>x</Status><ErrorMessage>")
                          .replace(b"</Text>", b"</ErrorMessage></DoResult>")), "Do")  # fmt: skip
    assert one_line(told.message) == one_line(text)


@pytest.mark.parametrize(
    "text,longest,line",
    [("  a\r\n\tb  ", None, "a b"), ("abc def", 4, "abc"), ("\x07", None, ""), ("👩\u200d🏫", None, "👩\u200d🏫")],
)
def test_texts_come_on_one_line(text: str, longest: int | None, line: str) -> None:
    assert one_line(text, longest) == line


def test_a_json_object_becomes_elements_in_its_own_order() -> None:
    body = {"query": {"Skip": 0, "TypesFilter": {"string": ["PI", "PN"]}, "FromDate": None, "All": True}}
    assert parts_of(body) == [
        ("query", [("Skip", 0), ("TypesFilter", [("string", "PI"), ("string", "PN")]), ("FromDate", None),
                   ("All", True)]),
    ]  # fmt: skip


@pytest.mark.parametrize("body", [[], "x", 7, {"a b": 1}, {"a><b": 1}, {"": 1}, {"a": 1.5}, {"a": [[1]]}])
def test_what_is_no_element_is_refused(body: object) -> None:
    with pytest.raises(Misconfigured) as caught:
        parts_of(body)
    assert caught.value.field == "body"


@pytest.mark.parametrize(
    "settings,base,path",
    [
        ({}, "https://uk1.accountsiq.com", "system/dashboard/integration/integration_2_0.asmx"),
        ({"region": " EU2 ", "base_url": " "}, "https://eu2.accountsiq.com",
         "system/dashboard/integration/integration_2_0.asmx"),
        ({"base_url": "http://127.0.0.1:8002/accountsiq/x.asmx"}, "http://127.0.0.1:8002", "/accountsiq/x.asmx"),
        ({"base_url": "https://aiq.example/x?y=1"}, "https://aiq.example", "/x?y=1"),
    ],
)  # fmt: skip
def test_where_the_service_is(settings: dict[str, str], base: str, path: str) -> None:
    assert address_of(settings) == (base, path)


@pytest.mark.parametrize("settings,field", [({"region": "uk9"}, "region"), ({"base_url": "https://[::1"}, "base_url")])
def test_an_address_that_is_none_names_the_setting(settings: dict[str, str], field: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        address_of(settings)
    assert caught.value.field == field


# --- and back --------------------------------------------------------------------------------------------------------


def test_an_answer_is_read_as_it_is() -> None:
    result = (
        f"{FINE}<Result><Code> A1 </Code><Amount>-12.30</Amount><Count>7</Count><Open>true</Open>"
        '<Day>2024-03-14T00:00:00</Day><None xsi:nil="true"/><Odd>1e9999999</Odd><Not>NaN</Not></Result>'
    )
    told = answered(reply(came("Do", result, "<transactionID>17</transactionID>")), "Do")
    assert (told.status, told.code, told.message, told.has_expired, told.is_good) == (
        "Success", "SUCCESS", "", False, True,
    )  # fmt: skip
    assert told.id_beside("transactionID") == 17
    one = told.result
    assert one is not None
    assert (one.text("Code"), one.amount("Amount"), one.number("Count"), one.flag("Open"), one.day("Day")) == (
        "A1", Decimal("-12.30"), 7, True, dt.date(2024, 3, 14),
    )  # fmt: skip
    nothing = (one.text("None"), one.part("None"), one.amount("Not"), one.number("Amount"), one.day("Code"))
    assert nothing == ("", None, None, None, None)


@pytest.mark.parametrize("beside", ["", "<transactionID>-1</transactionID>", "<transactionID>0</transactionID>"])
def test_minus_one_is_no_id(beside: str) -> None:
    assert answered(reply(came("Do", FINE, beside)), "Do").id_beside("transactionID") is None


def test_a_control_character_that_comes_as_a_reference_does_not_break_the_answer() -> None:
    message = "<Status>Failure</Status><ErrorMessage>bell &#x7; &#0; &#xFFFF; &#xD; &#65; &#x1F469;</ErrorMessage>"
    assert answered(reply(came("Do", message)), "Do").message.split() == ["bell", "A", "👩"]


SOUND = came("Do", FINE)
BROKEN = {
    "a document type": SOUND.replace("<soap:Envelope", "<!DOCTYPE a><soap:Envelope", 1),
    "an entity": SOUND.replace("<soap:Envelope", '<!DOCTYPE a [<!ENTITY b "c">]><soap:Envelope', 1),
    "half of it": SOUND[: len(SOUND) // 2],
    "nothing": "",
    "another operation": came("Undo", FINE),
    "no result": SOUND.replace("DoResult", "Result"),
    "no status": came("Do", "<ErrorCode>SUCCESS</ErrorCode>"),
    "another envelope": SOUND.replace("schemas.xmlsoap.org/soap/envelope", "www.w3.org/2003/05/soap-envelope"),
    "another namespace": SOUND.replace("visorsoftware", "example"),
    "a fault": (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultcode>'
        "soap:Server</faultcode><faultstring>boom</faultstring></soap:Fault></soap:Body></soap:Envelope>"
    ),
}


@pytest.mark.parametrize("what", sorted(BROKEN))
def test_what_is_no_answer_tells_nothing(what: str) -> None:
    with pytest.raises(Retryable):
        answered(reply(BROKEN[what]), "Do")
    with pytest.raises(OutcomeUnknown):
        answered(reply(BROKEN[what], wrote=True), "Do")


@pytest.mark.parametrize("body", [SOUND.encode("utf-16"), SOUND.encode().replace(b"SUCCESS", b"\xff")])
def test_an_answer_in_another_encoding_is_not_read(body: bytes) -> None:
    with pytest.raises(Retryable, match="unreadable"):
        answered(reply(body), "Do")


def test_a_byte_order_mark_is_no_harm() -> None:
    assert answered(reply(b"\xef\xbb\xbf" + SOUND.encode()), "Do").is_good


@pytest.mark.parametrize("media_type", ["text/html", "application/json", "", "text/plain"])
def test_a_success_of_another_content_type_is_none(media_type: str) -> None:
    with pytest.raises(OutcomeUnknown):
        answered(reply(SOUND, headers={"Content-Type": media_type}, wrote=True), "Do")


@pytest.mark.parametrize("status", [400, 403, 404, 415, 422])
def test_a_status_of_a_refusal_proves_nothing(status: int) -> None:
    with pytest.raises(OutcomeUnknown):
        answered(reply(SOUND, status=status, wrote=True), "Do")


def test_no_service_at_the_address_names_the_setting() -> None:
    with pytest.raises(Misconfigured) as caught:
        answered(reply("", status=404), "Do")
    assert caught.value.field == "base_url"
