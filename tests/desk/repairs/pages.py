"""Addresses of this area's pages, and what they say."""

from __future__ import annotations

import html
import re
from typing import Any

from portal.postings.models import Posting

REPAIRS = {"retry": "retry/", "mark_posted": "mark-posted/", "void": "void/"}
WHY = "The account was added this morning."


def path(posting: Posting, part: str) -> str:
    """A page of this area about one transaction."""
    transaction = posting.transaction
    return f"/companies/{transaction.company_id}/transactions/{transaction.public_id}/{part}"


def its_page(posting: Posting) -> str:
    """The transaction's own page."""
    return f"/transactions/{posting.transaction.public_id}/"


def text(response: Any) -> str:
    """A page as words: without tags, and with one space between."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(bare))


def told(response: Any) -> list[str]:
    """What the page that followed tells its reader."""
    return [str(message) for message in response.context["messages"]]


def given(name: str, **more: str) -> dict[str, str]:
    """A form that was filled in."""
    return {"why": WHY, "known": "on", **({"number": "DB-7"} if name == "mark_posted" else {}), **more}
