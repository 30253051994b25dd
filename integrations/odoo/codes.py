"""What a document names by code, looked up in Odoo: accounts, taxes, currency, partner, product. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from integrations.documents import Customer, Document, Line
from integrations.errors import Misconfigured, Rejected
from integrations.odoo.client import MODULE, Row
from integrations.odoo.values import record_id, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A tax of Odoo, and the group under which its amount is summed up on a document."""

    id: int
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the codes of a document are in Odoo, by its ids. `product` is for orders, `accounts` for all else."""

    partner: int
    currency: int
    taxes: Mapping[str, Tax]
    accounts: Mapping[str, int]
    product: int = 0


def named(document: Document, what: str) -> list[str]:
    """The codes of all lines, `what` being account or tax. Raises `Misconfigured` for a line that has none."""
    return sorted({coded(line, what) for line in document.lines})


def coded(line: Line, what: str) -> str:
    """The code of one line. Raises `Misconfigured` where it has none."""
    code: str | None = line.account_code if what == "account" else line.tax_code
    if code:
        return code
    raise Misconfigured(
        f"Line {line.number} has no {what} code. Set the default {what} code of the connection, "
        "or give the line one where it was entered.",
        field=f"defaults.{what}_code",
    )


def accounts(document: Document, rows: Sequence[Row]) -> dict[str, int]:
    """The ids of the accounts by code. Raises `Rejected`, naming code and line, for one unknown or archived."""
    return {code: row["id"] for code, row in _each(document, "account", rows, "code").items()}


def taxes(document: Document, rows: Sequence[Row]) -> dict[str, Tax]:
    """The taxes by name. Raises `Rejected`, naming code and line, for one unknown, archived, or included in prices."""
    found = _each(document, "tax", rows, "name")
    for code, row in found.items():
        if row.get("price_include") is True:
            raise Rejected(f"The tax {code} in Odoo is included in prices. Choose one that is added.", field="tax_code")
    return {code: Tax(id=row["id"], group=record_id(row.get("tax_group_id"))) for code, row in found.items()}


def _each(document: Document, what: str, rows: Sequence[Row], name: str) -> dict[str, Row]:
    chosen: dict[str, Row] = {}
    for position, line in enumerate(document.lines):
        code = coded(line, what)
        matches = [row for row in rows if row.get(name) == code]
        usable = [row for row in matches if row.get("active") is not False]
        if len(usable) != 1:
            fault = "is there more than once" if usable else "is archived" if matches else "is unknown"
            message = f"The {what} code {code} on line {line.number} {fault} in Odoo."
            raise Rejected(words(message), field=f"lines[{position}].{what}_code")
        chosen[code] = usable[0]
    return chosen


def currency(document: Document, rows: Sequence[Row]) -> int:
    """The id of the document's currency. Raises `Rejected` for one that is unknown or not active."""
    if not rows:
        raise Rejected(f"Odoo does not know the currency {document.currency}.", field="currency")
    if rows[0].get("active") is False:
        message = f"The currency {document.currency} is not active in Odoo. Activate it there, under Currencies."
        raise Rejected(message, field="currency")
    return int(rows[0]["id"])


def who(document: Document) -> str:
    """What people call the party of a document."""
    return "customer" if document.kind.is_sale else "supplier"


def partner(document: Document, rows: Sequence[Row]) -> int | None:
    """The id of the party: by its code, else by its name where no other code stands; None for one to be made.

    Raises `Rejected` for one that is archived or there more than once.
    """
    code, name = document.party.code, document.party.name.strip().casefold()
    by_code = [row for row in rows if code and row.get("ref") == code]
    by_name = [
        row
        for row in rows
        if str(row.get("name") or "").strip().casefold() == name and not (code and row.get("ref") not in (False, None))
    ]
    matches = by_code or by_name
    usable = [row for row in matches if row.get("active") is not False]
    whom, word = code or document.party.name, who(document)
    if len(usable) > 1:
        message = f"The {word} {whom} is in Odoo more than once. Merge them, or give the {word} its reference."
        raise Rejected(words(message), field=word)
    if matches and not usable:
        raise Rejected(words(f"The {word} {whom} is archived in Odoo. Unarchive it there."), field=word)
    return int(usable[0]["id"]) if usable else None


def new_partner(document: Document, name: str) -> tuple[list[str], list[list[str]]]:
    """What makes a supplier or customer, under the external id `name`, of a customer with what the document tells.

    Raises `Rejected` where it has no name.
    """
    word = who(document)
    if not words(document.party.name):
        raise Rejected(f"The {word} has no name, and Odoo does not know its code.", field=word)
    told = {
        "id": f"{MODULE}.{name}",
        "name": words(document.party.name),
        "ref": document.party.code or "",
        "is_company": "True",
        f"{word}_rank": "1",
        **_details(document),
    }
    return [*told], [[*told.values()]]


def _details(document: Document) -> dict[str, str]:
    """What Odoo takes of a customer as it is; county and country are records of their own there."""
    party = document.party
    if not isinstance(party, Customer):
        return {}
    told = {"email": party.email, "street": party.address, "city": party.town, "zip": party.postcode}
    return {name: text for name, given in told.items() if (text := words(given))}


PRODUCT_CODE: Final = "POSTROOM"
PRODUCT_NAME: Final = "purchase-line"


def new_product() -> tuple[list[str], list[list[str]]]:
    """What makes the one product that stands on order lines."""
    fields = ["id", "name", "default_code", "type", "sale_ok", "purchase_ok"]
    return fields, [[f"{MODULE}.{PRODUCT_NAME}", "Purchase", PRODUCT_CODE, "service", "False", "True"]]
