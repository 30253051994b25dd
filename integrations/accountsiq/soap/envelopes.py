"""What is sent: envelopes byte by byte. Elements go out in the order in which they are given, which is the WSDL's."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias
from xml.sax.saxutils import escape

from integrations.errors import Misconfigured

NAMESPACE: Final = "http://www.visorsoftware.com/visor/accountsiq/dashboard/Integration/"
ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
CONTENT_TYPE: Final = "text/xml; charset=utf-8"

Value: TypeAlias = "str | int | Decimal | dt.date | Sequence[Part] | None"
Part: TypeAlias = "tuple[str, Value]"
Parts: TypeAlias = "Sequence[Part]"

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
# What XML 1.0 has no way to write, and what only breaks lines.
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]+")
_ENDS: Final = "</soap:Body></soap:Envelope>"
_BEGINS: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    f'<soap:Envelope xmlns:soap="{ENVELOPE}" xmlns:xsi="{INSTANCE}">{{header}}<soap:Body>'
)
_HEADER: Final = (
    f'<soap:Header><AiqSoapHeader xmlns="{NAMESPACE}"><Entity>{{entity}}</Entity>'
    "<AccessToken>{token}</AccessToken></AiqSoapHeader></soap:Header>"
)


def envelope(operation: str, parts: Parts, *, entity: str, token: str) -> bytes:
    """A call for one entity, with the access token in its header. The body's own `token` is left out."""
    header = _HEADER.format(entity=escape(one_line(entity)), token=escape(token))
    return _enveloped(operation, parts, header)


def bare_envelope(operation: str, parts: Parts) -> bytes:
    """A call that belongs to no entity and needs no token."""
    return _enveloped(operation, parts, "")


def one_line(text: str, longest: int | None = None) -> str:
    """A text as XML can carry it: on one line, without control characters, cut to `longest` characters."""
    return " ".join(_FORBIDDEN.sub(" ", text).split())[:longest].rstrip()


def parts_of(body: object) -> Parts:
    """The parts of a JSON value: members by name, and a list as one element for each of its members.

    Raises `Misconfigured` for what cannot be told in XML.
    """
    if not isinstance(body, Mapping):
        raise Misconfigured("The body of a SOAP call is a JSON object whose members are elements.", field="body")
    return list(_members(body))


def escaped(text: str) -> str:
    """How a text stands in an envelope."""
    return escape(text)


def _enveloped(operation: str, parts: Parts, header: str) -> bytes:
    inside = "".join(map(_element, parts))
    call = f'<{operation} xmlns="{NAMESPACE}">{inside}</{operation}>'
    return f"{_BEGINS.format(header=header)}{call}{_ENDS}".encode()


def _element(part: Part) -> str:
    name, value = part
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    return f"<{name}>{_written(value)}</{name}>"


def _written(value: str | int | Decimal | dt.date | Parts) -> str:
    if isinstance(value, str):
        return escape(_FORBIDDEN.sub(" ", value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dt.date):
        return f"{value.isoformat()}T00:00:00"
    return "".join(map(_element, value))


def _members(body: Mapping[Any, Any]) -> Iterator[Part]:
    for name, value in body.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Misconfigured(f"{str(name)[:40]} is no name of an element.", field="body")
        for one in value if isinstance(value, list) else [value]:
            yield name, _told(name, one)


def _told(name: str, value: object) -> Value:
    if value is None or isinstance(value, str | int | Decimal):
        return value
    if isinstance(value, Mapping):
        return list(_members(value))
    raise Misconfigured(f"The value of {name} is nothing that an element can hold.", field="body")
