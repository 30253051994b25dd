"""Post into Odoo 19."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from integrations.base import AccountingSystem, Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Written
from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Rejected
from integrations.metadata import Abilities, Limits, Metadata, Setting
from integrations.odoo import attachments, mapping, money, naming, paying
from integrations.odoo.client import MODULE, Client, Row
from integrations.odoo.mapping import MONEY, Form
from integrations.odoo.reading import LISTINGS, records
from integrations.odoo.values import amount, record_id, text
from integrations.papers import Attachment, File
from integrations.reference import Record, RecordKind


class Odoo(AccountingSystem):
    """What is bought and sold. Our key is the external id of a document, which Odoo keeps unique."""

    metadata = Metadata(
        slug="odoo",
        name="Odoo",
        summary="Bills, purchase orders and customers' invoices in Odoo 19 or later, over its JSON-2 interface.",
        monogram="OD",
        help_url="https://www.odoo.com/documentation/",
        support_url="https://www.odoo.com/help",
        settings=(
            Setting(
                key="base_url",
                label="Address",
                help="Where Odoo is opened in the browser, without a path, such as https://example.odoo.com.",
            ),
            Setting(
                key="database",
                label="Database",
                help="Only where one address serves several databases: the name that the log-in page shows.",
                required=False,
            ),
            Setting(
                key="company_id",
                label="Company",
                help="The company's id in Odoo: 1, unless the database has several companies. It is in the "
                "address of the company's page under Settings, Users & Companies, Companies.",
                default="1",
            ),
            Setting(
                key="api_key",
                label="API key",
                help="In Odoo: the picture of your user, My Preferences, Security, Add API Key.",
                secret=True,
            ),
        ),
    )
    can = Abilities(
        kinds=frozenset(mapping.FORMS),
        # The search reads what is committed, and a document and its external id are one commit.
        lookup_complete=True,
        # Odoo ends a request after 120 s by itself (`limit_time_real`); a commit cannot come later.
        quiet_seconds=150,
        lists=True,
        reads=frozenset(LISTINGS),
        attaches=frozenset(mapping.FORMS),
    )
    # An Odoo has few workers, and its users want some of them.
    limits = Limits(at_once=4)

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._client = Client(link)

    def company(self) -> Company:
        """Who is linked. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""
        fields = ["name", "currency_id", "vat", "company_registry"]
        for row in self._client.read("res.company", [["id", "=", self._client.company_id]], fields):
            return mapping.company(row)
        message = "There is no company with this id in Odoo. Check the company's id."
        raise Misconfigured(message, field="company_id")

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Write a draft under our key, or take the one that an earlier attempt left, and book it.

        Raises as the base says; after a definite refusal nothing of the document is left in Odoo.
        """
        form = mapping.form(document.kind)
        record = self._client.named(form.model, key.value) or self._loaded(form, document, key, reference)
        row = self._row(form, record)
        if row["state"] == mapping.CANCELLED:
            message = f"{text(row.get('name')) or 'The document'} was cancelled in Odoo. Set it back to draft there."
            raise Rejected(message)
        if row["state"] not in form.booked:
            row = self._booked(form, document, row)
        if row["state"] not in form.booked:
            raise OutcomeUnknown("Odoo took the document and has not booked it. It will be looked up.")
        if document.kind in MONEY:
            paying.settle(self._client, document, key)
        return self._told(form, [row])[0]

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """The document in the books with our key; at most one, for Odoo lets no two have it.

        A draft is not in the books, nor is a payment that has not settled what it shall: they count as absent, and the
        `post` that follows finishes them. Raises `Retryable`,
        `Unauthorised`, `Misconfigured`.
        """
        form = mapping.form(document.kind)
        record = self._client.named(form.model, key.value)
        rows = [] if record is None else [self._row(form, record)]
        if rows and document.kind in MONEY and not paying.is_settled(self._client, document, key):
            return ()
        return tuple(self._told(form, [row for row in rows if row["state"] in form.booked]))

    def written_since(self, since: datetime) -> Iterator[Written]:
        """Every booked document with a key of ours, by when it was written.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        moment = since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        models = sorted(mapping.BY_MODEL)
        domain = [["module", "=", MODULE], ["model", "in", models], ["create_date", ">=", moment]]
        for page in self._client.pages("ir.model.data", domain, ["name", "model", "res_id"]):
            for model in models:
                names = {row["res_id"]: str(row["name"]) for row in page if row.get("model") == model}
                yield from self._written(mapping.BY_MODEL[model], names) if names else ()

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """All of a kind, archived ones marked, 200 a page: of taxes those for purchases, of sites the warehouses.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        return records(self._client, kind)

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """The files of a document, the oldest first.

        Raises `Rejected` where there is no such document, `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        return attachments.attached(self._client, kind, external_id) if kind in self.can.attaches else ()

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """Attach a file; one of its name that we attached before is written anew. Raises as the base says."""
        mapping.form(kind)
        attachments.attach(self._client, kind, external_id, file)

    def _loaded(self, form: Form, document: Document, key: IdempotencyKey, reference: str) -> int:
        """The id of a new draft, or of the document that somebody else has booked under our key in the meantime."""
        fields, data = self._table(document, key, reference)
        record = self._client.load(form.model, fields, data) or self._client.named(form.model, key.value)
        if record is None:
            raise OutcomeUnknown("Odoo has booked a document under our key and does not find it. It will be looked up.")
        return record

    def _table(self, document: Document, key: IdempotencyKey, reference: str) -> tuple[list[str], list[list[str]]]:
        if document.kind in MONEY:
            return money.table(document, paying.named(self._client, document), key=key, reference=reference)
        return mapping.table(document, naming.known(self._client, document), key=key, reference=reference)

    # --- drafts and what was booked ----------------------------------------------------------------------------------

    def _row(self, form: Form, record: int) -> Row:
        totals = ["tax_totals"] if form.move_type not in ("", mapping.ENTRY) else []
        return self._client.one(form.model, record, [*form.fields, *totals])

    def _booked(self, form: Form, document: Document, draft: Row) -> Row:
        """Book a draft, with the source's own tax. Whoever was faster has booked it just as well.

        A draft that is refused is removed: what is mended and sent again may have other lines.
        """
        try:
            self._state_tax(form, document, draft)
            self._client.change(form.model, form.confirm, draft["id"])
        except Rejected as refusal:
            row = self._row(form, draft["id"])
            if row["state"] in form.booked:
                return row
            self._discard(form, draft["id"], refusal)
            raise
        return self._row(form, draft["id"])

    def _state_tax(self, form: Form, document: Document, draft: Row) -> None:
        """Odoo computes tax from rates; on a bill it can be told another. An order keeps what Odoo computed."""
        if form.model != "account.move" or amount(draft["amount_tax"]) == document.tax:
            return
        if change := mapping.stated_tax(document, naming.taxes(self._client, document), draft):
            self._client.change(form.model, "write", draft["id"], vals=change)

    def _discard(self, form: Form, record: int, refusal: Rejected) -> None:
        try:
            for method in form.discard:
                self._client.change(form.model, method, record)
        except IntegrationError as error:
            message = f"Odoo refused, and the draft could not be removed again: {refusal.message}"
            raise OutcomeUnknown(message[:300], field=refusal.field) from error

    def _told(self, form: Form, rows: Sequence[Row]) -> list[Posted]:
        refs = self._refs(rows)
        return [mapping.posted(row, refs) for row in rows]

    def _written(self, form: Form, names: dict[int, str]) -> Iterator[Written]:
        rows = self._client.read(form.model, [["id", "in", sorted(names)]], form.fields)
        booked = [row for row in rows if row["state"] in form.booked]
        refs = self._refs(booked)
        return (mapping.written(names[row["id"]], row, refs) for row in booked)

    def _refs(self, rows: Sequence[Row]) -> dict[int, str]:
        ids = sorted({record_id(row.get("partner_id")) for row in rows} - {0})
        partners = self._client.read("res.partner", [["id", "in", ids]], ["ref"]) if ids else []
        return {one["id"]: code for one in partners if (code := text(one.get("ref")))}
