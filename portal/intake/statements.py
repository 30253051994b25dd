"""The statements of this room whose text is kept (portal/prepared.py): who calls, what came, and how it ended.

All values are bound as parameters; nothing but the constants of this file and of the room below stands in a text.
"""

from __future__ import annotations

from typing import Final

from portal.postings.statements import FIRST_TOLD, NEW_TRANSACTION

# The columns stand in the order of `endpoints.OpenEndpoint` and `endpoints.Accounting`. `IS TRUE` keeps that
# comparison from choosing the index, which would lead through all connections of the source.
_ENDPOINT: Final = """
SELECT
    endpoint.id AS endpoint_id, endpoint.kind, endpoint.token_header_names, endpoint.discovery_until,
    endpoint.answer, endpoint.answer_within_seconds, endpoint.answer_template,
    source.external_company_id, company.id AS company_id, company.name, company.base_currency,
    company.live_at, company.closed_at,
    (
        SELECT string_agg(token.digest, ' ' ORDER BY token.id)
        FROM connections_endpointtoken AS token
        WHERE token.endpoint_id = endpoint.id AND (token.retires_at IS NULL OR token.retires_at > %(now)s)
    ) AS digests,
    accounting.id AS accounting_id, accounting.integration, accounting.kept_kinds, accounting.taken_kinds,
    accounting.status, accounting.paused,
    (
        SELECT capture.id FROM intake_capture AS capture
        WHERE capture.endpoint_id = endpoint.id AND capture.taken_at IS NULL AND capture.disarmed_at IS NULL
            AND capture.armed_until > %(now)s
    ) AS capture_id
FROM connections_endpoint AS endpoint
JOIN connections_connection AS source ON source.id = endpoint.connection_id
JOIN tenants_company AS company ON company.id = source.company_id
LEFT JOIN connections_connection AS accounting
    ON accounting.company_id = company.id AND accounting.side = 'accounting' AND accounting.status <> 'unlinked'
WHERE endpoint.id = %(endpoint_id)s AND endpoint.is_active AND (source.integration = %(integration)s) IS TRUE
"""
FIND_ENDPOINT: Final = _ENDPOINT

# Committed at once, so that no later step can take it away; but the disk is waited for only once per webhook, with the
# commit before the answer, which brings everything before it to the disk as well. What a crash of the database server
# can take in between was never answered.
KEEP_DELIVERY: Final = """
INSERT INTO intake_delivery (endpoint_id, company_id, received_at, body, body_sha256, headers, verdict, reason, field)
SELECT %(endpoint_id)s, %(company_id)s, %(received_at)s, %(body)s, %(body_sha256)s, %(headers)s, 'received', '', ''
FROM set_config('synchronous_commit', 'off', true)
RETURNING id
"""

# Both at once, where the token whose digest is given is live, and the header that it came in is looked at.
FIND_AND_KEEP: Final = f"""
WITH found AS ({_ENDPOINT}
    AND (endpoint.token_header_names ? %(header)s OR (endpoint.token_header_names = '[]' AND %(is_usual)s))
    AND EXISTS (
        SELECT FROM connections_endpointtoken AS token
        WHERE token.endpoint_id = endpoint.id AND token.digest = %(digest)s
            AND (token.retires_at IS NULL OR token.retires_at > %(now)s)
    )
), kept AS (
    INSERT INTO intake_delivery
        (endpoint_id, company_id, received_at, body, body_sha256, headers, verdict, reason, field)
    SELECT endpoint_id, company_id, %(received_at)s, %(body)s, %(body_sha256)s, %(headers)s, 'received', '', ''
    FROM found, set_config('synchronous_commit', 'off', true)
    RETURNING id
)
SELECT kept.id, found.* FROM kept, found
"""  # noqa: S608 - a part of this file

# The number is not known before the statement runs, so the answer comes with a mark where it belongs. What the
# statement itself takes, above all a wait for the company's series, counts as time before the answer.
_ENDED: Final = """
    ended AS (
        UPDATE intake_delivery
        SET verdict = %(verdict)s, transaction_id = transaction.id,
            answer_status = %(answer_status)s, answer_body = replace(%(answer_body)s, %(mark)s, number)::jsonb,
            answered_after_ms = %(after_ms)s
                + round(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000)::integer
        FROM transaction
        WHERE intake_delivery.id = %(delivery_id)s
    )"""

# A new transaction, its number told, and its delivery ended with that answer.
TAKE_AND_ANSWER: Final = f"""
WITH {NEW_TRANSACTION}, {_ENDED}
SELECT posting.id, transaction.id, transaction.number FROM transaction, posting
"""  # noqa: S608 - parts of this file and the room below

# A posted transaction's number told for the first time, and the delivery that waited for it ended with that answer.
# Gives where the posting stands besides, for whoever has to wait on.
TELL_AND_ANSWER: Final = f"""
WITH {FIRST_TOLD}, {_ENDED}
SELECT posting.state, posting.next_attempt_at, transaction.number
FROM postings_posting AS posting LEFT JOIN transaction ON true
WHERE posting.id = %(posting_id)s
"""  # noqa: S608 - parts of this file and the room below

END_DELIVERY: Final = """
UPDATE intake_delivery
SET verdict = %(verdict)s, reason = %(reason)s, field = %(field)s, transaction_id = %(transaction_id)s,
    answer_status = %(answer_status)s, answer_body = %(answer_body)s, answered_after_ms = %(after_ms)s
WHERE id = %(delivery_id)s
RETURNING id
"""
