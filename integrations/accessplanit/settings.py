"""The fields of a connection's form. What is advanced is not published by the vendor, and may stay empty."""

from __future__ import annotations

from typing import Final

from integrations.metadata import Setting

API_KEY: Final = "api_key"
PASSWORD: Final = "password"  # noqa: S105 - the name of a way to log in
_YES_NO: Final = (("yes", "Yes"), ("no", "No"))


def _advanced(key: str, label: str, help_: str, default: str = "", **more: object) -> Setting:
    choices = more.get("choices", ())
    return Setting(
        key=key,
        label=label,
        help=help_,
        default=default,
        required=False,
        is_advanced=True,
        is_long=bool(more.get("is_long")),
        choices=choices if isinstance(choices, tuple) else (),
    )


_ACCESS: Final = (
    Setting(
        key="base_url",
        label="Address of the platform",
        help="As in the browser, with the name after it: https://name.accessplanit.com/accessplan, or "
        "/accessplansandbox for a test.",
    ),
    Setting(
        key="auth",
        label="Way to log in",
        help="An API key is made by the API user inside accessplanit, and is the better way.",
        default=API_KEY,
        choices=((API_KEY, "API key"), (PASSWORD, "User name and password")),
    ),
    Setting(
        key="api_key",
        label="API key",
        help="Of the API user, made inside accessplanit. Only for the way with an API key.",
        secret=True,
        required=False,
    ),
    Setting(
        key="username",
        label="User name",
        help="Of the API user. Only for the way with a user name and password.",
        required=False,
    ),
    Setting(
        key="password",
        label="Password",
        help="Of the API user. Only for the way with a user name and password.",
        secret=True,
        required=False,
    ),
)
_READING: Final = (
    Setting(
        key="start_date",
        label="Start date",
        help="What was made in accessplanit before this day, such as 2026-04-01, is left alone: it is never booked, "
        "changed or looked at. Choose the first day that is not in your books yet. Empty takes everything that there "
        "ever was.",
        required=False,
        is_date=True,
    ),
    Setting(
        key="time_zone",
        label="Time zone",
        help="In which accessplanit writes its times, such as Europe/London.",
        default="Europe/London",
    ),
    Setting(
        key="amount_mode",
        label="Do the amounts of invoice lines include their tax?",
        help="An example: a course costs 100.00 and 20.00 tax. Look at the amount of such a line in accessplanit.",
        default="gross",
        choices=(("gross", "Yes: the line says 120.00"), ("net", "No: the line says 100.00")),
    ),
    Setting(
        key="amount_unit",
        label="Are amounts in pounds or in pence?",
        help="An example: one hundred and twenty pounds. Version 1 of the interface wrote pence.",
        default="major",
        choices=(("major", "In pounds or euros: 120.00"), ("minor", "In pence or cents: 12000")),
    ),
    Setting(
        key="merge_negative_lines",
        label="Spread negative lines",
        help="Discounts are taken off the other lines of the same tax rate. AccountsIQ needs this.",
        default="yes",
        choices=_YES_NO,
    ),
    _advanced(
        "tax_rates",
        "Tax rates",
        "In per cent, tried in this order for a line whose tax does not fit the rate of its invoice.",
        "20, 5, 17.5, 15, 12.5, 23, 13.5, 9, 21, 19",
    ),
    _advanced("skip_statuses", "Statuses to wait with", "Invoices that are not committed yet.", "Temporary"),
    _advanced("customer_code_field", "Field of the customer's code", "In an invoice.", "TargetID"),
    _advanced(
        "refund_rule",
        "How a refund is known",
        "By its amount, or by the field transaction.type.",
        "negative",
        choices=(("negative", "Its amount is negative"), ("type", "A field says so")),
    ),
    _advanced("refund_words", "Words for a refund", "What the field transaction.type says then.", "Refund"),
    _advanced(
        "no_money_methods",
        "Methods that move no money",
        "An invoice that is balanced by one of these was not paid.",
        "Credit Note",
    ),
)
_WRITING: Final = (
    _advanced(
        "write_payments",
        "Enter payments in accessplanit",
        "Whether payments and refunds of the accounting system may be entered there.",
        "found",
        choices=(("found", "Where its field list says that it is possible"), ("yes", "Yes"), ("no", "No")),
    ),
    _advanced(
        "payment_method",
        "Method of payments from the books",
        "The word of accessplanit for money that came by a bank account that is not named below.",
        "BACS",
    ),
    _advanced(
        "payment_methods",
        "Methods by bank account",
        "For each bank account in the books the word of accessplanit, one on a line: 1200 = BACS.",
        is_long=True,
    ),
    _advanced(
        "posted_number_field",
        "Field for the posted number",
        "A custom field of invoices such as CF_Journal_number. Empty writes none.",
    ),
)
_ADDRESSES: Final = (
    _advanced("api_path", "Path of the interface", "Below the address of the platform.", "/api/v2"),
    _advanced("help_path", "Path of the field lists", "Below the address of the platform.", "/apihelp/v2/modules"),
    _advanced("login_path", "Path of the log-in", "Below the path of the interface.", "/Token"),
    _advanced("page_size", "Records a page", "1 to 1,000.", "100"),
    _advanced("requests_per_hour", "Requests an hour", "Of this connection, all modules together.", "5000"),
    _advanced("quote_dates", "Dates in quotes", "Whether a date in a filter stands in quotes.", "yes", choices=_YES_NO),
    _advanced(
        "modules",
        "Names of modules",
        "Those that differ at this customer, one on a line: transaction = Transaction. Empty switches one off.",
        is_long=True,
    ),
    _advanced(
        "fields",
        "Names of fields",
        "Those that differ at this customer, one on a line: transaction.method = TransactionMethod.",
        is_long=True,
    ),
)
SETTINGS: Final = (*_ACCESS, *_READING, *_WRITING, *_ADDRESSES)
DEFAULTS: Final = {one.key: one.default for one in SETTINGS}
