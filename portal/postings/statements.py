"""Statements of this room whose text is kept (portal/prepared.py): taking a new transaction, booking it, telling it.

The first and the last are parts of a `WITH`, so that a door can write its own row in the same statement: intake ends
its delivery. Each of them leaves a relation `transaction` with `id` and `number`, which is empty where the usual case
is not what it finds. All values are bound as parameters; nothing but the constants of this file stands in a text.
"""

from __future__ import annotations

from typing import Final

# A transaction that was never seen, with the company's next number, its posting and the first row of its history.
# `counted` is empty when the identity is known, or when the company has no series yet: then nothing is written at all.
# Its row of the series stays locked until the end of this one statement. Two deliveries of one new transaction may
# both get past the check; then the second breaks the unique key, and all that it wrote is undone, its number too.
# With `answered` the number is told in the same breath.
NEW_TRANSACTION: Final = """
    counted AS (
        UPDATE postings_numberseries
        SET last = last + 1
        WHERE company_id = %(company_id)s
            AND NOT EXISTS (
                SELECT FROM postings_transaction
                WHERE company_id = %(company_id)s AND source = %(source)s AND kind = %(kind)s
                    AND identity = %(identity)s
            )
        RETURNING 'P-' || lpad(last::text, greatest(6, length(last::text)), '0') AS number
    ),
    transaction AS (
        INSERT INTO postings_transaction (
            public_id, company_id, source, kind, external_id, identity, revision, content, content_hash,
            number, answered_number, answered_at,
            source_number, order_number, supplier_reference, supplier_name,
            currency, net, tax, gross, document_date, received_at
        )
        SELECT
            gen_random_uuid(), %(company_id)s, %(source)s, %(kind)s, %(external_id)s, %(identity)s, 1,
            %(content)s, %(content_hash)s,
            number, CASE WHEN %(answered)s THEN number ELSE '' END, CASE WHEN %(answered)s THEN %(now)s END,
            %(source_number)s, %(order_number)s, %(supplier_reference)s, %(supplier_name)s,
            %(currency)s, %(net)s, %(tax)s, %(gross)s, %(document_date)s, %(received_at)s
        FROM counted
        RETURNING id, number
    ),
    posting AS (
        INSERT INTO postings_posting (
            transaction_id, connection_id, kind, kept, state, next_attempt_at, idempotency_key, generation,
            attempts_made, attempt_count, tries, crashes, misses, may_exist, recheck_asked,
            reason, reason_field, error_class, traceback, operation, waits_for, external_number,
            booked, differences, created_at, updated_at
        )
        SELECT
            id, %(connection_id)s, %(kind)s, %(kept)s, 'ready', %(now)s, gen_random_uuid(), 1,
            0, 0, 0, 0, 0, false, false,
            '', '', '', '', '', '', '',
            '{}', '[]', %(now)s, %(now)s
        FROM transaction
        RETURNING id
    ),
    history AS (
        INSERT INTO postings_transition (posting_id, before, after, who, why, at)
        SELECT id, '', 'ready', 'intake', '', %(now)s FROM posting
    )"""

TAKE_NEW: Final = f"""
WITH {NEW_TRANSACTION}
SELECT posting.id, transaction.id, transaction.number FROM transaction, posting
"""  # noqa: S608 - parts of this file

# A ready posting that was booked inside this very transaction: it moves, with its closed attempt and its history.
BOOKED: Final = """
WITH moved AS (
    UPDATE postings_posting
    SET state = 'posted', next_attempt_at = NULL, attempts_made = attempts_made + 1, attempt_count = attempt_count + 1,
        may_exist = true, reason = '', reason_field = '', error_class = '', traceback = '',
        external_id = %(external_id)s, external_number = %(external_number)s,
        booked = %(booked)s, differences = %(differences)s, posted_at = %(posted_at)s, updated_at = %(posted_at)s
    WHERE id = %(posting_id)s AND state = 'ready' AND asked_by_id IS NULL
    RETURNING id, attempt_count
),
attempt AS (
    INSERT INTO postings_attempt (
        posting_id, number, purpose, trigger, started_at, ended_at, outcome, message, exchanges
    )
    SELECT id, attempt_count, 'send', 'automatic', %(started_at)s, %(posted_at)s, 'Posted', '', '[]' FROM moved
),
history AS (
    INSERT INTO postings_transition (posting_id, before, after, who, why, at)
    SELECT id, 'ready', 'posted', %(who)s, '', %(posted_at)s FROM moved
)
SELECT attempt_count FROM moved
"""

# The number of a posting that is in the books, told for the first time. Nothing leaves `posted`, so its row needs no
# lock; whoever tells a number at the same moment is found by the guard on `answered_number`. `IS TRUE` keeps the two
# from choosing an index, which would lead through everything that was ever posted, or everything that is not told.
FIRST_TOLD: Final = """
    transaction AS (
        UPDATE postings_transaction AS told
        SET answered_number = coalesce(nullif(posting.external_number, ''), told.number), answered_at = %(now)s
        FROM postings_posting AS posting
        WHERE posting.id = %(posting_id)s AND (posting.state = 'posted') IS TRUE
            AND told.id = posting.transaction_id AND (told.answered_number = '') IS TRUE
        RETURNING told.id, told.answered_number AS number
    )"""
