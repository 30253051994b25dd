"""Synchronous Bill Pay: six accounting systems are asked while the caller waits, and answer with the record itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from werkzeug.wrappers import Response

from integrations.codat.standin import files
from integrations.codat.standin.answers import Refusal, object_of, told
from integrations.codat.standin.asked import Asked
from integrations.codat.standin.booking import Desk
from integrations.codat.standin.judging import objections
from integrations.codat.standin.memory import money
from integrations.codat.standin.models import Fault, fault
from integrations.codat.standin.querying import Row, run

_BILL: Final = (
    "id", "reference", "supplierRef", "issueDate", "dueDate", "currency", "currencyRate", "status", "totalAmount",
    "amountDue", "sourceModifiedDate",
)  # fmt: skip
_LINE: Final = (
    "description",
    "unitAmount",
    "quantity",
    "taxAmount",
    "accountRef",
    "totalAmount",
    "taxRateRef",
    "trackingRefs",
)
_ACCOUNT: Final = ("id", "nominalCode", "name", "type", "currency", "status")
_TAX: Final = ("id", "name", "code", "effectiveTaxRate", "totalTaxRate", "status")
_SUPPLIER: Final = (
    "id", "supplierName", "contactName", "emailAddress", "phone", "addresses", "status", "defaultCurrency",
    "sourceModifiedDate",
)  # fmt: skip
_UNPAID: Final = "status=Open||status=PartiallyPaid"


def desk(asked: Asked, data_type: str) -> Desk:
    """Whom the call goes to. Raises `Refusal`: 404 where Bill Pay does not cover the system, 400 without access."""
    connection, platform = asked.connection(), asked.platform()
    if not platform.pays:
        raise Refusal(404, f"Datatype {data_type} not supported by platform(s) {platform.name}")
    if connection["status"] != "Linked":
        raise Refusal(400, f"Data connection {connection['id']} is {connection['status']}.")
    return Desk(asked.memory, platform, connection["id"], data_type)


def get_info(asked: Asked) -> Response:
    """Whose books these are."""
    entity = desk(asked, "company").entity
    return told(200, {name: entity.get(name) for name in ("companyName", "baseCurrency")})


def mapping_options(asked: Asked) -> Response:
    """Accounts and tax rates that a bill can be coded to: active ones, unless others are asked for."""
    records = desk(asked, "bills").records
    accounts, more = run(asked.request, records.every("chartOfAccounts"), usual="status=Active", name="statusQuery")
    rates, other = run(asked.request, records.every("taxRates"), usual="status=Active", name="statusQuery")
    codes = {"accounts": [_of(_ACCOUNT, one) for one in accounts], "taxRates": [_of(_TAX, one) for one in rates]}
    return told(200, {**codes, "pagination": more or other})


def list_bills(asked: Asked) -> Response:
    """Unpaid bills, unless others are asked for, as they stand over there now."""
    found, more = run(asked.request, desk(asked, "bills").records.every("bills"), usual=_UNPAID)
    return told(200, {"results": [shown_bill(one) for one in found], "pagination": more})


def create_bill(asked: Asked) -> Response:
    """Write a bill: 201 with it. Raises `Refusal` (400) with everything that is wrong in it."""
    to, body = desk(asked, "bills"), object_of(asked.request)
    _demand(to, body)
    return told(201, shown_bill(to.book(_full(body), moved=asked.moves_date)))


def change_bill(asked: Asked) -> Response:
    """Replace what a bill says, and all of its lines."""
    to, body, identity = desk(asked, "bills"), object_of(asked.request), asked.values["row"]
    before = to.records.get("bills", identity)
    if before is None:
        raise Refusal(404, f"No data available for bills for ID {identity}")
    _demand(to, body)
    made = to.book(_full(body))
    to.records.delete("bills", made["id"])
    return told(200, shown_bill(to.records.put("bills", before | made | {"id": identity})))


def _demand(to: Desk, body: Mapping[str, Any]) -> None:
    found = list(_faults(to, body)) or objections(to, _full(body))
    if found:
        words = "The bill could not be written: see validation for details."
        raise Refusal(400, words, service=to.platform.name.replace(" ", ""), faults=found)


def _full(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body as other documents come, with lines of its own."""
    return {**body, "lineItems": [dict(one) for one in body.get("lineItems") or []]}


