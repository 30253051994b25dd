"""Post into AccountsIQ, over whichever of its interfaces a connection has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from integrations import oauth
from integrations.accountsiq import checks, hearing, rules
from integrations.accountsiq.rest.tokens import application
from integrations.accountsiq.rest.transport import Rest
from integrations.accountsiq.settings import DEFAULTS, REST, SANDBOX, SETTINGS, SOAP, completed
from integrations.accountsiq.soap.transport import Soap20
from integrations.accountsiq.transport import Transport
from integrations.base import AccountingSystem, Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Written
from integrations.errors import Cancelled, Misconfigured, Rejected
from integrations.hearing import Heard, Hears
from integrations.linking import Arrival, Departure, Token
from integrations.metadata import Abilities, Limits, Metadata
from integrations.papers import Attachment, File
from integrations.previewing import Objection
from integrations.reference import Record, RecordKind
from integrations.sentences import sentence

_TRANSPORTS: Final[Mapping[str, type[Transport]]] = {REST: Rest, SOAP: Soap20}


class AccountsIQ(AccountingSystem):
    """Invoices and credit notes of purchases, and over SOAP those of sales, and purchase orders. All but orders are
    posted to their ledger at once."""

    metadata = Metadata(
        slug="accountsiq",
        name="AccountsIQ",
        summary="Invoices, credit notes and orders in AccountsIQ, over its SOAP interface or over REST.",
        monogram="AIQ",
        settings=SETTINGS,
        help_url="https://www.accountsiq.com/",
    )
    can = rules.widest(one.can for one in _TRANSPORTS.values())
    uses_tokens = True
    hears = Hears.AT_THE_CONNECTION
    # What the list of REST calls that we were given says, for each user. SOAP has no limit, and asks for fairness.
    limits = Limits(requests=100, seconds=1.0)
    limit_by = ("client_id",)

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        # One connection can less than the class: whoever asks the object is told of the connection.
        self.can = self.can_for(link.settings, link.told)  # type: ignore[misc]

    @classmethod
    def can_for(cls, settings: Mapping[str, str], told: Mapping[str, Any]) -> Abilities:
        """What the interface of the connection can do."""
        way = _TRANSPORTS.get(completed(settings)["transport"], Rest)
        return rules.narrowed(way.can, settings)

    @classmethod
    def is_linked_by_visit(cls, settings: Mapping[str, str]) -> bool:
        """Over REST, where AccountsIQ has a page on which a person agrees."""
        is_rest = completed(settings)["transport"] == REST
        return is_rest and bool(settings.get("authorize_url", "").strip())

    @cached_property
    def _completed(self) -> Link:
        return replace(self.link, settings=completed(self.link.settings))

    @cached_property
    def _way(self) -> Transport:
        access = self.link.access or oauth.Fresh(self.obtain)
        return _transport(self.link.settings)(self._completed, access)

    # --- linking -----------------------------------------------------------------------------------------------------

    def company(self) -> Company:
        """Who is linked; that of a sandbox says so. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        company = self._way.company()
        is_sandbox = self._completed.settings["environment"] == SANDBOX
        return replace(company, name=f"{company.name} (sandbox)") if is_sandbox else company

    def obtain(self, previous: Token | None) -> Token:
        """A fresh access token. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        return _transport(self.link.settings).obtain(self._completed, previous)

    def depart(self, *, state: str, return_url: str) -> Departure:
        """Where a person agrees, with PKCE. Raises `Misconfigured`, and `Rejected` where the form is enough."""
        if not self.is_linked_by_visit(self.link.settings):
            return super().depart(state=state, return_url=return_url)
        return oauth.authorise_url(application(self._completed), state=state, return_url=return_url)

    def arrive(self, query: Mapping[str, str], *, keep: Mapping[str, str], return_url: str) -> Arrival:
        """The token for what the person brought back. Raises `Cancelled`, `Rejected`, and as `company`."""
        if not self.is_linked_by_visit(self.link.settings):
            return super().arrive(query, keep=keep, return_url=return_url)
        if query.get("error") == "access_denied":
            raise Cancelled("The connection was not authorised in AccountsIQ. Nothing was linked.")
        if query.get("error"):
            why = sentence(query.get("error_description"), otherwise="it gave no reason").rstrip(".")
            raise Rejected(f"AccountsIQ did not authorise the connection: {why}. Start again.")
        app, verifier = application(self._completed), keep.get(oauth.VERIFIER, "")
        code, outbound = query.get("code", ""), self.link.outbound
        return Arrival(token=oauth.exchange(app, outbound, code=code, verifier=verifier, return_url=return_url))

    @classmethod
    def can_unlink(cls, settings: Mapping[str, str]) -> bool:
        """Where a person agreed, and AccountsIQ has an address at which that is given back."""
        return cls.is_linked_by_visit(settings) and bool(settings.get("revoke_url", "").strip())

    def unlink(self, granted: Token | None) -> None:
        """Give back what the person agreed to. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        if granted is not None:
            oauth.revoke(application(self._completed), self.link.outbound, granted)

    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard:
        """Whatever came: something may have changed. That it is theirs is proved by the address that it came to."""
        return hearing.heard(body, self.can.reads)

    # --- documents ---------------------------------------------------------------------------------------------------

    def objections(self, document: Document) -> tuple[Objection, ...]:
        """What AccountsIQ would refuse: by the document itself, and by the periods where they can be asked for."""
        found = rules.rules_for(self._completed.settings)
        periods = self._way.periods() if document.kind in checks.POSTED_TO_LEDGER else ()
        return checks.objections(document, found, periods)

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Check, look our reference up, and write. Raises as the base says."""
        self._take(document.kind)
        if found := self.objections(document):
            raise _refused(found)
        return self._way.post(document, key=key, reference=reference)

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All documents in the books that carry our key. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        self._take(document.kind)
        return self._way.find(document, key=key)

    def written_since(self, since: datetime) -> Iterator[Written]:
        """Every document with a key of ours, where the interface lists them."""
        return self._way.written_since(since) if self.can.lists else iter(())

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """The files of a document, where the interface tells them."""
        return self._way.attached(kind, external_id) if kind in self.can.attaches else ()

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """Attach a file, where the interface takes one. Raises as the base says."""
        if kind not in self.can.attaches:
            raise Rejected(f"AccountsIQ takes no files of a {kind.label.lower()} over this interface.", field="kind")
        self._way.attach(kind, external_id, file)

    def _take(self, kind: Kind) -> None:
        if kind not in self.can.kinds:
            raise Rejected(f"AccountsIQ does not take a {kind.label.lower()} over this interface.", field="kind")

    # --- reference data, and single calls ----------------------------------------------------------------------------

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """All of a kind, inactive ones too. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        return self._way.records(kind) if kind in self.can.reads else iter(())

    def calls(self) -> Mapping[str, str]:
        """Every call of the connection's interface by name, in words for staff."""
        return self._way.calls()

    def call(self, name: str, values: Mapping[str, str], body: object = None) -> str:
        """Carry one of `calls` out; the answer as text. Raises as the base says."""
        return self._way.call(name, values, body)


def _transport(settings: Mapping[str, str]) -> type[Transport]:
    name = completed(settings)["transport"]
    if name not in _TRANSPORTS:
        raise Misconfigured(f"AccountsIQ has no interface {name[:20]}. Choose one of the list.", field="transport")
    return _TRANSPORTS[name]


def _refused(found: Sequence[Objection]) -> Rejected:
    """The first, and how many more; what a setting mends is `Misconfigured`."""
    first = found[0]
    more = {0: "", 1: " There is one more objection."}.get(
        len(found) - 1, f" There are {len(found) - 1} more objections."
    )
    is_ours = first.field in DEFAULTS or first.field.startswith("defaults.")
    return (Misconfigured if is_ours else Rejected)(first.message + more, field=first.field)
