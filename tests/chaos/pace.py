"""The engine's lengths of time, shortened for a run of minutes. Their order is the engine's own and must stay.

A write is given up after `READ`, or goes out within `SEND_WITHIN` of its claim; the slowest commit (a hang, then a late
one) comes `HANG + LATE` after the write. It must be over when a lookup proves absence: `QUIET` after the worker gave
up by itself, or after its lease was found to have run out. The latter may be in the very moment in which a worker that
was stopped goes on and writes, so that the quiet period alone must be longer than the slowest commit.
"""

from __future__ import annotations

# The accounting system of a campaign that says no other, and what tells the portal's processes which it is.
DEMO, VARIABLE = "demo", "CHAOS_SYSTEM"
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
# Codat: how soon a push and a reading are asked for again; a lookup sees what was read so short ago, which is a part of
# the quiet period as it is in production.
PUSH_ASKED, READ_ASKED, LOOKUP = 0.5, 1.5, 0.9 * QUIET
# Whoever asks for an access token has it to himself for longer than he can ask; the others do not wait until their own
# time for sending is over.
TOKEN_LEASE, TOKEN_WAIT = 4.0, 1.0
# A worker that is held up for this long comes back while, or after, another one sends.
HELD_UP = (LEASE + QUIET + RECHECK + 1, LEASE + QUIET + RECHECK + 12)
# One worker alone: longer than its lease, and so that what it still writes is committed before absence can be proven.
FROZEN = (LEASE + 0.5, LEASE + QUIET - HANG - LATE)
# All processes of the portal at once: longer than lease and quiet period together.
ALL_FROZEN = LEASE + QUIET + RECHECK + 1


def check() -> None:
    """Raises `ValueError` when the order of the lengths of time is not the engine's."""
    engine = HANG + LATE < QUIET and SEND_WITHIN < LEASE and ATTEMPT < LEASE and FROZEN[0] < FROZEN[1]
    if not (engine and TOKEN_WAIT < SEND_WITHIN and ATTEMPT < TOKEN_LEASE):
        raise ValueError("the order of the lengths of time is broken")


def is_slow(system: str) -> bool:
    """Whether one attempt is many requests there: codes are looked up before the write, and it is read back."""
    return system != DEMO


def slow_down() -> None:
    """Give an attempt the time for many requests."""
    values = globals()
    values |= {"LEASE": 10.0, "SEND_WITHIN": 4.0, "ATTEMPT": 8.0, "TOKEN_LEASE": 9.0, "TOKEN_WAIT": 2.0}
    lost = values["LEASE"] + QUIET + RECHECK + 1
    values |= {"HELD_UP": (lost, lost + 11), "ALL_FROZEN": lost}
    values |= {"FROZEN": (values["LEASE"] + 0.5, values["LEASE"] + QUIET - HANG - LATE)}
    check()


check()
