"""From a refusal that names the mapping to the page where it is mended, and whether it has been mended meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from integrations.content import from_json
from integrations.documents import Kind
from integrations.errors import Misconfigured
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.mending import is_of_a_mapping, key_of_field
from portal.reference.rules import How, Missing, Rules
from portal.reference.rules import from_json as rules_from_json
from portal.reference.tables import codes_for


@dataclass(frozen=True, slots=True)
class Mending:
    """Where the mapping is mended for one posting, and what it still lacks, in sentences; nothing: it is mended."""

    url: str
    lacking: tuple[str, ...]

    @property
    def is_done(self) -> bool:
        """Whether a retry would find all that was missing."""
        return not self.lacking


def mending_of(posting: Posting | None) -> Mending | None:
    """None where the posting was not refused for its mapping."""
    if posting is None or posting.state != State.REJECTED or not is_of_a_mapping(posting.reason_field):
        return None
    return Mending(_url(posting), _lacking(posting))


def _lacking(posting: Posting) -> tuple[str, ...]:
    try:
        document = from_json(posting.transaction.content)
        codes = codes_for(posting.connection, document)
    except (Misconfigured, UnknownIntegration) as error:
        return (str(error),)
    sentences = [gap.sentence for gap in codes.gaps(document)]
    if not sentences and _is_sent_without(posting, codes.rules):
        sentences = [posting.reason]
    return tuple(dict.fromkeys(sentences))


def _is_sent_without(posting: Posting, rules: Rules) -> bool:
    """Whether it was refused over there for a code that the document lacks, and would be sent without it again."""
    key = key_of_field(posting.reason_field, Kind(posting.transaction.kind))
    return key is not None and not key[1] and rules.of(key[0]).absent is Missing.AS_IS


def _url(posting: Posting) -> str:
    """The code at fault in its table, or else the rules; `back` leads to the transaction again."""
    company = posting.transaction.company_id
    back = {"back": reverse("desk:transaction", args=[posting.transaction.public_id])}
    key = key_of_field(posting.reason_field, Kind(posting.transaction.kind))
    if key is None or not key[1] or not _is_looked_up(posting.connection, key[0]):
        return f"{reverse('desk:mapping-rules', args=[company])}?{urlencode(back)}"
    named = {"family": key[0], "code": key[1], **back}
    return f"{reverse('desk:mapping-codes', args=[company])}?{urlencode(named)}"


def _is_looked_up(connection: Connection, family: str) -> bool:
    try:
        return rules_from_json(connection.mapping).of(family).how is How.TABLE
    except Misconfigured:
        return False
