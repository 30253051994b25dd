"""What the stand-in makes that is no document, as Tryton does: parties, and files of documents."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from integrations.tryton.books import Books, Record
from integrations.tryton.furniture import supplier

_INVALID: Final = "\t\n\r\x0b\x0c"


class Refused(Exception):
    """A complaint of Tryton's: status 400 and a sentence."""


def check_texts(title: str, values: Mapping[str, Any]) -> None:
    """Raises `Refused` for a text of one line that has more."""
    for name in ("reference", "description", "name", "code"):
        text = values.get(name) or ""
        if bad := next((one for one in text if one in _INVALID), None):
            field = name.title()
            words = f'The value "{text}" for field "{field}" of "{title}"'
            raise Refused(f"{words} contains some invalid chars \"'{bad!r}'\".")


def _party(books: Books, values: Mapping[str, Any]) -> Record:
    given = {name: value for name, value in values.items() if name != "addresses"}
    code = given.get("code") or str(books.next("party code"))
    if any(one["code"] == code for one in books.every("party.party")):
        raise Refused("The code on party must be unique.")
    check_texts("Party", given)
    party = supplier(books, {**given, "code": code})
    (told,) = (one for _, made in values["addresses"] for one in made)
    address = books.one("party.address", party["addresses"][0])
    if address and told:
        books.change("party.address", address, **told)
    return party


def _attachment(books: Books, values: Mapping[str, Any]) -> Record:
    """Any name, as often as it is given, as long as its document is there."""
    of, _, number = str(values.get("resource")).partition(",")
    if books.one(of, number) is None:
        raise Refused(f'A value is required for field "Resource" in record "{values.get("name")}" of "Attachment".')
    check_texts("Attachment", values)
    return books.add("ir.attachment", {**values, "data_size": len(base64.b64decode(values["data"]["base64"]))})


MADE: Final[Mapping[str, Callable[[Books, Mapping[str, Any]], Record]]] = {
    "party.party": _party,
    "ir.attachment": _attachment,
}
