"""The engine's lengths of time, shortened for a run of minutes. Their order is the engine's own and must stay.

A write is given up after `READ`, or goes out within `SEND_WITHIN` of its claim; the slowest commit (a hang, then a late
one) comes `HANG + LATE` after the write. It must be over when a lookup proves absence: after `LEASE + QUIET` where the
worker was cut off, after `QUIET` where it gave up by itself.
"""

from __future__ import annotations

LEASE = 5.0
SEND_WITHIN = 1.5
READ = 1.5
ATTEMPT = 3.0
QUIET = 4
RECHECK = 1
HANG = 2.5
LATE = 2.5
RETRIES = (0.3, 0.6, 1.0, 1.5, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0)
BREAKER_FIRST, BREAKER_LONGEST = 1, 3
SWEEP_EVERY, SWEEP_GRACE = 0.5, 0.2
ORDER_AGAIN = 1.0
# A worker that is held up for this long comes back while, or after, another one sends.
HELD_UP = (LEASE + QUIET + RECHECK + 0.5, LEASE + QUIET + 2 * RECHECK + 3)

if not (LATE < QUIET and SEND_WITHIN + HANG + LATE < LEASE + QUIET and SEND_WITHIN < LEASE):
    raise ValueError("the order of the lengths of time is broken")
