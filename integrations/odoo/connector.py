"""Post into Odoo 19."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from integrations.base import AccountingSystem, Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Written
from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Rejected
from integrations.metadata import Abilities, Limits, Metadata, Setting
from integrations.odoo import attachments, codes, mapping
from integrations.odoo.client import MODULE, Client, Row
from integrations.odoo.codes import Known
from integrations.odoo.mapping import Form
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
        return self._told(form, [row])[0]

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """The document in the books with our key; at most one, for Odoo lets no two have it.

        A draft is not in the books: it counts as absent, and the `post` that follows finishes it. Raises `Retryable`,
        `Unauthorised`, `Misconfigured`.
        """
        form = mapping.form(document.kind)
        record = self._client.named(form.model, key.value)
        rows = [] if record is None else [self._row(form, record)]
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
        fields, data = mapping.table(document, self._known(document), key=key, reference=reference)
        record = self._client.load(form.model, fields, data) or self._client.named(form.model, key.value)
        if record is None:
            raise OutcomeUnknown("Odoo has booked a document under our key and does not find it. It will be looked up.")
        return record

    # --- what the codes of a document are in Odoo --------------------------------------------------------------------

    def _known(self, document: Document) -> Known:
        """Looks up every code before anything is written."""
        is_order = document.kind is Kind.PURCHASE_ORDER
        accounts = {} if is_order else self._accounts(document)
        taxes, currency = self._taxes(document), self._currency(document)
        partner, product = self._partner(document), self._product() if is_order else 0
        return Known(partner=partner, currency=currency, taxes=taxes, accounts=accounts, product=product)

    def _accounts(self, document: Document) -> dict[str, int]:
        domain = [["code", "in", codes.named(document, "account")]]
        return codes.accounts(document, self._client.read("account.account", domain, ["code", "active"]))

    def _taxes(self, document: Document) -> dict[str, codes.Tax]:
        use = "sale" if document.kind.is_sale else "purchase"
        domain = [["name", "in", codes.named(document, "tax")], ["type_tax_use", "=", use]]
        fields = ["name", "active", "price_include", "tax_group_id"]
        return codes.taxes(document, self._client.read("account.tax", domain, fields))

    def _currency(self, document: Document) -> int:
        domain = [["name", "=", document.currency]]
        return codes.currency(document, self._client.read("res.currency", domain, ["name", "active"]))

    def _partner(self, document: Document) -> int:
        """By code, else by name, else a new one under an external id of its own, so that two at once make one."""
        code, name = document.party.code, document.party.name.strip()
        # `=ilike` reads these as wildcards.
        pattern = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        domain: list[object] = ["&", ["parent_id", "=", False], ["name", "=ilike", pattern]]
        if code:
            domain = ["|", ["ref", "=", code], *domain]
        found = codes.partner(document, self._client.read("res.partner", domain, ["name", "ref", "active"]))
        if found is not None:
            return found
        external = f"{codes.who(document)}-{hashlib.sha256((code or name.casefold()).encode()).hexdigest()[:32]}"
        known = self._client.named("res.partner", external)
        return known or self._made("res.partner", *codes.new_partner(document, external))

    def _product(self) -> int:
        domain = [["default_code", "=", codes.PRODUCT_CODE], ["active", "=", True]]
        for row in self._client.read("product.product", domain, ["default_code"], limit=1):
            return int(row["id"])
        return self._made("product.product", *codes.new_product())

    def _made(self, model: str, fields: list[str], data: list[list[str]]) -> int:
        made = self._client.load(model, fields, data)
        if made is None:
            raise OutcomeUnknown("Odoo did not tell what it made of a new record. It will be looked up.")
        return made

    # --- drafts and what was booked ----------------------------------------------------------------------------------

    def _row(self, form: Form, record: int) -> Row:
        totals = ["tax_totals"] if form.model == "account.move" else []
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
        if change := mapping.stated_tax(document, self._taxes(document), draft):
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
