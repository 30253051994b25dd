"""SOAP 1.1 by hand: a request read from its envelope, and an answer written into one."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

NAMESPACE: Final = "http://www.visorsoftware.com/visor/accountsiq/dashboard/Integration/"
ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_HEAD: Final = (
    f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{ENVELOPE}" xmlns:xsi="{_INSTANCE}"><soap:Body>'
)
_TAIL: Final = "</soap:Body></soap:Envelope>"
# What XML 1.0 cannot hold; the REST door lets it into the books.
_UNSPEAKABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Element = ET.Element


class BadEnvelope(ValueError):
    """No envelope, or not what its operation takes: the message says why. Answered with a fault."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request: the operation, its element, and what the header says."""

    operation: str
    element: Element
    entity: str
    token: str


@dataclass(frozen=True, slots=True)
class Array:
    """A list on its way out: the name of each element, and the values."""

    name: str
    values: Iterable[Any]


class Nil:
    """A value on its way out that is told to be nothing."""


NIL: Final = Nil()


def read(body: bytes) -> Envelope:
    """Read a request. Raises `BadEnvelope`."""
    if b"<!DOCTYPE" in body:
        raise BadEnvelope("A document type is not taken.")
    try:
        root = ET.fromstring(body)  # noqa: S314 - without a document type there are no entities to expand
    except ET.ParseError as error:
        raise BadEnvelope(f"The request is not XML: {error}.") from None
    content = root.find(f"{{{ENVELOPE}}}Body")
    if root.tag != f"{{{ENVELOPE}}}Envelope" or content is None or not len(content):
        raise BadEnvelope("The request has no SOAP 1.1 envelope with a body.")
    operation = content[0]
    if not operation.tag.startswith(f"{{{NAMESPACE}}}"):
        raise BadEnvelope(f"{operation.tag} is not in the namespace of the service.")
    header = root.find(f"{{{ENVELOPE}}}Header/{{{NAMESPACE}}}AiqSoapHeader")
    entity, token = (text(header, name) or "" for name in ("Entity", "AccessToken"))
    return Envelope(operation.tag.removeprefix(f"{{{NAMESPACE}}}"), operation, entity, token)


def child(parent: Element | None, name: str) -> Element | None:
    """An element by its name; None for one that is absent or nil."""
    found = None if parent is None else parent.find(f"{{{NAMESPACE}}}{name}")
    is_nil = found is not None and found.get(f"{{{_INSTANCE}}}nil") in {"true", "1"}
    return None if is_nil else found


def text(parent: Element | None, name: str) -> str | None:
    """An element's text; None for one that is absent or nil."""
    found = child(parent, name)
    return None if found is None else found.text or ""


def texts(parent: Element | None, name: str) -> list[str]:
    """The texts of a filter's children, whatever they are called: public clients call them string and int alike."""
    found = child(parent, name)
    return [] if found is None else [one.text or "" for one in found]


def children(parent: Element | None, name: str, each: str) -> list[Element]:
    """The elements of an array."""
    found = child(parent, name)
    return [] if found is None else found.findall(f"{{{NAMESPACE}}}{each}")


def number(parent: Element | None, name: str) -> Decimal | None:
    """An element as a number. Raises `BadEnvelope` for what is none: the real service cannot even read that."""
    value = text(parent, name)
    if value is None:
        return None
    try:
        found = Decimal(value.strip())
    except InvalidOperation:
        raise BadEnvelope(f"{name} is not a decimal.") from None
    if not found.is_finite():
        raise BadEnvelope(f"{name} is not a decimal.")
    return found


def whole(parent: Element | None, name: str) -> int | None:
    """An element as a whole number. Raises `BadEnvelope`."""
    value = text(parent, name)
    if value is None or not value.strip():
        return None
    try:
        return int(value)
    except ValueError:
        raise BadEnvelope(f"{name} is not an int.") from None


def flag(parent: Element | None, name: str) -> bool:
    """An element as true or false; absent is false."""
    return (text(parent, name) or "").strip() in {"true", "1"}


def content(parent: Element | None, name: str) -> bytes:
    """An element as bytes, from base64. Raises `BadEnvelope`."""
    try:
        return base64.b64decode(text(parent, name) or "", validate=False)
    except ValueError:
        raise BadEnvelope(f"{name} is not base64.") from None


# --- the way out ---------------------------------------------------------------------------------------------------


def write(name: str, values: Mapping[str, Any]) -> bytes:
    """An answer: one element of the service's namespace with these members."""
    inner = "".join(element(member, value) for member, value in values.items())
    return f'{_HEAD}<{name} xmlns="{NAMESPACE}">{inner}</{name}>{_TAIL}'.encode()


def fault(message: str) -> bytes:
    """A fault, as the framework of the service answers what it cannot read."""
    told = f"<soap:Fault><faultcode>soap:Client</faultcode><faultstring>{_plain(message)}</faultstring></soap:Fault>"
    return f"{_HEAD}{told}{_TAIL}".encode()


def element(name: str, value: object) -> str:
    """One element; nothing at all for None."""
    if value is None:
        return ""
    if value is NIL:
        return f'<{name} xsi:nil="true" />'
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(element(member, inner) for member, inner in value.items())}</{name}>"
    if isinstance(value, Array):
        return f"<{name}>{''.join(element(value.name, one) for one in value.values)}</{name}>"
    return f"<{name}>{_plain(value)}</{name}>"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return escape(_UNSPEAKABLE.sub("", str(value)))
