"""The dashboard of a company."""

from __future__ import annotations

from typing import Final

from tests.desk.walks import Walk

WALK: Final = Walk(
    company_pages={"company": (), "company-now": (), "company-days": ()},
    no_page=frozenset({"company-days"}),
)