def _faults(to: Desk, body: Mapping[str, Any]) -> Iterator[Fault]:
    for item, message in _messages(to, body):
        yield fault(item, message, "Bill")


def _messages(to: Desk, body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("issueDate", "dueDate", "currency", "status"):
        if not body.get(name):
            yield name, f"`{name[:1].upper()}{name[1:]}` must not be empty"
    if not (body.get("supplierRef") or {}).get("id"):
        yield "supplierRef", "`SupplierRef` must not be empty"
    if body.get("status") not in {None, "Open", "Draft" if to.platform.key == "gbol" else "Open"}:
        yield "status", "`Status` must be Open"
    if len(body.get("reference") or "") > to.platform.reference:
        yield "reference", f"`Reference` must be {to.platform.reference} characters or fewer"
    lines = body.get("lineItems") or []
    if not lines:
        yield "lineItems", "`LineItems` must not be empty"
    if sum((money(one.get("unitAmount")) * money(one.get("quantity") or 1) for one in lines), money(0)) < 0:
        yield "lineItems", "Sum of `LineItems` must be greater than or equal to `0`"
    yield from _of_taxes(to, lines)


def _of_taxes(to: Desk, lines: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    if to.platform.key == "fbrh" and len(lines) > 40:
        yield "lineItems", "`LineItems` must contain 40 items or fewer"
    for place, line in enumerate(lines):
        at = f"lineItems[{place}]"
        if not (line.get("accountRef") or {}).get("id"):
            yield f"{at}.accountRef", "`AccountRef` must not be empty"
        if to.platform.key == "fbrh" and line.get("taxRateRef"):
            yield f"{at}.taxRateRef", "`TaxRateRef` must be empty"


def list_suppliers(asked: Asked) -> Response:
    """Suppliers as they stand over there now."""
    found, more = run(asked.request, desk(asked, "suppliers").records.every("suppliers"))
    return told(200, {"results": [_of(_SUPPLIER, one) for one in found], "pagination": more})


def create_supplier(asked: Asked) -> Response:
    """Write a supplier: 201 with it."""
    to, body = desk(asked, "suppliers"), object_of(asked.request)
    if not body.get("supplierName") or not body.get("status"):
        found = [fault("supplierName", "`SupplierName` must not be empty", "Supplier")]
    else:
        found = objections(to, body)
    if found:
        raise Refusal(400, "The supplier could not be written: see validation for details.", faults=found)
    return told(201, _of(_SUPPLIER, to.book(body)))


def upload_file(asked: Asked) -> Response:
    """Attach a file to a bill: 201 with it."""
    connection, bill = _bill(asked)
    file = files.upload(asked.request, asked.platform())
    return told(201, files.keep(asked.memory, connection, bill, file.about(), file.content))


def list_files(asked: Asked) -> Response:
    """The files of a bill, as a list."""
    return told(200, files.listed(asked.memory, *_bill(asked)))


def download_file(asked: Asked) -> Response:
    """The content of a file."""
    return files.download(asked.memory, files.one(asked.memory, *_bill(asked), asked.values["file"]))


def _bill(asked: Asked) -> tuple[str, str]:
    to, bill = desk(asked, "bills"), asked.values["row"]
    if to.records.get("bills", bill) is None:
        raise Refusal(404, f"No data available for bills for ID {bill}")
    return to.connection, bill


def shown_bill(row: Row) -> dict[str, Any]:
    """A bill as Bill Pay tells it: lean."""
    return {**_of(_BILL, row), "lineItems": [_line(one) for one in row.get("lineItems") or []]}


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    told_line = _of(_LINE, line)
    refs = {name: {"id": line[name]["id"]} for name in ("accountRef", "taxRateRef") if line.get(name)}
    return told_line | refs


def _of(names: tuple[str, ...], row: Row) -> dict[str, Any]:
    return {name: row[name] for name in names if row.get(name) is not None}
