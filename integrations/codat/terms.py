"""What people are told of Codat, and what they are asked for."""

from __future__ import annotations

from typing import Final

from integrations.metadata import Limits, Metadata, Setting

AUTO: Final = "auto"
SYNC: Final = "sync"
ASYNC: Final = "async"
DUE_DAYS: Final = "due_days"
USUAL_DUE_DAYS: Final = "30"
CUSTOMERS: Final = "customers"
MAKE: Final = "make"
REFUNDS: Final = "refunds"
REFUSE: Final = "refuse"
ON_ACCOUNT: Final = "on_account"

METADATA: Final = Metadata(
    slug="codat",
    name="Codat",
    summary="What is bought and sold in Xero, QuickBooks, Sage, NetSuite and others, through Codat.",
    monogram="CO",
    help_url="https://docs.codat.io/",
    settings=(
        Setting(
            key="base_url",
            label="Address",
            help="Where Codat's interface is. There is one for everybody: https://api.codat.io.",
            default="https://api.codat.io",
            of_installation=True,
        ),
        Setting(
            key="api_key",
            label="API key",
            help="In the Codat portal: Developers, API keys. Enter the key itself, not the ready-made header.",
            secret=True,
            of_installation=True,
        ),
        Setting(
            key="webhook_secret",
            label="Signing secret of the webhook",
            help="In the Codat portal, at the webhook consumer with this portal's address; it begins with whsec_.",
            secret=True,
            required=False,
            of_installation=True,
        ),
        Setting(
            key="platform",
            label="Accounting software",
            help="Codat's key of four letters: gbol for Xero, qhyg for QuickBooks Online, hbql for Sage 50, fbrh for "
            "FreeAgent, akxx for NetSuite. Codat lists all of them under Integrations.",
        ),
        Setting(
            key="bills",
            label="How invoices are sent",
            help="Automatic takes the synchronous way where Codat has it for the accounting software. Change it only "
            "where your contract with Codat has one of the two.",
            default=AUTO,
            choices=((AUTO, "Automatic"), (SYNC, "Synchronous (Bill Pay)"), (ASYNC, "Asynchronous (push)")),
            is_advanced=True,
        ),
        Setting(
            key=DUE_DAYS,
            label="Days until payment",
            help="So many days after its date an invoice is due where the source gives no due date and the accounting "
            "software needs one. The preview shows the due date. From 0 to 365.",
            default=USUAL_DUE_DAYS,
            is_advanced=True,
        ),
        Setting(
            key=CUSTOMERS,
            label="Unknown customers",
            help="A customer is found by Codat's id, else by name. One that is not there is refused, or made with its "
            "name, e-mail and address before its first document.",
            default=REFUSE,
            choices=((REFUSE, "Refuse the document"), (MAKE, "Make the customer")),
        ),
        Setting(
            key=REFUNDS,
            label="Refunds of invoices",
            help="Codat can refund a credit note, or what stands on the customer's account, but not a paid invoice. On "
            "account, what the customer owes in all is right, and the invoice stays paid.",
            default=REFUSE,
            choices=((REFUSE, "Refuse them"), (ON_ACCOUNT, "Book them on the customer's account")),
            is_advanced=True,
        ),
    ),
)

# Ten requests at once for each company, and a hard limit for each address that requests come from. The daily quota
# (1000 for each linked company, and 1000) is answered with 429 and a wish, which the portal obeys.
LIMITS: Final = Limits(at_once=10)
# Each document is several requests: with more of them at once than the minute has room for, all would be late.
APP_LIMITS: Final = Limits(requests=1000, seconds=60.0, at_once=20)
