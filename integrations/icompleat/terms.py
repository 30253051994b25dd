"""What a connection to the vendor's API says about itself: the form's fields, and their values read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from integrations.base import Link
from integrations.errors import Misconfigured
from integrations.icompleat.endpoints import NULL, Endpoint, endpoints, names, pairs
from integrations.metadata import Setting

API_VERSION: Final = "1"
USUAL_REQUESTS: Final = 50
MOST_REQUESTS: Final = 600
USUAL_LOOKUP_PAGES: Final = 20
MOST_LOOKUP_PAGES: Final = 200
LAYOUT_TYPES: Final = ("INV", "ORD", "CRD")

# What is advanced may stay empty, and is usual then: a connection that only receives deliveries needs none of it.
SETTINGS: Final = (
    Setting(
        key="base_url",
        label="API base URL",
        help="In iCompleat under Configuration, API, API V1, such as https://api-eu1.compleat.online.",
    ),
    Setting(key="tenant_id", label="Tenant ID", help="In iCompleat on the same page: a long code with hyphens."),
    Setting(
        key="company_id",
        label="Company ID",
        help="In iCompleat on the page of the company: a long code with hyphens. Each company has its own.",
    ),
    Setting(
        key="security_key",
        label="Security key",
        help="In iCompleat under Configuration, API, API V1. A new key ends the old one at once.",
        secret=True,
    ),
    Setting(
        key="api_version",
        label="API version",
        help="Only version 1 is supported.",
        default=API_VERSION,
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="requests_per_minute",
        label="Requests per minute",
        help="How many requests all connections with this key may send in a minute, 1 to 600.",
        default=str(USUAL_REQUESTS),
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="single_edits",
        label="Write single rows",
        help="With no, every change of reference data replaces the whole list.",
        default="yes",
        choices=(("yes", "Yes, where few rows changed"), ("no", "No, always replace the list")),
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="put_creates",
        label="New single rows",
        help="Whether iCompleat makes a new row when one is written that it does not have.",
        default="try",
        choices=(("try", "Try it, and replace the list if that fails"), ("no", "No, replace the list")),
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="paths",
        label="Paths",
        help="Calls that differ at this customer, one on a line: users = GET api/users/{tenant}/{company}.",
        required=False,
        is_long=True,
        is_advanced=True,
    ),
    Setting(
        key="arrays",
        label="Names of arrays",
        help="Arrays in answers and replacements that differ at this customer, one on a line: suppliers = Suppliers.",
        required=False,
        is_long=True,
        is_advanced=True,
    ),
    Setting(
        key="raise_transactions",
        label="Raise transactions",
        help="Whether orders, invoices and credit notes may be created in iCompleat from here.",
        default="no",
        choices=(("no", "No"), ("yes", "Yes")),
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="raise_user_id",
        label="Raise as user",
        help="The ID of the iCompleat user who owns what is created. Empty leaves it to iCompleat.",
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="layout_ids",
        label="Layouts",
        help="The layout of what is created, a line for each type (INV, ORD, CRD): INV = its ID.",
        required=False,
        is_long=True,
        is_advanced=True,
    ),
    Setting(
        key="key_field",
        label="Field for our key",
        help="The text of a created transaction that ends with our key, by which it is found again.",
        default="Title",
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="lookup_pages",
        label="Pages to search",
        help="How many pages of 20 transactions are searched for our key, 1 to 200. Each page is one request.",
        default=str(USUAL_LOOKUP_PAGES),
        required=False,
        is_advanced=True,
    ),
)
_DEFAULTS: Final = {one.key: one.default for one in SETTINGS}
_KEY_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,39}")
# Members of a transaction that say something else already.
_TAKEN: Final = frozenset(
    {
        "analysis",
        "company",
        "dates",
        "id",
        "layoutid",
        "lines",
        "references",
        "status",
        "supplier",
        "suppliername",
        "type",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The settings of one connection. `creates`: a single row may be new; `layouts`: layout id by type."""

    base_url: str
    key: str
    tenant: str
    company: str
    endpoints: Mapping[str, Endpoint]
    names: Mapping[str, str]
    edits: bool
    creates: bool
    raises: bool
    user: str
    layouts: Mapping[str, str]
    key_field: str
    lookup_pages: int


