"""The operations of the vendor's API V1, a method each: plain mappings and iterators, typed errors.

All raise `Unauthorised`, `Misconfigured` and `Retryable`; those that write `OutcomeUnknown` and `Rejected`, too, and
those that name a transaction `Missing`. Ids stand in paths as they are given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integrations.errors import Misconfigured
from integrations.icompleat.answers import Told, member
from integrations.icompleat.calling import Calls, Rows
from integrations.icompleat.endpoints import Endpoint
from integrations.papers import File
from integrations.reference import RecordKind

TRANSACTIONS_A_PAGE: Final = 20
APPROVED: Final = "APPR"
DENIED: Final = "DEN"

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Collection:
    """The calls of one list of reference data, by their names in the table."""

    read: str
    refresh: str
    edit: str
    delete: str


COLLECTIONS: Final[Mapping[RecordKind, Collection]] = {
    RecordKind.SUPPLIER: Collection("suppliers", "refresh_suppliers", "edit_supplier", "delete_supplier"),
    RecordKind.ACCOUNT: Collection(
        "account_codes", "refresh_account_codes", "edit_account_code", "delete_account_code"
    ),
    RecordKind.TAX: Collection("tax_codes", "refresh_tax_codes", "edit_tax_code", "delete_tax_code"),
    RecordKind.CURRENCY: Collection(
        "currency_codes", "refresh_currency_codes", "edit_currency_code", "delete_currency_code"
    ),
    RecordKind.DELIVERY_SITE: Collection(
        "delivery_sites", "refresh_delivery_sites", "edit_delivery_site", "delete_delivery_site"
    ),
    RecordKind.DIMENSION: Collection(
        "custom_field", "refresh_custom_field", "edit_custom_field_item", "delete_custom_field_item"
    ),
}


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of transactions; `is_last` says that it was a short one."""

    rows: Rows
    is_last: bool


