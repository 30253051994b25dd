"""A look into the books of the stand-in past both of its doors, and the way to serve and to steer it in tests."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import requests

from integrations.accountsiq.standin.control import DEFAULTS
from integrations.accountsiq.standin.envelope import ENVELOPE, NAMESPACE
from integrations.accountsiq.standin.furniture import ENTITY
from integrations.accountsiq.standin.ledger import CREDITS, Entry, entries
from integrations.accountsiq.standin.memory import Records, Row, instant
from integrations.accountsiq.standin.tokens import CLIENT_ID
from integrations.documents import Document, Kind
from integrations.exact import from_json, to_json
from integrations.reference import RecordKind
from integrations.sandbox import Store

SECRET = "accountsiq-secret-of-the-tests"
_SECONDS = 30
_PAPERS = ("invoice", "credit_note")
_KINDS = {RecordKind.SUPPLIER: "contact", RecordKind.ACCOUNT: "account", RecordKind.DIMENSION: "department"}
# What each interface tells a record by: its number or its code. Currencies and taxes cannot be taken out of use there.
_TOLD_BY = {
    "rest": {RecordKind.SUPPLIER: "id", RecordKind.ACCOUNT: "id", RecordKind.DIMENSION: "id"},
    "soap20": {RecordKind.SUPPLIER: "id", RecordKind.ACCOUNT: "code", RecordKind.DIMENSION: "code"},
}


class SeenBooks:
    """What the stand-in holds, read from its own database. Fits `tests.contract.books.Books`.

    `told_by` says what the connector takes for the external id of a record: its `id` or its `code`.
    """

    def __init__(self, state: Store, transport: str) -> None:
        self._state = state
        self.told_by: dict[RecordKind, str] = dict(_TOLD_BY[transport])

    def entries(self) -> list[Entry]:
        """Everything in the ledger, in the order of booking."""
        with self._state.transaction() as database:
            return list(entries(database))

    def records(self, kind: str) -> list[Row]:
        """All records of a kind of the stand-in's."""
        with self._state.transaction() as database:
            return list(Records(database).every(kind))

    def count(self) -> int:
        """Entries, orders, and drafts."""
        drafts = sum(row.body["entry"] is None for kind in _PAPERS for row in self.records(kind))
        return len(self.entries()) + len(self.records("order")) + drafts

    def owed(self, supplier_code: str) -> Decimal:
        """In base currency."""
        theirs = (entry for entry in self.entries() if entry["contact_code"] == supplier_code)
        return sum((-one["base_gross"] if one["sort"] in CREDITS else one["base_gross"] for one in theirs), Decimal(0))

    def plant(self, document: Document, key: str) -> bool:
        """A plain retry of what is there with this key: the vendor books it again, under a number of its own."""
        found = next(entry for entry in self.entries() if key in to_json(entry))
        with self._state.transaction() as database:
            records = Records(database)
            twin = {**found, "id": records.next("entry"), "created_at": instant(),
                    "number": f"{found['sort']}{records.next(found['sort']):06}"}  # fmt: skip
            columns = ("id", "sort", "number", "reference", "contact_id", "day", "created_at")
            values = (*(twin[name] for name in columns), to_json(twin))
            database.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            for kind in _PAPERS:
                for row in [one for one in records.every(kind) if one.body["entry"] == found["id"]]:
                    records.add(kind, {**row.body, "entry": twin["id"]}, name=row.name)
        return True

    def forget_keys(self) -> None:
        """There are none to forget."""

    def retire(self, kind: RecordKind) -> str | None:
        """None for what has no state there."""
        if kind not in _KINDS:
            return None
        name, number = _KINDS[kind], 7999 if kind is RecordKind.ACCOUNT else None
        code = "7999" if kind is RecordKind.ACCOUNT else "OLD01"
        with self._state.transaction() as database:
            row = Records(database).add(name, DEFAULTS[name], code=code, name="Old one", number=number, active=False)
        return row.code if self.told_by[kind] == "code" else str(row.id)

    def stored(self, kind: Kind, external_id: str, name: str) -> bytes:
        """The one file of this name."""
        master = "Order" if kind is Kind.PURCHASE_ORDER else "Transaction"
        query = "SELECT content FROM file WHERE master_type = ? AND master_id = ? AND name = ?"
        with self._state.transaction() as database:
            (row,) = database.execute(query, (master, int(external_id), name)).fetchall()
        return bytes(row["content"])

    def keep_supplier_in(self, code: str, currency: str) -> None:
        """A supplier of the SOAP interface has one currency, and so have all of its documents."""
        with self._state.transaction() as database:
            records = Records(database)
            row = records.coded("contact", code)
            assert row is not None
            records.change(row, {**row.body, "currency": currency})


