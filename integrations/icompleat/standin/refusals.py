"""Why the stand-in does not do what it was asked, and the two ways in which it fails on purpose."""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """The error codes of the API. 2, 3 and 10 are the vendor's; the others are made up for this stand-in."""

    BAD_REQUEST = 1
    UNKNOWN_COMPANY = 2
    UNKNOWN_USER = 3
    UNKNOWN_TRANSACTION = 10
    ROW_REFUSED = 20
    UNKNOWN_CONTINUATION = 21
    TOO_MANY_ITEMS = 22
    UNKNOWN_CODE = 23
    UNKNOWN_CUSTOM_FIELD = 24
    TRANSACTION_REFUSED = 30
    STALE = 31
    WRONG_STATUS = 32


class Refused(Exception):
    """The API answers 400 with this code and sentence."""

    def __init__(self, code: Code, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Absent(Exception):
    """The API has nothing at this address: 404."""


class Unknown(Exception):
    """There is no such tenant, company, transaction or list."""


class WrongTray(Exception):
    """What was asked for cannot be done with a transaction in this tray, or in its present state."""


class UnderWay(Exception):
    """The transaction is being worked on at this moment."""


class Broken(Exception):
    """A fault: the API answers 500."""


class Dropped(Exception):
    """A fault: the connection is closed in place of an answer."""
