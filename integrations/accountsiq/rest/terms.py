"""What a connection over REST is set to, read from its settings once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from integrations.accountsiq.rest.endpoints import Endpoint, endpoints
from integrations.accountsiq.settings import FLAT, FOREIGN, PATH_STYLE, SUPPLIERS_OWN
from integrations.documents import Kind
from integrations.errors import Misconfigured

_HIGHEST_RATE: Final = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCode:
    """One tax code of the connection's own table; `rate` is per cent."""

    code: str
    name: str
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RestTerms:
    """All of it. `type_ids` are those of `DocumentHeaderTypeId`; the first of `currencies` is the company's own.

    `company` is the `ClientAccountId`, a number where it is one. `currency_field` is the member of an invoice that has
    its currency, empty where there is none. `has_own_number`: documents have the supplier's number, and not our key.
    `rates_count_foreign`: an exchange rate is units of the foreign currency for one of the company's.
    """

    endpoints: Mapping[str, Endpoint]
    company: int | str
    supplier_type: str
    type_ids: Mapping[Kind, int]
    tax_codes: Mapping[str, TaxCode]
    currencies: tuple[str, ...]
    currency_field: str
    has_own_number: bool
    is_wrapped: bool
    puts_first_into_path: bool
    rates_count_foreign: bool


def rest_terms(settings: Mapping[str, str]) -> RestTerms:
    """Read the settings. Raises `Misconfigured` naming the one that cannot be read."""
    return RestTerms(
        endpoints=endpoints(settings.get("endpoints", "")),
        company=number_or_text(_given(settings, "company_ref", "The company's ClientAccountId is missing. Enter it.")),
        supplier_type=settings.get("supplier_contact_type", "").strip() or "Supplier",
        type_ids=_type_ids(settings.get("document_type_ids", "")),
        tax_codes=tax_codes(settings.get("tax_codes", "")),
        currencies=currencies(settings.get("currencies", "")),
        currency_field=settings.get("currency_field", "").strip(),
        has_own_number=settings.get("number_field") == SUPPLIERS_OWN,
        is_wrapped=settings.get("body_style") != FLAT,
        puts_first_into_path=settings.get("param_style") == PATH_STYLE,
        rates_count_foreign=settings.get("rate_counts", FOREIGN) == FOREIGN,
    )


def number_or_text(text: str) -> int | str:
    """An id as JSON has it: ids of AccountsIQ are numbers, but nothing is lost where one is not."""
    text = text.strip()
    is_number = text.isascii() and text.isdigit() and len(text) < 16 and str(int(text)) == text
    return int(text) if is_number else text


def currencies(text: str) -> tuple[str, ...]:
    """The codes, the company's own first. Raises `Misconfigured`."""
    codes = [one.strip().upper() for one in text.replace("\n", ",").split(",") if one.strip()]
    for code in codes:
        if not (len(code) == 3 and code.isascii() and code.isalpha()):
            raise Misconfigured(f"{code[:20]} is no currency code. Write them as GBP, EUR, USD.", field="currencies")
    if not codes:
        message = "The company's currency is missing. Enter it as the first of the currencies, such as GBP."
        raise Misconfigured(message, field="currencies")
    return tuple(dict.fromkeys(codes))


def tax_codes(text: str) -> dict[str, TaxCode]:
    """The table by code. Raises `Misconfigured` for a line that cannot be read, and for a code that is there twice."""
    found: dict[str, TaxCode] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        one = _tax_code(number, [part.strip() for part in line.split(";")])
        if one.code in found:
            raise Misconfigured(f"The tax code {one.code} is in the table twice. Remove one.", field="tax_codes")
        found[one.code] = one
    return found


def _tax_code(number: int, parts: list[str]) -> TaxCode:
    code, name, rate = parts if len(parts) == 3 else ("", "", "")
    try:
        value = Decimal(rate.removesuffix("%").strip())
    except InvalidOperation:
        value = Decimal(-1)
    if not (code and name and value.is_finite() and 0 <= value <= _HIGHEST_RATE):
        message = f"Line {number} of the tax codes cannot be read. Write it as T1;Standard rate;20."
        raise Misconfigured(message, field="tax_codes")
    return TaxCode(code=code, name=name, rate=value)


def _type_ids(text: str) -> dict[Kind, int]:
    """`invoice=2, credit_note=4`."""
    found: dict[Kind, int] = {}
    for part in text.replace("\n", ",").split(","):
        name, _, number = (one.strip() for one in part.partition("="))
        if not part.strip():
            continue
        if name not in set(Kind) or not (number.isascii() and number.isdigit() and len(number) < 10):
            message = "The document types cannot be read. Write them as invoice=2, credit_note=4."
            raise Misconfigured(message, field="document_type_ids")
        found[Kind(name)] = int(number)
    return found


def _given(settings: Mapping[str, str], key: str, otherwise: str) -> str:
    text = settings.get(key, "").strip()
    if not text:
        raise Misconfigured(otherwise, field=key)
    return text
