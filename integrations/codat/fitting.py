"""Fit a document into what a platform takes: leave out what it does not list, and tell what it would refuse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from integrations.codat.codes import Known
from integrations.codat.kinds import Payload, Shape
from integrations.codat.lists import Row
from integrations.codat.options import LINES, Model
from integrations.codat.refusals import FIELDS
from integrations.codat.values import text
from integrations.documents import Document
from integrations.previewing import Objection

# What we can tell, so that its absence is worth an objection. Platforms mark much else as required that is needed in
# some cases only, and Codat's own Sandbox marks everything.
_WORDS: Final[Mapping[str, str]] = {
    "reference": "number of the supplier's own document",
    "billCreditNoteNumber": "number of the supplier's own document",
    "purchaseOrderNumber": "number of the order",
    "invoiceNumber": "number of the invoice",
    "creditNoteNumber": "number of the credit note",
    "supplierRef.id": "supplier",
    "customerRef.id": "customer",
    "issueDate": "date",
    "date": "date",
    "dueDate": "due date",
    "paymentDueDate": "due date",
    "currency": "currency",
    "currencyRate": "amounts in the company's own currency",
    "status": "status",
    f"{LINES}.description": "description",
    "accountRef.id": "account",
    f"{LINES}.accountRef.id": "account",
    f"{LINES}.taxRateRef.id": "tax rate",
}
# Their absence is told with the code that was not found.
_LOOKED_UP: Final = frozenset(
    {"supplierRef.id", "customerRef.id", "accountRef.id", f"{LINES}.accountRef.id", f"{LINES}.taxRateRef.id"}
)
_ITEMS_ONLY: Final = "The accounting software takes {kind} only with items of its own list, which have no account."


def fitted(full: Mapping[str, Any], model: Model, shape: Shape, *, before: str = "") -> Payload:
    """The members that the platform lists, or the schema requires, and that have a value."""
    found: Payload = {}
    for name, value in full.items():
        path = f"{before}{name}"
        if value is not None and (model.has(path) or path in shape.always):
            found[name] = _fitted(value, model, shape, path)
    return {name: value for name, value in found.items() if value not in ({}, [])}


def _fitted(value: Any, model: Model, shape: Shape, path: str) -> Any:
    if isinstance(value, Mapping):
        return fitted(value, model, shape, before=f"{path}.")
    if isinstance(value, list):
        return [fitted(one, model, shape, before=f"{path}.") for one in value]
    return value


def objections(document: Document, known: Known, payload: Payload, model: Model, words: str) -> Iterator[Objection]:
    """Everything in a document that the options say is refused. `words` are how people call the kind."""
    if model.has(LINES) and not model.has(f"{LINES}.accountRef"):
        yield Objection(
            field="lines", message=_ITEMS_ONLY.format(kind=f"an {words}" if words[0] in "aeiou" else f"a {words}")
        )
    yield from _of_members(payload, model, "", None)
    lines: Sequence[Payload] = payload.get(LINES, [])
    most = model.most(LINES)
    if most is not None and len(lines) > most:
        message = f"The {words} has {len(lines)} lines and the accounting software takes {most}. Split it."
        yield Objection(field="lines", message=message)
    for line, made in zip(document.lines, lines, strict=False):
        yield from _of_members(made, model, f"{LINES}.", line.number)
        yield from _of_tracking(known.tracking.get(line.number, ()), model, line.number)


def _of_members(part: Payload, model: Model, before: str, line: int | None) -> Iterator[Objection]:
    for path, word in _WORDS.items():
        is_here = path.startswith(f"{LINES}.") == bool(before) and path not in _LOOKED_UP
        if is_here and model.requires(path) and not part.get(path.removeprefix(before)):
            yield _objection(path, line, f"{word} is missing, and the accounting software needs it. Add it.")
    for name, value in part.items():
        if name != LINES:
            yield from _of_value(f"{before}{name}", value, model, line)


def _of_value(path: str, value: Any, model: Model, line: int | None) -> Iterator[Objection]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _of_value(f"{path}.{name}", member, model, line)
    elif isinstance(value, Decimal):
        yield from _of_amount(path, value, model, line)
    elif isinstance(value, str):
        yield from _of_text(path, value, model, line)


def _of_amount(path: str, value: Decimal, model: Model, line: int | None) -> Iterator[Objection]:
    name = path.rpartition(".")[2]
    if not model.takes_sign_of(path, value):
        size = "negative" if value < 0 else "of nothing"
        yield _objection(path, line, f"amount {value:f} ({name}) is {size}, which is not taken. Change the document.")
    if not model.takes_digits_of(path, value):
        yield _objection(path, line, f"amount {value:f} ({name}) has more than two decimals. Change the document.")


def _of_text(path: str, value: str, model: Model, line: int | None) -> Iterator[Objection]:
    word, choices, longest = _WORDS.get(path, path.rpartition(".")[2]), model.rule(path).choices, model.longest(path)
    if choices and value not in choices:
        shown = ", ".join(choices[:8])
        yield _objection(path, line, f"{word} {value[:60]} is not among what is taken ({shown}). Change it.")
    if longest is not None and len(value) > longest:
        yield _objection(path, line, f"{word} {value[:60]} is longer than {longest} characters. Map a shorter one.")


def _of_tracking(rows: Sequence[Row], model: Model, line: int) -> Iterator[Objection]:
    path = f"{LINES}.trackingCategoryRefs"
    most, parents = model.most(path), [text(row.get("parentId")) for row in rows]
    if most is not None and len(rows) > most:
        yield _objection(path, line, f"line has {len(rows)} tracking categories, and {most} are taken. Leave some out.")
    if model.wants_different_parents and len(set(parents)) < len(parents):
        yield _objection(path, line, "line has two tracking categories of one kind, and one is taken. Leave one out.")


def _objection(path: str, line: int | None, what: str) -> Objection:
    names = [name.lower() for name in path.split(".")]
    field = next((FIELDS[name] for name in reversed(names) if name in FIELDS), "")
    start = "The" if line is None else f"Line {line}: the"
    return Objection(field=field, line=line, message=f"{start} {what}")
