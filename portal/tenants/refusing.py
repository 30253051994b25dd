"""The one error of this room's services about people."""

from __future__ import annotations


class Refused(Exception):
    """Nothing was done. `message` says why and what to do, for the person who asked; `field` names what is at fault."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
