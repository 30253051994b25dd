"""Asks Odoo for everything that a document names, before the document is written."""

from __future__ import annotations

import hashlib

from integrations.documents import Document, Kind
from integrations.errors import OutcomeUnknown
from integrations.odoo import codes
from integrations.odoo.client import Client
from integrations.odoo.codes import Known


def known(client: Client, document: Document) -> Known:
    """Looks up every code before anything is written."""
    is_order = document.kind is Kind.PURCHASE_ORDER
    by_code = {} if is_order else accounts(client, document)
    by_name, in_currency = taxes(client, document), currency(client, document)
    whom, product = partner(client, document), _product(client) if is_order else 0
    return Known(partner=whom, currency=in_currency, taxes=by_name, accounts=by_code, product=product)


def accounts(client: Client, document: Document) -> dict[str, int]:
    """By code. Raises `Rejected` with code and line."""
    domain = [["code", "in", codes.named(document, "account")]]
    return codes.accounts(document, client.read("account.account", domain, ["code", "active"]))


def taxes(client: Client, document: Document) -> dict[str, codes.Tax]:
    """Those for sales or for purchases, by name, likewise."""
    use = "sale" if document.kind.is_sale else "purchase"
    domain = [["name", "in", codes.named(document, "tax")], ["type_tax_use", "=", use]]
    fields = ["name", "active", "price_include", "tax_group_id"]
    return codes.taxes(document, client.read("account.tax", domain, fields))


def currency(client: Client, document: Document) -> int:
    """The document's currency. Raises `Rejected` for one that is not active."""
    domain = [["name", "=", document.currency]]
    return codes.currency(document, client.read("res.currency", domain, ["name", "active"]))


def partner(client: Client, document: Document) -> int:
    """By code, else by name, else a new one under an external id of its own, so that two at once make one."""
    code, name = document.party.code, document.party.name.strip()
    # `=ilike` reads these as wildcards.
    pattern = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    domain: list[object] = ["&", ["parent_id", "=", False], ["name", "=ilike", pattern]]
    if code:
        domain = ["|", ["ref", "=", code], *domain]
    found = codes.partner(document, client.read("res.partner", domain, ["name", "ref", "active"]))
    if found is not None:
        return found
    external = f"{codes.who(document)}-{hashlib.sha256((code or name.casefold()).encode()).hexdigest()[:32]}"
    known = client.named("res.partner", external)
    return known or _made(client, "res.partner", *codes.new_partner(document, external))


def _product(client: Client) -> int:
    domain = [["default_code", "=", codes.PRODUCT_CODE], ["active", "=", True]]
    for row in client.read("product.product", domain, ["default_code"], limit=1):
        return int(row["id"])
    return _made(client, "product.product", *codes.new_product())


def _made(client: Client, model: str, fields: list[str], data: list[list[str]]) -> int:
    made = client.load(model, fields, data)
    if made is None:
        raise OutcomeUnknown("Odoo did not tell what it made of a new record. It will be looked up.")
    return made
