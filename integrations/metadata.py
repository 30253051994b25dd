"""What every connector says of itself: names and forms for people, abilities and limits for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.documents import Kind
from integrations.reference import RecordKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One field of a connection's form. A secret is encrypted at rest and never shown again.

    `choices` are (value, label), empty for free text; `is_long` asks for several lines; `is_advanced` belongs to what
    the vendor does not publish: its default is right until somebody has seen otherwise. `is_date` is a day, written as
    2026-04-01. `of_installation`: the operator
    of this installation gives it once, for all connections; where a secret is given so, the address must be, too.
    """

    key: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = True
    default: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    is_long: bool = False
    is_date: bool = False
    is_advanced: bool = False
    of_installation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What people and forms need to know of an integration.

    `help_url` is the vendor's own documentation, `support_url` where it is asked for help; empty where none is known.
    """

    slug: str
    name: str
    summary: str
    monogram: str
    settings: tuple[Setting, ...] = ()
    help_url: str = ""
    support_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One accounting system among those that an integration stands for.

    `settings` are what a connection to it has, `told` what is known of it as `can_for` wants it; both JSON. `logo_url`
    is the vendor's own picture, empty where there is none. `is_desktop`: it runs on the customer's own computer.
    """

    key: str
    name: str
    settings: Mapping[str, str]
    told: Mapping[str, Any] = field(default_factory=dict)
    logo_url: str = ""
    is_desktop: bool = False
    is_beta: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a system that we post into can do.

    `kinds`: documents it takes. `transactional`: it books inside our own database transaction (only the built-in
    ledger). `lookup`: it can be searched by our key. `lookup_complete`: the search sees every committed document at
    once, so that a second miss proves absence. `quiet_seconds`: how long a late commit may take after a broken call.
    `awaits`: it may take a document asynchronously, and `poll` then tells what became of it. `repeats_errors`: it
    answers a failed request's idempotency key with the same failure again, so that a resend needs a new one.
    `lists`: it can tell all documents with a key of ours that were written since a moment, which reconciliation needs.
    `key_seconds`: how long the vendor says that it remembers an idempotency key; None where it takes none.
    `reads`: the kinds of reference data that it can tell. `attaches`: a file can be attached to a posted document of
    these kinds. `tells_settlements`: it can tell customers' payments and refunds, whoever wrote them, and
    `tells_settlements_of`: those of one invoice, asked for right before a payment of it is sent. `amends`: which
    members of an `Amendment` it takes for a posted sales invoice. `tells_amendments`: it can tell the order number and
    the due date of posted sales invoices, and which of them were changed since a moment.
    """

    kinds: frozenset[Kind]
    transactional: bool = False
    lookup: bool = True
    lookup_complete: bool = False
    quiet_seconds: int = 120
    awaits: bool = False
    repeats_errors: bool = False
    lists: bool = False
    key_seconds: int | None = None
    reads: frozenset[RecordKind] = frozenset()
    attaches: frozenset[Kind] = frozenset()
    tells_settlements: bool = False
    tells_settlements_of: bool = False
    amends: frozenset[str] = frozenset()
    tells_amendments: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What a source's own interface offers beside the webhook.

    `takes`: kinds of reference data whose lists can be replaced there; `edits`: those of which one row can be written
    or deleted by itself. `rows_at_once`: how many rows one request of a replacement may carry. `tells`: kinds whose
    lists can be read there. `lists`: it tells its transactions page by page. `attachments`, `timeline`: it tells those
    of a transaction.
    """

    takes: frozenset[RecordKind] = frozenset()
    edits: frozenset[RecordKind] = frozenset()
    rows_at_once: int = 100
    tells: frozenset[RecordKind] = frozenset()
    lists: bool = False
    attachments: bool = False
    timeline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a vendor allows: `requests` in any window of `seconds` (None: no known limit), and `at_once` together."""

    requests: int | None = None
    seconds: float = 60.0
    at_once: int = 16
