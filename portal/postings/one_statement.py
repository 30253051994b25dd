"""The usual case on PostgreSQL: an ordinary posting is claimed by one statement, and settled as posted by another.

Each either does the whole of it or nothing at all. Then the general way, which is the readable rule, decides: `claim`
and `settle` ask here first. Both ways leave the same rows behind (tests/postings/test_one_statement.py compares them).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from django.db import IntegrityError
from django.utils import timezone
from psycopg.types.json import Jsonb

from integrations.documents import Document, Kind, Posted
from integrations.http import Exchange
from portal import prepared
from portal.connections.models import Connection
from portal.postings.due import Where
from portal.postings.models import Attempt, Posting, Purpose, Transaction, Trigger
from portal.postings.order_first import OF_AN_ORDER
from portal.postings.outcome import booked_fields
from portal.postings.rows import Columns
from portal.postings.schedule import CRASHES_BEFORE_HELD, LEASE_SECONDS
from portal.postings.settled_first import SETTLED, SETTLING
from portal.postings.states import UNDER_WAY, State

# What a call, and everything that may come of it, wants to know. The rest is read when somebody asks.
_POSTING: Final = Columns(
    Posting,
    "p",
    (
        "id", "transaction_id", "connection_id", "kind", "kept", "state", "next_attempt_at", "idempotency_key",
        "generation", "lease_token", "lease_until", "attempts_made", "attempt_count", "tries", "crashes", "misses",
        "may_exist", "quiet_until", "reason", "asked_by_id", "recheck_asked", "operation", "awaiting_since",
        "waits_for", "created_at", "updated_at",
    ),
)  # fmt: skip
_TRANSACTION: Final = Columns(Transaction, "t", ("id", "company_id", "kind", "content", "number", "order_number"))
_CONNECTION: Final = Columns(
    Connection,
    "c",
    ("id", "company_id", "integration", "status", "settings", "secrets", "mapping", "paused", "failures", "open_until"),
)
_UNDER_WAY: Final = ", ".join(f"'{state.value}'" for state in sorted(UNDER_WAY))
_SETTLING: Final = ", ".join(f"'{kind.value}'" for kind in sorted(SETTLING))
_OF_AN_ORDER: Final = ", ".join(f"'{kind.value}'" for kind in sorted(OF_AN_ORDER))

# `seen` is the row as it was when the statement began. Where another transaction changed it meanwhile, PostgreSQL looks
# at the new row `p` again, but not at the transaction's content: what accept moves for new content has to be the same.
# `IS TRUE` keeps a comparison from choosing the index: a plan that is made while the tables are small would else read
# all postings of the connection or in this state, or all connections of the integration, for ever after. The open order
# is a subquery with a limit for the same reason: as a NOT EXISTS it became a table of all open orders there are.
# Made of nothing but the constants above.
_CLAIM: Final[LiteralString] = f"""
WITH taken AS (
    UPDATE postings_posting AS p
    SET state = 'sending', lease_token = %(lease)s::uuid, lease_until = %(until)s::timestamptz,
        attempt_count = p.attempt_count + 1, attempts_made = p.attempts_made + 1, may_exist = true,
        recheck_asked = false, waits_for = '', operation = '', updated_at = %(now)s::timestamptz
    FROM postings_posting AS seen
    JOIN postings_transaction AS t ON t.id = seen.transaction_id
    JOIN connections_connection AS c ON (c.id = seen.connection_id) IS TRUE
    WHERE seen.id = %(posting)s::bigint AND p.id = seen.id
        AND (p.state = 'ready') IS TRUE
        AND p.next_attempt_at = seen.next_attempt_at AND p.attempt_count = seen.attempt_count
        AND p.next_attempt_at <= %(now)s::timestamptz AND p.crashes < {CRASHES_BEFORE_HELD} AND p.asked_by_id IS NULL
        AND NOT p.kept AND NOT p.may_exist
        AND c.id = %(connection)s::uuid AND (c.integration = %(integration)s) IS TRUE
        AND c.status = 'linked' AND NOT c.paused AND c.open_until IS NULL
        AND (seen.kind IN ({_SETTLING})) IS NOT TRUE
        AND (t.order_number = '' OR (seen.kind IN ({_OF_AN_ORDER})) IS NOT TRUE OR (
            SELECT o.id FROM postings_posting AS o JOIN postings_transaction AS ot ON ot.id = o.transaction_id
            WHERE o.connection_id = seen.connection_id AND o.kind = 'purchase_order' AND o.state IN ({_UNDER_WAY})
                AND NOT o.kept AND (ot.company_id = t.company_id AND ot.order_number = t.order_number) IS TRUE
            LIMIT 1) IS NULL)
    RETURNING {_POSTING.sql}, {_TRANSACTION.sql}, {_CONNECTION.sql}
), attempt AS (
    INSERT INTO postings_attempt
        (posting_id, number, purpose, trigger, lease_token, started_at, outcome, message, exchanges)
    SELECT %(posting)s::bigint, taken.attempt_count, 'send', 'automatic', %(lease)s::uuid, %(now)s::timestamptz,
        '', '', '[]'
    FROM taken RETURNING id
), told AS (
    INSERT INTO postings_transition (posting_id, before, after, who, why, at)
    SELECT %(posting)s::bigint, 'ready', 'sending', 'worker', '', %(now)s::timestamptz FROM taken
)
SELECT attempt.id, taken.* FROM taken, attempt
"""  # noqa: S608

_SETTLE: Final = """
WITH moved AS (
    UPDATE postings_posting
    SET state = 'posted', lease_token = NULL, lease_until = NULL, next_attempt_at = NULL, asked_by_id = NULL,
        reason = '', error_class = '', reason_field = '', traceback = '', may_exist = true,
        external_id = %(external_id)s, external_number = %(external_number)s, booked = %(booked)s::jsonb,
        differences = %(differences)s::jsonb, posted_at = %(posted_at)s::timestamptz,
        updated_at = %(posted_at)s::timestamptz
    WHERE id = %(posting)s::bigint AND (state = 'sending') IS TRUE AND lease_token = %(lease)s::uuid
    RETURNING id
), closed AS (
    UPDATE postings_attempt
    SET ended_at = %(posted_at)s::timestamptz, outcome = 'Posted', message = '', exchanges = %(exchanges)s::jsonb
    FROM moved WHERE postings_attempt.id = %(attempt)s::bigint
), told AS (
    INSERT INTO postings_transition (posting_id, before, after, who, why, at)
    SELECT id, 'sending', 'posted', 'worker', '', %(posted_at)s::timestamptz FROM moved
)
SELECT id FROM moved
"""


def claim(posting_id: int, where: Where, lease: uuid.UUID, now: datetime) -> tuple[Posting, Attempt] | None:
    """Claim a due, ready posting in one statement, with nothing to be thought about; the general way claims the rest.

    Gives the posting with transaction and connection, and its open attempt. `now` is an aware UTC time. None: nothing
    was written.
    """
    if not prepared.can_run():
        return None
    values = {
        "posting": posting_id,
        "connection": where.connection_id,
        "integration": where.integration,
        "lease": lease,
        "now": now,
        "until": now + timedelta(seconds=LEASE_SECONDS),
    }
    row = prepared.run(_CLAIM, values)
    return None if row is None else _read(row, lease, now)


def _read(row: Sequence[Any], lease: uuid.UUID, now: datetime) -> tuple[Posting, Attempt]:
    first, second = 1 + len(_POSTING), 1 + len(_POSTING) + len(_TRANSACTION)
    posting = _POSTING.read(row[1:first])
    posting.transaction = _TRANSACTION.read(row[first:second])
    posting.connection = _CONNECTION.read(row[second:])
    attempt = Attempt(
        id=row[0],
        posting=posting,
        number=posting.attempt_count,
        purpose=Purpose.SEND,
        trigger=Trigger.AUTOMATIC,
        lease_token=lease,
        started_at=now,
    )
    return posting, attempt


def settle(posting: Posting, attempt: Attempt, document: Document, result: Posted, said: list[Exchange]) -> bool:
    """Settle a posting that was just sent as posted. False: nothing was written, the general way decides.

    It decides for whatever frees others: the answer that closes a breaker, an order or invoice that others wait for.
    And where a person asked for it, whose name stands on the change, the lease was lost, or another posting has it.
    """
    if not prepared.can_run() or posting.asked_by_id or _frees_others(posting):
        return False
    fields = booked_fields(document, result)
    values = {
        "posting": posting.pk,
        "lease": posting.lease_token,
        "attempt": attempt.pk,
        "external_id": fields["external_id"],
        "external_number": fields["external_number"],
        "booked": Jsonb(fields["booked"]),
        "differences": Jsonb(fields["differences"]),
        "exchanges": Jsonb([exchange.told() for exchange in said]),
        "posted_at": timezone.now(),
    }
    try:
        with prepared.refusable():
            moved = prepared.run(_SETTLE, values)
    except IntegrityError:
        return False
    return moved is not None


def _frees_others(posting: Posting) -> bool:
    if posting.state != State.SENDING or posting.connection.failures or posting.connection.open_until is not None:
        return True
    if posting.kind == Kind.PURCHASE_ORDER:
        return bool(posting.transaction.order_number)
    return Kind(posting.kind) in SETTLED
