"""A connection to the vendor's API for tests: ids, link, and answers as the API words them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from integrations.base import Link
from integrations.http import Outbound
from integrations.icompleat.client import Client
from integrations.icompleat.connector import ICompleat
from tests.scripted import Answer, ScriptedServer, json_answer

TENANT = "6a1e7d52-8c1b-4c3f-9f0e-2f4b7d9a1c10"
COMPANY = "8d4bb975-eade-42fd-a064-bf448e493c1e"
TRANSACTION = "108a6af2-890c-5487-9802-4708897d9888"
USER = "26606db5-bae3-588c-be5d-12caf996e951"
FIELD = "939e8c95-e1c7-4090-97a7-22435ffb23be"
KEY = "k3y-of/the+tests"
META = {"MetaData": {"Version": 1, "DateCreated": "2026-11-20T11:43:01.5753381Z"}}
OUTBOUND = Outbound(allow_private=True)


def link(url: str, outbound: Outbound = OUTBOUND, /, **settings: str) -> Link:
    """A link with the ids above; `settings` replace what is usual."""
    usual = {"base_url": url, "tenant_id": TENANT, "company_id": COMPANY}
    return Link(settings={**usual, **settings}, secrets={"security_key": KEY}, outbound=outbound)


def client(server: ScriptedServer, **settings: str) -> Client:
    return Client(link(server.url, **settings))


def connector(server: ScriptedServer, outbound: Outbound = OUTBOUND, /, **settings: str) -> ICompleat:
    return ICompleat(link(server.url, outbound, **settings))


def told(**members: Any) -> Answer:
    """A success with these members."""
    return json_answer({**members, **META})


def refused(code: int | None, message: str = "No.", status: int = 400) -> Answer:
    """A refusal in the API's own shape."""
    code_given = {} if code is None else {"ErrorCode": code}
    return json_answer({**code_given, "ErrorMessage": message, **META}, status=status)


def asked(server: ScriptedServer) -> list[tuple[str, str]]:
    """Method and path of each request so far."""
    return [(one.method, one.path) for one in server.asked]


def numbered(count: int, start: int = 0) -> list[dict[str, Any]]:
    """So many rows of a list, each with a code of its own."""
    return [{"Code": f"C{number}", "Name": f"Name {number}"} for number in range(start, start + count)]


def listed_row(**changes: Any) -> dict[str, Any]:
    """A row of the list of transactions, as it was seen."""
    row: dict[str, Any] = {
        "Id": TRANSACTION.upper(),
        "Company": {"Id": COMPANY, "Name": "Northgate Training Ltd"},
        "Type": "INV",
        "References": {"Identifier": "INV000123", "PurchaseOrder": "ORD000056", "Supplier": "SI-48213"},
        "Dates": {"Created": "2026-10-15T10:22:41.090Z", "Invoice": "2026-10-14T00:00:00.000Z", "Delivery": None},
        "Title": "Venue hire",
        "SupplierName": "Crown Conference Centre",
        "Net": amount(100),
        "Vat": amount(20),
        "Gross": amount(120),
        "Status": "APPR",
        "LastUpdatedGuid": "0d031e84-ccbd-569b-bef3-b55db6b9f556",
    }
    return {**row, **changes}


def detail(**changes: Any) -> dict[str, Any]:
    """The same transaction by itself: the supplier is an object, and there is coding."""
    row = listed_row()
    del row["SupplierName"]
    coding = [{"Name": "Currency Code", "Value": {"Code": "GBP"}}]
    return {**row, "Supplier": {"Code": "CROWN01", "Name": "Crown Conference Centre"}, "Analysis": coding, **changes}


def amount(value: Any, sign: str = "£") -> dict[str, Any]:
    one = {"Display": f"{sign}{value}", "Value": value}
    return {"Base": one, "Local": one}


def page(rows: Iterable[Mapping[str, Any]], number: int = 1, **more: Any) -> Answer:
    """One page of transactions."""
    rows = list(rows)
    return told(Transactions=rows, PageNumber=number, Count=len(rows), **{"PageSize": 20, **more})
