"""A customer that the accounting software does not have yet: pushed before the first document that names it.

Never twice: within 90 minutes Codat answers the same key with the same operation, whatever came back of it, and before
anything is pushed Codat must have been asked to read the customers within the last hour.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from integrations.codat import fitting, operations, options, syncing
from integrations.codat.client import Client
from integrations.codat.kinds import Payload, Shape
from integrations.codat.lists import CUSTOMERS
from integrations.codat.options import Model
from integrations.codat.payments import ON_ACCOUNT
from integrations.codat.values import text, words
from integrations.documents import Customer, Document
from integrations.errors import Missing, OutcomeUnknown, Rejected, Retryable

_READ_WITHIN_SECONDS: Final = 3600.0
_ASK_AFTER_SECONDS: Final = 5.0
_READ_AFTER_SECONDS: Final = 60.0
_SHAPE: Final = Shape(data_type=CUSTOMERS, number="customerName")
_COUNTRY_CODE: Final = re.compile(r"[A-Z]{2}")
_WANTS_COUNTRY_CODE: Final = re.compile(r"two letter|2-letter|ISO 3166", re.IGNORECASE)
_ADDRESS: Final = "addresses"
_BILLING: Final = "Billing"


def made(client: Client, there: str, document: Document, params: Mapping[str, str]) -> str:
    """The id of the customer of a document that is not known over there: it is made, and waited for.

    `there` is the path of the connection, `params` are those of a push. Raises `Retryable` until it is there (nothing
    of the document was sent), `Rejected` in the platform's words.
    """
    syncing.freshen(client, CUSTOMERS, asked_within=_READ_WITHIN_SECONDS)
    model = options.read(client.get(f"{there}/options/{CUSTOMERS}"))
    body, key = fitting.fitted(pushed(document, model), model, _SHAPE), _key(client, document)
    try:
        told = client.send("POST", f"{there}/push/{CUSTOMERS}", body, key=key, params=params)
        operation = text(told.get("pushOperationKey")) if isinstance(told, Mapping) else ""
        return _written(operations.read(client, operation) if operation else {})
    except (OutcomeUnknown, Missing) as error:
        syncing.have_read(client, CUSTOMERS)
        message = f"It is not certain whether the customer {_name(document)} was made. The customers are read first."
        raise Retryable(message, retry_after=_READ_AFTER_SECONDS) from error


def pushed(document: Document, model: Model) -> Payload:
    """Everything that a push of this customer can carry; the platform's model says what of it goes out.

    Raises `Rejected` where the platform wants an id of its own and the source's code is none.
    """
    party, name = document.party, words(document.party.name, model.longest("customerName"))
    known = party if isinstance(party, Customer) else Customer(code=party.code, name=party.name)
    return {
        **({"id": _code(known, model)} if model.requires("id") else {}),
        "customerName": name,
        "contactName": words(name, model.longest("contactName")) if model.requires("contactName") else None,
        "emailAddress": words(known.email, model.longest("emailAddress")) or None,
        "defaultCurrency": document.currency,
        "status": "Active",
        _ADDRESS: _addresses(known, model),
    }


def with_customer(payload: Payload, member: str, identity: str) -> Payload:
    """The document with the id of a customer that was just made."""
    lines = [
        {**line, "links": [{**one, "id": identity} if one["type"] == ON_ACCOUNT else one for one in line["links"]]}
        for line in payload.get("lines", [])
    ]
    return {**payload, member: {**payload.get(member, {}), "id": identity}, **({"lines": lines} if lines else {})}


def _written(told: Mapping[str, Any]) -> str:
    status = text(told.get("status"))
    if status == "Failed":
        error = operations.failed(told, "Codat refused the customer and gave no reason.")
        message = f"The customer could not be made: {error.message} Add it in the accounting software."
        raise Rejected(message, field="customer")
    if status == "Success":
        return operations.record(told)
    if status == "Pending":
        message = "The customer is being made in the accounting software. The document follows."
        raise Retryable(message, retry_after=_ASK_AFTER_SECONDS, free=True)
    raise OutcomeUnknown("Codat did not tell what became of the customer.")


def _key(client: Client, document: Document) -> str:
    """Always the same for one customer of one connection."""
    return f"customer {client.connection} {document.party.code or ''} {_name(document).casefold()}"


def _name(document: Document) -> str:
    return words(document.party.name)


def _code(party: Customer, model: Model) -> str:
    """The source's code as an id (Sage 50: upper case, no blanks)."""
    code, longest = (party.code or "").strip().upper(), model.longest("id")
    if not code or " " in code or (longest is not None and len(code) > longest):
        most = "" if longest is None else f" of at most {longest} characters without blanks"
        message = f"The accounting software needs a code{most} for a new customer. Add {words(party.name)} there."
        raise Rejected(message, field="customer")
    return code


def _addresses(party: Customer, model: Model) -> list[Payload]:
    """The address where it has all that the platform needs of one; else none goes out."""
    told = {
        "type": _BILLING if _takes(model, "type", _BILLING) else "Unknown",
        "line1": party.address,
        "city": party.town,
        "region": party.county,
        "postalCode": party.postcode,
        "country": party.country,
        "countryCode": party.country,
    }
    kept = {
        name: words(value, model.longest(f"{_ADDRESS}.{name}"))
        for name, value in told.items()
        if value.strip() and model.has(f"{_ADDRESS}.{name}") and _is_taken(model, name, value)
    }
    missing = any(model.requires(f"{_ADDRESS}.{name}") and name not in kept for name in told)
    return [] if missing or not kept.keys() - {"type"} else [kept]


def _is_taken(model: Model, name: str, value: str) -> bool:
    """Sources write countries as they like; one that the platform would refuse stays here."""
    if not name.startswith("country"):
        return _takes(model, name, value)
    wants_code = name == "countryCode" or model.rule(f"{_ADDRESS}.{name}").says(_WANTS_COUNTRY_CODE)
    return _takes(model, name, value) and (not wants_code or bool(_COUNTRY_CODE.fullmatch(value)))


def _takes(model: Model, name: str, value: str) -> bool:
    choices = model.rule(f"{_ADDRESS}.{name}").choices
    return not choices or value in choices