def read(link: Link) -> Terms:
    """What a link says. Raises `Misconfigured` with the field for whatever cannot be used."""
    given = link.settings
    if (version := _text(given, "api_version")) != API_VERSION:
        message = f"Only version 1 of iCompleat's API is supported, not {version[:20]}. Enter 1."
        raise Misconfigured(message, field="api_version")
    return Terms(
        base_url=_base_url(_text(given, "base_url")),
        key=_needed(link.secrets, "security_key", "The security key"),
        tenant=_id(given, "tenant_id", "The tenant ID"),
        company=_id(given, "company_id", "The company ID"),
        endpoints=endpoints(_text(given, "paths")),
        names=names(_text(given, "arrays")),
        edits=_says(given, "single_edits", yes="yes", no="no"),
        creates=_says(given, "put_creates", yes="try", no="no"),
        raises=_says(given, "raise_transactions", yes="yes", no="no"),
        user=_text(given, "raise_user_id"),
        layouts=_layouts(_text(given, "layout_ids")),
        key_field=_key_field(_text(given, "key_field")),
        lookup_pages=number(given, "lookup_pages", USUAL_LOOKUP_PAGES, MOST_LOOKUP_PAGES),
    )


def number(given: Mapping[str, str], key: str, usual: int, most: int) -> int:
    """A whole number from 1 to `most`; beyond that the nearest, and `usual` for what is no number."""
    text = _text(given, key)
    if not text.isascii() or not text.removeprefix("-").isdigit() or len(text) > 9:
        return usual
    return min(max(int(text), 1), most)


def _text(given: Mapping[str, str], key: str) -> str:
    return given.get(key, "").strip() or _DEFAULTS.get(key, "")


def _needed(given: Mapping[str, str], key: str, what: str) -> str:
    if not (text := _text(given, key)):
        raise Misconfigured(f"{what} is missing. Enter it as iCompleat shows it.", field=key)
    return text


def _base_url(text: str) -> str:
    """Every path begins with `api/`, whether the customer copied that along or not."""
    if not text:
        raise Misconfigured("The API base URL is missing. Enter it as iCompleat shows it.", field="base_url")
    text = text.rstrip("/")
    return text[: -len("/api")].rstrip("/") if text.lower().endswith("/api") else text


def _id(given: Mapping[str, str], key: str, what: str) -> str:
    """An id that stands in paths. `null` would mean any, and dots would lead elsewhere."""
    text = _needed(given, key, what).strip("{}")
    if text.lower() in ("", NULL, ".", "..") or not text.isprintable():
        raise Misconfigured(f"{what} cannot be used. Enter it as iCompleat shows it.", field=key)
    return text


def _says(given: Mapping[str, str], key: str, *, yes: str, no: str) -> bool:
    word = _text(given, key).lower()
    if word not in (yes, no):
        raise Misconfigured(f"This setting must be {yes} or {no}.", field=key)
    return word == yes


def _layouts(text: str) -> Mapping[str, str]:
    found = {name.upper(): value for name, value in pairs(text, field="layout_ids")}
    for name, value in found.items():
        if name not in LAYOUT_TYPES or not value:
            message = f"The line {name[:20]} must name a layout's ID, and its type INV, ORD or CRD."
            raise Misconfigured(message, field="layout_ids")
    return found


def _key_field(text: str) -> str:
    if not _KEY_FIELD.fullmatch(text) or text.lower() in _TAKEN:
        message = f"Our key cannot stand in {text[:40]}. Name a text of the transaction such as Title."
        raise Misconfigured(message, field="key_field")
    return text
