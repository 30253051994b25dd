"""Where the pages of setting up lead to that belong to other areas."""

from __future__ import annotations

import uuid
from typing import Final

from django.urls import NoReverseMatch, reverse

_HUB: Final = "desk:set-up"
_UNLINK: Final = "desk:unlink"


def hub_url(company_id: uuid.UUID) -> str:
    """The page that lists the steps of setting up."""
    return _first(company_id, _HUB, "desk:accounting")


def unlink_url(company_id: uuid.UUID) -> str:
    """The page on which an owner unlinks the accounting system."""
    return _first(company_id, _UNLINK, "desk:accounting")


def _first(company_id: uuid.UUID, *names: str) -> str:
    """The first of these pages that this installation has."""
    for name in names[:-1]:
        try:
            return reverse(name, args=[company_id])
        except NoReverseMatch:
            continue
    return reverse(names[-1], args=[company_id])
