"""The pages: a newcomer approves, mends, receipts, and sees what happens. Plain forms, no script, no inline style."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

import pytest
import requests

from integrations.icompleat.standin.faults import KNOBS
from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import KEY, STRANGER, TENANT, TOKEN, Client, Control, Receiver, says


class Visitor:
    """Opens pages and sends forms; every page is looked at."""

    def __init__(self, url: str) -> None:
        self.url = url

    def open(self, path: str = "/") -> str:
        return self._page(requests.get(f"{self.url}{path}", timeout=10))

    def send(self, path: str, status: int = 200, /, **given: str) -> str:
        return self._page(requests.post(f"{self.url}{path}", data=given, timeout=10), status)

    def _page(self, response: requests.Response, status: int = 200) -> str:
        assert response.status_code == status, response.text
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        for forbidden in ("<script", "style=", "onclick", "javascript:", TOKEN):
            assert forbidden not in response.text
        return html.unescape(response.text)


@pytest.fixture
def visitor(sandbox_url: str, control: Control) -> Visitor:
    return Visitor(sandbox_url)


def shown(page: str, tray: str) -> str:
    """The section of one tray."""
    found = re.search(rf'<section><h2 id="{tray}">.*?</section>', page, re.DOTALL)
    assert found is not None, tray
    return found[0]


def fields(page: str) -> Mapping[str, str]:
    """What the inputs of a page hold."""
    return dict(re.findall(r'<input [^>]*?name="([^"]+)" value="([^"]*)"', page))


OWN = f"/companies/{COMPANY}"


def test_an_empty_sandbox_says_what_to_do(sandbox_url: str) -> None:
    assert "There is no company yet. Make one below" in Visitor(sandbox_url).open()


def test_the_first_page_tells_what_a_client_needs(visitor: Visitor, sandbox_url: str) -> None:
    page = visitor.open()
    assert f'<a href="/icompleat{OWN}">Northgate Training Ltd</a>' in page
    assert "Awaiting approval</span> 7" in page
    for told in (f"{sandbox_url}/", KEY, TENANT, COMPANY):
        assert f"<code>{told}</code>" in page


def test_a_company_and_a_new_key_are_made_on_the_page(visitor: Visitor, control: Control, client: Client) -> None:
    page = visitor.send("/companies", name="Harbour & Sons", base_currency="eur")
    assert "<h1>Harbour & Sons</h1>" in page
    assert [each["base_currency"] for each in control.get("companies")["companies"]] == ["GBP", "EUR"]
    visitor.send(f"/tenants/{TENANT}/key")
    assert client.call("GET", f"companies/{TENANT}").status_code == 401


def test_a_newcomer_approves_a_transaction_and_sees_its_number(visitor: Visitor, control: Control) -> None:
    row = control.transactions()[2]
    action = f"/icompleat/transactions/{row['id']}/approve"
    before = visitor.open(OWN)
    assert f'<form method="post" action="{action}">' in shown(before, "awaiting_approval")
    after = visitor.send(f"/transactions/{row['id']}/approve")
    assert f"{row['number']} was posted: journal number P-000001" in after
    assert action not in after
    assert row["number"] in shown(after, "approved")
    assert "P-000001" in shown(after, "approved")


def test_every_tray_has_its_count(visitor: Visitor, control: Control, receiver: Receiver) -> None:
    control.step(control.of_kind("purchase_order"), "approve")
    control.step(control.of_kind("credit_note"), "deny")
    control.step(control.of_kind("invoice"), "recall")
    receiver.answer = says("", 503)
    control.step(control.of_kind("invoice", 1), "approve")
    counts = re.findall(r'<h2 id="(\w+)">.*?<span class="count">(\d+)</span>', visitor.open(OWN))
    assert counts == [
        ("awaiting_approval", "3"),
        ("posting_failures", "1"),
        ("unprocessed", "1"),
        ("approved", "1"),
        ("receipted", "0"),
        ("denied", "1"),
        ("deleted", "0"),
    ]


def test_a_failure_shows_its_reason_and_can_be_retried(
    visitor: Visitor, control: Control, receiver: Receiver, sandbox_url: str
) -> None:
    receiver.answer = says('{"ErrorMessage": "<b>Line 2</b>: unknown account."}', 400)
    row = control.transactions()[6]
    raw = requests.post(f"{sandbox_url}/transactions/{row['id']}/approve", timeout=10).text
    assert "was not posted. 400: &lt;b&gt;Line 2&lt;/b&gt;: unknown account." in raw
    assert f'action="/icompleat/transactions/{row["id"]}/retry"' in visitor.open(f"/transactions/{row['id']}")
    receiver.answer = receiver.numbered
    page = visitor.send(f"/transactions/{row['id']}/retry", back="transaction")
    assert f"{row['number']} was posted: journal number P-000001" in page
    assert f"<h1>{row['number']}</h1>" in page


def test_all_of_a_tray_at_once(visitor: Visitor, receiver: Receiver) -> None:
    receiver.answer = says("", 503)
    page = visitor.send(f"{OWN}/approve")
    assert "Retry all (7)" in shown(page, "posting_failures")
    receiver.answer = receiver.numbered
    assert "P-000007" in shown(visitor.send(f"{OWN}/retry"), "approved")


def test_a_transaction_is_mended_on_the_page(visitor: Visitor, control: Control, receiver: Receiver) -> None:
    receiver.answer = says("", 400)
    invoice = control.of_kind("invoice", 3)
    visitor.send(f"/transactions/{invoice}/approve")
    page = visitor.send(f"/transactions/{invoice}/return", back="transaction")
    form = dict(fields(page[page.index('id="edit"') :]))
    assert (form["title"], form["net-2"], form["account_code-2"]) == ("Telephone and line work", "35", "9999")
    refused = visitor.send(f"/transactions/{invoice}/edit", 400, **{**form, "title": "Typed"})
    assert "Line 2: Account Code 9999 is not known." in refused
    assert fields(refused)["title"] == "Typed"
    odd = visitor.send(f"/transactions/{invoice}/edit", 400, **{**form, "net-1": "a lot"})
    assert "Line 1: Net must be a number." in odd
    assert fields(odd)["net-1"] == "a lot"
    page = visitor.send(f"/transactions/{invoice}/edit", **{**form, "account_code-2": "7502", "net-2": "50"})
    assert "135.00 GBP" in page
    visitor.send(f"/transactions/{invoice}/submit", back="transaction")
    receiver.answer = receiver.numbered
    assert "journal number P-000001" in visitor.send(f"/transactions/{invoice}/approve")


def test_a_denial_has_a_reason(visitor: Visitor, control: Control) -> None:
    invoice = control.of_kind("invoice")
    assert 'name="comment"' in visitor.open(f"/transactions/{invoice}")
    page = visitor.send(f"/transactions/{invoice}/deny", back="transaction", comment="too dear")
    assert "lies in Denied." in page
    assert "too dear" in page


def test_an_order_is_receipted_on_the_page(visitor: Visitor, control: Control) -> None:
    order = control.of_kind("purchase_order")
    assert 'id="receipt"' not in visitor.open(f"/transactions/{order}")
    visitor.send(f"/transactions/{order}/approve")
    page = visitor.open(f"/transactions/{order}")
    form = fields(page[page.index('id="receipt"') :])
    assert form == {"delivery_note": "", "quantity-1": "3", "quantity-2": "32"}
    refused = visitor.send(f"/transactions/{order}/receipt", 409, **{**form, "quantity-1": "4"})
    assert "Line 1: the quantity must be above 0 and at most 3." in refused
    assert fields(refused)["quantity-1"] == "4"
    visitor.send(f"/transactions/{order}/receipt", **{"quantity-1": "", "quantity-2": "32", "delivery_note": "DN-7"})
    page = visitor.open(f"/transactions/{order}")
    assert fields(page[page.index('id="receipt"') :]) == {"delivery_note": "", "quantity-1": "3"}
    visitor.send(f"/transactions/{order}/receipt", **{"quantity-1": "3"})
    assert control.get(f"transactions/{order}")["tray"] == "receipted"


def test_the_page_of_a_transaction_tells_all_of_it(visitor: Visitor, control: Control, receiver_url: str) -> None:
    invoice = control.of_kind("invoice")
    visitor.send(f"/transactions/{invoice}/approve")
    page = visitor.open(f"/transactions/{invoice}")
    for told in ("Training room, full day", "5010", "Finance Controller", "Posted", receiver_url, '"JournalNumber"'):
        assert told in page
    (link,) = re.findall(r'href="/icompleat(/transactions/[^"]+/attachments/[^"]+)"', page)
    paper = requests.get(f"{visitor.url}{link}", timeout=10)
    assert (paper.headers["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")


def test_endpoints_are_configured_on_the_page(visitor: Visitor, control: Control, receiver_url: str) -> None:
    given = {"kind": "receipt", "url": f"{receiver_url}/receipts", "token": TOKEN, "token_header": "X-Mine"}
    page = visitor.send(f"{OWN}/endpoints", **given)
    assert f"{receiver_url}/receipts" in page
    assert "X-Mine" in page
    endpoints = {each["kind"]: each for each in control.get(f"companies/{COMPANY}/endpoints")["endpoints"]}
    assert (endpoints["receipt"]["token"], endpoints["invoice"]["url"]) == (TOKEN, receiver_url)


def test_another_transaction_is_made_on_the_page(visitor: Visitor, control: Control) -> None:
    visitor.send(f"{OWN}/transactions", sample="credit-note")
    assert [row["kind"] for row in control.transactions()].count("credit_note") == 2


def test_a_long_tray_has_pages(visitor: Visitor, control: Control) -> None:
    for _ in range(50):
        control.post(f"companies/{COMPANY}/transactions", {"sample": "invoice-minimal"})
    page = visitor.open(OWN)
    assert shown(page, "awaiting_approval").count("<tr>") == 26
    assert f"{OWN}?tray=awaiting_approval&page=2" in page
    second = visitor.open(f"{OWN}?tray=awaiting_approval&page=2")
    assert second.count("<section>") == 1
    assert shown(second, "awaiting_approval").count("<tr>") == 8
    assert "Next page" not in second


def test_lists_are_searched_and_paged(visitor: Visitor, client: Client) -> None:
    token = ""
    for start in (0, 100):
        rows = [{"Code": f"S{n:03}", "Name": f"Name {n:03} 100%"} for n in range(start, start + 100)]
        token = client.refresh("suppliers", "Suppliers", rows, token)
    page = visitor.open(f"{OWN}/lists")
    assert re.search(r'lists/suppliers">Suppliers</a></td><td[^>]*>200</td>', page)
    assert "Course Code (custom field)" in page
    first = visitor.open(f"{OWN}/lists/suppliers")
    assert (first.count("<tr>"), "Next page" in first, "Previous page" in first) == (51, True, False)
    last = visitor.open(f"{OWN}/lists/suppliers?page=4")
    assert (last.count("<tr>"), "Next page" in last, "Previous page" in last) == (51, False, True)
    found = visitor.open(f"{OWN}/lists/suppliers?q=name+0")
    assert "q=name+0&page=2" in found
    assert re.findall(r"<code>(\w+)</code>", visitor.open(f"{OWN}/lists/suppliers?q=s19")) == [
        f"S19{n}" for n in range(10)
    ]
    assert visitor.open(f"{OWN}/lists/suppliers?q=0%25").count("<tr>") == 51
    assert "Nothing holds these letters." in visitor.open(f"{OWN}/lists/suppliers?q=_")


def test_deliveries_and_calls_are_shown(visitor: Visitor, control: Control, client: Client, receiver_url: str) -> None:
    control.step(control.of_kind("invoice"), "approve")
    page = visitor.open(f"{OWN}/deliveries")
    assert receiver_url in page
    assert "P-000001" in page
    client.get(f"suppliers/{TENANT}/{COMPANY}/1")
    page = visitor.open("/calls")
    assert "1 calls; 0 refused by the limit; at most 1 of one key within 60 seconds." in page
    assert f"GET /api/suppliers/{TENANT}/{COMPANY}/1" in page


def test_faults_are_turned_on_the_page(visitor: Visitor, control: Control) -> None:
    page = visitor.open("/faults")
    assert all(f"<code>{name}</code> {knob.about}" in page for name, knob in KNOBS.items())
    page = visitor.send("/faults", limit_per_minute="7", deliver_twice="on", token_header=" X-Mine ")
    told = {name: knob["value"] for name, knob in control.get("faults")["faults"].items()}
    assert (told["limit_per_minute"], told["deliver_twice"], told["token_header"]) == (7, True, "X-Mine")
    assert (told["put_creates"], told["limit_status"]) == (False, 429)
    assert "Different from the beginning: limit_per_minute, limit_retry_after, put_creates" in page
    assert "slow_ms must be a whole number from 0." in visitor.send("/faults", 400, slow_ms="-1")
    assert "Everything is as in the beginning." in visitor.send("/faults/reset")


@pytest.mark.parametrize(
    "path, sentence",
    [
        ("/nowhere", "There is nothing here."),
        (f"/companies/{STRANGER}", "This company is not known here."),
        (f"/transactions/{STRANGER}", "This transaction is not known here."),
        (f"{OWN}/lists/nothing", "There is no such list."),
        (f"{OWN}?done={STRANGER}", "This transaction is not known here."),
    ],
)
def test_people_get_a_page_when_something_is_not_there(visitor: Visitor, path: str, sentence: str) -> None:
    page = visitor._page(requests.get(f"{visitor.url}{path}", timeout=10), 404)
    assert f'<p role="alert">{sentence}</p>' in page


def test_a_step_that_is_not_possible_any_more_says_so(visitor: Visitor, control: Control) -> None:
    order = control.of_kind("purchase_order")
    control.step(order, "approve")
    assert "The transaction lies in Approved." in visitor.send(f"/transactions/{order}/approve", 409)
