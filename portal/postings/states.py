"""The states of a posting and every way between them: one table, in code."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    """Where a posting stands."""

    READY = "ready", _("Ready")
    SENDING = "sending", _("Sending")
    AWAITING = "awaiting", _("Awaiting")
    UNKNOWN = "unknown", _("Unknown")
    CHECKING = "checking", _("Checking")
    POSTED = "posted", _("Posted")
    REJECTED = "rejected", _("Rejected")
    HELD = "held", _("Held")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    VOID = "void", _("Void")


class Actor(models.TextChoices):
    """Which part acted."""

    INTAKE = "intake", _("Intake")
    WORKER = "worker", _("Worker")
    SWEEP = "sweep", _("Sweep")
    STAFF = "staff", _("Staff")
    VENDOR = "vendor", _("Vendor")
    RESTORE = "restore", _("Restore")


IN, W, SW, ST, V = Actor.INTAKE, Actor.WORKER, Actor.SWEEP, Actor.STAFF, Actor.VENDOR
# After a restore from an older backup: what was open then may have been posted since, so its outcome is unknown
# (portal/postings/restoring). A worker takes what was refused or withdrawn then, and is due again, the same way.
R = Actor.RESTORE

TRANSITIONS: dict[tuple[State, State], frozenset[Actor]] = {
    (State.READY, State.SENDING): frozenset({W}),
    (State.READY, State.POSTED): frozenset({IN, W}),
    (State.READY, State.REJECTED): frozenset({IN, W}),
    (State.READY, State.HELD): frozenset({IN, W}),
    (State.READY, State.WITHDRAWN): frozenset({IN}),
    (State.READY, State.UNKNOWN): frozenset({R, W}),
    (State.SENDING, State.POSTED): frozenset({W}),
    (State.SENDING, State.AWAITING): frozenset({W}),
    (State.SENDING, State.REJECTED): frozenset({W}),
    (State.SENDING, State.READY): frozenset({W}),
    (State.SENDING, State.UNKNOWN): frozenset({W, SW, R}),
    (State.AWAITING, State.POSTED): frozenset({W, V}),
    (State.AWAITING, State.REJECTED): frozenset({W, V}),
    (State.AWAITING, State.UNKNOWN): frozenset({W, V, R}),
    (State.UNKNOWN, State.CHECKING): frozenset({W}),
    (State.UNKNOWN, State.HELD): frozenset({W}),
    (State.CHECKING, State.POSTED): frozenset({W}),
    (State.CHECKING, State.UNKNOWN): frozenset({W, SW, R}),
    (State.CHECKING, State.READY): frozenset({W}),
    (State.CHECKING, State.HELD): frozenset({W}),
    (State.REJECTED, State.READY): frozenset({IN, ST}),
    (State.WITHDRAWN, State.READY): frozenset({IN, ST}),
    (State.HELD, State.READY): frozenset({ST}),
    (State.HELD, State.CHECKING): frozenset({ST}),
    (State.REJECTED, State.POSTED): frozenset({ST}),
    (State.HELD, State.POSTED): frozenset({ST}),
    (State.REJECTED, State.VOID): frozenset({ST}),
    (State.HELD, State.VOID): frozenset({ST}),
    (State.WITHDRAWN, State.VOID): frozenset({ST}),
}

FINAL = frozenset({State.POSTED, State.VOID})
LEASED = frozenset({State.SENDING, State.CHECKING})
WAITING_FOR_THEIR_TIME = frozenset({State.READY, State.AWAITING, State.UNKNOWN})
UNDER_WAY = frozenset({State.READY, State.SENDING, State.AWAITING, State.UNKNOWN, State.CHECKING})
NEEDS_A_PERSON = frozenset({State.REJECTED, State.HELD})


class IllegalTransition(Exception):
    """The table knows no such way for this actor."""


def check_transition(before: State, after: State, who: Actor) -> None:
    """Raise `IllegalTransition` unless `who` may take a posting from `before` to `after`."""
    if who not in TRANSITIONS.get((before, after), frozenset()):
        raise IllegalTransition(f"{who.label} may not take a posting from {before.label} to {after.label}.")
