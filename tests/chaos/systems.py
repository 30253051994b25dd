"""The stand-ins that a campaign can post into: how many it takes, their secrets, and how their books are read."""

from __future__ import annotations

import base64
import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from integrations.accountsiq import sandbox as accountsiq
from integrations.codat import sandbox as codat
from integrations.demo import sandbox as demo
from tests.chaos.pace import DEMO

Books = list[dict[str, Any]]

WAITS_SECONDS = 30
KEY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
REFERENCE = re.compile(r"\bP-\d{6,}\b")
# Where the stand-in for AccountsIQ keeps an invoice and a credit note of the REST interface beside their entries.
PAPERS = "SELECT id, body FROM record WHERE kind IN ('invoice', 'credit_note')"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One of them. `slug` names stand-in and integration.

    `books` reads all documents past the connector, from the stand-in's address and the directory of its state: each has
    `id`, `number`, `kind`, `external_key`, `reference`, `net`, `tax`, `gross`, `date`, `booked_at` and, where several
    companies share the stand-in, the `company` whose books it lies in. `is_shared` False: it has one company's books
    alone, so that each company gets a stand-in of its own. `proves_absence`: a lookup that finds nothing proves that
    nothing is there; else a person decides. `on_its_way` counts what was taken and is not booked yet.
    """

    slug: str
    secrets: Callable[[], dict[str, str]]
    books: Callable[[str, Path], Books]
    is_shared: bool = True
    proves_absence: bool = False
    on_its_way: Callable[[str], int] = lambda _: 0


def _tokens(variable: str) -> Callable[[], dict[str, str]]:
    return lambda: {variable: secrets.token_urlsafe(24)}


def _codats() -> dict[str, str]:
    signing = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return {codat.ACCESS_VARIABLE: secrets.token_urlsafe(24), codat.SIGNING_VARIABLE: signing}


def _told(url: str, path: str) -> Any:
    """What a page of the stand-in says; numbers stay the texts that they are."""
    answer = requests.get(f"{url}/{path}", timeout=WAITS_SECONDS)
    answer.raise_for_status()
    return json.loads(answer.text, parse_float=str, parse_int=str)


def _demos(url: str, _: Path) -> Books:
    documents: Books = _told(url, "truth")["documents"]
    return documents


def _soaps(url: str, _: Path) -> Books:
    """An order has no moment of booking there."""
    documents: Books = _told(url, "truth")["documents"]
    return [{name: value for name, value in one.items() if value is not None} for one in documents]


def _rests(url: str, state: Path) -> Books:
    """Over REST an invoice has an id of its own, beside that of its entry in the ledger."""
    with closing(sqlite3.connect(state / "accountsiq.sqlite3")) as kept:
        papers = {str(json.loads(body)["entry"]): str(number) for number, body in kept.execute(PAPERS)}
    return [{**one, "id": papers.get(one["id"], one["id"])} for one in _soaps(url, state)]


def _codats_books(url: str, _: Path) -> Books:
    return [_marked(one) for one in _told(url, "truth")["documents"]]


def _marked(document: Mapping[str, Any]) -> dict[str, Any]:
    """Key and portal's number stand in the note, or in the description of a line, whichever the platform has."""
    texts = " ".join((document["note"], *document["descriptions"]))
    key, reference = KEY.search(texts), REFERENCE.search(texts)
    found = {"external_key": key[0] if key else "", "reference": reference[0] if reference else ""}
    return {**document, **found}


def _pushes(url: str) -> int:
    return int(_told(url, "control/state")["open"]["push"])


SYSTEMS: Mapping[str, System] = {
    DEMO: System(slug="demo", secrets=_tokens(demo.ACCESS_VARIABLE), books=_demos, proves_absence=True),
    "accountsiq-soap": System(
        slug="accountsiq", secrets=_tokens(accountsiq.ACCESS_VARIABLE), books=_soaps, is_shared=False
    ),
    "accountsiq-rest": System(
        slug="accountsiq", secrets=_tokens(accountsiq.ACCESS_VARIABLE), books=_rests, is_shared=False
    ),
    "codat": System(slug="codat", secrets=_codats, books=_codats_books, on_its_way=_pushes),
}