class Served:
    """The stand-in where it listens, and its controls."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.rest_url = f"{url}/api"
        self.soap_url = f"{url}/integration_2_0.asmx"

    def options(self, **options: object) -> None:
        """Set options of the stand-in."""
        answer = requests.put(f"{self.url}/control/options", data=to_json(options), timeout=_SECONDS)
        assert answer.status_code == 200, answer.text

    def control(self, path: str, **body: object) -> dict[str, Any]:
        """Ask for something below `/control/`."""
        answer = requests.post(f"{self.url}/control/{path}", data=to_json(body), timeout=_SECONDS)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = from_json(answer.text)
        return told

    def truth(self) -> list[dict[str, Any]]:
        """What a checker is told."""
        told: list[dict[str, Any]] = from_json(requests.get(f"{self.url}/truth", timeout=_SECONDS).text)["documents"]
        return told


class RestCaller:
    """Speaks to the REST door with nothing between. `token` is sent with every call."""

    def __init__(self, served: Served, token: str = "") -> None:
        self.served = served
        self.token = token or self.given()["access_token"]

    def given(self) -> dict[str, Any]:
        """A fresh token by client credentials."""
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": SECRET}
        answer = requests.post(f"{self.served.url}/oauth2/token", data=form, timeout=_SECONDS)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = from_json(answer.text)
        return told

    def call(self, method: str, path: str, body: object = None, **params: object) -> tuple[int, Any]:
        """Status and JSON of one call below `/api`."""
        headers = {"Authorization": f"Bearer {self.token}"}
        data = None if body is None else to_json(body)
        url = f"{self.served.rest_url}{path}"
        answer = requests.request(method, url, params=dict(params), data=data, headers=headers, timeout=_SECONDS)  # type: ignore[arg-type]
        return answer.status_code, from_json(answer.text)

    def get(self, path: str, **params: object) -> Any:
        """The JSON of a call that succeeds."""
        status, told = self.call("GET", path, **params)
        assert status == 200, told
        return told

    def post(self, path: str, body: object) -> Any:
        """The JSON of a save that succeeds."""
        status, told = self.call("POST", path, body)
        assert status == 200, told
        return told


class SoapCaller:
    """Speaks to the SOAP door with nothing between."""

    def __init__(self, served: Served) -> None:
        self.served = served
        given = self.call("TokenGet", f"<clientId>{CLIENT_ID}</clientId><clientSecret>{SECRET}</clientSecret>")
        self.token = given.text("Result/AccessToken")
        self.refresh = given.text("Result/RefreshToken")

    def call(self, operation: str, inner: str = "", *, entity: str = ENTITY) -> SoapAnswer:
        """One call; the answer is a 200."""
        answer = self.raw(operation, inner, entity=entity)
        assert answer.status_code == 200, answer.text
        return SoapAnswer(operation, answer.content)

    def raw(self, operation: str, inner: str = "", *, entity: str = ENTITY, action: str = "") -> requests.Response:
        """One call, whatever comes of it."""
        header = f"<Entity>{entity}</Entity><AccessToken>{getattr(self, 'token', '')}</AccessToken>"
        body = (
            f'<soap:Envelope xmlns:soap="{ENVELOPE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f'<soap:Header><AiqSoapHeader xmlns="{NAMESPACE}">{header}</AiqSoapHeader></soap:Header>'
            f'<soap:Body><{operation} xmlns="{NAMESPACE}">{inner}</{operation}></soap:Body></soap:Envelope>'
        )
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{NAMESPACE}{action or operation}"'}
        return requests.post(self.served.soap_url, data=body.encode(), headers=headers, timeout=_SECONDS)


class SoapAnswer:
    """An answer of 200: what stands in the result, and beside it."""

    def __init__(self, operation: str, content: bytes) -> None:
        root = ET.fromstring(content)  # noqa: S314 - from the stand-in on this machine
        response = root.find(f"{{{ENVELOPE}}}Body/{{{NAMESPACE}}}{operation}Response")
        assert response is not None, content
        self.response = response
        result = response.find(f"{{{NAMESPACE}}}{operation}Result")
        assert result is not None, content
        self.result = result

    def text(self, path: str) -> str:
        """The text of an element of the result; an empty one where there is none."""
        return self.result.findtext(_named(path)) or ""

    def beside(self, name: str) -> str | None:
        """The text of an element beside the result."""
        return self.response.findtext(_named(name))

    def every(self, path: str) -> list[dict[str, str]]:
        """The plain elements of each element at a path, by name."""
        return [
            {one.tag.removeprefix(f"{{{NAMESPACE}}}"): one.text or "" for one in found if not len(one)}
            for found in self.result.findall(_named(path))
        ]

    @property
    def status(self) -> Mapping[str, str]:
        """How it ended."""
        names = ("Status", "ErrorCode", "ErrorMessage", "HasExpired")
        return {name: text for name in names if (text := self.text(name))}


def _named(path: str) -> str:
    return "/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/"))
