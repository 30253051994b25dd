"""Whether a live account keeps what its vendor says of idempotency keys: small marked documents, sent and counted.

Only what passed here lets the engine send a document a second time under the same key; see `trust`.
"""

from __future__ import annotations

from portal.connections.conformance.account import Account, account_of
from portal.connections.conformance.running import Check, Outcome, Report, Wishes, announcement, record, run
from portal.connections.conformance.trust import key_is_trusted

__all__ = [
    "Account",
    "Check",
    "Outcome",
    "Report",
    "Wishes",
    "account_of",
    "announcement",
    "key_is_trusted",
    "record",
    "run",
]
