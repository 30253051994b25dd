"""One company for each row of the bench that posts to the portal."""

from __future__ import annotations

COMPANIES = {
    "receipt": "Quayside Catering Ltd",
    "ledger": "Northgate Training Ltd",
    "worker": "Harbour Street Studios Ltd",
}
