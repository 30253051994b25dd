"""What a document says: as JSON for storage, as one hash of what matters to the books, and as a list of differences."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from integrations.documents import Allocation, Customer, Dimension, Document, Kind, Line, Party, Stage, Supplier

T = TypeVar("T")

_LINE_DECIMALS: Final = ("net", "tax", "gross", "quantity", "unit_price", "base_net", "base_tax")
_DOCUMENT_DECIMALS: Final = ("net", "tax", "gross", "base_net", "base_tax", "base_gross")
_DOCUMENT_DATES: Final = ("date", "due_date", "delivery_date")
_LINE_TEXTS: Final = ("item_code", "external_id", "account_code", "tax_code")
_DOCUMENT_TEXTS: Final = ("order_number", "supplier_reference", "title")
_CUSTOMER_TEXTS: Final = ("email", "address", "town", "county", "postcode", "country")


@dataclass(frozen=True, slots=True)
class Difference:
    """One member that two versions of a document do not agree on, as people read it; empty where there is no value.

    `field` is a path such as `lines[2].account_code`, where 2 is the number that stands on the line.
    """

    field: str
    before: str
    after: str


def to_json(document: Document) -> dict[str, Any]:
    """The whole document as JSON for `from_json`: amounts as text, dates in ISO form, instants with their zone."""
    return {
        "kind": document.kind.value,
        "source": document.source,
        "external_id": document.external_id,
        "identity": document.identity,
        "number": document.number,
        **_party_to_json(document.party),
        "currency": document.currency,
        "base_currency": document.base_currency,
        **{name: _text_or_none(getattr(document, name)) for name in _DOCUMENT_DECIMALS},
        **{name: getattr(document, name) for name in _DOCUMENT_TEXTS},
        **{name: _iso_or_none(getattr(document, name)) for name in (*_DOCUMENT_DATES, "created_at")},
        "dimensions": _dimensions_to_json(document.dimensions),
        "lines": [_line_to_json(line) for line in document.lines],
        **({"allocations": list(map(_allocation_to_json, document.allocations))} if document.allocations else {}),
        **({} if document.stage is Stage.APPROVED else {"stage": document.stage.value}),
    }


def from_json(content: Mapping[str, Any]) -> Document:
    """The document that `to_json` wrote. Optional members may be missing, as in what an older version stored.

    Anything else is a bug and no outside input: `KeyError`, `TypeError`, `ValueError` or `decimal.InvalidOperation`.
    """
    return Document(
        kind=Kind(content["kind"]),
        source=content["source"],
        external_id=content["external_id"],
        identity=content["identity"],
        number=content["number"],
        party=_party_from_json(content),
        currency=content["currency"],
        base_currency=content["base_currency"],
        net=Decimal(content["net"]),
        tax=Decimal(content["tax"]),
        gross=Decimal(content["gross"]),
        lines=tuple(_line_from_json(line) for line in content["lines"]),
        base_net=_given(content, "base_net", Decimal),
        base_tax=_given(content, "base_tax", Decimal),
        base_gross=_given(content, "base_gross", Decimal),
        order_number=content.get("order_number", ""),
        supplier_reference=content.get("supplier_reference", ""),
        title=content.get("title", ""),
        date=_given(content, "date", date.fromisoformat),
        due_date=_given(content, "due_date", date.fromisoformat),
        delivery_date=_given(content, "delivery_date", date.fromisoformat),
        created_at=_given(content, "created_at", datetime.fromisoformat),
        dimensions=_dimensions_from_json(content.get("dimensions", ())),
        allocations=tuple(map(_allocation_from_json, content.get("allocations", ()))),
        stage=Stage(content.get("stage", Stage.APPROVED)),
    )


def content_hash(document: Document) -> str:
    """SHA-256, in hex, over what reaches the books. 30 and 30.00 are equal; so are None and an empty text.

    Not part of it: ids, title, delivery date, where a customer lives, the moments and stamps of the source, and item
    codes but for what is sold: there they say which account it goes to.
    """
    facts = json.dumps(_facts(document), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(facts.encode()).hexdigest()


def differences(before: Document, after: Document) -> tuple[Difference, ...]:
    """What changed, member by member, over exactly what `content_hash` covers: empty where the hashes are equal.

    Lines are matched by their number. A line that is only on one side shows each of its members against nothing.
    """
    old, new = _facts(before), _facts(after)
    fields = [*old, *(field for field in new if field not in old)]
    pairs = ((field, old.get(field, ""), new.get(field, "")) for field in fields)
    return tuple(Difference(field, was, now) for field, was, now in pairs if was != now)


def plain(value: Decimal | None) -> str:
    """A number without exponent, trailing zeros or negative zero: equal numbers are equal texts. None is empty."""
    if value is None:
        return ""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _facts(document: Document) -> dict[str, str]:
    """The finance-relevant members by path, in reading order; members without a value are left out."""
    facts = {
        "kind": document.kind.value,
        **_party_facts(document.party),
        "number": document.number,
        "order_number": document.order_number,
        "supplier_reference": document.supplier_reference,
        "date": _iso(document.date),
        "due_date": _iso(document.due_date),
        "currency": document.currency,
        "base_currency": document.base_currency,
        **{name: plain(getattr(document, name)) for name in _DOCUMENT_DECIMALS},
        **dict(_dimension_facts(document.dimensions)),
    }
    used: set[str] = set()
    for line in document.lines:
        path = _unused(f"lines[{line.number}]", used)
        facts |= {f"{path}.{name}": value for name, value in _line_facts(line)}
        if document.kind.is_sale:
            facts[f"{path}.item_code"] = line.item_code
    for each in document.allocations:
        path = _unused(f"allocations[{each.kind.value} {each.external_id}]", used)
        facts |= {f"{path}.amount": plain(each.amount)}
    return {field: value for field, value in facts.items() if value}


def _party_facts(party: Party) -> dict[str, str]:
    """Who it is. Where somebody lives may change without a difference to the books."""
    word = _word_of(party)
    return {f"{word}.code": party.code or "", f"{word}.name": party.name}


def _word_of(party: Party) -> str:
    return "customer" if isinstance(party, Customer) else "supplier"


def _line_facts(line: Line) -> Iterator[tuple[str, str]]:
    yield "number", str(line.number)
    yield "description", line.description
    for name in _LINE_DECIMALS:
        yield name, plain(getattr(line, name))
    yield "account_code", line.account_code or ""
    yield "tax_code", line.tax_code or ""
    yield from _dimension_facts(line.dimensions)


def _dimension_facts(dimensions: tuple[Dimension, ...]) -> Iterator[tuple[str, str]]:
    """Names and codes: a label is how the source words a code at the moment."""
    used: set[str] = set()
    for dimension in dimensions:
        yield _unused(f"dimensions[{dimension.name}]", used), dimension.code


def _unused(path: str, used: set[str]) -> str:
    """The path, with a count where another has it already: nothing hides behind a number that is used twice."""
    free = path
    count = 1
    while free in used:
        count += 1
        free = f"{path}#{count}"
    used.add(free)
    return free


def _party_to_json(party: Party) -> dict[str, Any]:
    more = {name: value for name in _CUSTOMER_TEXTS if (value := getattr(party, name, ""))}
    return {_word_of(party): {"code": party.code, "name": party.name, **more}}


def _party_from_json(content: Mapping[str, Any]) -> Party:
    if "customer" not in content:
        return Supplier(code=content["supplier"]["code"], name=content["supplier"]["name"])
    told = content["customer"]
    more = {name: told.get(name, "") for name in _CUSTOMER_TEXTS}
    return Customer(code=told["code"], name=told["name"], **more)


def _allocation_to_json(allocation: Allocation) -> dict[str, str]:
    """`posted_as` is found anew each time."""
    told = {"kind": allocation.kind.value, "external_id": allocation.external_id, "amount": str(allocation.amount)}
    return {**told, **({"number": allocation.number} if allocation.number else {})}


def _allocation_from_json(content: Mapping[str, Any]) -> Allocation:
    return Allocation(
        kind=Kind(content["kind"]),
        external_id=content["external_id"],
        amount=Decimal(content["amount"]),
        number=content.get("number", ""),
    )


def _line_to_json(line: Line) -> dict[str, Any]:
    return {
        "number": line.number,
        "description": line.description,
        **{name: _text_or_none(getattr(line, name)) for name in _LINE_DECIMALS},
        **{name: getattr(line, name) for name in _LINE_TEXTS},
        "dimensions": _dimensions_to_json(line.dimensions),
    }


def _line_from_json(content: Mapping[str, Any]) -> Line:
    return Line(
        number=content["number"],
        description=content["description"],
        net=Decimal(content["net"]),
        tax=Decimal(content["tax"]),
        gross=Decimal(content["gross"]),
        quantity=_given(content, "quantity", Decimal),
        unit_price=_given(content, "unit_price", Decimal),
        item_code=content.get("item_code", ""),
        external_id=content.get("external_id", ""),
        account_code=content.get("account_code"),
        tax_code=content.get("tax_code"),
        base_net=_given(content, "base_net", Decimal),
        base_tax=_given(content, "base_tax", Decimal),
        dimensions=_dimensions_from_json(content.get("dimensions", ())),
    )


def _dimensions_to_json(dimensions: tuple[Dimension, ...]) -> list[dict[str, str]]:
    return [{"name": each.name, "code": each.code, "label": each.label} for each in dimensions]


def _dimensions_from_json(content: Any) -> tuple[Dimension, ...]:
    return tuple(Dimension(name=each["name"], code=each["code"], label=each.get("label", "")) for each in content)


def _text_or_none(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _iso_or_none(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _iso(value: date | None) -> str:
    return "" if value is None else value.isoformat()


def _given(content: Mapping[str, Any], name: str, read: Callable[[str], T]) -> T | None:
    value = content.get(name)
    return None if value is None else read(value)
