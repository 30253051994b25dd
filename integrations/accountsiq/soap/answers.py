"""What comes back: XML that is read with care, and the result that stands in it on an HTTP 200, good or bad."""

from __future__ import annotations

import datetime as dt
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from integrations.accountsiq.soap.envelopes import ENVELOPE, INSTANCE, NAMESPACE
from integrations.errors import Misconfigured
from integrations.reply import Reply

_XML: Final = frozenset({"text/xml", "application/xml", "application/soap+xml"})
_SUCCESS: Final = frozenset({"Success", "Created"})
NO_ERROR: Final = "SUCCESS"
_NIL: Final = f"{{{INSTANCE}}}nil"
# The server writes control characters as references (inferred), which no reader of XML 1.0 takes.
_REFERENCE: Final = re.compile(r"&#(x[0-9A-Fa-f]{1,6}|[0-9]{1,7});")
_BLANKS: Final = (0x9, 0xA, 0xD)
_MOST_DIGITS: Final = 40


class Told:
    """One element of an answer. What is missing, empty or nil is told as nothing."""

    def __init__(self, element: ET.Element) -> None:
        self._element = element

    def part(self, name: str) -> Told | None:
        """The first element of this name."""
        found = self._element.find(f"{{{NAMESPACE}}}{name}")
        return None if found is None or found.get(_NIL) in ("true", "1") else Told(found)

    def parts(self, name: str) -> list[Told]:
        """All elements of this name."""
        found = self._element.findall(f"{{{NAMESPACE}}}{name}")
        return [Told(one) for one in found if one.get(_NIL) not in ("true", "1")]

    def rows(self) -> list[Told]:
        """All elements, whatever their name."""
        return [Told(one) for one in self._element if one.get(_NIL) not in ("true", "1")]

    def members(self) -> Mapping[str, str | None]:
        """The texts of all elements without elements of their own; nil is None."""
        return {
            _local(one): None if one.get(_NIL) in ("true", "1") else (one.text or "").strip()
            for one in self._element
            if not len(one)
        }

    def text(self, name: str) -> str:
        """A text without the blanks around it."""
        found = self.part(name)
        return "" if found is None else found.own_text()

    def own_text(self) -> str:
        """The text of the element itself, without the blanks around it."""
        return (self._element.text or "").strip()

    def amount(self, name: str) -> Decimal | None:
        """A number, exact."""
        text = self.text(name)
        try:
            value = Decimal(text) if text and len(text) <= _MOST_DIGITS else None
        except InvalidOperation:
            return None
        return value if value is not None and value.is_finite() else None

    def number(self, name: str) -> int | None:
        """A whole number."""
        value = self.amount(name)
        return int(value) if value is not None and value == value.to_integral_value() else None

    def flag(self, name: str) -> bool:
        """Whether it says yes."""
        return self.text(name).lower() in ("true", "1")

    def day(self, name: str) -> dt.date | None:
        """The day as it is written; the time behind it is midnight, in whatever zone the server keeps."""
        try:
            return dt.date.fromisoformat(self.text(name)[:10])
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one call. `result` is what was asked for, None where there is none; `beside` stands next to it."""

    reply: Reply
    status: str
    code: str
    message: str
    has_expired: bool
    result: Told | None
    beside: Told

    @property
    def is_good(self) -> bool:
        """Whether it says that all went well."""
        return self.status in _SUCCESS and self.code in ("", NO_ERROR)

    def id_beside(self, name: str) -> int | None:
        """An id that a write gave back; -1 and 0 are none."""
        number = self.beside.number(name)
        return number if number is not None and number > 0 else None


def answered(reply: Reply, operation: str) -> Answer:
    """Read the answer to a call. Raises what `reply.unclear` gives for everything that is none."""
    response = _response(reply, operation)
    status = response.part(f"{operation}Result")
    if status is None or not status.text("Status"):
        raise reply.unclear("something without a result")
    return Answer(
        reply=reply,
        status=status.text("Status"),
        code=status.text("ErrorCode"),
        message=status.text("ErrorMessage"),
        has_expired=status.flag("HasExpired"),
        result=status.part("Result"),
        beside=response,
    )


def body_text(reply: Reply) -> str:
    """The XML of an answer as text. Raises as `answered`."""
    if reply.status == 404 and not reply.wrote:
        message = f"There is no AccountsIQ service at this address of {reply.system}. Check region and address."
        raise Misconfigured(message, field="base_url")
    if reply.status >= 300:
        raise reply.unclear("an error that is not known")
    if reply.headers.get("Content-Type", "").partition(";")[0].strip().lower() not in _XML:
        raise reply.unclear("something that is not XML")
    try:
        return reply.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise reply.unclear("unreadable XML") from error


def _response(reply: Reply, operation: str) -> Told:
    text = body_text(reply)
    # Nothing of SOAP has one, and entities are how a small answer becomes a large one.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise reply.unclear("XML with a document type, which is not read")
    try:
        root = ET.fromstring(_REFERENCE.sub(_readable, text))  # noqa: S314 - what makes it dangerous is refused above
    except ET.ParseError as error:
        raise reply.unclear("unreadable XML") from error
    response = root.find(f"{{{ENVELOPE}}}Body/{{{NAMESPACE}}}{operation}Response")
    if root.tag != f"{{{ENVELOPE}}}Envelope" or response is None:
        raise reply.unclear("a SOAP fault" if root.find(f".//{{{ENVELOPE}}}Fault") is not None else "something else")
    return Told(response)


def _readable(reference: re.Match[str]) -> str:
    text = reference[1]
    number = int(text[1:], 16) if text[0] == "x" else int(text)
    is_character = number in _BLANKS or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or number >= 0x10000
    return reference[0] if is_character and number <= 0x10FFFF else " "


def _local(element: ET.Element) -> str:
    return str(element.tag).rpartition("}")[2]
