"""The calls of the vendor's API V1: one table, from which a connection may differ line by line.

Only a part of the paths was ever seen, see the README beside this file. What is inferred stands here and nowhere else,
so that a wrong noun is mended by one line in a connection's settings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from integrations.errors import Misconfigured

NULL: Final = "null"
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_PLACEHOLDER: Final = re.compile(r"\{([a-z]+)\}")
_TEMPLATE: Final = re.compile(r"[!-~]+")
_UNFIT: Final = re.compile(r"[{}\\#]|\.\.|://")
_MEMBER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call. `template` is a path below the base URL; `is_seen` says that somebody was seen using it."""

    name: str
    method: str
    template: str
    is_seen: bool = False

    @property
    def is_paged(self) -> bool:
        """Whether the path names a page."""
        return "{page}" in self.template

    def path(self, values: Mapping[str, str | int | None]) -> str:
        """The path with percent-encoded segments; one without a value is `null`, as none may be left out."""
        return _PLACEHOLDER.sub(lambda found: segment(values.get(found[1])), self.template)


def segment(value: str | int | None) -> str:
    """One value as it stands between two slashes."""
    return NULL if value in (None, "") else quote(str(value), safe="")


def _table(seen: str, inferred: str) -> Mapping[str, Endpoint]:
    rows = [
        (line.split(), is_seen) for text, is_seen in ((seen, True), (inferred, False)) for line in text.splitlines()
    ]
    found = [Endpoint(words[0], words[1], words[2], is_seen) for words, is_seen in rows if words]
    return {one.name: one for one in found}


ENDPOINTS: Final = _table(
    seen="""
    users                     GET    api/users/{tenant}/{company}
    transactions              GET    api/transactions/{tenant}/{page}/{company}/{user}/{status}/{type}
    transaction               GET    api/transaction/{tenant}/{transaction}/{user}
    suppliers                 GET    api/suppliers/{tenant}/{company}/{page}
    custom_fields             GET    api/customfields/{tenant}/{company}
    custom_field              GET    api/customfield/{tenant}/{company}/{field}
    refresh_custom_field      POST   api/customfield/{tenant}/{company}/{field}
    """,
    inferred="""
    tenant                    GET    api/tenant/{tenant}
    tenant_shard              GET    api/tenant/{tenant}/shard
    companies                 GET    api/companies/{tenant}
    company                   GET    api/company/{tenant}/{company}
    user                      GET    api/user/{tenant}/{user}
    create_transaction        POST   api/transaction/{tenant}/{company}/{user}
    edit_transaction          PUT    api/transaction/{tenant}/{transaction}/{user}
    attachments               GET    api/transactionattachments/{tenant}/{transaction}
    attachment                GET    api/transactionattachment/{tenant}/{transaction}/{attachment}
    timeline                  GET    api/transactiontimeline/{tenant}/{transaction}
    layouts                   GET    api/layouts/{tenant}/{company}/{type}/{page}
    analysis_fields           GET    api/analysisfields/{tenant}/{company}/{transaction}
    refresh_suppliers         POST   api/suppliers/{tenant}/{company}
    edit_supplier             PUT    api/supplier/{tenant}/{company}/{code}
    delete_supplier           DELETE api/supplier/{tenant}/{company}/{code}
    account_codes             GET    api/accountcodes/{tenant}/{company}/{page}
    account_codes_of_user     GET    api/accountcodes/{tenant}/{company}/{page}/{user}
    refresh_account_codes     POST   api/accountcodes/{tenant}/{company}
    edit_account_code         PUT    api/accountcode/{tenant}/{company}/{code}
    delete_account_code       DELETE api/accountcode/{tenant}/{company}/{code}
    tax_codes                 GET    api/taxcodes/{tenant}/{company}/{page}/{user}/{transaction}
    refresh_tax_codes         POST   api/taxcodes/{tenant}/{company}
    edit_tax_code             PUT    api/taxcode/{tenant}/{company}/{code}
    delete_tax_code           DELETE api/taxcode/{tenant}/{company}/{code}
    currency_codes            GET    api/currencycodes/{tenant}/{company}/{page}/{user}
    currency_codes_of_transaction GET api/currencycodes/{tenant}/{company}/{page}/{user}/{transaction}
    refresh_currency_codes    POST   api/currencycodes/{tenant}/{company}
    edit_currency_code        PUT    api/currencycode/{tenant}/{company}/{code}
    delete_currency_code      DELETE api/currencycode/{tenant}/{company}/{code}
    delivery_sites            GET    api/deliverysites/{tenant}/{company}/{page}
    refresh_delivery_sites    POST   api/deliverysites/{tenant}/{company}
    edit_delivery_site        PUT    api/deliverysite/{tenant}/{company}/{code}
    delete_delivery_site      DELETE api/deliverysite/{tenant}/{company}/{code}
    create_custom_field       POST   api/customfields/{tenant}/{company}
    edit_custom_field         PUT    api/customfield/{tenant}/{company}/{field}
    delete_custom_field       DELETE api/customfield/{tenant}/{company}/{field}
    edit_custom_field_item    PUT    api/customfield/{tenant}/{company}/{field}/{code}
    delete_custom_field_item  DELETE api/customfield/{tenant}/{company}/{field}/{code}
    """,
)