class Client(Calls):
    """One company of one tenant. The calls that name no company speak of the tenant."""

    # --- the tenant and its people -----------------------------------------------------------------------------------

    def tenant(self) -> Fields:
        """The tenant itself: name, account, licences."""
        return self.ask("tenant").members()

    def tenant_shard(self) -> Fields:
        """Where the tenant lives: name and address of the API."""
        return self.ask("tenant_shard").inner("Shard")

    def companies(self) -> Rows:
        """Id and name of each company."""
        return self.rows("companies")

    def company(self) -> Fields:
        """The connection's own company."""
        return self.ask("company").inner("Company")

    def users(self, *, of_all_companies: bool = False) -> Rows:
        """The users of the company, or of the tenant."""
        return self.rows("users", company=None if of_all_companies else self.terms.company)

    def user(self, user: str) -> Fields:
        """One user. Raises `Misconfigured` where there is none."""
        return self.ask("user", user=user).inner("User")

    # --- transactions ------------------------------------------------------------------------------------------------

    def transactions(
        self, page: int, *, user: str | None = None, status: str | None = None, type_: str | None = None
    ) -> Slice:
        """One page, from 1, of the company's transactions; None is any. Past the end it is empty."""
        if page > 1 and not self.terms.endpoints["transactions"].is_paged:
            return Slice([], is_last=True)
        told = self.ask("transactions", page=page, user=user, status=status, type=type_)
        rows = told.rows(self.terms.names["transactions"])
        size = member(told.members(), "PageSize")
        most = size if type(size) is int and size > 0 else TRANSACTIONS_A_PAGE
        return Slice(rows, is_last=len(rows) < most)

    def transaction(self, transaction: str, *, user: str | None = None) -> Fields:
        """One transaction with its lines. Raises `Missing`."""
        return self.ask("transaction", transaction=transaction, user=user).inner("Transaction")

    def transaction_body(self, transaction: str) -> bytes:
        """The same as it came. Raises `Missing`."""
        told = self.ask("transaction", transaction=transaction)
        told.members()
        return told.reply.body

    def create_transaction(self, transaction: Fields) -> Fields:
        """Create one, and tell it as it is then, always with its `Id`."""
        told = self.ask("create_transaction", {"Transaction": transaction}, user=self.terms.user)
        made = told.inner("Transaction")
        if not isinstance(member(made, "Id"), str):
            raise told.reply.unclear("no transaction with an Id")
        return made

    def edit_transaction(self, transaction: str, changes: Fields, *, stamp: str, user: str | None = None) -> Fields:
        """Change one, and tell it as it is then, as far as iCompleat does. `stamp` is the `LastUpdatedGuid` that was
        read with it; raises `Stale` where somebody else was faster."""
        body = {"Transaction": {**changes, "LastUpdatedGuid": stamp}}
        return self.ask("edit_transaction", body, transaction=transaction, user=user).inner("Transaction")

    def approve(self, transaction: str, *, stamp: str, user: str | None = None) -> Fields:
        """Approve one as this user."""
        return self.edit_transaction(transaction, {"Status": APPROVED}, stamp=stamp, user=user)

    def deny(self, transaction: str, *, stamp: str, user: str | None = None) -> Fields:
        """Deny one as this user."""
        return self.edit_transaction(transaction, {"Status": DENIED}, stamp=stamp, user=user)

    def attachments(self, transaction: str) -> Rows:
        """What is attached to a transaction. Raises `Missing`."""
        return self.rows("attachments", transaction=transaction)

    def attachment(self, transaction: str, attachment: str) -> Fields | File:
        """One file: JSON with its content as Base64, or the bytes where the answer is no JSON. Raises `Missing`."""
        told = self.ask("attachment", transaction=transaction, attachment=attachment)
        if told.json is not None:
            return told.inner("Attachment")
        media_type = told.reply.headers.get("Content-Type", "").partition(";")[0].strip()
        return File(name="", content_type=media_type, content=told.reply.body)

    def timeline(self, transaction: str) -> Rows:
        """What happened to a transaction. Raises `Missing`."""
        return self.rows("timeline", transaction=transaction)

    def layouts(self, type_: str) -> Iterator[Fields]:
        """The layouts for INV or ORD."""
        return self.pages("layouts", type=type_)

    def analysis_fields(self, transaction: str | None = None) -> Rows:
        """The fields on a transaction's layout; without one, all active ones of the company."""
        return self.rows("analysis_fields", transaction=transaction)

    # --- reference data ----------------------------------------------------------------------------------------------

    def reference(self, kind: RecordKind, *, field: str | None = None) -> Iterator[Fields]:
        """All rows of a list; for a dimension the values of the custom field with this id."""
        if kind is RecordKind.DIMENSION:
            return iter(_values(self.ask("custom_field", field=field), self.terms.names["custom_field"]))
        return self.pages(COLLECTIONS[kind].read)

    def reference_page(self, kind: RecordKind, page: int) -> Rows:
        """One page, from 1, of a list that comes by the page."""
        return self.rows(COLLECTIONS[kind].read, page=page)

    def account_codes_of(self, user: str) -> Iterator[Fields]:
        """The account codes that a user may use."""
        return self.pages("account_codes_of_user", user=user)

    def tax_codes_of(self, user: str, transaction: str) -> Iterator[Fields]:
        """The tax codes that a user may use on a transaction."""
        return self.pages("tax_codes", user=user, transaction=transaction)

    def currency_codes_of(self, user: str, transaction: str | None = None) -> Iterator[Fields]:
        """The currencies that a user may use, or may use on a transaction."""
        if transaction is None:
            return self.pages("currency_codes", user=user)
        return self.pages("currency_codes_of_transaction", user=user, transaction=transaction)

    def refresh(self, kind: RecordKind, rows: Sequence[Fields], token: str, *, field: str | None = None) -> str:
        """Replace a list (empty token) or append to its newest replacement; gives the token to append with, or "".

        Raises `Refusal` for rows that were not taken; nothing was stored then.
        """
        call = COLLECTIONS[kind].refresh
        body = {self.terms.names[call]: rows, "ContinuationToken": token}
        found = member(self.ask(call, body, field=field).members(), "ContinuationToken")
        return found if isinstance(found, str) else ""

    def put_row(self, kind: RecordKind, code: str, row: Fields, *, field: str | None = None) -> None:
        """Write one row. Raises `UnknownCode` where it is not there and is not made."""
        self.ask(COLLECTIONS[kind].edit, row, code=code, field=field)

    def delete_row(self, kind: RecordKind, code: str, *, field: str | None = None) -> None:
        """Delete one row. Raises `UnknownCode` where it is not there."""
        self.ask(COLLECTIONS[kind].delete, code=code, field=field)

    # --- custom fields -----------------------------------------------------------------------------------------------

    def custom_fields(self) -> Rows:
        """Id and name of each active custom field."""
        return self.rows("custom_fields")

    def custom_field(self, field: str) -> Fields:
        """One custom field with its values."""
        return self.ask("custom_field", field=field).inner("CustomField")

    def create_custom_field(self, name: str, *, is_mandatory: bool = False) -> Fields:
        """Create a list field, as far as iCompleat tells it back."""
        body = {"CustomField": {"Name": name, "Type": "List", "Mandatory": is_mandatory}}
        return self.ask("create_custom_field", body).inner("CustomField")

    def edit_custom_field(self, field: str, changes: Fields) -> Fields:
        """Change a custom field itself, as far as iCompleat tells it back."""
        return self.ask("edit_custom_field", {"CustomField": changes}, field=field).inner("CustomField")

    def delete_custom_field(self, field: str) -> None:
        """Delete a custom field with its values."""
        self.ask("delete_custom_field", field=field)

    # --- utilities ---------------------------------------------------------------------------------------------------

    def utility(self, method: str, path: str, body: object = None) -> Any:
        """Any other call: the vendor's utilities are not public. `path` is below `api/`; the answer's JSON, or None.

        Raises `Misconfigured` for a path that leads elsewhere.
        """
        below = path.strip().lstrip("/")
        if not below.isascii() or not below.isprintable() or " " in below or ".." in below or {"\\", "#"} & set(below):
            raise Misconfigured(
                "The path of a utility is written as below api/, without blanks and dots.", field="paths"
            )
        call = Endpoint("utility", method.upper(), f"api/{below}")
        return self.send(call, call.template, body).json


def _values(told: Told, name: str) -> Rows:
    values = member(told.inner("CustomField"), name)
    if not isinstance(values, list) or not all(isinstance(one, Mapping) for one in values):
        raise told.reply.unclear(f"no list named {name}")
    return values
