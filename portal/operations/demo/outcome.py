"""What the demo shows, what it expected, and what it tells scripts."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from integrations.documents import Kind
from integrations.icompleat.standin.companies import DEFAULT_TOKEN_HEADER
from portal.operations.demo.icompleat import Approved
from portal.operations.demo.seed import Seeded, SeededCompany

NUMBERS_EXPECTED = 6
UNKNOWN_ACCOUNT = "9999"
HEADS = ("Company", "Document", "Kind", "Gross", "Answer", "Journal number", "ms")
RIGHT = frozenset({"Gross", "Answer", "ms"})


@dataclass(frozen=True, slots=True)
class Told:
    """All answers that one company's transactions got, in their order."""

    company: SeededCompany
    approved: tuple[Approved, ...]


def table(told: Iterable[Told]) -> Iterator[str]:
    """The lines of the table; a refusal's sentence stands below its row."""
    rows = [(_cells(one.company.name, approved), approved.reason) for one in told for approved in one.approved]
    widths = [max(len(cell) for cell in column) for column in zip(HEADS, *(cells for cells, _ in rows), strict=True)]
    yield _line(HEADS, widths)
    yield "  ".join("-" * width for width in widths)
    for cells, reason in rows:
        yield _line(cells, widths)
        if reason:
            yield f"    {reason}"


def _cells(company: str, approved: Approved) -> tuple[str, ...]:
    return (
        company,
        approved.number,
        Kind(approved.kind).label,
        f"{approved.gross:,.2f} {approved.currency}",
        str(approved.status or "none"),
        approved.journal_number or "none",
        str(approved.milliseconds if approved.milliseconds is not None else ""),
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.rjust(width) if head in RIGHT else cell.ljust(width)
        for head, cell, width in zip(HEADS, cells, widths, strict=True)
    )
    return "  ".join(aligned).rstrip()


def surprises(told: Iterable[Told]) -> list[str]:
    """What differs from what was expected, one sentence each: six different numbers per company, and one refusal."""
    return [sentence for one in told for sentence in _surprises(one)]


def _surprises(told: Told) -> Iterator[str]:
    name = told.company.name
    # Some systems number orders and invoices alike.
    numbers = {(one.kind, one.journal_number) for one in told.approved if one.status == 200 and one.journal_number}
    if len(numbers) != NUMBERS_EXPECTED:
        yield f"{name}: {len(numbers)} different journal numbers were answered, {NUMBERS_EXPECTED} were expected."
    refused = [one for one in told.approved if not one.journal_number]
    if [one.status for one in refused] != [400] or UNKNOWN_ACCOUNT not in refused[0].reason:
        reasons = "; ".join(f"{one.number}: {one.status} {one.reason}" for one in refused) or "none"
        yield f"{name}: one refusal (400) that names account {UNKNOWN_ACCOUNT} was expected. Refused: {reasons}."


def for_scripts(portal_url: str, sandbox_url: str, seeded: Seeded) -> dict[str, Any]:
    """Addresses, logins and endpoints. It holds secrets."""
    return {
        "portal_url": portal_url,
        "sandbox_url": sandbox_url,
        "staff": asdict(seeded.staff),
        "customer": asdict(seeded.customer),
        "endpoints": [row for company in seeded.companies for row in _endpoints(portal_url, company)],
    }


def _endpoints(portal_url: str, company: SeededCompany) -> Iterator[dict[str, str]]:
    for endpoint in company.endpoints:
        yield {
            "company": company.name,
            "icompleat_company_id": company.icompleat_company_id,
            "accounting": company.accounting,
            "kind": endpoint.kind,
            "url": f"{portal_url}{endpoint.path}",
            "token_header": DEFAULT_TOKEN_HEADER,
            "token": endpoint.token,
        }


def write_at_once(path: Path, value: object) -> None:
    """Write JSON that only we may read; whoever waits for the file sees all of it or nothing."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(value, indent=2) + "\n")
    temporary.replace(path)