# The arrays of answers and of replacements, by call; `default_...` are the words of a supplier's AnalysisDefaults.
NAMES: Final[Mapping[str, str]] = {
    "companies": "Companies",
    "users": "Users",
    "transactions": "Transactions",
    "attachments": "Attachments",
    "timeline": "Timeline",
    "layouts": "TransactionLayouts",
    "analysis_fields": "AnalysisFields",
    "suppliers": "Suppliers",
    "account_codes": "AccountCodes",
    "tax_codes": "TaxCodes",
    "currency_codes": "CurrencyCodes",
    "delivery_sites": "DeliverySites",
    "custom_fields": "CustomFields",
    "custom_field": "Values",
    "refresh_custom_field": "CustomFieldListItems",
    "default_account": "AccountCode",
    "default_tax": "TaxCode",
    "default_currency": "CurrencyCode",
    "default_department": "Department",
}
_REFRESHES: Final = {
    f"refresh_{name}": name for name in ("suppliers", "account_codes", "tax_codes", "currency_codes", "delivery_sites")
}


def endpoints(text: str) -> Mapping[str, Endpoint]:
    """The table with a connection's own lines, `name = METHOD template`, in place of its.

    Raises `Misconfigured` for `paths` where a line names no call, no method, or a path that cannot be asked.
    """
    own = {name: _endpoint(name, value) for name, value in pairs(text, field="paths")}
    return {**ENDPOINTS, **own}


def names(text: str) -> Mapping[str, str]:
    """The arrays by call, a replacement's under `refresh_...`, and the words of defaults; own lines are `name = Word`.

    A line for a list stands for its replacement, too, as long as that has none of its own. An empty word leaves a
    default out. Raises `Misconfigured` for `arrays`.
    """
    own = {name: _member(name, value) for name, value in pairs(text, field="arrays")}
    read = {**NAMES, **own}
    return {**{call: read[name] for call, name in _REFRESHES.items()}, **read}


def pairs(text: str, *, field: str) -> Iterator[tuple[str, str]]:
    """The lines `name = value` of a long setting, without blank ones. Raises `Misconfigured` for `field`."""
    for number, line in enumerate(text.splitlines(), start=1):
        name, equals, value = line.partition("=")
        if equals and name.strip():
            yield name.strip(), value.strip()
        elif line.strip():
            raise Misconfigured(f"Line {number} is not written as name = value: {line.strip()[:80]}.", field=field)


def _endpoint(name: str, value: str) -> Endpoint:
    known = ENDPOINTS.get(name)
    if known is None:
        raise Misconfigured(f"There is no call named {name[:80]}. The README of iCompleat lists them.", field="paths")
    method, _, template = value.partition(" ")
    template = template.strip().lstrip("/")
    if method.upper() not in _METHODS:
        raise Misconfigured(f"The line for {name} must begin with GET, POST, PUT, PATCH or DELETE.", field="paths")
    if not _TEMPLATE.fullmatch(template) or _UNFIT.search(_PLACEHOLDER.sub("", template)):
        raise Misconfigured(f"The line for {name} has no path such as {known.template}.", field="paths")
    allowed = _PLACEHOLDER.findall(known.template)
    if unknown := [each for each in _PLACEHOLDER.findall(template) if each not in allowed]:
        message = f"The path for {name} has {{{unknown[0]}}}, but only these are known there: {', '.join(allowed)}."
        raise Misconfigured(message, field="paths")
    return Endpoint(name, method.upper(), template, known.is_seen)


def _member(name: str, value: str) -> str:
    if name not in NAMES and name not in _REFRESHES:
        raise Misconfigured(f"There is no array named {name[:80]}. The README of iCompleat lists them.", field="arrays")
    if _MEMBER.fullmatch(value) or (not value and name.startswith("default_")):
        return value
    raise Misconfigured(
        f"The line for {name} must name a member such as {NAMES.get(name, 'Suppliers')}.", field="arrays"
    )
