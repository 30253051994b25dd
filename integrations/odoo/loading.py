"""The stand-in's `load`: a table of texts becomes one record with its lines, all or nothing."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from integrations.odoo.booking import computed, order_number, with_terms
from integrations.odoo.chart import LINKS, NUMBERS, ORDERS, REQUIRED
from integrations.odoo.entries import keep_line, with_total
from integrations.odoo.records import Database, Failure, Values, all_of, insert, now, one_of, update

BUSY: Final = "could not serialize access due to concurrent update\n"


def not_loaded(message: str) -> Values:
    """How `load` tells, inside of a success, that it wrote nothing."""
    told = {"rows": {"from": 0, "to": 0}, "record": 0, "type": "error", "message": message}
    return {"ids": False, "messages": [told], "nextrow": 0}


def loaded(database: Database, model: str, fields: Sequence[str], data: Sequence[Sequence[str]]) -> int:
    """Write one record with its lines, or write it anew; its id. Raises `Failure`, and nothing is to be kept then."""
    name = data[0][list(fields).index("id")]
    head, lines = _record(database, fields, data)
    known = database.execute("SELECT res_id FROM external WHERE module || '.' || name = ?", (name,)).fetchone()
    earlier: Values = one_of(database, model, known["res_id"]) if known else {"lines": [], "xid": name}
    if model not in ORDERS:
        values = _file(database, head) if model == "ir.attachment" else head
        return _keep(database, model, name, {**earlier, **values})
    if model == "account.move" and earlier.get("state") == "posted":
        raise Failure("No change of these readonly fields on a posted move: date, partner_id")
    if head.get("move_type") == "entry":
        return _entry(database, name, {**earlier, **head}, lines)
    if model == "purchase.order" and any(not line.get("product_id") for line in lines):
        raise Failure("A line of the order is missing a product.")
    # Lines without an external id of their own are added once more with every load.
    names = {line["xid"] for line in lines if line["xid"]}
    lines = [*(line for line in earlier["lines"] if line["xid"] not in names), *lines]
    fresh = {"state": "draft", "company_id": 1, "name": False if model == "account.move" else order_number(database)}
    document = {**(fresh if not known else {}), **earlier, **head, "xid": name, "lines": lines}
    booked = (
        with_terms(database, computed(database, document)) if model == "account.move" else computed(database, document)
    )
    record_id = _keep(database, model, name, booked)
    for line in lines:
        if line["xid"]:
            _note(database, line["xid"], f"{model}.line", record_id)
    return record_id


def _entry(database: Database, name: str, head: Values, lines: list[Values]) -> int:
    """An entry of the ledger: its lines are records of their own, each under its external id."""
    fresh = {"state": "draft", "company_id": 1, "name": False}
    record_id = _keep(database, "account.move", name, with_total({**fresh, **head, "xid": name, "lines": lines}))
    for line in lines:
        line_id = keep_line(database, record_id, line)
        _note(database, line["xid"], "account.move.line", line_id)
    return record_id


def _file(database: Database, head: Values) -> Values:
    """A file as it is told; one of a document that there is not is forbidden, as in Odoo."""
    number = int(str(head["res_id"]))
    if not any(one["id"] == number for one in all_of(database, head["res_model"])):
        raise Failure("Sorry, you are not allowed to access this document.")
    mimetype = mimetypes.guess_type(str(head["name"]))[0] or "application/octet-stream"
    return {**head, "res_id": number, "mimetype": mimetype, "file_size": len(base64.b64decode(str(head["datas"])))}


def _keep(database: Database, model: str, name: str, values: Values) -> int:
    if "id" in values:
        update(database, model, values)
        return int(values["id"])
    for required in ("journal_id",) if values.get("move_type") == "entry" else REQUIRED.get(model, ()):
        if not values.get(required):
            raise Failure(f"The field {required} has to have a value.")
    record_id = insert(database, model, values)
    _note(database, name, model, record_id)
    return record_id


def _note(database: Database, name: str, model: str, record_id: int) -> None:
    module, _, rest = name.partition(".")
    row = (module, rest, model, record_id, now())
    database.execute(
        "INSERT OR IGNORE INTO external (module, name, model, res_id, create_date) VALUES (?, ?, ?, ?, ?)", row
    )


def _record(database: Database, fields: Sequence[str], data: Sequence[Sequence[str]]) -> tuple[Values, list[Values]]:
    """The values of the document in the first row, and those of the lines in all rows."""
    head: Values = {}
    lines: list[Values] = []
    for place, row in enumerate(data):
        line: Values = {}
        for path, value in zip(fields, row, strict=True):
            first, *rest = path.split("/")
            if rest and first.endswith(("_line", "line_ids")):
                line |= _value(database, rest, value, "xid")
            elif place == 0:
                head |= _value(database, [first, *rest], value, "xid")
        lines += [line] if line else []
    return head, lines


def _value(database: Database, path: Sequence[str], value: str, own_id: str) -> Values:
    name, is_link = path[0], path[-1] == ".id"
    if name == "id":
        return {own_id: value}
    if is_link:
        return {name: _link(database, name, value)}
    if name in NUMBERS:
        return {name: _number_of(value, name)}
    if name.endswith(("_date", "_due")) or name == "date":
        return {name: _loaded_date(value, name)}
    return {name: value or False}


def _link(database: Database, name: str, value: str) -> object:
    if not value:
        return [] if name == "tax_ids" else False
    try:
        record = one_of(database, LINKS[name], int(value))
    except (Failure, ValueError):
        raise Failure(f"Nothing found for database id '{value}' in field '{name}'") from None
    return [record["id"]] if name == "tax_ids" else record["id"]


def _number_of(value: str, name: str) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation:
        raise Failure(f"'{value}' is no number for field '{name}'") from None


def _loaded_date(value: str, name: str) -> str | bool:
    try:
        return date.fromisoformat(value).isoformat() if value else False
    except ValueError:
        raise Failure(f"'{value}' is no valid date for field '{name}'") from None
