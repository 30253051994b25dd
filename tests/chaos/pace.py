"""The engine's lengths of time, shortened for a run of minutes. Their order is the engine's own and must stay.

A write is given up after `READ`, or goes out within `SEND_WITHIN` of its claim; the slowest commit (a hang, then a late
one) comes `HANG + LATE` after the write. It must be over when a lookup proves absence: `QUIET` after the worker gave
up by itself, or after its lease was found to have run out. The latter may be in the very moment in which a worker that
was stopped goes on and writes, so that the quiet period alone must be longer than the slowest commit.
"""

from __future__ import annotations

LEASE = 5.0
SEND_WITHIN = 1.5
READ = 1.5
ATTEMPT = 3.0
QUIET = 7
RECHECK = 1
HANG = 2.5
LATE = 2.5
RETRIES = (0.3, 0.6, 1.0, 1.5, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0)
BREAKER_FIRST, BREAKER_LONGEST = 1, 3
SWEEP_EVERY, SWEEP_GRACE = 0.5, 0.2
ORDER_AGAIN = 1.0
# A worker that is held up for this long comes back while, or after, another one sends.
HELD_UP = (LEASE + QUIET + RECHECK + 1, LEASE + QUIET + RECHECK + 12)
# One worker alone: longer than its lease, and so that what it still writes is committed before absence can be proven.
FROZEN = (LEASE + 0.5, LEASE + QUIET - HANG - LATE)
# All processes of the portal at once: longer than lease and quiet period together.
ALL_FROZEN = LEASE + QUIET + RECHECK + 1

if not (HANG + LATE < QUIET and SEND_WITHIN < LEASE and ATTEMPT < LEASE and FROZEN[0] < FROZEN[1]):
    raise ValueError("the order of the lengths of time is broken")
