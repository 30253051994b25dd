"""What a document names, and which record of Tryton's is meant: by code or name, and refused where it is not clear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from integrations.documents import Customer, Document, Line, Party
from integrations.errors import Misconfigured, Rejected
from integrations.tryton.words import like, one_line, part, word

PARTY: Final = (
    "code", "name", "active", "account_payable", "addresses.active", "addresses.invoice",
)  # fmt: skip
CUSTOMER: Final = ("code", "name", "active", "account_receivable", "addresses.active", "addresses.invoice")
ACCOUNT: Final = ("code", "name", "active", "closed", "type")
TAX: Final = (
    "name", "description", "active", "type", "parent", "childs", "group.kind", "invoice_account", "credit_note_account",
)  # fmt: skip
CURRENCY: Final = ("code", "active")
_PURCHASE_KINDS: Final = (None, "", "purchase", "both")
_SALE_KINDS: Final = (None, "", "sale", "both")

Record = Mapping[str, Any]


def word_of(meant: Party) -> str:
    """What people call such a party."""
    return "customer" if isinstance(meant, Customer) else "supplier"


def parties(meant: Party) -> list[Any]:
    """The domain of those that may be meant. Raises `Rejected` where the document names nobody."""
    code, name = one_line(meant.code or ""), one_line(meant.name)
    branches: list[Any] = []
    if code:
        branches.append(["code", "=", code])
    if name:
        branches.append(["name", "ilike", like(name)])
    if not branches:
        who = word_of(meant)
        raise Rejected(f"The document names no {who}. Give it one where it was entered.", field=who)
    return [["OR", *branches]]


def party(meant: Party, found: Sequence[Record]) -> Record | None:
    """Who is meant: the one with the code, else the only one with the name; None where there is nobody.

    Raises `Rejected` for several of one name, for an inactive one, and for one without an address.
    """
    code, who = one_line(meant.code or ""), word_of(meant)
    matches = [one for one in found if code and one.get("code") == code] or [*found]
    usable = [one for one in matches if one.get("active")]
    if len(usable) > 1:
        codes = ", ".join(word(one.get("code")) for one in usable)
        message = f"Tryton has several parties named {meant.name[:80]} ({codes}). Give the {who} one of the codes."
        raise Rejected(message, field=who)
    if matches and not usable:
        message = f"The {who} {_called(matches[0])} is not active in Tryton. Activate it there and try again."
        raise Rejected(message, field=who)
    return usable[0] if usable else None


def address(record: Record, who: str = "supplier") -> int:
    """The address for invoices, else the first. Raises `Rejected` where Tryton has none, for it demands one."""
    usable = [one for one in record.get("addresses") or () if one.get("active")]
    chosen = next((one for one in usable if one.get("invoice")), usable[0] if usable else None)
    if chosen is None:
        message = f"The {who} {_called(record)} has no address in Tryton. Add one there, an empty one will do."
        raise Rejected(message, field=who)
    return int(chosen["id"])


def currency(document: Document, found: Sequence[Record]) -> int:
    """The document's currency. Raises `Rejected` where Tryton has it not, or no longer."""
    for one in found:
        if one.get("active"):
            return int(one["id"])
    message = f"Tryton does not have the currency {document.currency}. Add it there, with its rate, and try again."
    raise Rejected(message, field="currency")


def accounts(document: Document, found: Sequence[Record]) -> dict[str, Record]:
    """The account of each code that the lines name. Raises `Rejected` with code and line, `Misconfigured` for none."""
    return _by_line(document, found, "account", lambda line: line.account_code, "code", _takes_postings)


def taxes(document: Document, found: Sequence[Record]) -> dict[str, Record]:
    """The tax of each name that the lines give as their tax code, likewise."""
    return _by_line(document, found, "tax", lambda line: line.tax_code, "name", _is_for(document))


def codes(document: Document, of: Callable[[Line], str | None], what: str) -> list[str]:
    """The codes that the lines name, each once. Raises `Misconfigured` for a line without one."""
    return list(dict.fromkeys(_coded(line, of, what) for line in document.lines))


def _by_line(
    document: Document,
    found: Sequence[Record],
    what: str,
    of: Callable[[Line], str | None],
    by: str,
    is_usable: Callable[[Record], bool],
) -> dict[str, Record]:
    chosen: dict[str, Record] = {}
    for line in document.lines:
        code = _coded(line, of, what)
        usable = [one for one in found if one.get(by) == code and is_usable(one)]
        if len(usable) != 1:
            message = f"Line {line.number}: {_trouble(document, what, code, found, by, len(usable))}"
            raise Rejected(message, field=f"lines[{line.number - 1}].{what}_code")
        chosen[code] = usable[0]
    return chosen


def _trouble(document: Document, what: str, code: str, found: Sequence[Record], by: str, count: int) -> str:
    shown = f"the {what} {code[:80]}"
    if count:
        return f"{shown} is there {count} times in Tryton. Rename all but one of them."
    if any(one.get(by) == code for one in found):
        use = "sales" if document.kind.is_sale else "purchases"
        return f"{shown} is closed, not active or not for {use} in Tryton. Use another one, or open it there."
    return f"{shown} is not known to Tryton. Correct the code, or add it there."


def _coded(line: Line, of: Callable[[Line], str | None], what: str) -> str:
    if code := one_line(of(line) or ""):
        return code
    raise Misconfigured(
        f"Line {line.number} has no {what} code. Set the default {what} code of the connection, "
        "or give the line one where it was entered.",
        field=f"defaults.{what}_code",
    )


def _takes_postings(account: Record) -> bool:
    return bool(account.get("active") and account.get("type") and not account.get("closed"))


def _is_for(document: Document) -> Callable[[Record], bool]:
    kinds = _SALE_KINDS if document.kind.is_sale else _PURCHASE_KINDS

    def is_usable(tax: Record) -> bool:
        is_whole = tax.get("parent") is None
        return bool(tax.get("active") and is_whole and part(tax, "group", "kind") in kinds)

    return is_usable


def _called(record: Record) -> str:
    return f"{one_line(word(record.get('name')), 80)} ({word(record.get('code'))})"
