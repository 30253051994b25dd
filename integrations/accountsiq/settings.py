"""The form of a connection to AccountsIQ, and what stands where nobody entered anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations.metadata import Setting

REST: Final = "rest"
SOAP: Final = "soap20"
SANDBOX: Final = "sandbox"
OUR_KEY: Final = "key"
SUPPLIERS_OWN: Final = "supplier"
PATH_STYLE: Final = "path"
FLAT: Final = "flat"
PROVEN: Final = "proven"
FOREIGN: Final = "foreign"
_UK_TAX_CODES: Final = (
    "T1;Standard rate;20\nT5;Reduced rate;5\nT0;Zero rated;0\nT2;Exempt;0\nT9;Outside the scope of VAT;0"
)

SETTINGS: Final = (
    Setting(
        key="transport",
        label="Interface",
        help="SOAP is what AccountsIQ publishes. Choose REST only where AccountsIQ gave you an address for it.",
        default=REST,
        choices=((REST, "REST"), (SOAP, "SOAP, Integration 2.0")),
    ),
    Setting(
        key="environment",
        label="Environment",
        help="Which of the two the credentials are for; those of the one do not open the other.",
        default=SANDBOX,
        choices=((SANDBOX, "Sandbox, staging or demo company"), ("live", "Live")),
    ),
    Setting(
        key="base_url",
        label="Address",
        help="REST: the address that AccountsIQ gave you, for there is no public one. SOAP: leave it empty, unless "
        "AccountsIQ gave you an address of a staging server.",
        required=False,
    ),
    Setting(
        key="region",
        label="Region",
        help="SOAP: the beginning of the address at which you open AccountsIQ, such as uk1 in uk1.accountsiq.com.",
        default="uk1",
        choices=(("uk1", "UK1"), ("eu1", "EU1"), ("eu2", "EU2"), ("us1", "US1")),
    ),
    Setting(
        key="company_ref",
        label="Company",
        help="REST: the ClientAccountId. SOAP: the entity's ID, as the Developer Portal lists it.",
    ),
    Setting(
        key="client_id",
        label="Client ID",
        help="In AccountsIQ, the integration administrator makes an Integration Application and invites a "
        "developer, to whom the Developer Portal then shows it.",
    ),
    Setting(
        key="client_secret",
        label="Client secret",
        help="Beside the client ID in the Developer Portal.",
        secret=True,
    ),
    Setting(
        key="currencies",
        label="Currencies",
        help="REST: the company's own currency first, then the others that it uses, such as GBP,EUR,USD.",
        default="GBP,EUR,USD",
        required=False,
    ),
    Setting(
        key="tax_codes",
        label="Tax codes",
        help="REST: one line for each, such as T1;Standard rate;20, as Setup, Tax Codes in AccountsIQ lists them. The "
        "rate is per cent.",
        default=_UK_TAX_CODES,
        is_long=True,
        required=False,
    ),
    Setting(
        key="authorize_url",
        label="Authorisation page",
        help="REST: where a person agrees to the connection. Empty: the client ID and secret are enough.",
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="token_url",
        label="Token address",
        help="REST: where access tokens are given. Empty: the address above with /oauth2/token behind it.",
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="revoke_url",
        label="Revocation address",
        help="REST: where access is given back when the company is unlinked, if AccountsIQ has named one. Empty: take "
        "it away in AccountsIQ, too.",
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="scope",
        label="Scope",
        help="REST: what the access token is asked for, if AccountsIQ names anything.",
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="endpoints",
        label="Endpoints",
        help="REST: one line for each call that is elsewhere, such as invoice.save POST /InvoiceCentre/SaveInvoice. A "
        "line tax_codes.list GET /... has tax codes read there.",
        is_long=True,
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="body_style",
        label="Bodies",
        help="REST: whether what is saved is put into an object of its name.",
        default="wrapped",
        choices=(("wrapped", 'Wrapped: {"Invoice": {...}}'), (FLAT, "Flat: {...}")),
        is_advanced=True,
    ),
    Setting(
        key="param_style",
        label="Parameters",
        help="REST: where the first parameter of a read goes.",
        default="query",
        choices=(("query", "Into the query: GetInvoice?InvoiceId=1"), (PATH_STYLE, "Into the path: GetInvoice/1")),
        is_advanced=True,
    ),
    Setting(
        key="document_type_ids",
        label="Document types",
        help="REST: the DocumentHeaderTypeId of each kind, such as invoice=2, credit_note=4. Empty: it is not sent.",
        default="invoice=2, credit_note=4",
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="supplier_contact_type",
        label="Type of suppliers",
        help="REST: the ContactType by which suppliers are told from other contacts.",
        default="Supplier",
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="currency_field",
        label="Currency of invoices",
        help="REST: the name of the field of an invoice that takes its currency, if AccountsIQ has told you one. "
        "Empty: invoices in a foreign currency are refused before they are sent, or the company's would be booked.",
        required=False,
        is_advanced=True,
    ),
    Setting(
        key="number_field",
        label="Number of documents",
        help="REST: what AccountsIQ calls a document. A lookup by our key cannot miss; one by the supplier's number "
        "can, where a document was changed or two suppliers share a number.",
        default=OUR_KEY,
        choices=(
            (OUR_KEY, "Our key; the supplier's number goes into the narrative"),
            (SUPPLIERS_OWN, "The supplier's number"),
        ),
        is_advanced=True,
    ),
    Setting(
        key="lookup",
        label="Lookup",
        help="Whether somebody has seen that a lookup finds a document as soon as it is posted. Until then, a person "
        "decides whenever an outcome is not known and the lookup finds nothing. REST: only with our key as the number.",
        default="unproven",
        choices=(("unproven", "Not proven"), (PROVEN, "Proven")),
        is_advanced=True,
    ),
    Setting(
        key="rate_counts",
        label="Exchange rates",
        help="What an exchange rate in AccountsIQ counts: compare one that it shows.",
        default=FOREIGN,
        choices=(
            (FOREIGN, "Units of the foreign currency for one of the company's"),
            ("base", "Units of the company's currency for one of the foreign"),
        ),
        is_advanced=True,
    ),
    Setting(
        key="order_item",
        label="Item of purchase orders",
        help="SOAP: AccountsIQ orders items only. The code of a non-stock item that all order lines are entered as, "
        "with their own descriptions. Empty: each line's own item code, which has to be an item there.",
        required=False,
        is_advanced=True,
    ),
)
DEFAULTS: Final[Mapping[str, str]] = {one.key: one.default for one in SETTINGS if not one.secret}


def completed(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings with the default for each that is not there."""
    return {**DEFAULTS, **settings}
