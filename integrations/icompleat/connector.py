"""iCompleat as a source: approved transactions arrive by webhook, and a journal number goes back; by its API it takes
reference data and raised transactions, and tells where transactions stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, Final

from integrations.base import Answer, Expected, Link, Refresh, Source
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Stage
from integrations.errors import Misconfigured, NotEditable
from integrations.icompleat import counting, linked, listing, mapping, raising, rows, searching, told
from integrations.icompleat.answers import UnknownCode, text
from integrations.icompleat.client import Client
from integrations.icompleat.endpoints import names
from integrations.icompleat.refreshing import ROWS_AT_ONCE, ListRefresh, check_addressable, one_row
from integrations.icompleat.terms import MOST_REQUESTS, SETTINGS, USUAL_REQUESTS, number
from integrations.metadata import Abilities, Limits, Metadata, Offers
from integrations.papers import Attachment, File
from integrations.reference import Record, RecordKind, RecordList, Row
from integrations.standing import Event, Page, Standing

# Inferred: the vendor publishes neither the body nor the codes of a failure answer. Codes 2, 3 and 10 have a meaning in
# its own API (unknown company, user, transaction) and are left to it; the sentence is what a person may see.
ERROR_CODES: Final[Mapping[int, int]] = {401: 1, 400: 100, 404: 104, 405: 105, 413: 113, 429: 129, 500: 500, 503: 503}
OTHER_ERROR: Final = 100
_STATUS_BY_STAGE: Final = {stage: status for status, stage in told.STAGE_BY_STATUS.items()}
_ALL: Final = frozenset(RecordKind)


class ICompleat(Source):
    """iCompleat (Compleat Software). What is seen and what is inferred stands in the README beside this file."""

    metadata: ClassVar[Metadata] = Metadata(
        slug=mapping.SOURCE,
        name="iCompleat",
        summary="Sends purchase orders, invoices, credit notes and receipts as soon as they are fully approved.",
        monogram="iC",
        settings=SETTINGS,
    )
    can: ClassVar[Abilities] = Abilities(
        kinds=frozenset(raising.TYPE_BY_KIND),
        lookup=True,
        # Only so many pages are searched, and how soon a new transaction is listed is not known.
        lookup_complete=False,
        quiet_seconds=120,
    )
    offers: ClassVar[Offers] = Offers(
        takes=_ALL, edits=_ALL, rows_at_once=ROWS_AT_ONCE, tells=_ALL, lists=True, attachments=True, timeline=True
    )
    # What the one public client allows itself against the live service; the vendor's own limit is not public.
    limits: ClassVar[Limits] = Limits(requests=USUAL_REQUESTS, seconds=60)
    limit_by: ClassVar[tuple[str, ...]] = ("base_url", "security_key")
    kinds: ClassVar[frozenset[Kind]] = frozenset(mapping.KIND_BY_TYPE.values())
    # The name of the header is not public: these are tried in turn. The secret is the value, not the name.
    token_headers: ClassVar[tuple[str, ...]] = (
        "x-api-compleat-token",
        "x-compleat-token",
        "x-api-secret-token",
        "x-secret-token",
        "secret-token",
        "secrettoken",
        "token",
        "x-api-compleat-key",
        "x-api-key",
        "authorization",
    )
    answer_template: ClassVar[Mapping[str, Any]] = {"JournalNumber": "{journal}"}

    def __init__(self, link: Link | None = None) -> None:
        super().__init__(link)
        self._field_ids: dict[str, str] = {}

    @classmethod
    def limits_for(cls, settings: Mapping[str, str]) -> Limits:
        """As many requests a minute as the settings say, 1 to 600; the usual 50 where they say no number."""
        return Limits(requests=number(settings, "requests_per_minute", USUAL_REQUESTS, MOST_REQUESTS), seconds=60)

    @cached_property
    def _client(self) -> Client:
        return Client(self.link)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return names(self.link.settings.get("arrays", ""))

    # --- deliveries --------------------------------------------------------------------------------------------------

    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        """Read one approved transaction, bare or wrapped. Raises `Malformed` with path and sentence."""
        return mapping.read(payload, expected)

    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        """200 with the template, `{journal}` replaced in its string values at any depth."""
        return Answer(200, {name: _filled(value, journal_number) for name, value in template.items()})

    def refuse(self, status: int, message: str) -> Answer:
        """The status with `ErrorCode` and `ErrorMessage`; all but 200 puts a transaction among the posting failures."""
        return Answer(status, {"ErrorCode": ERROR_CODES.get(status, OTHER_ERROR), "ErrorMessage": message})

    # --- who is linked -----------------------------------------------------------------------------------------------

    def company(self) -> Company:
        """Who is linked: the first page of suppliers proves key, tenant and company at once.

        The name is the id, and the currency empty, where iCompleat does not tell them. Raises as the base says.
        """
        return linked.company(self._client)

    # --- reference data ----------------------------------------------------------------------------------------------

    def row(self, record: Record) -> Row:
        """What iCompleat is told of a record. Raises `Rejected` with the field for one that it can never be told."""
        return rows.row(record, self._names)

    def count(self, target: RecordList) -> int:
        """How many rows a list has. Raises as the base says."""
        if target.kind is RecordKind.DIMENSION:
            return sum(1 for _ in self._client.reference(target.kind, field=self._field(target)))
        return counting.rows(lambda page: len(self._client.reference_page(target.kind, page)))

    def codes(self, target: RecordList) -> Iterator[str]:
        """The codes of a list as it stands there, page by page. Raises as the base says."""
        return listing.codes(self._client, target.kind, self._field(target))

    def refresh(self, target: RecordList) -> Refresh:
        """Begin to replace a list. Raises as the base says."""
        return ListRefresh(self._client, target.kind, self._field(target))

    def put(self, target: RecordList, row: Row, *, is_new: bool) -> None:
        """Write one row. Raises as the base says."""
        self._check_edits(row.code)
        if is_new and not self._client.terms.creates:
            message = f"New rows such as {row.code[:50]} are not written by themselves, so the list has to be replaced."
            raise NotEditable(message, field="put_creates")
        field = self._field(target)
        with one_row(row.code):
            self._client.put_row(target.kind, row.code, row.body, field=field)

    def remove(self, target: RecordList, code: str) -> None:
        """Delete one row; one that is gone already is as good. Raises as the base says."""
        self._check_edits(code)
        field = self._field(target)
        with one_row(code):
            try:
                self._client.delete_row(target.kind, code, field=field)
            except UnknownCode:
                return

    def _check_edits(self, code: str) -> None:
        if not self._client.terms.edits:
            message = "Single rows are not written on this connection, so the list has to be replaced."
            raise NotEditable(message, field="single_edits")
        check_addressable(code)

    def _field(self, target: RecordList) -> str | None:
        """The id of a dimension's custom field, asked for once."""
        if target.kind is not RecordKind.DIMENSION:
            return None
        wanted = _compared(target.dimension)
        if wanted not in self._field_ids:
            self._field_ids[wanted] = self._found_field(target.dimension)
        return self._field_ids[wanted]

    def _found_field(self, dimension: str) -> str:
        for one in self._client.custom_fields():
            if _compared(text(one, "Name")) != _compared(dimension) or not (field := text(one, "Id")):
                continue
            type_ = text(one, "Type") or text(self._client.custom_field(field), "Type")
            if type_.lower() in ("list", ""):
                return field
        message = (
            f"iCompleat has no list custom field named {dimension}. Create one there and enable it on the layouts, "
            "then try again."
        )
        raise Misconfigured(message, field="dimension")

    # --- transactions that are there ---------------------------------------------------------------------------------

    def listed(self, page: int, *, stage: Stage | None = None, kind: Kind | None = None) -> Page:
        """One page of 20. What iCompleat has no word for is filtered here. Raises as the base says."""
        status = None if stage is None else _STATUS_BY_STAGE.get(stage)
        type_ = None if kind is None else raising.TYPE_BY_KIND.get(kind)
        found = self._client.transactions(page, status=status, type_=type_)
        standings = (told.standing(one) for one in found.rows)
        wanted = (
            one for one in standings if (status or stage in (None, one.stage)) and (type_ or kind in (None, one.kind))
        )
        return Page(rows=tuple(wanted), is_last=found.is_last)

    def standing(self, external_id: str) -> Standing:
        """Where one transaction stands now. Raises as the base says."""
        return told.standing(self._client.transaction(external_id))

    def fetch(self, external_id: str) -> bytes:
        """One transaction with its lines, as it came. Raises as the base says."""
        return self._client.transaction_body(external_id)

    def attachments(self, external_id: str) -> tuple[Attachment, ...]:
        """Its files, without their contents. Raises as the base says."""
        return told.attachments(self._client.attachments(external_id))

    def attachment(self, external_id: str, attachment: Attachment) -> File:
        """One file. Raises as the base says, and `Rejected` for one of more than 7 MB."""
        told.check_size(attachment.name, attachment.size)
        return told.file(self._client.attachment(external_id, attachment.external_id), attachment)

    def timeline(self, external_id: str) -> tuple[Event, ...]:
        """What happened to it, oldest first. Raises as the base says."""
        return told.events(self._client.timeline(external_id))

    # --- transactions that are raised --------------------------------------------------------------------------------

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Create a transaction as draft or approved. Raises as the base says.

        iCompleat has no field for `reference`: it gets its journal number when it comes back approved.
        """
        terms = self._client.terms
        if not terms.raises:
            message = "Transactions are not raised on this connection. Switch Raise transactions on first."
            raise Misconfigured(message, field="raise_transactions")
        body = raising.body(document, key, key_field=terms.key_field, layouts=terms.layouts)
        return told.posted(self._client.create_transaction(body))

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All transactions that carry our key, in any state, among the pages that are searched. As the base says."""
        client = Client(self.link)
        client.within_one_deadline()
        return searching.ours(client, document.kind, key)


def _compared(name: str) -> str:
    """`Cost Centre` and `costcentre` are one field."""
    return "".join(name.split()).casefold()


def _filled(value: Any, journal_number: str) -> Any:
    if isinstance(value, str):
        return value.replace("{journal}", journal_number)
    if isinstance(value, Mapping):
        return {name: _filled(member, journal_number) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, journal_number) for item in value]
    return value
